"""Changing one line of a configuration that people wrote.

The text is edited, not written anew: comments, order and line ends stay. An edit that would
change anything else isn't made.
"""

from __future__ import annotations

import re

from sessionlib.config import yaml_document

_LINE = re.compile(r"""^fleet_key[ \t]*:[ \t]*("[^"]*"|'[^']*'|[^#\s]*)(?P<rest>[ \t]*(?:#.*)?)$""")


def with_fleet_key(text: str, public_hex: str) -> str:
    """`text` with this `fleet_key`. Raises ValueError where one line can't say it."""
    line_end = "\r\n" if "\r\n" in text else "\n"
    lines = text.split(line_end)
    before = yaml_document.parse(text)
    known = before.lines.get(("fleet_key",))
    new = f'fleet_key: "{public_hex}"'
    if known is not None:
        match = _LINE.match(_line(lines, known))
        if match is not None:
            lines[known - 1] = new + match["rest"]
    else:
        _insert(before, lines, new)
    after = line_end.join(lines)
    settings = {} if before.data is None else before.data
    is_one = isinstance(settings, dict)
    if not is_one or yaml_document.parse(after).data != {**settings, "fleet_key": public_hex}:
        raise ValueError(f"can't be written by itself: add the line {new}")
    return after


def _insert(read: yaml_document.YamlDocument, lines: list[str], new: str) -> None:
    """In place of the example's `# fleet_key: …`, else beside `fleet`."""
    for index, line in enumerate(lines):
        if re.match(r"#[ \t]*fleet_key[ \t]*:", line):
            lines[index] = new
            return
    fleet = read.lines.get(("fleet",), 1)
    # Below it only where its value stands on the same line, or the value is torn off.
    on_one_line = re.match(r"fleet[ \t]*:[ \t]*[^\s#]", _line(lines, fleet))
    lines.insert(fleet if on_one_line else fleet - 1, new)


def _line(lines: list[str], number: int) -> str:
    """Counted from 1; empty where there is none, for YAML knows more line ends than we."""
    return lines[number - 1] if number <= len(lines) else ""
