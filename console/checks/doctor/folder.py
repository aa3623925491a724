"""The examination of a store in a folder: processes race, as agents on one machine do.

What a file system does between machines takes a second machine to see.
"""

from __future__ import annotations

import secrets
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path

from console.checks.doctor.catalog import CheckResult
from console.checks.doctor.examination import DoctorResult, PlannedExamination
from console.checks.doctor.result import failed_safety_checks
from sessionlib.clock import Clock
from sessionlib.config import Config
from sessionlib.errors import StoreError
from sessionlib.layout import STATE
from sessionlib.stores.folder import FolderStore
from sessionlib.stores.folder_kind import store_folder

ROUNDS = 50
RACERS = 4
SYNCS = 20
CLOCK_S = 2.0
WAIT_S = 60.0
_PREFIX = "state/doctor-"
_RACER = """
import sys
from pathlib import Path
from sessionlib.clock import SystemClock
from sessionlib.errors import Conflict
from sessionlib.stores.folder import FolderStore
store = FolderStore(Path(sys.argv[1]), SystemClock())
for line in sys.stdin:
    key, _, text = line.strip().partition(" ")
    try:
        if text:
            store.create(key, text.encode())
            print("won", flush=True)
        else:
            found = store.read(key)
            print("none" if found is None else found.data.decode(), flush=True)
    except Conflict:
        print("lost", flush=True)
    except Exception as error:
        print(f"error {error}", flush=True)
"""


class _Racers:
    """Processes that do to the store what they are told, all at the same time."""

    def __init__(self, root: Path, number: int) -> None:
        self._all = [
            subprocess.Popen(
                [sys.executable, "-c", _RACER, str(root)],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                text=True,
                cwd=Path(__file__).parents[2],
            )
            for _ in range(number)
        ]

    def run_on_all(self, *lines: str) -> list[str]:
        """One line for each; their answers."""
        for process, line in zip(self._all, lines, strict=False):
            if process.stdin is not None:
                process.stdin.write(line + "\n")
                process.stdin.flush()
        told = zip(self._all, lines, strict=False)
        return [process.stdout.readline().strip() for process, _ in told if process.stdout]

    def close(self) -> None:
        for process in self._all:
            with suppress(OSError):
                process.communicate(timeout=WAIT_S)
            process.kill()
            process.wait()


def plan(config: Config, clock: Clock) -> PlannedExamination:
    """The examination of a fleet's folder; nobody else is told of it."""
    root = store_folder(config)
    return PlannedExamination(
        f"Try out {root} with files of its own, which are removed.",
        lambda on_progress: examine(root, config.timings.timeout_s, clock, on_progress),
        lambda findings: _conclude(findings, clock.now().wall),
    )


def _conclude(findings: list[CheckResult], at: float) -> DoctorResult:
    bad = failed_safety_checks(findings)
    text = (
        f"this folder can't hold a fleet: {', '.join(bad)}" if bad else "nothing speaks against it"
    )
    return DoctorResult(findings, at, not bad, False, text)


def examine(
    root: Path, timeout_s: float, clock: Clock, on_progress: Callable[[str], None]
) -> Iterator[CheckResult]:
    """Make the checks, one by one. Raises StoreError where no store is there."""
    store = FolderStore(root, clock)
    store.list(STATE)
    racers = _Racers(root, RACERS)
    made: list[str] = []
    tries: list[tuple[str, Callable[[], CheckResult]]] = [
        ("exclusive", lambda: _race(racers, made, on_progress)),
        ("read-back", lambda: _read_back(store, racers, made)),
        ("sync", lambda: _sync(store, made, clock, timeout_s)),
        ("clock", lambda: _clock(store, made)),
    ]
    try:
        for check_id, attempt in tries:
            try:
                yield attempt()
            except (StoreError, OSError) as error:
                yield CheckResult(check_id, None, f"couldn't be tried: {error}")
    finally:
        racers.close()
        for key in made:
            with suppress(StoreError):
                store.delete(key)


def _race(racers: _Racers, made: list[str], on_progress: Callable[[str], None]) -> CheckResult:
    for number in range(1, ROUNDS + 1):
        key = f"{_PREFIX}{secrets.token_hex(8)}.json"
        made.append(key)
        told = racers.run_on_all(*(f"{key} {secrets.token_hex(4)}" for _ in range(RACERS)))
        if told.count("won") > 1:
            text = f"in round {number} {told.count('won')} of {RACERS} processes made one file"
            return CheckResult("exclusive", False, text)
        if told.count("won") == 0 and told.count("lost") == RACERS:
            return CheckResult("exclusive", None, f"in round {number} nobody could make a new file")
        if told.count("won") + told.count("lost") < RACERS:
            return CheckResult("exclusive", None, f"a process couldn't write: {', '.join(told)}")
    on_progress(f"race: {ROUNDS} rounds")
    return CheckResult("exclusive", True, f"{ROUNDS} rounds of {RACERS} processes, one winner each")


def _read_back(store: FolderStore, racers: _Racers, made: list[str]) -> CheckResult:
    for _ in range(ROUNDS):
        key, text = f"{_PREFIX}{secrets.token_hex(8)}.json", secrets.token_hex(200)
        made.append(key)
        store.put(key, text.encode())
        told = racers.run_on_all(*[key] * RACERS)
        if told != [text] * RACERS:
            return CheckResult("read-back", False, "another process read something else")
    return CheckResult("read-back", True, f"{ROUNDS} writes, each read whole by {RACERS} processes")


def _sync(store: FolderStore, made: list[str], clock: Clock, timeout_s: float) -> CheckResult:
    """The store syncs all that it writes, and its folder. Whether the disk keeps its word takes
    a loss of power to see."""
    worst_s = 0.0
    for _ in range(SYNCS):
        made.append(f"{_PREFIX}{secrets.token_hex(8)}.json")
        began = clock.now()
        store.put(made[-1], b"synced")
        worst_s = max(worst_s, clock.now().since(began))
    text = f"{worst_s * 1000:.0f} ms at the most of {SYNCS} writes"
    return CheckResult("sync", worst_s < timeout_s / 3, text)


def _clock(store: FolderStore, made: list[str]) -> CheckResult:
    key = f"{_PREFIX}{secrets.token_hex(8)}.json"
    made.append(key)
    store.put(key, b"now")
    store.read(key)  # which looks at the folder's clock
    ahead_s = store.clock_ahead_s()
    if ahead_s is None:
        return CheckResult("clock", None, "the folder's clock can't be seen")
    return CheckResult("clock", abs(ahead_s) <= CLOCK_S, f"apart by {abs(ahead_s):.1f} s")
