"""Lines as the screen draws them: runs of text, each with a tone; pure.

A run is made harmless here, once, and never read as markup.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from console.text.safe_text import clipped, one_line, padded, text_width

Run = tuple[str, str]
"""Text, and its tone: "", good, warn, bad, dim, head, key, or a badge of one of them."""

Runs = list[Run]

MOST = 2_000


def run(text: str, tone: str = "") -> Run:
    """A run of text that others may have written."""
    return (harmless(text), tone)


def harmless(text: str) -> str:
    """`text` on one line without what a terminal would obey; spaces at its ends stay."""
    kept = one_line(text, MOST)
    if kept == text:
        return text
    before = len(text) - len(text.lstrip(" "))
    after = len(text) - len(text.rstrip(" ")) if kept else 0
    return " " * before + kept + " " * after


def width_of(runs: Iterable[Run]) -> int:
    """How many columns it takes."""
    return sum(text_width(text) for text, _ in runs)


def fitted(runs: Sequence[Run], columns: int) -> Runs:
    """The runs in at most `columns`, the end replaced by … where they are longer."""
    kept: Runs = []
    left = columns
    for index, (text, tone) in enumerate(runs):
        wide = text_width(text)
        if wide > left or (wide == left and width_of(runs[index + 1 :])):
            kept.append((clipped(text + "…", left) if left else "", tone))
            return kept
        kept.append((text, tone))
        left -= wide
    return kept


def spread(left: Sequence[Run], right: Sequence[Run], columns: int) -> Runs:
    """`left` at the left edge and `right` at the right one; `right` gives way."""
    gap = columns - width_of(left) - width_of(right)
    if gap < 2:
        return fitted(left, columns)
    return [*left, (" " * gap, ""), *right]


def wrapped(text: str, tone: str, columns: int) -> list[Runs]:
    """A sentence on as many lines as it needs."""
    lines: list[Runs] = []
    line = ""
    for word in harmless(text).split():
        longer = f"{line} {word}" if line else word
        if line and text_width(longer) > columns:
            lines.append([(line, tone)])
            line = word
        else:
            line = longer
    return [*lines, [(clipped(line, columns), tone)]]


def title(text: str, columns: int) -> Runs:
    """A heading that runs to the right edge."""
    return [
        ("─ ", "dim"),
        (text, "head"),
        (" ", ""),
        ("─" * max(0, columns - text_width(text) - 3), "dim"),
    ]


def cell(text: str, columns: int) -> str:
    """Text in exactly `columns`."""
    return padded(text, columns)
