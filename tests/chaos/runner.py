"""Goal: several fleets side by side, each in a process of its own, and their word together.

Method: what a fleet waits for costs no processor, so a few of them are hardly slower
than one. A lane has its mounts in a namespace that goes with it. An interrupt is
passed on, and then every lane is waited for: it ends its own processes.
"""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import tempfile
import threading
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from queue import Empty, SimpleQueue
from typing import Any

from tests.chaos.deck import Hand
from tests.chaos.lane import Spec
from tests.chaos.powers import ALONE
from tests.chaos.verdict import Judged

ROOT = Path(__file__).parents[2]
LOOK_S = 0.5


@dataclass
class Run:
    """All lanes of one run; `tell` gets a line for whatever happens."""

    hands: Sequence[Hand]
    seed: int
    scale: float
    seconds: float | None
    mounts: bool
    tell: Callable[[str], None]
    judged: list[Judged] = field(default_factory=list)
    failed: list[str] = field(default_factory=list)
    counts: Counter[str] = field(default_factory=Counter)
    heard: Counter[str] = field(default_factory=Counter)
    kept: list[str] = field(default_factory=list)
    interrupted: bool = False

    def play(self) -> None:
        """Until every lane has ended."""
        with tempfile.TemporaryDirectory(prefix="colabvps-chaos-") as folder:
            lanes = [(hand, self._start(hand, Path(folder))) for hand in self.hands]
            ended: SimpleQueue[int] = SimpleQueue()
            for hand, lane in lanes:
                threading.Thread(target=self._listen, args=(hand, lane, ended)).start()
            waits_for = {hand.number for hand in self.hands}
            while waits_for:
                try:
                    waits_for.discard(ended.get(timeout=LOOK_S))
                except Empty:
                    continue
                except KeyboardInterrupt:
                    self._interrupt([lane for _, lane in lanes])

    def _start(self, hand: Hand, folder: Path) -> subprocess.Popen[str]:
        keep = tempfile.mkdtemp(prefix="colabvps-chaos-kept-")
        self.kept.append(keep)
        spec = Spec(
            folder=str(folder / f"fleet-{hand.number}"),
            keep=f"{keep}/fleet",
            seed=self.seed,
            scale=self.scale,
            seconds=self.seconds,
            mounts=self.mounts,
            number=hand.number,
            clocked=hand.clocked,
            kinds=list(hand.kinds),
        )
        words = [sys.executable, "-m", "tests.chaos.lane", json.dumps(asdict(spec))]
        return subprocess.Popen(
            [*(ALONE if self.mounts else ()), *words],
            cwd=ROOT,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            text=True,
            # The terminal's interrupt is passed on, once, by us.
            start_new_session=True,
        )

    def _listen(self, hand: Hand, lane: subprocess.Popen[str], ended: SimpleQueue[int]) -> None:
        try:
            self._hear(hand, lane)
        finally:
            ended.put(hand.number)

    def _hear(self, hand: Hand, lane: subprocess.Popen[str]) -> None:
        assert lane.stdout is not None
        heard = False
        for line in lane.stdout:
            said: dict[str, Any] = json.loads(line)
            if "judged" in said:
                heard = True
                self.judged.append(Judged(**said["judged"]))
                self.counts.update(said["counts"])
                self.heard.update(said["heard"])
                self.interrupted = self.interrupted or said["interrupted"]
            else:
                self.tell(f"fleet {hand.number}: {said['text']}")
        if lane.wait() != 0 or not heard:
            self.failed.append(f"fleet {hand.number} ended with code {lane.returncode}, unjudged")

    def _interrupt(self, lanes: Sequence[subprocess.Popen[str]]) -> None:
        if not self.interrupted:
            self.tell("interrupted: every fleet is ended and judged as far as it got")
        self.interrupted = True
        for lane in lanes:
            lane.send_signal(signal.SIGINT)

    def leftovers(self) -> list[str]:
        """The folders in which something was kept; the empty ones are removed."""
        found = []
        for folder in map(Path, self.kept):
            if (folder / "fleet").exists():
                found.append(str(folder / "fleet"))
            else:
                folder.rmdir()
        return found
