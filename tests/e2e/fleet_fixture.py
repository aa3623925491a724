"""Goal: real fleets to do harm to, and one judge over all of them.

Method: the demonstration's stage and play, with what only a test needs beside
them: looks at the lease record every few milliseconds, signals to any process
of a session, orders that no console would give. The judge goes by the
workloads' own journal and by the epochs that the lease record showed; a fleet
that isn't judged clean at its end fails its test.
"""

from __future__ import annotations

import os
import sys
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from console.demo import counter
from console.demo.demo_fleet import ACCOUNTS, DemoFleet
from console.demo.journal_judge import (
    WorkPeriod,
    WorkTransfer,
    epochs_rise,
    overlap_s,
    read_journals,
    work_transfers,
)
from console.demo.scenario import Scenario
from sessionlib import layout
from sessionlib.clock import SystemClock, sleep
from sessionlib.core.messages import History, MoveKind, Order, OrderAction, Receipt, Report
from sessionlib.core.timing import Timing
from sessionlib.core.values import Lease, LeaseState, PlanPhase
from sessionlib.errors import StoreError
from sessionlib.guard.sweep import HOME_MARKER, home_mark, marked
from sessionlib.guard.tree import Proc, family
from sessionlib.records import decode, encode
from sessionlib.signing import sign
from sessionlib.stores import timing_of
from sessionlib.stores.folder import FolderStore
from sessionlib.stores.folder_kind import store_folder

WORKER = [sys.executable, str(Path(__file__).with_name("fleet_worker.py"))]
LOOK_EVERY_S = 0.02
PHASE_EVERY_S = 0.002
TRACE_EVERY_S = 0.005
LONG_LEASE = {"ttl": "20m", "renew": "20s"}
"""Nobody claims for having watched it out in a test's time."""
SLACK_S = 2.0
"""What a busy machine is allowed beyond what the lease's own durations explain."""

CLOCK = SystemClock()


def boot_s() -> float:
    """The journal's clock."""
    return CLOCK.now().boot


def hard_worker(*kinds: str) -> dict[str, Any]:
    """Settings for a fleet that runs `fleet_worker` in place of the counter."""
    env = {"PYTHONPATH": str(Path(counter.__file__).parent), "PYTHONSAFEPATH": "1"}
    # More than `slow` takes, and all that is left to who ignores SIGTERM.
    return {"workload": {"command": [*WORKER, *kinds], "env": env, "grace": "1s"}}


@dataclass
class Trace:
    """Every state of the lease record that a close look shows, kept in order."""

    store: FolderStore
    seen: list[tuple[float, Lease]] = field(default_factory=list)
    _ended: threading.Event = field(default_factory=threading.Event)

    def start(self) -> None:
        self._thread = threading.Thread(target=self._watch, daemon=True)
        self._thread.start()

    def stop(self) -> None:
        self._ended.set()
        self._thread.join()

    def _watch(self) -> None:
        while not self._ended.wait(TRACE_EVERY_S):
            with suppress(StoreError):
                found = self.store.read(layout.LEASE)
                if found is not None:
                    self._note(decode(Lease, found.data))

    def _note(self, lease: Lease) -> None:
        if not self.seen or self.seen[-1][1] != lease:
            self.seen.append((boot_s(), lease))

    def epochs(self) -> list[int]:
        """The epochs in the order they were seen, each change once."""
        epochs = [lease.epoch for _, lease in self.seen]
        return [epoch for at, epoch in enumerate(epochs) if at == 0 or epochs[at - 1] != epoch]

    def holders(self) -> dict[int, set[tuple[str | None, str | None]]]:
        """Who held each epoch."""
        held: dict[int, set[tuple[str | None, str | None]]] = {}
        for _, lease in self.seen:
            if lease.state is not LeaseState.FREE:
                held.setdefault(lease.epoch, set()).add((lease.holder, lease.incarnation))
        return held


