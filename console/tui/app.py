"""The screen's life: what it watches, how orders are given, and how it ends.

Nothing here waits for the store or for a signature. Each order is watched to its end.
"""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Iterable
from functools import partial
from typing import ClassVar

from textual.actions import ActionError
from textual.app import SystemCommand
from textual.binding import Binding, BindingType
from textual.markup import escape
from textual.message import Message
from textual.screen import Screen

from console.errors import OutcomeUnknown
from console.fleet.cache import FleetCache
from console.fleet.changes import FleetEvent, events_between
from console.fleet.readmodel import fleet_view
from console.fleet.snapshot import Snapshot
from console.orders.consequences import question
from console.orders.emergency_case import EmergencyCase
from console.orders.proposals import Proposal
from console.orders.screen_orders import ConfirmationRequest, OrderService
from console.tui.base import BaseApp
from console.tui.bindings import KEYS, key_for
from console.tui.dialogs import Ask, AskEmergency, Page
from console.tui.fleet_screen import FleetScreen, FleetState
from console.tui.pending_orders import PendingOrders
from console.tui.poller import Poller
from console.tui.render import LoggedEvent
from console.tui.styled import harmless
from sessionlib.core.messages import Order, OrderAction
from sessionlib.errors import ColabvpsError, Unknown
from sessionlib.launchers import LaunchStatus
from sessionlib.ports import Store

TICK_S = 1.0
MANY = 50
"""With more accounts than these, the ones out of sight are judged only now and then."""
WHOLE_EVERY = 5


