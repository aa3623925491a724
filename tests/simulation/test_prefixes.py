"""Every prefix of a planned move can be recovered from.

Method: in a calm simulated fleet an operator orders a move, or the clock does. The moment the
record shows a given phase, the holder, the successor or both die, or are cut
off from the store. Some time later they are back, and somebody has to serve,
the move being over one way or the other; that never two serve is checked at
every event by the fleet itself.
"""

from __future__ import annotations

from collections.abc import Callable

import pytest

from sessionlib.core.handover import STEPS
from sessionlib.core.values import LeaseState, PlanPhase
from tests.simulation.faults import CALM
from tests.simulation.node import Node
from tests.simulation.world import Fleet

PHASES = [phase for phase in PlanPhase if phase not in {PlanPhase.PROPOSED, PlanPhase.NOTIFIED}]
"""An ordered move is born warming: it skips the waiting times."""
BY_THE_CLOCK = [phase for phase in PlanPhase if phase not in PHASES] + [PlanPhase.SYNCING]
"""Those, and one in which a move by the clock could go on to another successor."""
LIFETIME_S = 1_200.0
VICTIMS: dict[str, Callable[[Node, Node], list[Node]]] = {
    "holder": lambda holder, successor: [holder],
    "successor": lambda holder, successor: [successor],
    "both": lambda holder, successor: [holder, successor],
}


def kill(fleet: Fleet, node: Node) -> None:
    node.die("is killed")


def cut_off(fleet: Fleet, node: Node) -> None:
    node.partitioned_until = fleet.t + 90


def freeze(fleet: Fleet, node: Node) -> None:
    node.freeze(90)


def fleet_in(phase: PlanPhase, seed: int) -> tuple[Fleet, Node, Node]:
    """A fleet whose record has just come to `phase`, with the two whom the move is about."""
    fleet = Fleet(seed, CALM)
    fleet.run(120)
    holder = fleet.primary()
    assert holder is not None
    successor = next(node for node in fleet.nodes if node is not holder)
    fleet.order_to(successor)
    for _ in range(200_000):
        plan = fleet.lease.plan
        if plan is not None and plan.phase is phase:
            return fleet, holder, successor
        fleet.run(0.01)
    pytest.fail(f"the move never came to {phase}")


def fleet_by_the_clock(phase: PlanPhase, seed: int) -> tuple[Fleet, Node, Node]:
    """The same, where the end of the holder's session asks for the move."""
    policy = {"handover": "approve", "on_no_answer": "proceed"}
    fleet = Fleet(seed, CALM, lifetime_s=LIFETIME_S, policy=policy)
    holder, *others = fleet.nodes
    for node in others:
        node.die("is not there yet")
    fleet.run(LIFETIME_S / 3)
    for node in others:
        node.begin_session_anew()
    for _ in range(200_000):
        plan = fleet.lease.plan
        if plan is not None and plan.phase is phase:
            return fleet, holder, next(node for node in others if node.name == plan.to)
        fleet.run(0.05)
    pytest.fail(f"the move never came to {phase}")


@pytest.mark.parametrize("seed", range(2))
@pytest.mark.parametrize("mishap", [kill, cut_off, freeze], ids=lambda mishap: mishap.__name__)
@pytest.mark.parametrize("who", VICTIMS)
@pytest.mark.parametrize("phase", PHASES, ids=lambda phase: phase.value)
def test_a_move_that_is_interrupted_ends(
    phase: PlanPhase, who: str, mishap: Callable[[Fleet, Node], None], seed: int
) -> None:
    fleet, holder, successor = fleet_in(phase, seed)
    end(fleet, phase, VICTIMS[who](holder, successor), mishap)


@pytest.mark.parametrize("mishap", [kill, cut_off, freeze], ids=lambda mishap: mishap.__name__)
@pytest.mark.parametrize("who", VICTIMS)
@pytest.mark.parametrize("phase", BY_THE_CLOCK, ids=lambda phase: phase.value)
def test_so_does_one_by_the_clock(
    phase: PlanPhase, who: str, mishap: Callable[[Fleet, Node], None]
) -> None:
    fleet, holder, successor = fleet_by_the_clock(phase, 1)
    end(fleet, phase, VICTIMS[who](holder, successor), mishap)


def end(
    fleet: Fleet, phase: PlanPhase, victims: list[Node], mishap: Callable[[Fleet, Node], None]
) -> None:
    """Let it happen, and see that the move ends."""
    epoch = fleet.lease.epoch
    for victim in victims:
        mishap(fleet, victim)
    # While they are away the third one may have to step in.
    fleet.run(100)
    fleet.quiet()
    fleet.run(200)
    assert fleet.primary() is not None, "nobody serves"
    assert fleet.lease.state is LeaseState.HELD
    assert fleet.lease.plan is None, "the move hasn't ended"
    assert fleet.lease.epoch >= epoch
    if phase is PlanPhase.OFFERED:
        assert fleet.lease.epoch > epoch, "past the commit point only a claim ends it"


def test_every_phase_says_how_it_is_recovered_from() -> None:
    assert set(STEPS) == set(PlanPhase)
    assert all(step.if_interrupted and step.until for step in STEPS.values())


def test_the_order_of_the_phases_is_the_plans_own() -> None:
    order = list(PlanPhase)
    for phase, step in STEPS.items():
        if step.next is not None:
            assert order.index(step.next) == order.index(phase) + 1
