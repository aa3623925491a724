"""Questions and pages that stand before the fleet.

Decided here: that Cancel has the focus, that the key which confirms is never the
one that asked, that keys held down too long confirm nothing, and that an
emergency needs a name typed out. Not decided here: what is asked (`questions`).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, Vertical, VerticalScroll
from textual.content import Content
from textual.events import Resize
from textual.screen import ModalScreen
from textual.widgets import Button, Input

from console.app import drawing
from console.app.panels import Panel
from console.app.questions import Question
from console.app.runs import Runs, wrapped
from sessionlib.clock import Clock

DEAF_S = 0.3
"""A key that repeats by itself reaches a dialog within this time: nothing confirms before."""

CONFIRM = "y"


class Ask(ModalScreen[bool]):
    """One question. True where it was agreed to."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding(CONFIRM, "agree", "Agree", show=False),
        Binding("escape,n,q", "cancel", "Cancel", show=False),
        Binding("left,up", "app.focus_previous", "Back", show=False),
        Binding("right,down", "app.focus_next", "Next", show=False),
    ]

    def __init__(self, question: Question, clock: Clock) -> None:
        super().__init__()
        self.question = question
        self._clock = clock
        self._opened = clock.now()

    def compose(self) -> ComposeResult:
        question = self.question
        with VerticalScroll(id="ask", classes="danger" if question.danger else ""):
            yield Panel(self._title, "ask-title")
            yield Panel(lambda columns: drawing.facts(question.facts, columns), "ask-facts")
            if question.evidence:
                yield Panel(self._evidence, "ask-evidence")
            if question.typed is not None:
                yield Panel(self._how_to_type, "ask-how")
                yield Input(id="ask-name", placeholder="the account's name")
            with Horizontal(id="ask-buttons"):
                yield Button("Cancel", id="cancel", compact=True)
                yield Button(
                    Content(self._does()),
                    id="agree",
                    compact=True,
                    disabled=question.typed is not None,
                )

    def on_mount(self) -> None:
        self._opened = self._clock.now()
        self.query_one("#cancel", Button).focus()

    @on(Input.Changed)
    def _typed(self, event: Input.Changed) -> None:
        self.query_one("#agree", Button).disabled = event.value != self.question.typed

    @on(Input.Submitted)
    def _entered(self) -> None:
        self.action_agree()

    @on(Button.Pressed)
    def _pressed(self, event: Button.Pressed) -> None:
        if event.button.id == "cancel":
            self.action_cancel()
        else:
            self.action_agree()

    def action_agree(self) -> None:
        """Agree, unless it is too early to have been meant, or the name isn't there."""
        if self._clock.now().since(self._opened) < DEAF_S:
            return
        typed = self.question.typed
        if typed is not None and self.query_one("#ask-name", Input).value != typed:
            self.app.bell()
            return
        self.dismiss(True)

    def action_cancel(self) -> None:
        self.dismiss(False)

    def _does(self) -> str:
        key = "" if self.question.typed is not None else f"({CONFIRM}) "
        return f"{key}{self.question.does}"

    def _title(self, columns: int) -> list[Runs]:
        return wrapped(self.question.title, "bad" if self.question.danger else "head", columns)

    def _evidence(self, columns: int) -> list[Runs]:
        return [[("What is known", "head")], *drawing.facts(self.question.evidence, columns)]

    def _how_to_type(self, columns: int) -> list[Runs]:
        text = f"To say that {self.question.typed} has ended, type its name (Tab goes there)."
        return wrapped(text, "warn", columns)


class Page(ModalScreen[None]):
    """Something to read; any of the usual keys closes it."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape,q,enter,question_mark,f1", "close", "Close", show=False),
        Binding("j,down", "scroll('scroll_down')", show=False),
        Binding("k,up", "scroll('scroll_up')", show=False),
        Binding("pagedown,space", "scroll('scroll_page_down')", show=False),
        Binding("pageup", "scroll('scroll_page_up')", show=False),
    ]

    def __init__(self, title: str, draw: Callable[[int], list[Runs]]) -> None:
        super().__init__()
        self._page_title, self._draw_page = title, draw

    def compose(self) -> ComposeResult:
        with Vertical(id="page"):
            yield Panel(lambda _: [[(self._page_title, "head")], []], "page-title")
            with VerticalScroll(id="page-body", can_focus=False):
                yield Panel(self._draw_page, "page-lines")
            yield Panel(lambda _: [[("esc", "key"), (" Close", "")]], "page-foot")

    def on_resize(self, event: Resize) -> None:
        self.renew()

    def renew(self) -> None:
        """Draw again what may have changed."""
        for panel in self.query(Panel):
            panel.renew()

    def action_close(self) -> None:
        self.dismiss(None)

    def action_scroll(self, how: str) -> None:
        getattr(self.query_one("#page-body", VerticalScroll), f"action_{how}")()
