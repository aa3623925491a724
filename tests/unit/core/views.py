"""Values that tests of the core share: an agent's view, and moments in time."""

from __future__ import annotations

from dataclasses import replace

from sessionlib.core.actions import Action, AnswerOrder, WriteLease
from sessionlib.core.decide import decide
from sessionlib.core.lease import Tenure, Watch, first_record
from sessionlib.core.messages import Order, OrderAction, Receipt, WorkState
from sessionlib.core.timing import Timing
from sessionlib.core.values import (
    Identity,
    Instant,
    Lease,
    LeaseState,
    Plan,
    PlanOrigin,
    PlanPhase,
    Readiness,
    Role,
)
from sessionlib.core.view import AgentSettings, Data, LeaseReadStatus, Peer, View, Write
from sessionlib.core.work import Aim, Goal, WorkloadFacts

TIMING = Timing()
ME = Identity("a", "s1", "inc-a", Role.MAIN_WORKER, 1)
OTHER = Identity("b", "s2", "inc-b", Role.HOT_STANDBY, 2)


def at(seconds: float) -> Instant:
    """The moment `seconds` after the scene opens, the clocks having nothing in common."""
    return Instant(boot=1_000 + seconds, mono=50 + seconds, wall=1.8e9 + seconds)


def held_by(who: Identity, epoch: int = 3, renewal: int = 7, plan: Plan | None = None) -> Lease:
    return Lease(
        epoch,
        who.account,
        who.session,
        who.incarnation,
        renewal,
        "nonce",
        TIMING.ttl_s,
        LeaseState.HELD,
        plan=plan,
    )


def view(**changes: object) -> View:
    """A standby called `a` that has seen nothing yet, with one peer `b` that is alive."""
    peer = Peer("b", 2, Role.HOT_STANDBY, ("inc-b", 1), at(0).mono, remaining_s=9_000)
    plain = View(ME, AgentSettings(TIMING), at(-100), 43_200, {"b": peer})
    return replace(plain, **changes)  # type: ignore[arg-type]  # fields by name


def seen(lease: Lease, since_s: float = 0.0, **changes: object) -> View:
    """The same, having read `lease` and watched it since then."""
    watch = Watch(lease.mark, at(since_s).mono)
    known: dict[str, object] = {
        "lease_read_status": LeaseReadStatus.SEEN,
        "lease": lease,
        "version": "9",
        "watch": watch,
        "must_read_lease": False,
        "seen_epoch": lease.epoch,
        "lease_read_mono": at(since_s).mono,
        "mailbox_read_mono": at(since_s).mono,
    }
    return view(**{**known, **changes})


def serving(sent_s: float = 0.0, plan: Plan | None = None, **changes: object) -> View:
    """`a` as the primary at epoch 3, its workload serving."""
    facts = WorkloadFacts(WorkState.SERVING, 3, empty=False, goal=Goal(Aim.SERVE, 3))
    known: dict[str, object] = {
        "tenure": Tenure(3, at(sent_s), TIMING.valid_s),
        "work": facts,
        "data": Data(ready_for=3),
        "recorded_epoch": 3,
    }
    lease = changes.pop("lease", held_by(ME, plan=plan))
    assert isinstance(lease, Lease)
    return seen(lease, sent_s, **{**known, **changes})


def peer(
    plan: Plan | None = None, readiness: Readiness = Readiness.READY, **changes: object
) -> Peer:
    """`b`, alive, having read `plan` in its phase."""
    heard = f"{plan.id}:{plan.phase.value}" if plan else None
    plain = Peer("b", 2, Role.HOT_STANDBY, ("inc-b", 1), at(0).mono, remaining_s=9_000)
    return replace(plain, plan=heard, readiness=readiness, **changes)  # type: ignore[arg-type]  # fields by name


def plan(phase: PlanPhase, to: str = "b") -> Plan:
    return Plan("p1", to, phase, "ordered by op")


def clock_plan(phase: PlanPhase, left_s: float, to: str = "b", **changes: object) -> Plan:
    """A move that the end of `a`'s session asks for, its T-0 `left_s` ahead of the last write."""
    plain = Plan("p1", to, phase, "the session ends", left_s=left_s, origin=PlanOrigin.CLOCK)
    return replace(plain, **changes)  # type: ignore[arg-type]  # fields by name


def due_in(due_s: float) -> Instant:
    """When a session began for which T-0 lies `due_s` ahead as the scene opens."""
    settings = AgentSettings(TIMING)
    return at(due_s + settings.lead_s + settings.timeline.signal_s - 43_200)


def order(action: OrderAction, **changes: object) -> Order:
    """What an operator asks for who has read `held_by(ME)`."""
    plain = Order("o1", "f", action, None, 3, "inc-a", 7, "op")
    return replace(plain, **changes)  # type: ignore[arg-type]  # fields by name


def actions(view: View, seconds: float) -> tuple[Action, ...]:
    return decide(view, at(seconds), "chance")


def written(found: tuple[Action, ...]) -> Write | None:
    """The lease write among `found`, of which there is at most one."""
    writes = [action.write for action in found if isinstance(action, WriteLease)]
    assert len(writes) <= 1
    return writes[0] if writes else None


def planned(found: tuple[Action, ...]) -> Plan | None:
    """The plan in the lease write among `found`, which there has to be."""
    write = written(found)
    assert write is not None, "nothing was written"
    return write.lease.plan


def answers(found: tuple[Action, ...]) -> list[Receipt]:
    return [action.receipt for action in found if isinstance(action, AnswerOrder)]


FREE = first_record("n0", TIMING.ttl_s)
