"""Text that others wrote, made harmless for a terminal. All that is printed goes through here.

`sessionlib.plain_text` says what is taken out.
"""

from __future__ import annotations

import re
import textwrap
import unicodedata
from collections.abc import Iterator

from sessionlib.plain_text import plain

MARKED = 4
"""So many characters to a column: accents take none, and a pile of them hides other lines."""
_PIECE = re.compile(r"(?:`[^`]*`|\S)+")


def one_line(text: str, most: int = 500) -> str:
    """`text` without anything a terminal would obey, on one line, clipped."""
    return clipped(plain(text).strip(), most)


def harmless_row(text: str, columns: int) -> str:
    """The same for a row of a table: what stands before its first word keeps its place."""
    return clipped(plain(text).rstrip(), columns)


def harmless_lines(text: str) -> str:
    """The same for text of several lines; its line ends stay, as plain ones."""
    return "\n".join(clipped(plain(line).rstrip(), 10_000) for line in text.splitlines())


def text_width(text: str) -> int:
    """How many columns a harmless text takes."""
    if text.isascii():
        return len(text)
    return sum(
        0 if unicodedata.combining(char) else 2 if unicodedata.east_asian_width(char) in "WF" else 1
        for char in text
    )


def clipped(text: str, columns: int) -> str:
    """`text` in at most `columns`, its end replaced by … where it is longer."""
    most = MARKED * columns
    if len(text) <= most and (len(text) * 2 <= columns or text_width(text) <= columns):
        return text
    taken = 0
    for index, char in enumerate(text):
        taken += text_width(char)
        if taken > columns - 1 or index >= most - 1:
            return text[:index] + "…"
    return text


def wrapped(text: str, columns: int, hang: int = 0, *, in_column: bool = False) -> list[str]:
    """`text`, harmless and on one line, in lines of at most `columns`, broken between words.

    The lines after the first are `hang` columns in. What is quoted as a command stays on one
    line if it can, to be copied. A word that is longer than a line stays whole, an address for
    one, but in the column of a table.
    """
    if text_width(text) <= columns:
        return [text]
    done: list[str] = []
    line, is_begun = " " * (len(text) - len(text.lstrip(" "))), False
    for piece in _pieces(text, columns - hang, in_column=in_column):
        if is_begun and text_width(line) + 1 + text_width(piece) > columns:
            done.append(line)
            line, is_begun = " " * hang, False
        line += f" {piece}" if is_begun else piece
        is_begun = True
    return [*done, line]


def _pieces(text: str, columns: int, *, in_column: bool) -> Iterator[str]:
    """What stays together of a text."""
    for piece in _PIECE.findall(text):
        for word in [piece] if text_width(piece) <= columns else piece.split():
            yield from textwrap.wrap(word, columns, break_on_hyphens=False) if in_column else [word]


def padded(text: str, columns: int) -> str:
    """`text` in exactly `columns`."""
    fitted = clipped(text, columns)
    return fitted + " " * (columns - text_width(fitted))
