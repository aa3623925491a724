"""Questions and pages that stand before the fleet.

Cancel has the focus. The key that confirms is never the one that asked, and a key held down
confirms nothing. An emergency needs a name typed out.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, Vertical, VerticalScroll
from textual.content import Content
from textual.events import DescendantFocus, Resize
from textual.screen import ModalScreen
from textual.widgets import Button, Input

from console.orders.consequences import Question
from console.orders.emergency_case import EmergencyCase
from console.orders.evidence import evidence_rows
from console.tui import render
from console.tui.panels import Panel
from console.tui.styled import Runs, wrapped
from sessionlib.clock import Clock

DEAF_S = 0.3
"""A key that repeats by itself reaches a dialog within this time: nothing confirms before."""

CONFIRM = "y"


class Ask(ModalScreen[bool]):
    """One question. True where it was agreed to."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding(CONFIRM, "agree", "Agree", show=False),
        Binding("escape", "cancel", "Cancel", show=False),
        Binding("n,q", "no", "Cancel", show=False),
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
        classes = "danger" if question.danger else ""
        with Vertical(id="ask", classes=f"{classes} typed" if question.typed else classes):
            yield Panel(self._title, "ask-title")
            with VerticalScroll(id="ask-body", can_focus=False):
                yield Panel(lambda columns: render.facts(question.facts, columns), "ask-facts")
                yield from self.more()
            with Vertical(id="ask-foot"):
                yield from self.before_the_buttons()
                with Horizontal(id="ask-buttons"):
                    yield Button("Cancel", id="cancel", compact=True)
                    yield Button(
                        Content(self._does()),
                        id="agree",
                        compact=True,
                        disabled=self.why_not() is not None,
                    )

    def on_mount(self) -> None:
        self._opened = self._clock.now()
        self.query_one("#cancel", Button).focus()

    @on(Button.Pressed)
    def _pressed(self, event: Button.Pressed) -> None:
        if event.button.id == "cancel":
            self.action_cancel()
        else:
            self.action_agree()

    def action_agree(self) -> None:
        """Agree, unless it is too early to have been meant, or something is in the way."""
        if self._clock.now().since(self._opened) < DEAF_S:
            return
        if self.why_not() is not None:
            self.app.bell()
            return
        self.dismiss(True)

    def action_cancel(self) -> None:
        self.dismiss(False)

    def action_no(self) -> None:
        self.action_cancel()

    def more(self) -> ComposeResult:
        """What stands below the facts."""
        yield from ()

    def before_the_buttons(self) -> ComposeResult:
        """What stays in sight with them."""
        yield from ()

    def why_not(self) -> str | None:
        """What is in the way of agreeing."""
        return None

    def _does(self) -> str:
        key = "" if self.question.typed is not None else f"({CONFIRM}) "
        return f"{key}{self.question.does}"

    def _title(self, columns: int) -> list[Runs]:
        return wrapped(self.question.title, "bad" if self.question.danger else "head", columns)


class AskEmergency(Ask):
    """The same for an emergency: the evidence, renewed as it comes in, and a name to be typed."""

    def __init__(self, question: Question, case: EmergencyCase, clock: Clock) -> None:
        super().__init__(question, clock)
        self.case = case

    def more(self) -> ComposeResult:
        yield Panel(self._evidence, "ask-evidence")

    def before_the_buttons(self) -> ComposeResult:
        yield Panel(self._in_the_way, "ask-how")
        yield Input(id="ask-name", placeholder="the account's name", compact=True)

    def renew(self, case: EmergencyCase) -> None:
        """The case as it stands now."""
        self.case = case
        self._renew()

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        # A name that is typed where it isn't expected must neither agree nor cancel.
        return action not in {"agree", "no"}

    def why_not(self) -> str | None:
        if self.case.why_not is not None:
            return self.case.why_not
        found = self.query("#ask-name")
        typed = found.first(Input).value if found else ""
        return None if typed == self.question.typed else self._how_to_type()

    @on(Input.Changed)
    @on(DescendantFocus)
    def _renew(self) -> None:
        self.query_one("#agree", Button).disabled = self.why_not() is not None
        for panel in self.query(Panel):
            panel.renew()

    @on(Input.Submitted)
    def _entered(self) -> None:
        self.action_agree()

    def _how_to_type(self) -> str:
        found = self.query("#ask-name")
        there = bool(found) and found.first(Input).has_focus
        how = "Type" if there else "Tab, and type"
        return f"{how} {self.question.typed} to state that its session has ended."

    def _evidence(self, columns: int) -> list[Runs]:
        return render.evidence(evidence_rows(self.case.witnesses), columns)

    def _in_the_way(self, columns: int) -> list[Runs]:
        why = self.why_not()
        text = "Stated; Enter gives the order." if why is None else why
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
