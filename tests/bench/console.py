"""Goal: the figures that are promised of the screen: 1,000 accounts, every one of them counting
down, over a store of which every call takes five seconds.

Method: the console in a real pseudo-terminal of 120x30. *First paint*: from the
start of the process to the first bytes of the header, the store slow from the
beginning; median of several starts. *Idle*: processor time of the process while
nobody presses a key, over the time; its resident memory at the end. *Key to
paint*: `j` is pressed 30 times a second, whether or not the last one has been
answered; from the moment it was due until bytes with the name of the account
that it selects have arrived, the table scrolling from the first screenful on. For
idle and keys each record is read once at memory's speed, so that there is
something to count down, and slowly from then on. The last line, on standard
output, is one JSON document with each figure beside its target. It judges
nothing: a busy machine is slow, and not broken.
"""

from __future__ import annotations

import argparse
import gc
import json
import os
import re
import sys
import tempfile
from dataclasses import dataclass, field, replace
from pathlib import Path
from statistics import median
from typing import Any

import psutil

from sessionlib import layout
from sessionlib.clock import SystemClock, sleep
from sessionlib.core.messages import Report, WorkState
from sessionlib.core.values import Lease, LeaseState, Pointer, Readiness, Role
from sessionlib.ports import Found
from sessionlib.records import encode
from sessionlib.stores.memory import MemoryStore
from tests.tui.terminal import ROOT, Terminal

SIZE = (120, 30)
SLOW_S = 5.0
RATE = 30
TARGETS = {"idle_pct": 2.0, "key_p99_ms": 50.0, "first_paint_s": 0.5, "rss_mb": 80.0}
CLOCK = SystemClock()


def name_of(at: int) -> str:
    return f"account-{at:04}"


@dataclass
class SlowStore:
    """A store in memory; `quick_once` lets each key be read quickly the first time."""

    inner: MemoryStore
    quick_once: bool
    kind: str = "folder"
    read_once: set[str] = field(default_factory=set)

    def read(self, key: str) -> Found | None:
        if not self.quick_once or key in self.read_once:
            sleep(SLOW_S)
        self.read_once.add(key)
        return self.inner.read(key)


def filled(rows: int) -> MemoryStore:
    """A fleet at work: each session with another time left, so that every row differs."""
    store = MemoryStore(CLOCK)
    pointer = Pointer(4, 17, "4-17-abc", 1_234_567_890)
    first = name_of(0)
    lease = Lease(4, first, "s", "i", 7, "n", 3_600.0, LeaseState.HELD, checkpoint=pointer)
    store.create(layout.LEASE, encode(lease))
    base = Report(
        account=first, session="s", incarnation="i", beat=1, at=0.0, role=Role.HOT_STANDBY,
        priority=1, member="standby", phase="Fresh", remaining_s=43_000.0, lifetime_s=43_200.0,
        epoch=4, readiness=Readiness.READY, every_s=3_600.0,
    )  # fmt: skip
    for at in range(rows):
        work = WorkState.SERVING if at == 0 else WorkState.NONE
        one = replace(
            base, account=name_of(at), priority=at + 1, workload=work, remaining_s=43_000.0 - at
        )
        store.put(layout.session_key(name_of(at)), encode(one))
    return store


def show(rows: int, *, quick_once: bool) -> int:
    """What runs in the terminal."""
    # Only here: measuring must not load what is measured. As `console.tui.run` does it:
    gc.disable()
    from console.fleet.fleet import Fleet  # noqa: PLC0415 - what loads when is measured
    from console.orders.screen_orders import OrderService  # noqa: PLC0415 - what loads when is measured
    from console.tui.app import ConsoleApp  # noqa: PLC0415 - what loads when is measured
    from sessionlib.config_loading import parse  # noqa: PLC0415 - what loads when is measured

    accounts = "".join(
        f"  {name_of(at)}: {{email: a{at}@example.com, role: hot_standby, priority: {at + 1}}}\n"
        for at in range(rows)
    )
    text = (
        "fleet: bench-fleet\nstore: {kind: folder, path: shared}\n"
        f"workload: {{command: [sleep, '60']}}\naccounts:\n{accounts}"
    )
    config = parse(text, Path("accounts.yaml"))
    store = SlowStore(filled(rows), quick_once)
    service = OrderService(Fleet(config, store, CLOCK))  # type: ignore[arg-type]  # it only reads
    app = ConsoleApp(service, lambda: store)  # type: ignore[arg-type, return-value]  # slow stand-ins
    app.run()
    return app.return_code or 0


