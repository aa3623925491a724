"""Goal: the figures that are promised of the coordinator, beside what is measured with them.

Method: on two cores, wrk sends the heartbeats of 1,000 accounts, each with its own token, to
the coordinator (each answer durable before it is given), to an empty FastAPI route that takes
the same body, and to a minimal Flask app that keeps the origin's heartbeat in memory: in
turns, so that what else the machine does meets all three; only answers of 2xx count, and
all figures are medians of the turns. Then the coordinator at half the rate that it had, each
connection waiting for a time drawn at random between its requests, so that they come as they
like and not when an answer lets them; the empty route at the same beside it tells what wrk and
the machine make of it, and `busy` the machine's load before all this, wanted below 0.5. Then the
coordinator's memory over a longer run; and `GET /api/sessions/status` with 10,000 sessions. The
last line, on standard output, is one JSON document. It judges nothing unless `--strict`, for a
busy machine is slow and not broken; then the exit code is 1 where a target is missed.
"""

from __future__ import annotations

import argparse
import json
import os
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from statistics import median
from typing import Any

import httpx
import psutil

from coordinator.database.database import Database
from coordinator.tokens import hash_token, new_token
from coordinator.transitions import HeartbeatMessage, StateDraft, apply_message
from sessionlib.clock import SystemClock
from tests.bench.coordinator.load import CONNECTIONS, Measured, WrkMissing, load, need_wrk

CLOCK = SystemClock()
ACCOUNTS = 1_000
SESSIONS = 10_000
_LONG_MS = 20.0
RIVALS = ("empty", "flask")
TARGETS = {
    "to_empty": ("at least", 0.5),
    "to_flask": ("at least", 2.0),
    "half_p99_ms": ("below", 25.0),
    "rss_growth_mb": ("below", 4.0),
    "status_10000_ms": ("below", 100.0),
    "bad": ("below", 1),
}


def main() -> int:
    options = _options()
    try:
        need_wrk()
    except WrkMissing as error:
        _tell(str(error))
        return 2
    os.sched_setaffinity(0, sorted(os.sched_getaffinity(0))[:2])
    with tempfile.TemporaryDirectory(dir=options.dir) as place:
        figures = _figures(Path(place), options)
    print(json.dumps(figures), flush=True)  # noqa: T201 - the result
    missed = [name for name, good in _judged(figures).items() if not good]
    if missed:
        _tell(f"missed: {', '.join(missed)}")
    return int(options.strict and bool(missed))


def _figures(place: Path, options: argparse.Namespace) -> dict[str, Any]:
    busy = round(os.getloadavg()[0], 2)
    tokens = place / "tokens"
    db = place / "coordinator.db"
    tokens.write_text("\n".join(_make_tokens(db)))
    turns: dict[str, list[Measured]] = {name: [] for name in ("ours", *RIVALS)}
    with _running(_serve(db)) as ours, _rival("empty") as empty, _rival("flask") as flask:
        ports = {"ours": ours[1], "empty": empty[1], "flask": flask[1]}
        for name, port in ports.items():
            load(port, tokens, 1)
            _tell(f"{name} warmed up")
        for turn in range(options.turns):
            for name, port in ports.items():
                turns[name].append(load(port, tokens, options.seconds))
                _tell(f"turn {turn + 1}: {name} {turns[name][-1].rate:,.0f}/s")
        rates = {name: median(one.rate for one in found) for name, found in turns.items()}
        pause_ms = _pause_ms(ours[1], tokens, rates["ours"] / 2)
        halves, controls = [], []
        for _ in range(options.turns):
            halves.append(load(ours[1], tokens, options.seconds, pause_ms=pause_ms))
            controls.append(load(empty[1], tokens, options.seconds, pause_ms=pause_ms))
            _tell(
                f"half load: {halves[-1].rate:,.0f}/s, p99 {halves[-1].p99_ms:.1f} ms; "
                f"the empty route's at that is {controls[-1].p99_ms:.1f} ms"
            )
        process = psutil.Process(ours[0])
        before = process.memory_info().rss
        soak = load(ours[1], tokens, options.soak)
        after = process.memory_info().rss
    bad = sum(one.bad for one in (*turns["ours"], *halves, soak))
    return {
        "busy": busy,
        **{f"{name}_per_s": round(rate) for name, rate in rates.items()},
        "to_empty": round(rates["ours"] / rates["empty"], 2),
        "to_flask": round(rates["ours"] / rates["flask"], 2),
        "bad": bad,
        "half_per_s": round(median(one.rate for one in halves)),
        "half_p50_ms": round(median(one.p50_ms for one in halves), 2),
        "half_p99_ms": round(median(one.p99_ms for one in halves), 2),
        "empty_half_p99_ms": round(median(one.p99_ms for one in controls), 2),
        "soak_s": options.soak,
        "rss_mb": round(after / 2**20, 1),
        "rss_growth_mb": round((after - before) / 2**20, 2),
        "status_10000_ms": round(_status_ms(place / "many.db"), 1),
        "targets": {name: " ".join(map(str, target)) for name, target in TARGETS.items()},
    }