class Fleet:
    """One stage, and everything a test does to it."""

    def __init__(self, stage: DemoFleet) -> None:
        self.stage = stage
        self.play = Scenario(stage, lambda _: None)
        self.timing: Timing = timing_of(stage.fleet.config)
        self.trace = Trace(FolderStore(store_folder(stage.fleet.config), CLOCK))

    # What it is

    def lease(self) -> Lease:
        found = self.stage.fleet.store.read(layout.LEASE)
        assert found is not None
        return decode(Lease, found.data)

    @property
    def holder(self) -> str:
        holder = self.lease().holder
        assert holder is not None
        return holder

    def others(self, account: str) -> list[str]:
        return [name for name in ACCOUNTS if name != account]

    def report(self, account: str) -> Report | None:
        seen = self.stage.read_snapshot().reports.get(account)
        return seen.value if seen else None

    def guards(self, account: str) -> dict[str, Proc]:
        """The guard and the reaper of an account's session, as far as there are any."""
        home = self.stage.home(account)
        found = {}
        for proc in marked(HOME_MARKER, home_mark(home)):
            with suppress(OSError):
                name = Path(f"/proc/{proc.pid}/comm").read_text().strip()
                found[name.removeprefix("colabvps-")] = proc
        return {name: found[name] for name in ("guard", "reaper") if name in found}

    def guard(self, account: str) -> Proc:
        """The account's guard, once it has both its halves."""
        found: list[dict[str, Proc]] = []

        def complete() -> bool:
            found[:] = [self.guards(account)]
            return len(found[0]) == 2

        self.until(complete, f"a guard of {account}")
        return found[0]["guard"]

    def workload(self, account: str) -> tuple[Proc, ...]:
        """The processes of an account's workload."""
        guards = self.guards(account)
        if len(guards) < 2:
            return ()
        return family([guards["guard"].pid], spared={guards["reaper"].pid}).members

    def log(self, account: str) -> str:
        """What the account's agent has logged."""
        path = self.stage.home(account) / "logs" / "agent.jsonl"
        return path.read_text() if path.exists() else ""

    # What becomes of it

    def until(self, look: Callable[[], object], what: str, timeout_s: float = 30.0) -> None:
        """Wait until `look` is truthy. The limit is one that only a broken fleet reaches."""
        begin = CLOCK.now().mono
        while not look():
            assert CLOCK.now().mono - begin < timeout_s, f"never came true: {what}; {self.lease()}"
            sleep(LOOK_EVERY_S)

    def begin(self, *accounts: str) -> Lease:
        """Start the agents, the first one until it serves, then the others."""
        names = accounts or tuple(ACCOUNTS)
        self.stage.start(names[0])
        lease = self.works(above=0)
        for name in names[1:]:
            self.stage.start(name)
        self.until(lambda: self._all_known(names), "every agent reports")
        return lease

    def restart(self, account: str) -> None:
        """Start a dead account's agent again and wait until it reports."""
        before = self.report(account)
        self.stage.start(account)
        self.until(
            lambda: (
                (now := self.report(account)) is not None
                and (before is None or now.incarnation != before.incarnation)
            ),
            f"{account} reports again",
        )

    def _all_known(self, names: Sequence[str]) -> bool:
        reports = [self.report(name) for name in names]
        members = {None if report is None else report.member for report in reports}
        return members <= {"primary", "standby"}

    def works(self, above: int = -1, timeout_s: float = 60.0) -> Lease:
        """Wait until somebody works under a lease with an epoch higher than `above`, no move
        being under way; by the word of the journal. The lease."""
        found: list[Lease] = []
        since_s = boot_s()

        def working() -> bool:
            lease = self.lease()
            if lease.state is LeaseState.HELD and lease.plan is None and lease.epoch > above:
                found[:] = [lease]
                return self.last_tick_s(lease.epoch) > since_s
            return False

        self.until(working, f"somebody works above epoch {above}", timeout_s)
        return found[0]

    def last_passage(self) -> WorkTransfer:
        return work_transfers(read_journals(self.stage.journals))[-1]

    def works_on(self, seconds: float) -> None:
        until_s = boot_s() + seconds
        epoch = self.lease().epoch
        self.until(lambda: self.last_tick_s(epoch) > until_s, "the work goes on")

    def last_tick_s(self, epoch: int) -> float:
        """When the last tick under `epoch` was; minus infinity if there is none."""
        ends = [float("-inf")]
        for path in self.stage.journals.glob(f"{epoch:06d}-*.log"):
            lines = path.read_text().rpartition("\n")[0].splitlines()
            ends += [float(line.split()[0]) for line in lines[-1:]]
        return max(ends)

    def phase(self, phase: PlanPhase, after: int) -> bool:
        """Wait for a phase of a plan; False if the move is over before it was seen."""
        lease = self.lease()
        while lease.epoch == after and (lease.plan is None or lease.plan.phase is not phase):
            sleep(PHASE_EVERY_S)
            lease = self.lease()
        return lease.epoch == after

    def takeover_limit_s(self, rank: int = 1) -> float:
        """L1, and two seconds."""
        timing = self.timing
        patience_s = timing.patience_s(timing.ttl_s, rank)
        return patience_s + timing.poll_s + 2 * timing.timeout_s + SLACK_S

    # What is done to it

    def order(self, account: str | None, **changes: Any) -> Order:
        """Put a handover order into the store: a good one, but for the `changes`. `seed` signs
        it, and `stored_as` is another name than its own."""
        lease = self.lease()
        seed, name = changes.pop("seed", self.stage.seed), changes.pop("stored_as", None)
        good = Order(
            id=os.urandom(8).hex(),
            fleet=self.stage.fleet.config.fleet,
            action=OrderAction.HANDOVER,
            account=account,
            epoch=lease.epoch,
            incarnation=lease.incarnation,
            renewal=lease.renewal,
            by="a test",
        )
        order = sign(replace(good, **changes), seed)
        self.stage.fleet.store.create(layout.order_key(name or order.id), encode(order))
        return order

    def receipt(self, order_id: str) -> Receipt | None:
        """The word of the primary on an order."""
        report = self.report(self.holder)
        receipts = report.receipts if report else ()
        return next((found for found in receipts if found.id == order_id), None)

    def answer(self, order_id: str) -> Receipt:
        """The primary's last word on an order that it doesn't obey."""
        self.until(
            lambda: (found := self.receipt(order_id)) is not None and found.outcome != "seen",
            f"a word on order {order_id}",
        )
        receipt = self.receipt(order_id)
        assert receipt is not None
        return receipt

    def move(self, to: str) -> Lease:
        """A planned move; the lease under which it ended."""
        self.until(lambda: self._all_known([to]), f"{to} stands by")
        before = self.lease().epoch
        self.order(to)
        lease = self.works(above=before)
        assert (lease.epoch, lease.holder) == (before + 1, to)
        return lease

    def signal(self, proc: Proc, number: int) -> None:
        with suppress(ProcessLookupError):
            os.kill(proc.pid, number)

    # What it comes to

    def history(self) -> dict[int, History]:
        store = self.stage.fleet.store
        found = {}
        for key in store.list(layout.HISTORY):
            record = store.read(key)
            assert record is not None
            history = decode(History, record.data)
            assert key == layout.history_key(history.epoch)
            found[history.epoch] = history
        return found

    def judge(self) -> list[WorkPeriod]:
        """What must hold whatever was done: S1 and S2, and S4 for planned moves."""
        tenures = read_journals(self.stage.journals)
        told = [(tenure.epoch, tenure.account) for tenure in tenures]
        assert overlap_s(tenures) == 0, told
        assert epochs_rise(tenures), told
        epochs = self.trace.epochs()
        assert epochs == sorted(set(epochs)), epochs
        holders = self.trace.holders()
        assert all(len(held) == 1 for held in holders.values()), holders
        history = self.history()
        for tenure in tenures:
            assert {tenure.account} == {account for account, _ in holders[tenure.epoch]}
            assert tenure.epoch not in history or history[tenure.epoch].to == tenure.account
        for passage in work_transfers(tenures):
            move = history.get(passage.after.epoch)
            if move is not None and move.kind is MoveKind.PLANNED:
                assert passage.lost_writes == 0, (move, passage.before.last, passage.after.first)
        return tenures


@contextmanager
def fleet_in(
    folder: Path, scale: float, changes: Mapping[str, Any] | None = None
) -> Iterator[Fleet]:
    """A fleet without agents yet; judged at the end, and nothing of it left."""
    with DemoFleet(folder / "fleet", scale, changes) as stage:
        fleet = Fleet(stage)
        fleet.trace.start()
        try:
            yield fleet
        finally:
            fleet.trace.stop()
    fleet.judge()


def nothing_is_left(fleet: Fleet, account: str) -> bool:
    return not marked(HOME_MARKER, home_mark(fleet.stage.home(account)))


def kill(fleet: Fleet, account: str) -> None:
    """SIGKILL an agent; what is below it ends by itself."""
    fleet.stage.kill(account)
    fleet.until(lambda: nothing_is_left(fleet, account), f"nothing is left of {account}")
