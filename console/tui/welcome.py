"""What is shown where no fleet is set up: the three ways to one."""

from __future__ import annotations

import asyncio
from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import VerticalScroll

from console.tui.base import BaseApp
from console.tui.panels import Panel
from console.tui.styled import Runs, wrapped
from sessionlib.clock import Clock

WAYS = (
    ("See one work, on this machine, with nothing set up:", "colabvps-console demo"),
    ("Set one up here, step by step:", "colabvps-console init"),
    ("Watch one that is set up already:", "colabvps-console --config FILE"),
)


class WelcomeApp(BaseApp):
    """One page; q leaves it."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("q,escape,enter,ctrl+c,ctrl+q", "quit", "Quit", show=False, priority=True)
    ]
    ENABLE_COMMAND_PALETTE = False

    def __init__(self, why: str, clock: Clock) -> None:
        super().__init__(clock)
        self._why = why

    def compose(self) -> ComposeResult:
        with VerticalScroll(id="welcome"):
            yield Panel(self._lines, "welcome-lines")
        yield Panel(lambda _: [[("q", "key"), (" Quit", "")]], "footer")

    def on_mount(self) -> None:
        self.signal_watch.watch(asyncio.get_running_loop())

    def _lines(self, columns: int) -> list[Runs]:
        found: list[Runs] = [[("There is no fleet yet", "head")], []]
        for text, command in WAYS:
            found += [*wrapped(text, "", columns), [("  ", ""), (command, "key")], []]
        return [*found, *wrapped(self._why, "dim", columns)]
