"""Goal: every state of every configuration, and one verdict.

Method: configurations side by side, each explored until nothing new is found. Progress goes
to standard error, and a broken promise as the shortest way to it. The last line, on
standard output, is one JSON document. Exit code 1 if a promise is broken, or if an
exploration wasn't complete.
"""

from __future__ import annotations

import argparse
import json
import multiprocessing
import os
import sys
from typing import Any

from sessionlib.clock import SystemClock
from tests import replacing
from tests.model.config import CONFIGS
from tests.model.explore import Explored, Found, explore
from tests.model.scale import drifting
from tests.model.whole import Whole

MOST_STATES = 60_000_000
"""So many take about ten gigabytes: beyond that a configuration counts as not complete."""


def main() -> int:
    options = _options()
    replacing.install()
    if options.list:
        for config in CONFIGS.values():
            print(f"{config.name:<20} {config.told}")  # noqa: T201 - the result
        return 0
    chosen = options.config or [
        name for name, config in CONFIGS.items() if config.is_small or not options.small
    ]
    began = SystemClock().now()
    found: dict[str, dict[str, Any]] = {}
    # A process for each: what one has used is given back when it ends.
    with multiprocessing.get_context("fork").Pool(options.jobs, maxtasksperchild=1) as pool:
        for name, report in pool.imap_unordered(_explored, chosen, chunksize=1):
            found[name] = report
            _tell(f"{name}: {report['states']} states, complete: {report['complete']}")
    violations = [f"{name}: {each['broken']}" for name, each in found.items() if each["broken"]]
    complete = all(each["complete"] for each in found.values())
    report = {
        "configurations": {name: found[name] for name in chosen},
        "states": sum(each["states"] for each in found.values()),
        "complete": complete,
        "violations": violations,
        "took_s": round(SystemClock().now().since(began)),
    }
    print(json.dumps(report), flush=True)  # noqa: T201 - the result
    return 0 if complete and not violations else 1


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.model", description=__doc__)
    parser.add_argument("--small", action="store_true", help="those that take a minute in all")
    parser.add_argument(
        "--config", nargs="+", choices=list(CONFIGS), metavar="NAME", help="these (see --list)"
    )
    parser.add_argument("--list", action="store_true", help="what there is to explore")
    parser.add_argument("--jobs", type=int, default=os.cpu_count() or 1, help="side by side")
    return parser.parse_args()


def _explored(name: str) -> tuple[str, dict[str, Any]]:
    clock = SystemClock()
    began = clock.now()
    said = [0.0]

    def tell(explored: Explored, frontier: int) -> None:
        took_s = clock.now().since(began)
        if took_s - said[0] > 20:
            said[0] = took_s
            _tell(f"{name}: depth {explored.depth}, {explored.states} states, {frontier} to go on")

    with drifting():
        whole = Whole(CONFIGS[name])
        explored, _ = explore(whole, MOST_STATES, tell)
        if explored.found is not None:
            _tell(f"{name}: {told(whole, explored.found)}")
    return name, {
        "states": explored.states,
        "transitions": explored.transitions,
        "depth": explored.depth,
        "complete": explored.is_complete,
        "broken": explored.found.why if explored.found else None,
        "took_s": round(clock.now().since(began), 1),
    }


def told(whole: Whole, found: Found) -> str:
    """The way to a broken promise, for people."""
    lines = [found.why]
    for state, after in zip(found.path, (*found.path[1:], None), strict=True):
        record = whole.grounds.values[whole.unpack(state)[0]].record
        held = f"{record.state.value} by {record.holder}" if record.holder else record.state.value
        moves = whole.moves(state)
        step = next(
            (
                m
                for m in moves
                if (after is None and m.broken) or (after is not None and m.to == after)
            ),
            None,
        )
        what = "" if step is None else f"{'' if step.who is None else step.who} {step.label}"
        lines.append(f"  {held:<16} then {what.strip()}")
    return "\n".join(lines)


def _tell(text: str) -> None:
    print(text, file=sys.stderr, flush=True)  # noqa: T201 - progress


if __name__ == "__main__":
    sys.exit(main())
