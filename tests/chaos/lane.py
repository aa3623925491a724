"""Goal: one fleet and its rounds, in a process and a mount namespace of its own.

Method: `python -m tests.chaos.lane SPEC`, one JSON object, started by the runner.
Each line on standard output is a JSON object: what happens, and at last the
verdict. On SIGINT it stops between two looks, ends its processes and still says
what it has. What a fleet leaves behind is kept where something didn't hold.
"""

from __future__ import annotations

import json
import random
import signal
import sys
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from console.demo.demo_fleet import ACCOUNTS
from console.demo.journal_judge import read_journals
from sessionlib.clock import SystemClock
from sessionlib.records import encode
from tests.chaos.deck import Hand, dealt, parts
from tests.chaos.fault_injection import FaultInjector
from tests.chaos.machines import RATES, Machines
from tests.chaos.rounds import Done, crashes, play
from tests.chaos.verdict import Judged, judge
from tests.e2e.fleet_fixture import Fleet, boot_s, hard_worker
from tests.e2e.hazards.chain import ChainWatch

EVERY_S = 1.0
"""The checkpoint interval: short, so that what a crash loses is held to something."""
LIFETIME = "240h"
"""No session of a run comes to its natural end."""
HEARD = {
    "EIO": "Input/output error",
    "EMFILE": "Too many open files",
    "ENOSPC": "o space left on",
    "EROFS": "Read-only file system",
    "fenced": "fenced:",
    "no_store": "is the folder mounted",
    "no_answer": "the store did not answer",
    "woke_late": "woke up late",
}
"""What agents say of harm that reaches them. With EFBIG they can't, for that is a file too."""
GIVES_UP_AFTER = 3
"""So many rounds in a row that a fleet doesn't get over."""


@dataclass(frozen=True, slots=True)
class Spec:
    """What a lane is told. `seconds` None: play the hand once."""

    folder: str
    keep: str
    seed: int
    scale: float
    seconds: float | None
    mounts: bool
    number: int
    clocked: bool
    kinds: list[str]

    @property
    def hand(self) -> Hand:
        return Hand(self.number, self.clocked, tuple(self.kinds))


@dataclass
class Lane:
    """One fleet, while it lives."""

    spec: Spec
    done: list[Done] = field(default_factory=list)
    broken_off: list[Done] = field(default_factory=list)
    failed: list[str] = field(default_factory=list)
    counts: Counter[str] = field(default_factory=Counter)
    interrupted: bool = False

    def run(self) -> Judged:
        """All of it; never raises for what the fleet does."""
        machines = self._machines()
        chain = ChainWatch(machines.store_folder / "state" / "lease")
        fleet = Fleet(machines)
        try:
            self._live(fleet, machines)
        except KeyboardInterrupt:
            self.interrupted = True
        finally:
            self._end(machines)
            chain.close()
        self.failed += crashes(machines)
        tenures = read_journals(machines.journals) if machines.journals.exists() else []
        judged = judge(self.done, tenures, chain.written, EVERY_S, self.broken_off)
        judged.violations.extend(self.failed)
        if judged.violations:
            self._keep(machines, chain)
        return judged

    def _machines(self) -> Machines:
        spec = self.spec
        # One fleet in two has work that leaves children behind, each of them writing too.
        hard = hard_worker("session", "daemon") if spec.number % 2 == 0 else {}
        env = {"DEMO_JOURNAL": f"{spec.folder}/journal", "LD_PRELOAD": ""}
        work = dict(hard.get("workload", {}))
        changes = {
            "checkpoint": {"every": f"{EVERY_S * spec.scale:g}s"},
            "session": {"lifetime": LIFETIME},
            "workload": {**work, "env": {**work.get("env", {}), **env}},
        }
        rates = None
        if spec.clocked:
            dice = random.Random(spec.seed)
            rates = dict(zip(ACCOUNTS, dice.sample(RATES, len(ACCOUNTS)), strict=True))
            tell({"text": f"boot-time clocks run at {rates}"})
        return Machines(Path(spec.folder), spec.scale, changes, mounts=spec.mounts, rates=rates)

    def _live(self, fleet: Fleet, machines: Machines) -> None:
        fleet.begin()
        in_a_row = 0
        for at, (kind, chance) in enumerate(self._rounds(), start=1):
            harms = parts(kind, self.spec.hand, chance)
            scene = FaultInjector(fleet, machines, self.counts, alone=len(harms) == 1)
            try:
                with self._accounted_for(kind, harms):
                    self.done.append(play(scene, kind, harms, chance))
                in_a_row = 0
                self._tell_done(at, self.done[-1])
            except AssertionError as error:
                in_a_row += 1
                self.failed.append(f"round {at} ({' + '.join(harms)}) at {boot_s():.1f}: {error}")
                tell({"text": self.failed[-1]})
                if in_a_row == GIVES_UP_AFTER:
                    return
                scene.heal()

    @contextmanager
    def _accounted_for(self, kind: str, harms: Sequence[str]) -> Iterator[None]:
        """The harm of a round that came to no good end was done all the same."""
        begin_s = boot_s()
        try:
            yield
        except BaseException:
            end_s = boot_s()
            self.broken_off.append(Done(kind, tuple(harms), begin_s, end_s, end_s, -1, -1))
            raise

    def _rounds(self) -> Iterator[tuple[str, random.Random]]:
        clock = SystemClock()
        began = clock.now()
        seconds = self.spec.seconds
        for dealt_now in dealt(self.spec.hand, self.spec.seed, again=seconds is not None):
            if seconds is not None and clock.now().since(began) >= seconds:
                return
            yield dealt_now

    def _tell_done(self, at: int, done: Done) -> None:
        of = "" if self.spec.seconds is not None else f"/{len(self.spec.kinds)}"
        what = " + ".join(done.parts)
        took_s = done.well_s - done.at_s
        tell({"text": f"{at}{of} {what}: epoch {done.after}, well after {took_s:.1f} s"})

    def _end(self, machines: Machines) -> None:
        while True:
            try:
                machines.close()
            except KeyboardInterrupt:
                # Nobody is helped by processes that are left.
                self.interrupted = True
            else:
                return

    def heard(self) -> dict[str, int]:
        """How often the agents said what was done to them."""
        said = [path.read_text() for path in Path(self.spec.folder).glob("*.err*")]
        return {what: sum(text.count(words) for text in said) for what, words in HEARD.items()}

    def _keep(self, machines: Machines, chain: ChainWatch) -> None:
        keep = Path(self.spec.keep)
        machines.keep(keep)
        records = [f"{one.at_s:.3f} {encode(one.lease).decode()}" for one in chain.written]
        (keep / "lease.log").write_text("\n".join([*records, ""]))
        rounds = [json.dumps(asdict(one)) for one in self.done]
        (keep / "rounds.log").write_text("\n".join([*rounds, *self.failed, ""]))
        tell({"text": f"kept in {keep}"})


def tell(what: dict[str, Any]) -> None:
    print(json.dumps(what), flush=True)  # noqa: T201 - the result


def heed_interrupts() -> None:
    """Ctrl-C and SIGTERM end a run in order, even one that a shell started in the background."""
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, signal.default_int_handler)


def main() -> None:
    heed_interrupts()
    lane = Lane(Spec(**json.loads(sys.argv[1])))
    judged = lane.run()
    ended = {"counts": dict(lane.counts), "heard": lane.heard(), "interrupted": lane.interrupted}
    tell({"judged": asdict(judged), **ended})


if __name__ == "__main__":
    main()
