"""What every screen of ours overrides of Textual's defaults."""

# An error leaves a sentence and a redacted report, never a traceback with the values of variables.
# The terminal is given back whatever happens. Without colours there are none. Private parts of
# Textual are overridden for it, so its version is pinned, and `tests/tui` holds each of them.

from __future__ import annotations

import gc
import os
from typing import Any, ClassVar

from rich.text import Text
from textual.app import App

from console import crash
from console.tui.signals import SignalWatch
from console.tui.theme import DEFAULT, THEMES
from sessionlib.clock import Clock


class BaseApp(App[None]):
    """An app that ends well."""

    TITLE = "colabvps"
    CSS_PATH: ClassVar[list[str]] = ["theme/console.tcss", "theme/layout.tcss"]  # type: ignore[assignment]  # Textual takes a list

    def __init__(self, clock: Clock) -> None:
        no_color = bool(os.environ.get("NO_COLOR"))
        # With the terminal's own colours Textual can leave them out altogether.
        super().__init__(ansi_color=True if no_color else None)
        self.clock = clock
        self.signal_watch = SignalWatch(self)
        for theme in THEMES:
            self.register_theme(theme)
        self.theme = "ansi-dark" if no_color else DEFAULT

    def run(self, **options: Any) -> None:
        """The same, and what came before is as it was."""
        try:
            super().run(**options)
        finally:
            gc.enable()
            self.signal_watch.restore()

    def on_ready(self) -> None:
        """The first picture is drawn: garbage is looked for again, but not among what stays."""
        gc.freeze()
        gc.enable()

    def _handle_exception(self, error: Exception) -> None:
        # Textual's own: some errors would draw themselves, with what they know.
        self._return_code = 1
        if self._exception is None:
            self._exception = error
            self._exception_event.set()
        self._fatal_error()

    def _fatal_error(self) -> None:
        # Textual's prints the values of variables, and a token may be among them.
        if self._exit_renderables:
            return
        error = self._exception or RuntimeError("the terminal's input ended in an error")
        path = crash.write_report(error, self.clock)
        kept = f"what is known of it is in {path}" if path else "and no report could be written"
        self._exit_renderables.append(
            Text(
                "Sorry, something went wrong that shouldn't have "
                f"({type(error).__name__}); {kept}. The fleet goes on by itself.",
                overflow="fold",
            )
        )
        self._close_messages_no_wait()

    def panic(self, *renderables: object) -> None:
        # What it is given may hold a traceback.
        self._return_code = 1
        self._fatal_error()
