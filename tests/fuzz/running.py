"""A target's run: its process, its corpus, its progress, and what it found.

Decided here: libFuzzer's arguments: how long one input may take, how much memory the
process may; where the corpus grows (`.cache/fuzz`, kept from run to run). Not decided
here: what a target is.
"""

from __future__ import annotations

import hashlib
import os
import re
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sessionlib.clock import SystemClock
from tests.fuzz.shrinking import shrunk
from tests.fuzz.table import ROOMS
from tests.fuzz.target import Target, fault, kept
from tests.fuzz.targets.homes import IN_MEMORY, SPOT

ROOT = Path(__file__).parents[2]
CACHE = ROOT / ".cache" / "fuzz"
INPUT_S = 10
MEMORY_MB = 1_024
PROGRESS_S = 10.0
_PULSE = re.compile(r"^#(\d+)\s.*?cov: (\d+)", re.MULTILINE)
_RUNS = re.compile(r"stat::number_of_executed_units:\s*(\d+)")
_RATE = re.compile(r"stat::average_exec_per_sec:\s*(\d+)")
_TOKEN = re.compile(rb'"[^"\\\n]{1,40}"|[A-Za-z_]{3,20}')
_MOST_TOKENS = 400
_TAIL_CHARS = 2_000


@dataclass(frozen=True)
class Limits:
    """Whichever comes first: so many executions, or so many seconds (0: no matter how many)."""

    runs: int
    seconds: int
    seed: int


@dataclass(frozen=True)
class Result:
    """What a run came to. `runs_per_s` leaves out the start, `took_s` doesn't. `found` says how
    the target failed, and under which file's bytes."""

    runs: int
    runs_per_s: int
    took_s: float
    found: tuple[str, ...]

    def document(self) -> dict[str, Any]:
        return {
            "runs": self.runs,
            "runs_per_s": self.runs_per_s,
            "seconds": round(self.took_s),
            "found": list(self.found),
        }


def run(target: Target, limits: Limits, tell: Callable[[str], None]) -> Result:
    """Fuzz one target up to its limits, or a finding, which is made small and kept."""
    clock = SystemClock()
    place = IN_MEMORY if IN_MEMORY.is_dir() else None
    with tempfile.TemporaryDirectory(prefix="colabvps-fuzz-", dir=place) as spot:
        room = Path(spot)
        said = room / "said.txt"
        began = clock.now()
        with _started(_words(target, room, limits), room, said) as process:
            while not _is_over(process):
                text = said.read_text(errors="replace")
                tell(f"{target.name}: {_progress(text)}, {clock.now().since(began):.0f} s")
        took_s = clock.now().since(began)
        text = said.read_text(errors="replace")
        found = [_kept_finding(target, path) for path in sorted((room / "found").iterdir())]
        if process.returncode and not found:
            found = [f"the fuzzer ended with {process.returncode}: {text[-_TAIL_CHARS:]}"]
    return Result(_runs(text), int((_RATE.findall(text) or ["0"])[-1]), took_s, tuple(found))


@contextmanager
def _started(words: list[str], room: Path, said: Path) -> Iterator[subprocess.Popen[bytes]]:
    with said.open("wb") as file:
        process = subprocess.Popen(
            [sys.executable, "-m", "tests.fuzz.one", *words],
            cwd=ROOT,
            stdin=subprocess.DEVNULL,
            stdout=file,
            stderr=file,
            env={**os.environ, SPOT: str(room)},
        )
    try:
        yield process
    finally:
        process.kill()
        process.wait()


def _is_over(process: subprocess.Popen[bytes]) -> bool:
    try:
        process.wait(PROGRESS_S)
    except subprocess.TimeoutExpired:
        return False
    return True


def _words(target: Target, room: Path, limits: Limits) -> list[str]:
    seeds, found, grown = room / "seeds", room / "found", CACHE / "corpus" / target.name
    for folder in (seeds, found, grown):
        folder.mkdir(parents=True, exist_ok=True)
    corpus = kept(target.name)
    for number, data in enumerate(corpus.values()):
        (seeds / str(number)).write_bytes(data)
    (room / "words").write_text(_dictionary(corpus.values()))
    return [
        _room(target),
        target.name,
        ",".join(target.also),
        f"-runs={limits.runs}",
        f"-max_total_time={limits.seconds}",
        f"-seed={limits.seed}",
        f"-max_len={target.longest}",
        f"-timeout={INPUT_S}",
        f"-rss_limit_mb={MEMORY_MB}",
        f"-dict={room / 'words'}",
        f"-artifact_prefix={found}/",
        "-print_final_stats=1",
        str(grown),
        str(seeds),
    ]


def _room(target: Target) -> str:
    """The module that the target stands in: a process imports no other."""
    return next(room.__name__ for room in ROOMS if target in room.TARGETS)


def _dictionary(corpus: Iterable[bytes]) -> str:
    """The corpus's own words, for libFuzzer to put elsewhere."""
    tokens: dict[bytes, None] = {}
    for data in corpus:
        tokens.update(dict.fromkeys(_TOKEN.findall(data)))
    quoted = ("".join(f"\\x{byte:02x}" for byte in token) for token in list(tokens)[:_MOST_TOKENS])
    return "".join(f'"{token}"\n' for token in ("\\x00", *quoted))


def _progress(text: str) -> str:
    pulses = _PULSE.findall(text)
    if not pulses:
        return "starting"
    count, reached = pulses[-1]
    return f"{int(count):,} runs and more, {reached} places reached"


def _runs(text: str) -> int:
    told = _RUNS.findall(text) or [count for count, _ in _PULSE.findall(text)]
    return int(told[-1]) if told else 0


def _kept_finding(target: Target, path: Path) -> str:
    """Put a finding where it is found again; what it is, in words."""
    data = path.read_bytes()
    kind = path.name.partition("-")[0]
    why = f"{kind}: more than {INPUT_S} s or {MEMORY_MB} MB"
    if kind == "crash":
        data = shrunk(target, data)
        why = fault(target, data) or "failed once, and not again"
    folder = CACHE / "found" / target.name
    folder.mkdir(parents=True, exist_ok=True)
    place = folder / hashlib.sha256(data).hexdigest()[:12]
    place.write_bytes(data)
    return f"{why} ({place.relative_to(ROOT)})"
