"""Goal: each order has its facts in one table, and both renderings mention each of them.

Method: the proposals of one fleet at work, changed by one thing at a time, through both renderers.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest

from console.fleet.snapshot import Reading
from console.orders import proposals
from console.orders.consequences import Person as Somebody
from console.orders.consequences import (
    Topic,
    command_of,
    of_approved_takeover,
    of_emergency,
    question,
    sentences,
)
from console.orders.proposals import Proposal
from console.tui.bindings import key_for
from sessionlib.core.messages import OrderAction, When
from sessionlib.core.values import Pointer
from tests.unit.console.fleet_on_disk import LEASE
from tests.unit.console.orders.fleet_states import ASKING, CONFIGURED, LOST, PLANNED, snapshot

PAUSED = replace(LEASE, paused=True, checkpoint=Pointer(4, 9, "c", 5))


def handover(when: When = When.NOW) -> Proposal:
    return proposals.handover(CONFIGURED, snapshot(), None, when, 1800.0)


ORDERS: dict[str, Callable[[], Proposal]] = {
    "handover": handover,
    "handover later": lambda: handover(When.LATER),
    "handover at the warning": lambda: handover(When.WARNING),
    "approve the move": lambda: proposals.approve(CONFIGURED, snapshot(PLANNED)),
    "approve the takeover": lambda: proposals.approve(CONFIGURED, snapshot(LOST, backup1=ASKING)),
    "abort": lambda: proposals.abort(CONFIGURED, snapshot(PLANNED)),
    "stop the primary": lambda: proposals.stop(CONFIGURED, snapshot(), "primary"),
    "stop a standby": lambda: proposals.stop(CONFIGURED, snapshot(), "backup1"),
    "pause": lambda: proposals.pause(CONFIGURED, snapshot(PLANNED)),
    "resume": lambda: proposals.resume(CONFIGURED, snapshot(PAUSED)),
    "resume without a primary": lambda: proposals.resume(
        CONFIGURED, snapshot(Reading(PAUSED, 99.0), primary=Reading())
    ),
    "checkpoint": lambda: proposals.checkpoint(CONFIGURED, snapshot()),
    "emergency": lambda: proposals.emergency(
        CONFIGURED, snapshot(Reading(PAUSED, 99.0)), "backup1", "primary", "a {word}"
    ),
}


def cap(action: OrderAction) -> str:
    return key_for(action).cap


def test_each_action_has_its_facts() -> None:
    found = {make().consequences.action for make in ORDERS.values()}
    assert found == set(OrderAction)
    for make in ORDERS.values():
        proposal = make()
        assert proposal.consequences.action is proposal.order.action


@pytest.mark.parametrize("make", ORDERS.values(), ids=list(ORDERS))
def test_both_renderings_mention_each_fact(make: Callable[[], Proposal]) -> None:
    consequences = make().consequences
    text = sentences(consequences)
    asked = question(consequences, cap)
    lines = dict(asked.facts)
    assert len(lines) == len(asked.facts), "each topic has one line"
    for fact in consequences.facts:
        said, shown = fact.text(command_of), fact.text(cap)
        assert said in text or said[:1].upper() + said[1:] in text
        assert shown in lines[fact.topic.value]
    assert text.startswith(consequences.action.value.capitalize())
    assert all(line.endswith(".") and ".." not in line for line in text.split("\n"))
    assert {"Undo"} < set(lines), "each says whether it can be undone"


@pytest.mark.parametrize("make", ORDERS.values(), ids=list(ORDERS))
def test_no_fact_is_said_twice_in_one_order(make: Callable[[], Proposal]) -> None:
    said = [fact.text(command_of) for fact in make().consequences.facts]
    assert len(said) == len(set(said))


def test_another_order_is_named_as_its_reader_gives_it() -> None:
    consequences = proposals.pause(CONFIGURED, snapshot()).consequences
    assert "`colabvps-console resume` ends the pause." in sentences(consequences)
    assert ("Undo", "r ends the pause") in question(consequences, cap).facts


def test_what_cant_be_undone_is_dangerous_and_an_emergency_is_typed_out() -> None:
    dangerous = {name for name, make in ORDERS.items() if make().consequences.dangerous}
    assert dangerous == {"approve the takeover", "stop the primary", "pause", "emergency"}
    asked = question(ORDERS["emergency"]().consequences, cap)
    assert (asked.danger, asked.typed) == (True, "primary")


def test_an_emergency_can_be_asked_about_before_its_evidence_is_complete() -> None:
    holder, standby = Somebody("primary", "a@example.com"), Somebody("backup1")
    early = of_emergency(holder, standby, None, paused=False)
    late = of_emergency(holder, standby, None, paused=False, evidence="proof")
    (grounds,) = set(late.facts) - set(early.facts)
    assert (grounds.topic, grounds.says) == (Topic.GROUNDS, "this rests on proof")


def test_a_takeover_of_a_free_lease_demotes_nobody() -> None:
    text = sentences(of_approved_takeover(None, Somebody("backup1"), "1m00s ago", "4.9"))
    assert text.startswith("Approve: backup1 takes the work over.\n")
    assert "Nobody is demoted: nobody holds the lease." in text
    assert "isn't carried over" not in text


def test_a_name_is_never_capitalised() -> None:
    text = sentences(handover().consequences)
    assert "\nbackup1 (b@example.com, 11h39m left, ready) becomes the primary.\n" in text
