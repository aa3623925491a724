"""Text that others wrote, without what a terminal would obey.

Control characters, escapes, and the marks that reorder or hide text are taken out.
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


def plain(text: str) -> str:
    """`text` on one line, of printable characters only."""
    return "".join(_harmless(char) for char in _ESCAPES.sub("", text))


def _harmless(char: str) -> str:
    if char in "\t\n\r":
        return " "
    return "" if unicodedata.category(char) in _UNSAFE else char
