"""What the guard's tests share: a workload to run, ways to wait, and a clean end.

Nothing here asserts how fast something is. A test waits for what must become
true, up to a limit that only a broken program reaches, and then looks whether
it stays true.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import replace
from pathlib import Path

from sessionlib.agent.workfiles import WorkFiles, WorkloadContext
from sessionlib.agent.workload import Workload
from sessionlib.clock import SystemClock, sleep
from sessionlib.core.messages import WorkState
from sessionlib.core.values import Instant
from sessionlib.core.work import Aim, Goal, Mode, WorkloadFacts, WorkloadSpec
from sessionlib.guard import wire
from sessionlib.guard.client import GuardClient
from sessionlib.guard.policy import Limits
from sessionlib.guard.sweep import HOME_MARKER, home_mark, marked, sweep
from sessionlib.guard.tree import DEAD, Proc, family, snapshot

ROOT = Path(__file__).parents[2]
WORKER = Path(__file__).with_name("guard_worker.py")
LIMITS = Limits(margin_s=1.0, kill_after_s=60.0, silence_s=0.6)
PATIENCE_S = 20.0
QUIET_S = 0.25
VALID_S = 600.0
CLOCK = SystemClock()


def now() -> Instant:
    return CLOCK.now()


def later(instant: Instant, seconds: float) -> Instant:
    return Instant(instant.boot + seconds, instant.mono + seconds, instant.wall + seconds)


def eventually(look: Callable[[], object], what: str) -> None:
    """Wait until `look` is truthy; fail with `what` if it never is."""
    begin = now().mono
    while not look():
        if now().mono - begin > PATIENCE_S:
            raise AssertionError(f"never came true: {what}")
        sleep(0.005)


def spec_of(home: Path, kinds: list[str], **changes: object) -> WorkloadSpec:
    """The worker of these kinds, journalling to `home/journal`."""
    spec = WorkloadSpec(
        (sys.executable, str(WORKER), str(home / "journal"), *kinds),
        grace_s=10.0,
        env={"PYTHONPATH": str(ROOT)},
    )
    return replace(spec, **changes)  # type: ignore[arg-type]  # fields by name


def spawn_in(
    home: Path, client: GuardClient, mode: Mode, epoch: int | None, *kinds: str
) -> wire.Spawn:
    """For tests that talk to a guard themselves."""
    spec = spec_of(home, list(kinds))
    (home / "run").mkdir(exist_ok=True)
    return wire.Spawn(
        mode=mode,
        epoch=epoch,
        argv=spec.command,
        cwd=str(home),
        env={**os.environ, **spec.env, **client.markers},
        grace_s=1.0,
        log_path=str(home / "logs" / "workload.log"),
        control_path=str(home / "run" / "control.json"),
    )


def workload_in(
    home: Path, kinds: list[str], on_change: Callable[[WorkloadFacts], None]
) -> Workload:
    context = WorkloadContext(home, "alpha", "s-1", deadline_unix_s=2_000_000_000.0)
    return Workload(
        spec=spec_of(home, kinds), files=WorkFiles(context), limits=LIMITS, on_change=on_change
    )


class Journal:
    """What the worker wrote: (name, pid, boot, mode, epoch) a line."""

    def __init__(self, home: Path) -> None:
        self._path = home / "journal"

    def lines(self) -> list[list[str]]:
        text = self._path.read_text() if self._path.exists() else ""
        return [line.split() for line in text.splitlines()]

    def names(self) -> set[str]:
        return {line[0] for line in self.lines()}

    def last_boot(self) -> float:
        return max(float(line[2]) for line in self.lines())

    def size(self) -> int:
        return self._path.stat().st_size if self._path.exists() else 0

    def grows(self) -> bool:
        before = self.size()
        sleep(QUIET_S)
        return self.size() > before

    def living(self) -> list[Proc]:
        """The worker's processes: all are forks of one command line, which names this journal."""
        return [
            proc for proc in snapshot().values() if proc.state not in DEAD and self._is_of(proc)
        ]

    def _is_of(self, proc: Proc) -> bool:
        with suppress(OSError):
            return os.fsencode(self._path) in Path(f"/proc/{proc.pid}/cmdline").read_bytes()
        return False


