"""Break living fleets on purpose, and let the workloads' own journals judge.

Real agents, guards and workloads over a folder store are killed, frozen, told to
end, starved of disk, of descriptors and of system calls, and given wrong clocks,
in an order and at moments that the seed decides. Several fleets live side by side,
each through all of its rounds. The last line, on standard output, is one JSON
document. Exit code 1 if ever two runs of the work overlapped, an epoch didn't rise,
a move in order lost a write, a crash lost more than it may, an agent crashed, or a
fleet didn't get over something; what such a fleet left behind is kept. Exit code 3
if it was interrupted with nothing found.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import sys
from collections.abc import Mapping, Sequence
from typing import Any

from sessionlib.clock import SystemClock
from tests.chaos.deck import ALL_KINDS, deal, possible
from tests.chaos.harms import KINDS
from tests.chaos.lane import heed_interrupts
from tests.chaos.powers import Power, lacking
from tests.chaos.runner import Run
from tests.chaos.verdict import summary
from tests.chaos.whole_tree import measure
from tests.conftest import NO_SKIPS

SHORT_ROUNDS = 2
OFTEN = 5
"""From so many times on harm that nobody notices is none; one freeze or two may be short."""
EPILOG = """\
examples:
  python -m tests.chaos --short                      every kind twice, about two minutes
  python -m tests.chaos --seconds 600 --fleets 4     as much as ten minutes hold
  python -m tests.chaos --kinds sigkill eio overlap --rounds 50 --seed 7
  python -m tests.chaos --kinds sigkill --rounds 1 --trees 20
                                                     what a machine that was frozen whole
                                                     still does when it thaws, measured
"""
LOOK_AT = (
    "fleet/journal/ has a file for each run of the work, lease.log every version of the lease "
    "record, rounds.log what was done and when, work/ACCOUNT/logs/ what each agent said; all "
    "times are seconds since boot"
)


def main(argv: Sequence[str] | None = None) -> int:
    options = _options(argv)
    began = SystemClock().now()
    missing = lacking()
    kinds = possible(options.kinds, missing)
    left_out = {kind: _why(kind, missing) for kind in options.kinds if kind not in kinds}
    hands = deal(kinds, options.rounds, options.fleets, options.seed)
    given = {
        "seed": options.seed,
        "rounds": None if options.seconds else options.rounds,
        "seconds": options.seconds,
        "fleets": len(hands),
        "scale": options.scale,
        "left_out": left_out,
    }
    _tell(f"options: {json.dumps({**given, 'kinds_given': kinds})}")
    for kind, why in left_out.items():
        _tell(f"left out: {kind}, which {why}")
    load_before = os.getloadavg()[0]
    run = Run(
        hands, options.seed, options.scale, options.seconds, Power.MOUNTS not in missing, _tell
    )
    run.play()
    found = _found(run)
    if left_out and os.environ.get(NO_SKIPS) == "1":
        found["violations"] += [f"{kind} is left out: {why}" for kind, why in left_out.items()]
    if options.trees and not run.interrupted:
        _tell(f"{options.trees} whole trees are frozen")
        dice = random.Random(options.seed)
        found["whole_tree_frozen"] = measure(options.scale, options.trees, dice)
    load = [round(load_before, 1), *(round(each, 1) for each in os.getloadavg()[:2])]
    took_s = round(SystemClock().now().since(began))
    print(json.dumps({**given, **found, "load": load, "took_s": took_s}), flush=True)  # noqa: T201 - the result
    if found["violations"]:
        return 1
    return 3 if run.interrupted else 0


def _found(run: Run) -> dict[str, Any]:
    harm, heard = dict(sorted(run.counts.items())), dict(sorted(run.heard.items()))
    found = {**summary(run.judged), "harm": harm, "heard": heard}
    found["violations"] += [*run.failed, *_unheard(found["kinds"], heard)]
    found["interrupted"] = run.interrupted
    kept = run.leftovers()
    for violation in found["violations"]:
        _tell(f"violation: {violation}")
    if kept:
        found["kept"] = kept
        _tell(f"kept: {', '.join(kept)}: {LOOK_AT}")
    return found


def _unheard(kinds: Mapping[str, Any], heard: Mapping[str, int]) -> list[str]:
    """Kinds that reached nobody: done often, and no agent has said a word of it."""
    return [
        f"{kind} was done {found['count']} times, and no agent noticed: it does nothing"
        for kind, found in kinds.items()
        if kind in KINDS and found["count"] >= OFTEN
        if (what := KINDS[kind].heard) is not None and not heard.get(what)
    ]


def _why(kind: str, missing: dict[Power, str]) -> str:
    need = KINDS[kind].needs
    return "" if need is None else missing[need]


def _options(argv: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m tests.chaos",
        description=__doc__,
        epilog=EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    much = parser.add_mutually_exclusive_group()
    much.add_argument("--rounds", type=int, default=20, help="of each kind (default: 20)")
    much.add_argument("--seconds", type=float, help="rounds for so long, in place of a number")
    much.add_argument("--short", action="store_true", help="two of each kind, as in CI")
    parser.add_argument(
        "--seed", type=int, default=1, help="decides order and moments (default: 1)"
    )
    parser.add_argument(
        "--kinds", nargs="+", choices=ALL_KINDS, default=list(ALL_KINDS), metavar="KIND",
        help=f"default: all, which are {', '.join(ALL_KINDS)}",
    )  # fmt: skip
    parser.add_argument(
        "--fleets", type=int, default=3, help="side by side (default: 3); more load the machine"
    )
    parser.add_argument(
        "--scale", type=float, default=20.0, help="how fast (default: 20, a lease of 3.5 s)"
    )
    parser.add_argument(
        "--trees", type=int, default=0, help="whole sessions to freeze and thaw, to be measured"
    )
    options = parser.parse_args(argv)
    if options.short:
        options.rounds = SHORT_ROUNDS
    if options.rounds < 1 or options.fleets < 1 or not options.scale > 0:
        parser.error("--rounds, --fleets and --scale must be more than 0")
    return options


def _tell(text: str) -> None:
    print(text, file=sys.stderr, flush=True)  # noqa: T201 - progress


if __name__ == "__main__":
    heed_interrupts()
    sys.exit(main())
