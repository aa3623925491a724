"""Hazards 5, 8, 9, 10, 11, 15 and 17 with values: what the rules make of races, of lost
writes, of stale reads and of what others claim about themselves.

Goal and method: agents' views are taken through the same turns as by the loop, on
a store in memory that can be made to fail; what comes of it is looked at in the
record.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from pathlib import Path

import pytest

from console.fleet.readmodel import fleet_view
from console.fleet.snapshot import Reading, Snapshot
from sessionlib import layout
from sessionlib.agent.checkpoint_jobs import CheckpointJobs
from sessionlib.agent.lease_io import read_lease, write_lease
from sessionlib.agent.mailbox_io import Mailbox
from sessionlib.checkpoints import Checkpoints
from sessionlib.clock import SystemClock
from sessionlib.core import handover
from sessionlib.core.actions import Action, ReadLease, Seal, SetGoal, WriteLease
from sessionlib.core.decide import decide
from sessionlib.core.events import LeaseRead, WriteAnswered, WriteVerdict
from sessionlib.core.learn import begun, learn
from sessionlib.core.lease import first_record
from sessionlib.core.messages import Order, OrderAction
from sessionlib.core.values import Identity, Lease, LeaseState, Plan, PlanPhase, Pointer, Readiness
from sessionlib.core.view import LeaseReadStatus, Member, View, WriteKind, member_of
from sessionlib.core.work import Aim
from sessionlib.records import encode
from sessionlib.signing import new_seed, public_of, sign
from sessionlib.stores.memory import MemoryStore
from tests.unit.console.fleet_on_disk import FleetOnDisk
from tests.unit.console.fleet_on_disk import serving as serving_report
from tests.unit.core.views import ME, OTHER, TIMING, at, held_by, peer, seen, serving, view

PATIENCE_S = TIMING.patience_s(TIMING.ttl_s, 0)
THIRD = Identity("c", "s3", "inc-c", priority=3)


@dataclass
class Agent:
    """A view and the store it acts on; `due` holds what was decided and not yet done."""

    view: View
    store: MemoryStore
    due: list[Action] = field(default_factory=list)

    def turn(self, at_s: float) -> list[Action]:
        """Decide, and begin what was decided."""
        now = at(at_s)
        self.due = list(decide(self.view, now, f"{self.view.me.incarnation}-{at_s}"))
        for action in self.due:
            self.view = begun(self.view, action, now)
        return self.due

    def act(self, at_s: float) -> None:
        """Do what was decided."""
        now = at(at_s)
        for action in self.due:
            match action:
                case ReadLease():
                    self.view = learn(self.view, read_lease(self.store), now, "new")
                case WriteLease():
                    answer = write_lease(self.store, action.write)
                    self.view = learn(self.view, answer, now, "new")
        self.due = []

    def sends(self) -> WriteKind | None:
        return next((each.write.kind for each in self.due if isinstance(each, WriteLease)), None)


@pytest.fixture
def store() -> MemoryStore:
    return MemoryStore(SystemClock())


def standing(store: MemoryStore) -> Lease:
    lease = read_lease(store).lease
    assert lease is not None
    return lease


def standbys(store: MemoryStore, lease: Lease, *who: Identity) -> list[Agent]:
    """Agents that have watched the record since the scene opened."""
    store.create(layout.LEASE, encode(lease))
    version = read_lease(store).version
    return [Agent(seen(lease, me=me, version=version, peers={}), store) for me in who]


STALE = held_by(Identity("gone", "s0", "inc-0"))
OFFERED = replace(
    STALE, state=LeaseState.OFFERED, successor="a", plan=Plan("p", "a", PlanPhase.OFFERED, "why")
)
TWIN = replace(ME, session="s9", incarnation="inc-a2")


@pytest.mark.parametrize(
    ("lease", "who", "at_s"),
    [
        (first_record("n0", TIMING.ttl_s), (ME, OTHER, THIRD), 1.0),
        (STALE, (ME, OTHER, THIRD), PATIENCE_S + 1),
        (OFFERED, (ME, TWIN), 1.0),
        (replace(STALE, holder="unknown"), (ME, TWIN, OTHER), PATIENCE_S + 1),
    ],
    ids=["free", "stale", "offered", "unknown"],
)
def test_of_all_that_claim_at_one_moment_one_wins(
    store: MemoryStore, lease: Lease, who: tuple[Identity, ...], at_s: float
) -> None:
    """All have decided before any has written; none knows of the others."""
    agents = standbys(store, lease, *who)
    for agent in agents:
        agent.turn(at_s)
        assert agent.sends() is WriteKind.CLAIM
    for agent in agents:
        agent.act(at_s + 1)
    for second in (2, 3):
        for agent in agents:
            agent.turn(at_s + second)
            agent.act(at_s + second)
    members = sorted(member_of(agent.view) for agent in agents)
    assert members == [Member.PRIMARY, *[Member.STANDBY] * (len(agents) - 1)]
    after = standing(store)
    assert after.epoch == lease.epoch + 1
    (winner,) = [agent for agent in agents if agent.view.tenure is not None]
    assert after.incarnation == winner.view.me.incarnation


def test_a_successor_that_is_never_ready_leaves_the_old_primary_serving() -> None:
    """A time-out is no consent: the plan goes, and the work doesn't stop for it."""
    asked = Plan("p1", "b", PlanPhase.WARMING, "why")
    waiting = serving(plan=asked, peers={"b": peer(asked, Readiness.WARMING)})
    late_s = waiting.settings.plan_timeout_s + 1
    still_there = peer(asked, Readiness.WARMING, changed_mono=at(late_s).mono)
    overdue = replace(waiting, peers={"b": still_there}, tenure=serving(late_s - 1).tenure)
    assert handover.advance(overdue, asked, at(late_s)).plan is None
    found = decide(overdue, at(late_s), "c")
    assert [action.goal.aim for action in found if isinstance(action, SetGoal)] == [Aim.SERVE]
    (write,) = [action.write for action in found if isinstance(action, WriteLease)]
    assert (write.kind, write.lease.plan, write.lease.holder) == (WriteKind.RENEW, None, "a")


