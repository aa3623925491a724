"""Values that tests of the core share: an agent's view, and moments in time."""

from __future__ import annotations

from dataclasses import replace

from sessionlib.core.lease import Tenure, Watch, first_record
from sessionlib.core.notes import WorkState
from sessionlib.core.timing import Timing
from sessionlib.core.values import (
    Identity,
    Instant,
    Lease,
    LeaseState,
    Plan,
    PlanPhase,
    Readiness,
    Role,
)
from sessionlib.core.view import Data, Peer, Settings, Sight, View
from sessionlib.core.work import Aim, Facts, Goal

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
    plain = View(ME, Settings(TIMING), at(-100), 43_200, {"b": peer})
    return replace(plain, **changes)  # type: ignore[arg-type]


def seen(lease: Lease, since_s: float = 0.0, **changes: object) -> View:
    """The same, having read `lease` and watched it since then."""
    watch = Watch(lease.mark, at(since_s).mono)
    known: dict[str, object] = {
        "sight": Sight.SEEN,
        "lease": lease,
        "version": "9",
        "watch": watch,
        "must_look": False,
        "seen_epoch": lease.epoch,
        "looked_mono": at(since_s).mono,
        "peeked_mono": at(since_s).mono,
    }
    return view(**{**known, **changes})


def serving(sent_s: float = 0.0, plan: Plan | None = None, **changes: object) -> View:
    """`a` as the primary at epoch 3, its workload serving."""
    facts = Facts(WorkState.SERVING, 3, empty=False, goal=Goal(Aim.SERVE, 3))
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
    return replace(plain, plan=heard, readiness=readiness, **changes)  # type: ignore[arg-type]


def plan(phase: PlanPhase, to: str = "b") -> Plan:
    return Plan("p1", to, phase, "ordered by op")


FREE = first_record("n0", TIMING.ttl_s)
