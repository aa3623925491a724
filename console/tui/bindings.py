"""The keys: one table, from which the footer, the help and the docs are made."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from sessionlib.core.messages import OrderAction


@dataclass(frozen=True, slots=True)
class Key:
    """One thing that can be done.

    `keys` are Textual's names, the first is the one that is shown (as `shown`,
    where its name isn't what stands on it). `order` is what it asks the agents
    for; the rest only changes the view. `footer` is its place at the bottom:
    lower ones stay longest where room is short, None isn't there at all.
    """

    id: str
    keys: tuple[str, ...]
    label: str
    help: str
    group: str
    order: OrderAction | None = None
    footer: int | None = None
    shown: str = ""

    @property
    def cap(self) -> str:
        """What stands on the key."""
        return self.shown or self.keys[0]

    @property
    def action(self) -> str:
        """Textual's action."""
        return f"order('{self.order.value}')" if self.order else self.id


ORDERS, VIEW, PROGRAM = "Orders", "View", "Program"

KEYS = (
    Key(
        "handover",
        ("h",),
        "Hand over",
        "move the work to the selected standby, else to the best one",
        ORDERS,
        OrderAction.HANDOVER,
        1,
    ),
    Key(
        "approve",
        ("a",),
        "Approve",
        "agree to the move, or the takeover, that waits for your word",
        ORDERS,
        OrderAction.APPROVE,
        3,
    ),
    Key(
        "abort",
        ("x",),
        "Abort",
        "call the move off; up to its commit point the primary serves on",
        ORDERS,
        OrderAction.ABORT,
        4,
    ),
    Key(
        "pause",
        ("p",),
        "Pause",
        "no plans and no takeovers until you resume",
        ORDERS,
        OrderAction.PAUSE,
        8,
    ),
    Key("resume", ("r",), "Resume", "end the pause", ORDERS, OrderAction.RESUME, 9),
    Key(
        "emergency",
        ("E",),
        "Emergency",
        "let a standby take over from a primary that has ended",
        ORDERS,
        OrderAction.EMERGENCY,
        5,
    ),
    Key(
        "checkpoint",
        ("c",),
        "Checkpoint",
        "let the primary copy its data to the store now",
        ORDERS,
        OrderAction.CHECKPOINT,
        10,
    ),
    Key("stop", ("s",), "Stop", "end the selected session, in order", ORDERS, OrderAction.STOP, 11),
    Key("down", ("j", "down"), "Down", "select the next account", VIEW, shown="j ↓"),
    Key("up", ("k", "up"), "Up", "select the account before", VIEW, shown="k ↑"),
    Key("page_down", ("pagedown", "ctrl+d"), "Page down", "a screenful down", VIEW, shown="PgDn"),
    Key("page_up", ("pageup", "ctrl+u"), "Page up", "a screenful up", VIEW, shown="PgUp"),
    Key("first", ("g", "home"), "First", "select the first account", VIEW),
    Key("last", ("G", "end"), "Last", "select the last account", VIEW),
    Key(
        "details",
        ("enter",),
        "Details",
        "all that is known of the selected account",
        VIEW,
        footer=12,
        shown="⏎",
    ),
    Key(
        "filter",
        ("slash",),
        "Filter",
        "show only accounts with these letters, or with ! those without; the primary always stays",
        VIEW,
        footer=6,
        shown="/",
    ),
    Key("clear", ("escape",), "Clear", "end the filter", VIEW, shown="esc"),
    Key("sort", ("o",), "Sort", "by priority, name, time left, last heard", VIEW, footer=13),
    Key("reverse", ("O",), "Reverse", "turn the order round", VIEW),
    Key("help", ("question_mark", "f1"), "Help", "this page", PROGRAM, footer=2, shown="?"),
    Key(
        "command_palette",
        ("ctrl+p",),
        "Palette",
        "everything by name, and the colours",
        PROGRAM,
        footer=7,
        shown="^p",
    ),
    Key(
        "quit",
        ("q", "ctrl+c", "ctrl+q"),
        "Quit",
        "leave; the fleet goes on by itself",
        PROGRAM,
        footer=0,
    ),
)
"""Every key of the fleet's screen."""


def footer_keys() -> list[Key]:
    """What the bottom line names, in its order."""
    return [key for key in KEYS if key.footer is not None]


def keys_by_group() -> Iterator[tuple[str, list[Key]]]:
    """The groups with their keys, for the help."""
    for group in (ORDERS, VIEW, PROGRAM):
        yield group, [key for key in KEYS if key.group == group]


def key_for(order: OrderAction) -> Key:
    """The key that asks for an order."""
    return next(key for key in KEYS if key.order is order)