def _pause_ms(port: int, tokens: Path, rate: float) -> float:
    """How long each connection has to wait between two requests for them all to make this rate.

    An answer takes some of its turn; one that hangs for long is the machine's doing.
    """
    turn_ms = 1_000 * CONNECTIONS / rate
    tried = load(port, tokens, 2, pause_ms=turn_ms)
    return max(1.0, turn_ms - min(_LONG_MS, tried.mean_ms))


def _judged(figures: dict[str, Any]) -> dict[str, bool]:
    return {
        name: figures[name] >= limit if word == "at least" else figures[name] < limit
        for name, (word, limit) in TARGETS.items()
    }


def _make_tokens(db: Path) -> Iterator[str]:
    database = Database(str(db))
    for number in range(ACCOUNTS):
        token = new_token()
        database.add_token(hash_token(token), f"account-{number}", CLOCK.now())
        yield token
    database.close()


def _status_ms(db: Path) -> float:
    """The median of how long 10,000 sessions take to be shown."""
    database = Database(str(db))
    token = new_token()
    database.add_token(hash_token(token), None, CLOCK.now())
    draft = StateDraft(database.load_state(CLOCK.now()))
    for number in range(SESSIONS):
        name = f"account-{number}"
        apply_message(
            draft, HeartbeatMessage(f"{name}-1", name, 1, "standby", 3_600.0), CLOCK.now()
        )
    database.commit(draft)
    database.close()
    took = []
    headers = {"authorization": f"Bearer {token}"}
    with _running(_serve(db)) as (_, port), httpx.Client(headers=headers) as client:
        for _ in range(21):
            started = CLOCK.now().mono
            answer = client.get(f"http://127.0.0.1:{port}/api/sessions/status")
            took.append(CLOCK.now().mono - started)
            assert len(answer.json()["backup_sessions"]) == SESSIONS
    return 1_000 * median(took)


def _serve(db: Path) -> list[str]:
    words = ("coordinator", "serve", "--json", "--port", "0", "--db", str(db))
    return [sys.executable, "-m", "console", *words]


def _rival(name: str) -> Any:
    return _running([sys.executable, "-m", "tests.bench.coordinator.rivals", name])


@contextmanager
def _running(words: list[str]) -> Iterator[tuple[int, int]]:
    """A server's process id and port, which is in the first line that it prints."""
    process = subprocess.Popen(words, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
    try:
        assert process.stdout is not None
        said = process.stdout.readline().strip()
        port = said if said.isdigit() else json.loads(said)["url"].rpartition(":")[2]
        yield process.pid, int(port)
    finally:
        process.send_signal(signal.SIGKILL)
        process.wait()


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="make bench-coordinator ARGS=",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--turns", type=int, default=3, help="of each server (default: 3)")
    parser.add_argument("--seconds", type=int, default=8, help="of each turn (default: 8)")
    parser.add_argument("--soak", type=int, default=30, help="seconds for memory (default: 30)")
    parser.add_argument("--strict", action="store_true", help="exit 1 where a target is missed")
    parser.add_argument(
        "--dir", help="where the database lies: a commit takes what this disk takes (default: /tmp)"
    )
    return parser.parse_args()


def _tell(text: str) -> None:
    print(text, file=sys.stderr, flush=True)  # noqa: T201 - progress


if __name__ == "__main__":
    sys.exit(main())
