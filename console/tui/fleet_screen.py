"""The fleet on one screen: its panels, what a key does, and why one does nothing.

The screen is handed what is known, and asks nobody.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Container, Vertical
from textual.events import Resize
from textual.message import Message
from textual.screen import Screen
from textual.widgets import Input

from console.fleet.readmodel import FleetView
from console.fleet.snapshot import Snapshot
from console.orders.screen_orders import OrderService, handover_target
from console.tui import render, timeline
from console.tui.bindings import KEYS, Key
from console.tui.columns import details
from console.tui.dialogs import Page
from console.tui.panels import Panel
from console.tui.render import LoggedEvent
from console.tui.sorting import Arrangement
from console.tui.styled import Runs, title
from console.tui.table import FleetTable
from sessionlib.core.messages import OrderAction

MOST_EVENTS = 500
SHORT = 10
"""Below so many lines the header is its verdict alone."""


@dataclass(frozen=True, slots=True)
class FleetState:
    """What the screen shows: one view, and the snapshot that it was made from."""

    view: FleetView
    snapshot: Snapshot


def _bindings() -> list[BindingType]:
    return [
        Binding(",".join(key.keys), key.action, key.label, id=key.id, show=False)
        for key in KEYS
        if key.id != "command_palette"
    ]


class FleetScreen(Screen[None]):
    """The whole fleet."""

    BINDINGS: ClassVar[list[BindingType]] = _bindings()
    HORIZONTAL_BREAKPOINTS = [(0, "-narrow"), (80, "-normal"), (116, "-wide")]  # noqa: RUF012 - Textual's own declaration
    VERTICAL_BREAKPOINTS = [(0, "-short"), (14, "-low"), (22, "-tall"), (30, "-high")]  # noqa: RUF012 - as above

    class OrderRequested(Message):
        """The operator wants something done, to the selected account where it concerns one."""

        def __init__(self, order: OrderAction, account: str | None) -> None:
            self.order, self.account = order, account
            super().__init__()

    def __init__(self, service: OrderService, config: str, known: FleetState) -> None:
        super().__init__()
        self._service, self._config = service, config
        self._known = known
        self._arrangement = Arrangement()
        self._logged: deque[LoggedEvent] = deque(maxlen=MOST_EVENTS)
        self._orders = 0
        self._whys: dict[tuple[OrderAction, str | None], str | None] = {}

    # What is on it

    def compose(self) -> ComposeResult:
        yield Panel(self._header, "header")
        yield Panel(self._troubles, "troubles")
        yield FleetTable("table")
        yield Panel(self._note, "note")
        yield Panel(lambda columns: render.guide(self.view, self._config, columns), "guide")
        with Container(id="lower"):
            with Vertical(id="plans"):
                yield Panel(lambda columns: [title("Move", columns)], "move-title")
                yield Panel(lambda columns: timeline.lines(self.view, columns), "move")
                yield Panel(lambda columns: [title("Checkpoint", columns)], "checkpoint-title")
                yield Panel(lambda columns: render.checkpoint(self.view, columns), "checkpoint")
                yield Panel(self._selected_title, "selected-title")
                yield Panel(self._selected_lines, "selected")
            with Vertical(id="log"):
                yield Panel(lambda columns: [title("Events", columns)], "events-title")
                yield Panel(self._events, "events")
        yield Input(id="filter", placeholder="letters to look for; !letters hides", compact=True)
        yield Panel(lambda columns: render.footer(columns, self.why_not), "footer")

    def on_mount(self) -> None:
        self.query_one("#filter").display = False
        self.table.focus()
        self._show(live_only=False)

    @property
    def table(self) -> FleetTable:
        return self.query_one(FleetTable)

    @property
    def state(self) -> FleetState:
        """What is shown now, and what it was made from."""
        return self._known

    @property
    def view(self) -> FleetView:
        """What is shown now."""
        return self._known.view

    @property
    def snapshot(self) -> Snapshot:
        """What it was made from."""
        return self._known.snapshot

    def visible_accounts(self) -> set[str]:
        """The accounts whose rows can be seen, and those that the rest of the screen speaks of."""
        lease = self.snapshot.lease.value
        named = {lease.holder, lease.successor} if lease is not None else set()
        if lease is not None and lease.plan is not None:
            named.add(lease.plan.to)
        return self.table.visible_accounts() | {name for name in named if name is not None}

    @property
    def logged(self) -> list[LoggedEvent]:
        """The event log, newest first."""
        return list(self._logged)

    def show(self, known: FleetState, *, live_only: bool, orders: int) -> None:
        """Show this; `live_only` says that nothing was read since, only time has passed."""
        self._known = known
        self._orders = orders
        self._whys = {}
        if self.is_mounted:
            self._show(live_only=live_only)

    def log_events(self, logged: list[LoggedEvent]) -> None:
        """Add to the event log, oldest first."""
        for one in logged:
            merged = one.merged_with(self._logged[0] if self._logged else None)
            if merged is not None:
                self._logged.popleft()
            self._logged.appendleft(merged or one)
        if logged and self.is_mounted:
            self.query_one("#events", Panel).renew()

    def _show(self, *, live_only: bool) -> None:
        holder = self.snapshot.holder
        rows = self._arrangement.rows(self.view.accounts, holder)
        self.table.show(rows, live_only=live_only and self._arrangement.order != "last heard")
        for panel in self.query(Panel):
            if panel.id not in {"events", "footer"} or not live_only:
                panel.renew()

    def on_resize(self, event: Resize) -> None:
        self.call_after_refresh(self._renew)

    def _renew(self) -> None:
        for panel in self.query(Panel):
            panel.renew()

    def _header(self, columns: int) -> list[Runs]:
        return render.header(
            self.view,
            columns,
            read_only=self._service.read_only,
            orders=self._orders,
            short=self.size.height < SHORT,
        )

    def _troubles(self, columns: int) -> list[Runs]:
        return render.troubles(self.view, self.snapshot.lease, columns)

    def _note(self, columns: int) -> list[Runs]:
        shown, total = len(self.table.rows), len(self.view.accounts)
        text = render.filter_note(self._arrangement, shown, total)
        return [[(text, "warn")]] if text else []

    def _events(self, columns: int) -> list[Runs]:
        room = self.query_one("#events").size.height or 6
        return render.events(self._logged, columns, room)

    def _selected_title(self, columns: int) -> list[Runs]:
        return [title(self.table.selected or "Selected", columns)]

    def _selected_lines(self, columns: int) -> list[Runs]:
        return self._details(self.table.selected)(columns)

    # What can be done

    def why_not(self, key: Key) -> str | None:
        """Why a key can do nothing now; None where it can do something."""
        if key.order is None:
            return None
        return self._why_not(key.order)

    def _why_not(self, order: OrderAction) -> str | None:
        account = self.order_account(order)
        at = (order, account)
        if at not in self._whys:
            self._whys[at] = self._service.why_not(order, self.snapshot, account)
        return self._whys[at]

    def order_account(self, order: OrderAction) -> str | None:
        """The account that an order would be about, by what is selected."""
        selected = self.table.selected
        if order is OrderAction.STOP:
            return selected
        if order in {OrderAction.HANDOVER, OrderAction.EMERGENCY}:
            return handover_target(self.snapshot, selected)
        return None

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """None, which dims it, for an order that can't be given now."""
        if action == "order" and self._why_not(OrderAction(str(parameters[0]))) is not None:
            return None
        return True

    def action_order(self, order: str) -> None:
        action = OrderAction(order)
        self.post_message(self.OrderRequested(action, self.order_account(action)))

    def action_down(self) -> None:
        self.table.move(1)

    def action_up(self) -> None:
        self.table.move(-1)

    def action_page_down(self) -> None:
        self.table.move(self.table.page())

    def action_page_up(self) -> None:
        self.table.move(-self.table.page())

    def action_first(self) -> None:
        self.table.select(0)

    def action_last(self) -> None:
        self.table.select(len(self.table.rows) - 1)

    def action_sort(self) -> None:
        self._arrange(self._arrangement.next_order())

    def action_reverse(self) -> None:
        self._arrange(replace(self._arrangement, reverse=not self._arrangement.reverse))

    def action_filter(self) -> None:
        asked = self.query_one("#filter", Input)
        asked.value = self._arrangement.letters
        asked.display = True
        asked.focus()

    def action_clear(self) -> None:
        self.query_one("#filter").display = False
        self.table.focus()
        self._arrange(replace(self._arrangement, letters=""))

    def action_details(self) -> None:
        name = self.table.selected
        if name is not None:
            self.app.push_screen(Page(name, self._details(name)))

    def action_help(self) -> None:
        self.app.push_screen(Page("Keys", lambda columns: render.help_lines(columns, self.why_not)))

    async def action_quit(self) -> None:
        await self.app.action_quit()

    def _details(self, name: str | None) -> Callable[[int], list[Runs]]:
        def draw(columns: int) -> list[Runs]:
            row = next((row for row in self.view.accounts if row.name == name), None)
            return [] if row is None else render.facts(details(row), columns)

        return draw

    def _arrange(self, arrangement: Arrangement) -> None:
        self._arrangement = arrangement
        self._show(live_only=False)

    @on(Input.Changed, "#filter")
    def _filter_changed(self, event: Input.Changed) -> None:
        self._arrange(replace(self._arrangement, letters=event.value))

    @on(Input.Submitted, "#filter")
    def _filter_kept(self) -> None:
        self.query_one("#filter").display = False
        self.table.focus()

    @on(FleetTable.Selected)
    def _selected(self) -> None:
        for name in ("footer", "selected-title", "selected"):
            self.query_one(f"#{name}", Panel).renew()

    @on(FleetTable.Opened)
    def _opened(self) -> None:
        self.action_details()
