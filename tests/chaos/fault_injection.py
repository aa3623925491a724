"""Goal: one place for everything that harms a fleet: done, counted, and undone in the end.

Method: a harm asks the scene to kill, freeze or limit somebody; what isn't over
with the deed is put on a stack, and `heal` takes everything back and lets everybody
run again. Several harms may share a scene, each in a thread of its own.
"""

from __future__ import annotations

import os
import random
import signal
import subprocess
import threading
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path

from console.demo.demo_fleet import ACCOUNTS
from sessionlib.clock import sleep
from sessionlib.errors import ColabvpsError
from sessionlib.guard.sweep import HOME_MARKER, home_mark, marked
from sessionlib.guard.tree import Proc
from tests.chaos.machines import Machines
from tests.e2e.fleet_fixture import Fleet

RESTART_AFTER_S = (0.0, 0.0, 0.3, 2.0)
"""An agent may come back at once, or when its successor has settled."""


class FaultInjector:
    """One fleet under harm. `alone` is False where several harms overlap."""

    def __init__(
        self, fleet: Fleet, machines: Machines, counts: Counter[str], *, alone: bool
    ) -> None:
        self.fleet = fleet
        self.machines = machines
        self.counts = counts
        self.alone = alone
        self.ttl_s = fleet.timing.ttl_s
        self.undo = ExitStack()
        self._lock = threading.Lock()
        self._holder = next(iter(ACCOUNTS))

    # Who

    def holder(self) -> str:
        """Who holds the lease, or held it when it could last be read."""
        with suppress(ColabvpsError, OSError, AssertionError):
            self._holder = self.fleet.lease().holder or self._holder
        return self._holder

    def standby(self, chance: random.Random) -> str:
        return chance.choice(self.fleet.others(self.holder()))

    def anybody(self, chance: random.Random) -> str:
        """The holder in one half of the cases."""
        return self.holder() if chance.random() < 0.5 else self.standby(chance)

    def session(self, account: str) -> list[Proc]:
        """Guard, reaper and workload of an account, as far as there are any."""
        return marked(HOME_MARKER, home_mark(self.machines.home(account)))

    # What

    def signal(self, account: str, number: signal.Signals) -> None:
        self.count(f"agents_{number.name.lower()}")
        with suppress(KeyError, ProcessLookupError):
            self.machines.signal(account, number)

    def kill(self, account: str) -> None:
        """SIGKILL an agent, and wait for it to be gone."""
        if self.machines.is_running(account):
            self.count("agents_sigkill")
            self.machines.kill(account)

    @contextmanager
    def frozen(self, account: str) -> Iterator[None]:
        """An agent under SIGSTOP."""
        pid = self.machines.pid(account)
        self.signal(account, signal.SIGSTOP)
        try:
            yield
        finally:
            self.signal_pid(pid, signal.SIGCONT)

    def revive(self, account: str, chance: random.Random) -> None:
        """Start a dead agent again, now, a little later, or at the end."""
        after_s = chance.choice(RESTART_AFTER_S)
        if after_s < 1 or chance.random() < 0.5:
            sleep(after_s)
            self.machines.start(account)

    def signal_pid(self, pid: int, number: int) -> None:
        with suppress(ProcessLookupError):
            os.kill(pid, number)

    def count(self, what: str) -> None:
        with self._lock:
            self.counts[what] += 1

    def later(self, act: Callable[..., object], *args: object) -> None:
        """Have it done when the fleet is healed, if the harm itself doesn't come to it."""
        with self._lock:
            self.undo.callback(act, *args)

    def run(self, *words: str) -> None:
        """A command that must succeed."""
        subprocess.run(words, check=True, capture_output=True)

    def heal(self) -> None:
        """Undo everything, and let everybody run."""
        self.undo.close()
        for account in ACCOUNTS:
            for proc in self.session(account):
                if _name(proc.pid).startswith("colabvps-"):
                    # Not the workload: whether that runs is the guard's to say.
                    self.signal_pid(proc.pid, signal.SIGCONT)
            if self.machines.is_running(account):
                self.signal_pid(self.machines.pid(account), signal.SIGCONT)
            else:
                self.machines.start(account)


def _name(pid: int) -> str:
    try:
        return Path(f"/proc/{pid}/comm").read_text().strip()
    except OSError:
        return ""
