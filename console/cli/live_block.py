"""Lines drawn over the ones before, on the terminal's ordinary screen, which is left as it was."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence

from console.fleet.fleet_text import TextLine
from console.text.output import Output
from console.text.safe_text import harmless_row

_HIDE_CURSOR, _SHOW_CURSOR = "\x1b[?25l", "\x1b[?25h"


class LiveBlock:
    """A block of lines that changes in place."""

    def __init__(self, out: Output) -> None:
        self._out = out
        self._drawn = 0
        sys.stdout.write(_HIDE_CURSOR)

    def draw(self, lines: Sequence[TextLine], size: os.terminal_size) -> None:
        """Replace what was drawn before; what doesn't fit couldn't be replaced, and is cut off."""
        if self._drawn:
            sys.stdout.write(f"\x1b[{self._drawn}F\x1b[J")
        fitting = lines[: max(1, size.lines - 1)]
        for line in fitting:
            self._out.line(harmless_row(line.text, size.columns), line.tone)
        self._drawn = len(fitting)

    def restore_cursor(self) -> None:
        """Give the cursor back."""
        sys.stdout.write(_SHOW_CURSOR)
        sys.stdout.flush()