def test_one_renewal_lost_and_slow_costs_nothing() -> None:
    """One save that fails isn't death: two tries fit, each waited for to its time-out."""
    agent = serving(0.0)
    renewed_s = None
    now_s, answer_s, tries = 0.0, float("inf"), 0
    while renewed_s is None:
        now_s += 0.5
        if now_s >= answer_s:
            assert agent.write is not None
            nonce, answer_s = agent.write.lease.nonce, float("inf")
            verdict = WriteVerdict.UNKNOWN if tries == 1 else WriteVerdict.DONE
            agent = learn(agent, WriteAnswered(nonce, verdict, "10"), at(now_s), "x")
            renewed_s = now_s if verdict is WriteVerdict.DONE else None
        for action in decide(agent, at(now_s), f"n{now_s}"):
            agent = begun(agent, action, at(now_s))
            if isinstance(action, ReadLease):
                known = LeaseRead(LeaseReadStatus.SEEN, agent.lease, agent.version)
                agent = learn(agent, known, at(now_s), "x")
            if isinstance(action, WriteLease):
                tries += 1
                answer_s = now_s + TIMING.timeout_s
            assert not isinstance(action, SetGoal) or action.goal.aim is Aim.SERVE, now_s
    assert tries == 2
    assert renewed_s < TIMING.valid_s


def checkpoint_jobs(store: MemoryStore, data: Path) -> CheckpointJobs:
    room = data.with_name(f"{data.name}.room")
    return CheckpointJobs(Checkpoints(store, data, room, SystemClock(), keep=3), store, None)


def test_a_copy_of_the_data_by_one_who_lost_the_lease_is_never_pointed_at(
    store: MemoryStore, tmp_path: Path
) -> None:
    """The stale primary seals after its successor has: its file lies there, and that is all."""
    for name in ("old", "new"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "count").write_text(name)
    newer = checkpoint_jobs(store, tmp_path / "new").seal(Seal(4, "t")).pointer
    lease = replace(held_by(OTHER, epoch=4), checkpoint=newer)
    store.create(layout.LEASE, encode(lease))
    before = standing(store)

    old_lease = held_by(ME, epoch=3)
    stale = checkpoint_jobs(store, tmp_path / "old").seal(Seal(3, "t")).pointer
    assert stale is not None
    agent = Agent(serving(lease=old_lease, leaving="told to"), store)
    quiet = replace(agent.view.work, goal=replace(agent.view.work.goal, aim=Aim.REST, epoch=None))
    data = replace(agent.view.data, sealed=stale, is_sealed=True)
    agent.view = replace(agent.view, work=replace(quiet, empty=True), data=data)
    agent.turn(1)
    assert agent.sends() is WriteKind.VACATE
    agent.act(2)
    assert standing(store) == before
    done = checkpoint_jobs(store, tmp_path / "next").restore(5, before.checkpoint)
    assert done.why is None
    assert (tmp_path / "next" / "count").read_text() == "new"


def test_what_was_read_is_older_than_what_is_known() -> None:
    """A stale copy, or the record put back: nobody claims on it, nobody goes by it, all say so;
    and the first good look ends it, after which the holder has the time to renew."""
    known = seen(held_by(OTHER, renewal=8))
    old = LeaseRead(LeaseReadStatus.SEEN, held_by(OTHER, renewal=5), "5")
    stale = learn(known, old, at(PATIENCE_S + 1), "x")
    assert (stale.lease, stale.watch) == (known.lease, known.watch)
    assert "older" in (stale.alarm or "")
    assert not any(isinstance(each, WriteLease) for each in decide(stale, at(PATIENCE_S + 2), "c"))
    good = LeaseRead(LeaseReadStatus.SEEN, known.lease, "9")
    fresh = learn(stale, good, at(PATIENCE_S + 3), "x")
    assert fresh.alarm is None
    assert not any(isinstance(each, WriteLease) for each in decide(fresh, at(PATIENCE_S + 3), "c"))
    ripe_s = PATIENCE_S + 3 + TIMING.renew_s + TIMING.timeout_s
    (write,) = [a.write for a in decide(fresh, at(ripe_s), "c") if isinstance(a, WriteLease)]
    assert write.kind is WriteKind.CLAIM