class Rig:
    """A workload in this very process, driven until something is true of it."""

    def __init__(self, home: Path) -> None:
        self.home = home
        self.journal = Journal(home)
        self.seen: list[WorkloadFacts] = []
        self.workload = workload_in(home, [], self.seen.append)
        self.epoch = 0

    @property
    def facts(self) -> WorkloadFacts:
        return self.workload.facts

    @property
    def guarded(self) -> bool:
        """Whether a guard is up."""
        return self.workload._guard.up

    def until(self, look: Callable[[WorkloadFacts], object], what: str) -> WorkloadFacts:
        eventually(lambda: look(self.workload.step(now())), f"{what}; {self.facts}")
        return self.facts

    def run_for(self, seconds: float) -> None:
        begin = now().mono
        while now().mono - begin < seconds:
            self.workload.step(now())
            sleep(0.005)

    def use(self, *kinds: str, **changes: object) -> None:
        self.workload.spec = spec_of(self.home, list(kinds), **changes)

    def grant(self, epoch: int, valid_s: float = VALID_S) -> Instant:
        sent = now()
        self.workload.grant(epoch, sent, valid_s)
        return sent

    def begin(self, *kinds: str, valid_s: float = VALID_S, **changes: object) -> None:
        """Ask for serving under a new epoch."""
        self.use(*kinds, **changes)
        self.epoch += 1
        self.grant(self.epoch, valid_s)
        self.goal(Aim.SERVE)

    def serve(self, *kinds: str, valid_s: float = VALID_S, **changes: object) -> None:
        """Serve under a new epoch, until each kind has written of itself."""
        self.begin(*kinds, valid_s=valid_s, **changes)
        self.until(lambda facts: facts.state is WorkState.SERVING, "serving")
        self.appear("main", *kinds)

    def appear(self, *kinds: str) -> None:
        names = {"forker": "born", "stubborn": "main", "saver": "main", "ready": "main"}
        want = {names.get(kind, kind) for kind in kinds}
        self.until(lambda _: want <= self.journal.names(), f"{want} in the journal")

    def goal(self, aim: Aim) -> None:
        self.workload.set_goal(Goal(aim, self.epoch if aim is Aim.SERVE else None))

    def guards(self) -> tuple[Proc, Proc]:
        """Guard and reaper."""
        return guard_and_reaper(self.home)

    def gone(self) -> None:
        """Nothing of the worker is left, and it stays so."""
        assert_gone(self.home, lambda: self.workload.step(now()))


def guard_and_reaper(home: Path) -> tuple[Proc, Proc]:
    """The guard's pair of this home, found from outside. A reaper that has just been forked
    goes by its parent's name for a moment."""
    named: dict[str, Proc] = {}
    for _ in range(250):
        for proc in marked(HOME_MARKER, home_mark(home)):
            with suppress(OSError):
                named[Path(f"/proc/{proc.pid}/comm").read_text().strip()] = proc
        if {"colabvps-guard", "colabvps-reaper"} <= set(named):
            break
        sleep(0.02)
    return named["colabvps-guard"], named["colabvps-reaper"]


def assert_gone(home: Path, meanwhile: Callable[[], object] = lambda: None) -> None:
    journal = Journal(home)

    def none_left() -> bool:
        meanwhile()
        return not journal.living()

    eventually(none_left, "no process of the workload is left")
    assert not journal.grows()
    assert not journal.living()


def all_below_stopped(guard: Proc, reaper: Proc) -> bool:
    members = family([guard.pid], spared={reaper.pid}).members
    return bool(members) and all(proc.state in "tTD" for proc in members)


def signal_pid(pid: int, signum: int) -> None:
    with suppress(ProcessLookupError):
        os.kill(pid, signum)


@contextmanager
def actor(
    home: Path, valid_s: float, renew_s: float, *kinds: str, code: str | None = None
) -> Iterator[subprocess.Popen[str]]:
    """An agent in a process of its own, serving with all `kinds` up."""
    how = ["-m", "tests.e2e.guard_actor"] if code is None else ["-c", code]
    home.mkdir(parents=True, exist_ok=True)
    words = [str(home), str(valid_s), str(renew_s), *kinds]
    process = subprocess.Popen(
        [sys.executable, *how, *words],
        cwd=ROOT,
        stdout=subprocess.DEVNULL,
        text=True,
    )
    try:
        want = {"main", *kinds} - {"stubborn", "saver"}
        eventually(lambda: want <= Journal(home).names(), f"{want} in the journal")
        yield process
    finally:
        signal_pid(process.pid, signal.SIGCONT)
        process.kill()
        process.wait()
        clean(home)


@contextmanager
def rig_in(home: Path) -> Iterator[Rig]:
    """A rig, and nothing left of it afterwards."""
    rig = Rig(home)
    try:
        yield rig
    finally:
        rig.workload.close()
        clean(home)


def clean(home: Path) -> None:
    """However a test ended: nothing of it stays."""
    sweep(HOME_MARKER, home_mark(home), patience_s=0)
    for proc in Journal(home).living():
        signal_pid(proc.pid, signal.SIGKILL)