class ConsoleApp(BaseApp):
    """Shows one fleet. With `live` false nothing runs by itself: tests give it pictures."""

    ENABLE_COMMAND_PALETTE = True
    COMMAND_PALETTE_BINDING = "ctrl+p"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("ctrl+c,ctrl+q", "quit", "Quit", show=False, priority=True)
    ]

    class CacheChanged(Message):
        """The store has shown something new."""

    class OrderSubmitted(Message):
        """An order is in the store, or `error` says why not."""

        def __init__(self, proposal: Proposal, order: Order, error: ColabvpsError | None) -> None:
            self.proposal, self.order, self.error = proposal, order, error
            super().__init__()

    class EvidenceGathered(Message):
        """A fresh look, and what this machine's launcher knows of the holder; `case` is the one
        that it was asked for, None for a new one."""

        def __init__(
            self,
            to: str,
            snapshot: Snapshot,
            status: LaunchStatus | None,
            case: EmergencyCase | None,
        ) -> None:
            self.to, self.snapshot, self.status, self.case = to, snapshot, status, case
            super().__init__()

    class Crashed(Message):
        """A thread met an error that nobody foresaw."""

        def __init__(self, error: Exception) -> None:
            self.error = error
            super().__init__()

    def __init__(
        self, service: OrderService, open_store: Callable[[], Store], *, live: bool = True
    ) -> None:
        super().__init__(service.fleet.clock)
        self.service, self.live = service, live
        self._open_store = open_store
        self._poller = Poller(
            service.fleet.config,
            open_store,
            self.clock,
            on_news=self._on_news,
            on_crash=lambda error: self._from_thread(self.Crashed(error)),
        )
        self._news = False
        self._before: Snapshot | None = None
        self.orders = PendingOrders(service)
        self.cache: FleetCache = self._poller.cache()
        self._ticks = 0
        known, _ = self._judge_cache(self.cache, live_only=False)
        self.fleet = FleetScreen(service, str(service.fleet.config.path), known)

    # Its life

    def get_default_screen(self) -> Screen[None]:
        return self.fleet

    def on_mount(self) -> None:
        if not self.live:
            return
        self.signal_watch.watch(asyncio.get_running_loop())
        self._poller.start()
        self.set_interval(TICK_S, self.tick)

    def on_unmount(self) -> None:
        self._poller.stop()

    def tick(self) -> None:
        """A second has passed: everything is older, and perhaps something has run out."""
        if self.live:
            self._poller.replace_hung_reads()
        self.refresh_view(live_only=True)

    def refresh_view(self, *, live_only: bool = False) -> None:
        """Show what is known now; `live_only`: nothing has come in since."""
        if self.live:
            self.cache = self._poller.cache()
        now = self.clock.now()
        known, events = self._judge_cache(self.cache, live_only=live_only)
        news = [LoggedEvent(now.wall, event) for event in events]
        words = self.orders.update(known.snapshot, now)
        self.fleet.show(known, live_only=live_only and not news, orders=len(self.orders))
        self.fleet.log_events([*news, *(LoggedEvent(now.wall, word.event) for word in words)])
        for word in words:
            if word.final:
                self._toast(word.event)
        if isinstance(self.screen, Page):
            self.screen.renew()
        if isinstance(self.screen, AskEmergency):
            self._run_in_thread(self._gather_evidence, self.screen.case.to, self.screen.case)

    def _judge_cache(
        self, picture: FleetCache, *, live_only: bool
    ) -> tuple[FleetState, tuple[FleetEvent, ...]]:
        """What is known now, and what has happened since it was last judged whole."""
        config = self.service.fleet.config
        snapshot = picture.snapshot_at(self.clock.now())
        self._ticks = self._ticks + 1 if live_only else 0
        if len(config.accounts) > MANY and self._ticks % WHOLE_EVERY:
            shown = self.fleet.visible_accounts()
            return FleetState(fleet_view(config, snapshot, self.fleet.view, shown), snapshot), ()
        events: tuple[FleetEvent, ...] = ()
        # Before the first answer there is nothing to compare with.
        if picture.lease is not None:
            events, self._before = events_between(self._before, snapshot), snapshot
        return FleetState(fleet_view(config, snapshot), snapshot), events

    def _on_news(self) -> None:
        # One message is enough, however much has come in until it is read.
        if not self._news:
            self._news = True
            self._from_thread(self.CacheChanged())

    def _from_thread(self, message: Message) -> None:
        if self.is_running:
            self.post_message(message)

    def on_console_app_cache_changed(self) -> None:
        self._news = False
        self.refresh_view()

    # Orders

    def on_fleet_screen_order_requested(self, message: FleetScreen.OrderRequested) -> None:
        self.request_order(message.order, message.account)

    def request_order(self, action: OrderAction, account: str | None) -> None:
        """Ask for something, and do it once it was agreed to."""
        if action is OrderAction.EMERGENCY:
            self._request_emergency(account)
            return
        try:
            asked = self.service.propose(action, self.fleet.snapshot, account)
        except ColabvpsError as error:
            self.announce(FleetEvent(f"{key_for(action).label}: {error}", "bad"))
            return
        ask = Ask(question(asked.proposal.consequences, _key_name), self.clock)
        self.push_screen(ask, partial(self._on_confirmed, asked))

    def _on_confirmed(self, asked: ConfirmationRequest, agreed: bool | None) -> None:
        if not agreed:
            return
        try:
            proposal = self.service.confirm(asked, self.fleet.snapshot)
        except ColabvpsError as error:
            self.announce(FleetEvent(f"{key_for(asked.action).label}: refused: {error}", "bad"))
            return
        self._run_in_thread(self._submit, proposal)

    def _run_in_thread(self, do: Callable[..., None], *args: object) -> None:
        """Do it in a thread, so that nothing waits for it."""

        def run() -> None:
            try:
                do(*args)
            except Exception as error:  # noqa: BLE001 - told on the screen's own thread
                self._from_thread(self.Crashed(error))

        threading.Thread(target=run, daemon=True).start()

    def _submit(self, proposal: Proposal) -> None:
        try:
            self._from_thread(self.OrderSubmitted(proposal, self.service.submit(proposal), None))
        except ColabvpsError as error:
            self._from_thread(self.OrderSubmitted(proposal, proposal.order, error))

    def on_console_app_order_submitted(self, message: OrderSubmitted) -> None:
        order, error = message.order, message.error
        label = key_for(order.action).label
        if isinstance(error, OutcomeUnknown | Unknown):
            self.announce(FleetEvent(f"{label}: outcome unknown, still watching: {error}", "warn"))
        elif error is not None:
            self.announce(FleetEvent(f"{label}: refused: {error}", "bad"))
            return
        else:
            self.announce(FleetEvent(f"{label}: order {order.id} is given", ""), toast=False)
        self.orders.add(order, message.proposal, self.clock.now())
        self._poller.poll_now()
        self.refresh_view()

    def announce(self, event: FleetEvent, *, toast: bool = True) -> None:
        """Put something into the log, and before the eyes."""
        self.fleet.log_events([LoggedEvent(self.clock.now().wall, event)])
        if toast:
            self._toast(event)

    def _toast(self, event: FleetEvent) -> None:
        severities = {"good": "information", "warn": "warning", "bad": "error"}
        severity = severities.get(event.tone, "information")
        text = harmless(event.text)
        self.notify(text, severity=severity, markup=False)  # type: ignore[arg-type]  # its words

    # Emergencies

    def _request_emergency(self, account: str | None) -> None:
        try:
            to = self.service.emergency_successor(self.fleet.snapshot, account)
        except ColabvpsError as error:
            self.announce(FleetEvent(f"{key_for(OrderAction.EMERGENCY).label}: {error}", "bad"))
            return
        self._run_in_thread(self._gather_evidence, to, None)

    def _gather_evidence(self, to: str, case: EmergencyCase | None) -> None:
        snapshot, status = self.service.gather_evidence(self._open_store())
        self._from_thread(self.EvidenceGathered(to, snapshot, status, case))

    def on_console_app_evidence_gathered(self, message: EvidenceGathered) -> None:
        """Open the case, or go on with the one that is open."""
        snapshot, status, screen = message.snapshot, message.status, self.screen
        if isinstance(screen, AskEmergency):
            # What was asked for an older state of the case may have been seen before it.
            if message.case is screen.case:
                screen.renew(self.service.update_case(screen.case, snapshot, status))
            return
        if message.case is not None or screen is not self.fleet:
            return
        try:
            case = self.service.open_case(snapshot, message.to, status)
        except ColabvpsError as error:
            self.announce(FleetEvent(f"{key_for(OrderAction.EMERGENCY).label}: {error}", "bad"))
            return
        ask = AskEmergency(
            question(self.service.case_consequences(case), _key_name), case, self.clock
        )
        self.push_screen(ask, partial(self._on_emergency_confirmed, ask))

    def _on_emergency_confirmed(self, ask: AskEmergency, agreed: bool | None) -> None:
        if not agreed:
            return
        try:
            proposal = self.service.propose_emergency(ask.case)
        except ColabvpsError as error:
            self.announce(
                FleetEvent(f"{key_for(OrderAction.EMERGENCY).label}: refused: {error}", "bad")
            )
            return
        self._run_in_thread(self._submit, proposal)

    # Keys that do nothing say why

    async def run_action(  # type: ignore[override]  # narrower than Textual's own union
        self, action: str, default_namespace: object = None, namespaces: object = None
    ) -> bool:
        name, _, rest = action.partition("(")
        if name == "order" and self.screen is self.fleet:
            wanted = OrderAction(rest.strip("')"))
            why = self.fleet.why_not(key_for(wanted))
            if why is not None:
                self.announce(FleetEvent(f"{key_for(wanted).label}: {why}", "warn"))
                return True
        try:
            # The narrower union again, handed on.
            return await super().run_action(action, default_namespace, namespaces)  # type: ignore[arg-type]  # as above
        except ActionError:
            return False

    def get_system_commands(self, screen: Screen[object]) -> Iterable[SystemCommand]:
        """Everything there is, by name."""
        for key in KEYS:
            if key.id == "command_palette":
                continue
            why = self.fleet.why_not(key)
            # The palette reads markup, and the reason may name what others wrote.
            text = escape(harmless(key.help if why is None else f"not now: {why}"))
            run = partial(self.run_action, key.action, self.fleet)
            yield SystemCommand(key.label, text, run)
        yield SystemCommand("Colours", "choose a theme", self.action_change_theme)

    def on_console_app_crashed(self, message: Crashed) -> None:
        self._handle_exception(message.error)


def _key_name(action: OrderAction) -> str:
    return key_for(action).cap
