"""What befalls the machine of one simulated account."""

from __future__ import annotations

import random
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

from sessionlib.core.events import Leave
from tests.simulation.faults import Fault, Kind

if TYPE_CHECKING:
    from tests.simulation.node import Node


def strike(node: Node, fault: Fault) -> bool:
    """Let a fault happen; False where there is nothing for it to happen to."""
    return not node.is_gone and _MISHAPS[fault.kind](node, fault)


def _kill(node: Node, fault: Fault) -> bool:
    if not node.alive:
        return False
    node.die("is killed")
    node.come_back()
    return True


def _freeze(node: Node, fault: Fault) -> bool:
    if node.alive:
        node.freeze(fault.for_s)
    return node.alive


def _sleep(node: Node, fault: Fault) -> bool:
    """The whole machine doesn't run."""
    if node.sleeps:
        return False
    node.asleep_since = node.fleet.t
    node.asleep_until = node.fleet.t + fault.for_s
    if node.process is not None:
        node.process.update()
    session = node.session
    node.fleet.after(fault.for_s, lambda: node.wake(session))
    return True


def _kill_guard(node: Node, fault: Fault) -> bool:
    if node.guard is None or node.sleeps:
        return False
    node.guard.lost("killed")
    return True


def _freeze_guard(node: Node, fault: Fault) -> bool:
    if node.guard is None or node.sleeps:
        return False
    node.guard.freeze(node.clocks.lasts(fault.for_s))
    return True


def _exit_work(node: Node, fault: Fault) -> bool:
    if node.guard is None or node.process is None or node.sleeps:
        return False
    node.guard.exited(1)
    return True


def _fail_work(node: Node, fault: Fault) -> bool:
    node.fails_until = node.fleet.t + fault.for_s
    _exit_work(node, fault)
    return True


def _term(node: Node, fault: Fault) -> bool:
    was_alive = node.alive
    node.deliver(Leave("told to"))
    return was_alive


def _step_clock(node: Node, fault: Fault) -> bool:
    """By seconds, minutes or days, forward or back."""
    if node.sleeps:
        return False
    chance = random.Random(fault.roll)
    by_s = chance.choice([-1, 1]) * 10 ** chance.uniform(-0.5, 6.4)
    node.clocks.step(node.fleet.t, by_s)
    # The guard looks at its clocks all the time.
    if node.guard is not None:
        node.fleet.after(node.chance.uniform(0, 0.05), node.guard.look)
    return True


def _drift(node: Node, fault: Fault) -> bool:
    node.clocks.drift(node.fleet.t)
    return True


def _partition(node: Node, fault: Fault) -> bool:
    node.partitioned_until = node.fleet.t + fault.for_s
    return True


def _deafen(node: Node, fault: Fault) -> bool:
    node.deaf_until = node.fleet.t + fault.for_s
    return True


_MISHAPS: Mapping[Kind, Callable[[Node, Fault], bool]] = {
    Kind.KILL: _kill,
    Kind.FREEZE: _freeze,
    Kind.SLEEP: _sleep,
    Kind.GUARD_KILLED: _kill_guard,
    Kind.GUARD_FROZEN: _freeze_guard,
    Kind.WORK_EXITS: _exit_work,
    Kind.WORK_FAILS: _fail_work,
    Kind.TERM: _term,
    Kind.STEP: _step_clock,
    Kind.DRIFT: _drift,
    Kind.PARTITION: _partition,
    Kind.DEAF: _deafen,
}
