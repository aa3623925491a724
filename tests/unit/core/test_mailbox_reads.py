"""Goal: looks at what others wrote are rare where each has a price, and close while a move runs."""

from __future__ import annotations

from dataclasses import replace

import pytest

from sessionlib.core.actions import ReadLease, ReadMailbox
from sessionlib.core.events import DoorbellRang, LeaseRead
from sessionlib.core.learn import begun, learn
from sessionlib.core.peers import is_alive
from sessionlib.core.timing import Timing
from sessionlib.core.values import PlanPhase
from sessionlib.core.view import AgentSettings, LeaseReadStatus, View
from tests.unit.core.views import ME, OTHER, actions, at, held_by, peer, plan, seen, serving

PRICED = Timing(peek_s=20.0, peek_standby_s=30.0)
FREE = Timing()
RECORD = LeaseRead(LeaseReadStatus.SEEN, held_by(OTHER), "1")


def peeks(view: View, seconds: float) -> bool:
    return any(isinstance(action, ReadMailbox) for action in actions(view, seconds))


def standby(timing: Timing) -> View:
    return seen(held_by(OTHER), settings=AgentSettings(timing))


def holder(timing: Timing) -> View:
    return serving(settings=AgentSettings(timing))


@pytest.mark.parametrize(
    ("view", "every_s"),
    [
        (standby(FREE), 5),
        (holder(FREE), 5),
        (standby(PRICED), 30),
        (holder(PRICED), 20),
    ],
)
def test_at_rest_each_kind_looks_as_often_as_it_may(view: View, every_s: float) -> None:
    assert not peeks(view, every_s - 0.1)
    assert peeks(view, every_s)


def rung(view: View, seconds: float) -> View:
    return learn(view, DoorbellRang(), at(seconds), "")


@pytest.mark.parametrize("timing", [FREE, PRICED])
def test_the_doorbell_has_a_standby_look_at_once_and_once(timing: Timing) -> None:
    view = rung(standby(timing), 2)
    kinds = {type(action) for action in actions(view, 2)}
    assert {ReadLease, ReadMailbox} <= kinds
    begun_ = begun(begun(view, ReadLease(), at(2)), ReadMailbox(), at(2))
    looked = learn(
        replace(begun_, reading_mailbox=False, mailbox_read_mono=at(2.1).mono), RECORD, at(2.1), ""
    )
    assert not {ReadLease, ReadMailbox} & {type(action) for action in actions(looked, 3)}


def test_a_ring_during_a_look_leads_to_another_one() -> None:
    looking = begun(standby(FREE), ReadLease(), at(2))
    looked = learn(rung(looking, 2.05), RECORD, at(2.1), "")
    assert any(isinstance(action, ReadLease) for action in actions(looked, 2.4))


def test_a_bell_that_never_stops_has_nobody_look_more_often_than_a_move_does() -> None:
    view = rung(standby(FREE), 0.1)
    assert not {ReadLease, ReadMailbox} & {
        type(action) for action in actions(view, FREE.poll_final_s / 2)
    }


def test_a_holder_is_rung_to_orders_alone() -> None:
    """A look would be in the way of its renewals."""
    kinds = {type(action) for action in actions(rung(holder(FREE), 2), 2)}
    assert ReadMailbox in kinds
    assert ReadLease not in kinds


def test_the_lease_is_looked_at_as_ever() -> None:
    found = actions(standby(PRICED), PRICED.poll_s)
    assert any(isinstance(action, ReadLease) for action in found)


@pytest.mark.parametrize("phase", [PlanPhase.SYNCING, PlanPhase.QUIESCING])
def test_a_move_that_concerns_us_is_followed_closely(phase: PlanPhase) -> None:
    ready = {"b": peer(plan(phase))}
    moving = serving(plan=plan(phase), settings=AgentSettings(PRICED), peers=ready)
    assert peeks(moving, PRICED.poll_fast_s)
    named = replace(held_by(OTHER), plan=plan(phase, to=ME.account))
    assert peeks(seen(named, settings=AgentSettings(PRICED)), PRICED.poll_fast_s)


def test_a_peer_is_given_the_time_that_we_take_to_look() -> None:
    reporting = replace(peer(), every_s=60.0)
    assert is_alive(reporting, at(3 * 60 + 30), PRICED.slack_s)
    assert not is_alive(reporting, at(3 * 60 + 31), PRICED.slack_s)
    assert FREE.slack_s == FREE.poll_s
