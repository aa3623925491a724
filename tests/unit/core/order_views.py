"""What tests of orders look at."""

from __future__ import annotations

from sessionlib.core.actions import Action
from sessionlib.core.events import WriteAnswered, WriteVerdict
from sessionlib.core.learn import begun, learn
from sessionlib.core.view import AgentSettings, View
from tests.unit.core.views import (
    TIMING,
    actions,
    answers,
    at,
    written,
)

RIPE_S = TIMING.patience_s(TIMING.ttl_s, 0)
APPROVE = AgentSettings(TIMING, takeover="approve")


def outcome(found: tuple[Action, ...]) -> tuple[str, str]:
    (receipt,) = answers(found)
    return receipt.outcome, receipt.why


def outcomes(view: View) -> dict[str, str]:
    return {each.id: each.outcome for each in view.receipts}


def begun_all(view: View, seconds: float) -> View:
    """The view once everything that is decided at this moment is under way."""
    for action in actions(view, seconds):
        view = begun(view, action, at(seconds))
    return view


def written_out(view: View, seconds: float) -> View:
    """The same, and the lease write among it has succeeded."""
    view = begun_all(view, seconds)
    assert view.write is not None, "nothing was written"
    done = WriteAnswered(view.write.lease.nonce, WriteVerdict.DONE, "10")
    return learn(view, done, at(seconds + 0.1), "fresh")


def settled(view: View, seconds: float) -> None:
    """Nothing more comes of the orders that are there."""
    found = actions(view, seconds)
    assert answers(found) == []
    assert written(found) is None