def started(rows: int, folder: Path, *words: str) -> Terminal:
    command = [sys.executable, "-m", "tests.bench.console", "--show", "--rows", str(rows), *words]
    env = {"PYTHONPATH": str(ROOT), "HOME": str(folder)}
    return Terminal(command, env, ROOT, SIZE)


def first_paint(folder: Path, starts: int) -> dict[str, float]:
    """With as many accounts as a fleet has: what is measured is the program, not a parser.

    Beside the time on the wall stands the processor's, which a busy machine changes less.
    """
    took, used = [], []
    for _ in range(starts + 1):
        one = started(3, folder)
        one.until(b"bench-fleet", 60.0)
        used.append(sum(psutil.Process(one.process.pid).cpu_times()[:2]))
        at_s = next(at for at, size in one.painted if b"bench-fleet" in one.output[:size])
        took.append(at_s - one.began_s)
        one.type("q")
        one.code(30.0)
        one.close()
    return {
        "first_paint_s": round(median(took[1:]), 3),
        "first_paint_cpu_s": round(median(used[1:]), 3),
    }


def steady(rows: int, folder: Path, idle_s: float, keys: int) -> dict[str, Any]:
    """The processor's share, the keys' latencies, the memory."""
    one = started(rows, folder, "--quick-once")
    one.until(b"account-0005", 60.0)
    sleep(8.0)
    process = psutil.Process(one.process.pid)
    before, began = sum(process.cpu_times()[:2]), CLOCK.now().mono
    sleep(idle_s)
    share = (sum(process.cpu_times()[:2]) - before) / (CLOCK.now().mono - began) * 100
    latencies = pressed(one, keys)
    memory = process.memory_info().rss / 1e6
    one.type("q")
    one.code(30.0)
    one.close()
    return {
        "idle_pct": round(share, 2),
        "key_p50_ms": round(quantile(latencies, 0.5) * 1e3, 1),
        "key_p99_ms": round(quantile(latencies, 0.99) * 1e3, 1),
        "keys": len(latencies),
        "rss_mb": round(memory, 1),
    }


def pressed(one: Terminal, keys: int) -> list[float]:
    """From when each key was due until its account's name was painted, in seconds.

    A screenful is passed first: from there on the lowest account that is painted is
    the selected one.
    """
    for _ in range(SIZE[1]):
        one.type("j")
    sleep(2.0)
    begins_at = len(one.output)
    start = CLOCK.now().mono + 0.1
    due = [start + at / RATE for at in range(keys)]
    for moment in due:
        sleep(moment - CLOCK.now().mono)
        one.type("j")
    sleep(3.0)
    reached: dict[int, float] = {}
    before = begins_at
    for when, size in one.painted:
        if size <= begins_at:
            continue
        # A name may have arrived in two parts.
        names = re.findall(rb"account-(\d{4})", one.output[max(begins_at, before - 12) : size])
        lowest = max(map(int, names), default=0)
        for at in range(max(reached, default=SIZE[1]) + 1, lowest + 1):
            reached[at] = when
        before = size
    return [reached[SIZE[1] + 1 + at] - moment for at, moment in enumerate(due)]


def quantile(values: list[float], part: float) -> float:
    return sorted(values)[min(len(values) - 1, int(len(values) * part))]


def main() -> int:
    options = _options()
    if options.show:
        return show(options.rows, quick_once=options.quick_once)
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place)
        figures: dict[str, Any] = {
            "rows": options.rows,
            "store_call_s": SLOW_S,
            "load_before": round(os.getloadavg()[0], 1),
            **first_paint(folder, options.starts),
        }
        figures |= steady(options.rows, folder, options.idle, options.keys)
    figures["load_after"] = round(os.getloadavg()[0], 1)
    figures["targets"] = TARGETS
    print(json.dumps(figures), flush=True)  # noqa: T201 - the result
    return 0


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.bench.console", description=__doc__)
    parser.add_argument("--rows", type=int, default=1_000)
    parser.add_argument("--starts", type=int, default=9)
    parser.add_argument("--idle", type=float, default=30.0, help="seconds without a key")
    parser.add_argument("--keys", type=int, default=900)
    parser.add_argument("--show", action="store_true", help=argparse.SUPPRESS)
    parser.add_argument("--quick-once", action="store_true", help=argparse.SUPPRESS)
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
