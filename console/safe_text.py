"""Text that others wrote, made harmless for a terminal.

Decided here: what is taken out (control characters, escapes, and the marks that
reorder or hide text) and how wide a text is on the screen. Not decided here:
where text comes from; everything that is printed goes through here.
"""

from __future__ import annotations

import re
import unicodedata

# Whole escape sequences first: taking out the escape alone would leave their tails as text.
_ESCAPES = re.compile(
    r"\x1b\][^\x07\x1b\x9c]*(?:\x07|\x1b\\|\x9c|$)"  # titles, links, clipboard
    r"|\x1b[PX^_][^\x1b\x9c]*(?:\x1b\\|\x9c|$)"  # device strings
    r"|(?:\x1b\[|\x9b)[0-?]*[ -/]*[@-~]?"  # colours, cursor
    r"|\x1b[ -/]*[0-~]?"
)
# Cc control, Cf invisible marks (also right-to-left overrides), Cs halves, Zl and Zp line ends.
_UNSAFE = frozenset({"Cc", "Cf", "Cs", "Zl", "Zp"})


def one_line(text: str, most: int = 500) -> str:
    """`text` without anything a terminal would obey, on one line, clipped."""
    return clipped(_stripped(text).strip(), most)


def row(text: str, columns: int) -> str:
    """The same for a row of a table: what stands before its first word keeps its place."""
    return clipped(_stripped(text).rstrip(), columns)


def lines(text: str) -> str:
    """The same for text of several lines; its line ends stay, as plain ones."""
    return "\n".join(clipped(_stripped(line).rstrip(), 10_000) for line in text.splitlines())


def width(text: str) -> int:
    """How many columns a harmless text takes."""
    return sum(
        0 if unicodedata.combining(char) else 2 if unicodedata.east_asian_width(char) in "WF" else 1
        for char in text
    )


def clipped(text: str, columns: int) -> str:
    """`text` in at most `columns`, its end replaced by … where it is longer."""
    if len(text) * 2 <= columns or width(text) <= columns:
        return text
    taken = 0
    for index, char in enumerate(text):
        taken += width(char)
        if taken > columns - 1:
            return text[:index] + "…"
    return text


def padded(text: str, columns: int) -> str:
    """`text` in exactly `columns`."""
    fitted = clipped(text, columns)
    return fitted + " " * (columns - width(fitted))


def _stripped(text: str) -> str:
    return "".join(_harmless(char) for char in _ESCAPES.sub("", text))


def _harmless(char: str) -> str:
    if char in "\t\n\r":
        return " "
    return "" if unicodedata.category(char) in _UNSAFE else char
