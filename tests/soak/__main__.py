"""Goal: hundreds of mishaps on one fleet that lives on, and one verdict.

Method: the mishaps of all kinds in an order that `--seed` decides, on real agents
with a folder store, each killed agent started again. Progress goes to standard
error; the last line, on standard output, is one JSON document. Exit code 1 if
ever two runs of the work overlapped, an epoch didn't rise, a move in order lost
a write, or the fleet didn't get over something.
"""

from __future__ import annotations

import argparse
import json
import random
import sys
import tempfile
from pathlib import Path
from typing import Any

from console.demo.journal import read_journals
from console.demo.stage import ACCOUNTS
from sessionlib.clock import SystemClock
from tests.e2e.fleet_fixture import Fleet, fleet_in
from tests.soak.mishaps import MISHAPS, Done, Scene, suffer
from tests.soak.verdict import summary
from tests.soak.whole_tree import measure

EVERY_S = 1.0
"""The checkpoint interval: short, so that what a crash loses is held to something."""


def main() -> int:
    options = _options()
    began = SystemClock().now()
    chance = random.Random(options.seed)
    kinds = [kind for kind in options.kinds for _ in range(options.rounds)]
    chance.shuffle(kinds)
    with tempfile.TemporaryDirectory(prefix="colabvps-soak-") as folder:
        found = _soak(Path(folder), options.scale, kinds, chance)
    if options.trees:
        _tell(f"{options.trees} whole trees are frozen")
        found["whole_tree_frozen"] = measure(options.scale, options.trees, chance)
    given = {"rounds": options.rounds, "seed": options.seed, "scale": options.scale}
    took_s = round(SystemClock().now().since(began))
    print(json.dumps({**given, "took_s": took_s, **found}), flush=True)  # noqa: T201
    return 1 if found["violations"] else 0


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.soak", description=__doc__)
    parser.add_argument("--rounds", type=int, default=100, help="of each kind (default: 100)")
    parser.add_argument(
        "--kinds", nargs="+", choices=list(MISHAPS), default=list(MISHAPS), help="default: all"
    )
    parser.add_argument("--seed", type=int, default=1, help="decides order and moments")
    parser.add_argument("--scale", type=float, default=20.0, help="how fast (default: 20)")
    parser.add_argument("--trees", type=int, default=20, help="whole trees to freeze")
    return parser.parse_args()


def _soak(folder: Path, scale: float, kinds: list[str], chance: random.Random) -> dict[str, Any]:
    done: list[Done] = []
    failed: list[str] = []
    try:
        with fleet_in(folder, scale, {"checkpoint": {"every": f"{EVERY_S * scale:g}s"}}) as fleet:
            fleet.begin()
            for at, kind in enumerate(kinds, start=1):
                try:
                    done.append(suffer(Scene(fleet, chance), kind))
                    _tell(f"{at}/{len(kinds)} {kind}: epoch {done[-1].after.epoch}")
                except AssertionError as error:
                    failed.append(f"{at} {kind}: {error}")
                    _tell(failed[-1])
                    _mend(fleet)
            tenures = read_journals(fleet.stage.journals)
            found = summary(done, tenures, EVERY_S, fleet.timing.ttl_s)
    except AssertionError as error:
        # The fleet's own judge, which looks at the lease record too.
        failed.append(f"judged: {error}")
    found["violations"] += failed
    return found


def _mend(fleet: Fleet) -> None:
    """Let everybody run again, so that one failure isn't counted for all that follows."""
    for account in ACCOUNTS:
        if not fleet.stage.is_running(account):
            fleet.restart(account)


def _tell(text: str) -> None:
    print(text, file=sys.stderr, flush=True)  # noqa: T201


if __name__ == "__main__":
    sys.exit(main())
