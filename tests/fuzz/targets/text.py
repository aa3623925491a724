"""Text for the terminal: names, reasons, logs and progress that others wrote.

What comes out has nothing that a terminal obeys and nothing that reorders or hides
other text, by a list of its own, and fits where it is put.
"""

from __future__ import annotations

import json

from console.fleet.logs import (
    LogEntry,
    entry_document,
    entry_text,
    merge_logs,
    new_entries,
    parse_log,
)
from console.text.output import _harmless
from console.text.safe_text import (
    MARKED,
    clipped,
    harmless_lines,
    harmless_row,
    one_line,
    padded,
    text_width,
)
from console.tui.styled import harmless
from sessionlib.plain_text import plain
from tests.fuzz.target import Target

_OBEYED = frozenset(
    [
        *map(chr, range(0x20)),
        *map(chr, range(0x7F, 0xA0)),
        "\u061c\u180e\ufeff",
        *map(chr, range(0x200B, 0x2010)),
        *map(chr, range(0x2028, 0x202F)),
        *map(chr, range(0x2060, 0x2070)),
        *map(chr, range(0xD800, 0xE000)),
        *map(chr, range(0xFFF9, 0xFFFC)),
        *map(chr, range(0xE0000, 0xE0080)),
    ]
)
"""Controls, marks of direction, invisible characters, line ends, halves, tags."""
COLUMNS = 40


def is_harmless(text: str) -> bool:
    """Whether there is nothing in `text` that a terminal would do anything but draw."""
    return _OBEYED.isdisjoint(text)


def _shown(data: bytes) -> str:
    """Every way in which text is made harmless."""
    text = data.decode("utf-8", "surrogateescape")
    for made in (plain(text), one_line(text), harmless(text), clipped(plain(text), COLUMNS)):
        assert is_harmless(made), made
        assert plain(made) == made
    assert is_harmless(harmless_lines(text).replace("\n", ""))
    assert text_width(one_line(text, COLUMNS)) <= COLUMNS
    assert len(one_line(text, COLUMNS)) <= MARKED * COLUMNS
    assert text_width(harmless_row(text, COLUMNS)) <= COLUMNS
    assert text_width(padded(plain(text), COLUMNS)) == COLUMNS
    return text


def _log(data: bytes) -> list[LogEntry]:
    return list(parse_log(data, "a"))


def _log_holds(found: list[LogEntry]) -> None:
    for entry in found:
        assert entry.account == "a"
        assert is_harmless(one_line(entry_text(entry)))
        said = json.dumps(_harmless(entry_document(entry)), allow_nan=False)
        assert json.loads(said)["account"] == "a"
    assert sorted(map(repr, merge_logs([found, found]))) == sorted(map(repr, [*found, *found]))
    assert new_entries(found, found) == []
    assert new_entries(found[:1], found) == found[1:]


TARGETS: tuple[Target, ...] = (
    Target("text", "plain_text.plain, console.text.safe_text, console.tui.styled", _shown),
    Target("log", "console.fleet.logs", _log, (), _log_holds, "json"),
)