def test_a_holder_whose_record_was_put_back_says_so_and_stops_in_time() -> None:
    holder = serving(0.0)
    old = LeaseRead(LeaseReadStatus.SEEN, held_by(ME, renewal=5), "5")
    for second in range(1, 70):
        holder = learn(holder, old, at(second), "x")
        found = decide(holder, at(second), f"n{second}")
        assert "older" in (holder.alarm or "")
        assert not any(isinstance(action, WriteLease) for action in found)
        (goal,) = [action.goal for action in found if isinstance(action, SetGoal)]
        assert goal.aim is (Aim.SERVE if second < TIMING.valid_s else Aim.HOLD)


def _unsigned(order: Order, seed: str) -> Order:
    return order


def _anothers(order: Order, seed: str) -> Order:
    return sign(order, new_seed())


def _signed_then_changed(order: Order, seed: str) -> Order:
    return replace(sign(replace(order, account="c"), seed), account=order.account)


def _of_another_fleet(order: Order, seed: str) -> Order:
    return sign(replace(order, fleet="theirs"), seed)


def _renamed(order: Order, seed: str) -> Order:
    return sign(replace(order, id="o2"), seed)


@pytest.mark.parametrize(
    "made", [_unsigned, _anothers, _signed_then_changed, _of_another_fleet, _renamed]
)
def test_an_order_by_nobody_entitled_is_refused_with_a_word(
    store: MemoryStore, made: Callable[[Order, str], Order]
) -> None:
    seed = new_seed()
    order = Order("o1", "f", OrderAction.HANDOVER, "b", 3, "inc-a", 7, "op")
    store.create(layout.order_key("o1"), encode(made(order, seed)))
    peeked = Mailbox(
        store, fleet="f", public_key=public_of(seed), accounts=("a", "b"), account="a"
    ).read()
    assert peeked.orders == ()
    ((name, outcome, why),) = peeked.refused
    assert (name, outcome, bool(why)) == ("o1", "refused", True)


def test_who_calls_itself_primary_is_not_for_that(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """A late heartbeat of the old primary, at a higher epoch even: the lease decides."""
    fleet = FleetOnDisk(tmp_path, capsys)
    fleet.at_work()
    fleet.put_report(serving_report("backup1", epoch=99))
    rows = {row["name"]: row["is_primary"] for row in fleet.run_json("status")[1]["accounts"]}
    assert rows == {"primary": True, "backup1": False, "backup2": False}
    loud = serving_report("primary", epoch=99)
    snapshot = Snapshot(
        "folder", 0.0, None, Reading(None, None, "torn"), {"primary": Reading(loud, 1.0)}
    )
    unknown = fleet_view(fleet.config, snapshot)
    assert [row.is_primary for row in unknown.accounts] == [None, None, None]
    watching = seen(held_by(OTHER), peers={"b": peer(member="primary")})
    assert not any(isinstance(each, WriteLease) for each in decide(watching, at(5), "c"))


@pytest.mark.parametrize(
    ("name", "body"),
    [
        ("../../etc/passwd", b""),
        ("", b""),
        ("12345", b""),
        (f"2-1-{'0' * 32}", b""),
        (f"2-1-{'0' * 32}", b"\x1f\x8b\x08\x00" + b"\x00" * 50),
        (f"2-1-{'0' * 32}", b'{"schema": "manifest/1"}'),
    ],
    ids=["reaches out", "no name", "a number", "missing", "torn", "another one"],
)
def test_whatever_the_record_points_at_the_restore_is_answered(
    store: MemoryStore, tmp_path: Path, name: str, body: bytes
) -> None:
    """An answer that never came would leave a primary without work, and nobody told."""
    if body:
        store.create(f"data/manifests/{name}.json", body)
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "count").write_text("mine")
    done = checkpoint_jobs(store, tmp_path / "data").restore(3, Pointer(2, 1, name, len(body)))
    assert "the data couldn't be restored" in (done.why or "")
    assert (tmp_path / "data" / "count").read_text() == "mine"


def test_a_seal_is_answered_even_where_nothing_can_be_noted(
    store: MemoryStore, tmp_path: Path
) -> None:
    """The place of the note is taken."""
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "count").write_text("mine")
    (tmp_path / "data.stem.json").mkdir()
    done = checkpoint_jobs(store, tmp_path / "data").seal(Seal(3, "t"))
    assert (done.pointer is None) is (done.why is not None)


def test_a_standby_that_sees_nothing_for_a_day_claims_nothing() -> None:
    for sight in (LeaseReadStatus.MISSING, LeaseReadStatus.UNREADABLE, LeaseReadStatus.UNREACHABLE):
        blind = view()
        for hour in range(24):
            now = at(3_600.0 * hour)
            blind = learn(blind, LeaseRead(sight, why="because"), now, "x")
            assert not any(isinstance(each, WriteLease) for each in decide(blind, now, "c"))
