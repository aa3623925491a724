"""Goal: thousands of fleets, and one verdict.

Method: the fleets of the seeds from `--first` on, side by side on all cores. Progress and
what was found go to standard error: a failure with its seed, made as short as can be, and
a transcript. The last line, on standard output, is one JSON document. Exit code 1 if a
promise was broken, or if a kind of fault never struck: then nothing is known of it.
"""

from __future__ import annotations

import argparse
import json
import multiprocessing
import os
import sys
from collections import Counter
from collections.abc import Iterator

from sessionlib.clock import SystemClock
from tests import replacing
from tests.simulation.faults import MIXTURES, Kind
from tests.simulation.seeds import HOURS, QUIET_S, Outcome, fleet_of, live, mixture_of, outcome_of
from tests.simulation.shrink import shrink, told
from tests.simulation.truth import Violation

SHOWN = 3
"""So many failures are made short and told; the others are named."""
ENOUGH_SEEDS = 40
"""From so many on every kind of fault has to have struck."""


def main() -> int:
    options = _options()
    replacing.install()
    if options.transcript:
        return _transcript(options.first, options.hours)
    began = SystemClock().now()
    seeds = range(options.first, options.first + options.seeds)
    _tell(
        f"{options.seeds} seeds from {options.first} on, {options.hours:g} h each, "
        f"{options.jobs} side by side; mixtures: {', '.join(MIXTURES)}"
    )
    struck: Counter[str] = Counter()
    failed: list[Outcome] = []
    acquisitions = 0
    said_s = 0.0
    for done, outcome in enumerate(_outcomes(seeds, options.jobs), 1):
        acquisitions += outcome.acquisitions
        struck.update(outcome.faults)
        if outcome.violation is not None:
            failed.append(outcome)
            _tell(f"seed {outcome.seed} ({outcome.mixture}): {outcome.violation}")
        took_s = SystemClock().now().since(began)
        if took_s - said_s > 10:
            said_s = took_s
            _tell(f"{done} of {options.seeds}: {acquisitions} acquisitions, {len(failed)} failures")
    for outcome in failed[:SHOWN]:
        _show(outcome)
    took_s = SystemClock().now().since(began)
    missing = [kind.value for kind in Kind if not struck[kind.value]]
    if missing:
        _tell(f"never struck: {', '.join(missing)}")
    report = {
        "seeds": options.seeds,
        "first": options.first,
        "fleet_days": round(options.seeds * options.hours / 24, 2),
        "acquisitions": acquisitions,
        "faults": {kind.value: struck[kind.value] for kind in Kind},
        "violations": len(failed),
        "failed": sorted(outcome.seed for outcome in failed)[:100],
        "took_s": round(took_s),
    }
    print(json.dumps(report), flush=True)  # noqa: T201 - the result
    lacking = bool(missing) and options.seeds >= ENOUGH_SEEDS
    return 1 if failed or lacking else 0


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m tests.simulation",
        description=__doc__,
        epilog="a failure is seen again with --first SEED --seeds 1, and told whole with "
        "--transcript",
    )
    parser.add_argument("--seeds", type=int, default=100, help="how many (default: 100)")
    parser.add_argument("--first", type=int, default=0, help="the first of them (default: 0)")
    parser.add_argument(
        "--hours", type=float, default=HOURS, help=f"of each fleet's life (default: {HOURS})"
    )
    parser.add_argument(
        "--jobs", type=int, default=os.cpu_count() or 1, help="side by side (default: all cores)"
    )
    parser.add_argument(
        "--transcript", action="store_true", help="tell all that happens to the first seed"
    )
    options = parser.parse_args()
    if options.seeds < 1 or options.hours <= 0 or options.jobs < 1:
        parser.error("--seeds, --hours and --jobs have to be more than 0")
    _HOURS.append(options.hours)
    return options


_HOURS: list[float] = []


def _outcome(seed: int) -> Outcome:
    return outcome_of(seed, _HOURS[-1])


def _outcomes(seeds: range, jobs: int) -> Iterator[Outcome]:
    if jobs == 1 or len(seeds) == 1:
        yield from map(_outcome, seeds)
        return
    # Forked: what they have imported is the same for all, and so are the hours.
    with multiprocessing.get_context("fork").Pool(jobs, maxtasksperchild=50) as pool:
        yield from pool.imap_unordered(_outcome, seeds, chunksize=1)


def _show(outcome: Outcome) -> None:
    _tell(f"making seed {outcome.seed} shorter")
    found = shrink(outcome.seed, MIXTURES[outcome.mixture], hours=_HOURS[-1])
    _tell(told(found) if found else f"seed {outcome.seed} passes when it is run again")


def _transcript(seed: int, hours: float) -> int:
    lines: list[str] = []
    fleet = fleet_of(seed, hours=hours, lines=lines)
    code = 0
    try:
        live(fleet)
    except Violation as error:
        lines.append(f"{fleet.t:11.3f}  {'':<8}  VIOLATION {error}")
        code = 1
    head = (
        f"seed {seed}: {mixture_of(seed)}, accounts {' '.join(fleet.names)}, {hours:g} h and "
        f"{QUIET_S:g} s of quiet, policy {fleet.policy}, standby {fleet.standby}"
    )
    print(head, *lines, sep="\n", flush=True)  # noqa: T201 - the result
    return code


def _tell(text: str) -> None:
    print(text, file=sys.stderr, flush=True)  # noqa: T201 - progress


if __name__ == "__main__":
    sys.exit(main())
