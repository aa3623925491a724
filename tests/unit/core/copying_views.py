"""Views of holders that copy, for tests of what comes of it."""

from __future__ import annotations

from typing import Any, TypeVar

from sessionlib.core.actions import (
    Action,
    Copy,
    WriteLease,
)
from sessionlib.core.copies import Copies, Made
from sessionlib.core.events import (
    CopyEnded,
    WriteAnswered,
    WriteVerdict,
)
from sessionlib.core.learn import begun, learn
from sessionlib.core.values import Pointer
from sessionlib.core.view import AgentSettings, View
from tests.unit.core.views import (
    TIMING,
    actions,
    at,
    serving,
)

A = TypeVar("A")
EVERY_S = AgentSettings(TIMING).copy_every_s
KIT = AgentSettings(TIMING, needs_program=True)
POINTER = Pointer(2, 9, "2-9-p", 1_000)
MADE = Made(Pointer(3, 1, "3-1-c", 1_000), 10, 0.4, "all of it")
QUIET = Copies(since_mono=at(0).mono)


def of(kind: type[A], found: tuple[Action, ...]) -> list[A]:
    return [action for action in found if isinstance(action, kind)]


def after(view: View, action: Action, seconds: float) -> View:
    return begun(view, action, at(seconds))


def copying(seconds: float = 1, **changes: Any) -> View:
    """`a` serving, with a checkpoint under way."""
    return after(serving(copies=QUIET, **changes), Copy(3, None, "t1"), seconds)


def copied(made: Made | None = MADE, why: str | None = None, **changes: Any) -> View:
    return learn(copying(**changes), CopyEnded("t1", made, why), at(2), "")


def answered(view: View, verdict: WriteVerdict, seconds: float) -> View:
    assert view.write is not None
    event = WriteAnswered(view.write.lease.nonce, verdict, "10")
    return learn(view, event, at(seconds), "")


def sent(view: View, seconds: float) -> View:
    (send,) = of(WriteLease, actions(view, seconds))
    return after(view, send, seconds)
