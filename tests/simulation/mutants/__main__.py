"""Goal: every mutant dead, by name.

Method: each is run with one seed after the other until one ends in a violation, several
mutants side by side. The same fleets with every rule in place have to come through first.
Progress goes to standard error; the last line, on standard output, is one JSON document.
Exit code 1 if a mutant survives, or if the product itself doesn't come through.
"""

from __future__ import annotations

import argparse
import json
import multiprocessing
import os
import sys

from tests import replacing
from tests.simulation.mutants import MUTANTS
from tests.simulation.mutants.kinds import MOST_SEEDS
from tests.simulation.seeds import fleet_of, live
from tests.simulation.truth import Violation


def main() -> int:
    options = _options()
    replacing.install()
    wanted = [mutant.name for mutant in MUTANTS if mutant.name in (options.names or _names())]
    dead: dict[str, int] = {}
    alive: list[str] = []
    false: list[str] = []
    with multiprocessing.get_context("fork").Pool(options.jobs) as pool:
        for name, wrong in pool.imap_unordered(_unharmed, wanted):
            if wrong is not None:
                false.append(name)
                _tell(f"{name}: with the rule in place, {wrong}")
        for name, seed, why in pool.imap_unordered(_killed, wanted):
            if why is None:
                alive.append(name)
                _tell(f"{name} is ALIVE after {MOST_SEEDS} seeds")
            else:
                dead[name] = seed
                _tell(f"{name:<40} dies of seed {seed:<4} {why:.100}")
    report = {
        "mutants": len(wanted),
        "dead": len(dead),
        "seeds": dict(sorted(dead.items())),
        "alive": alive,
        "false": false,
    }
    print(json.dumps(report), flush=True)  # noqa: T201 - the result
    return 1 if alive or false else 0


def _names() -> list[str]:
    return [mutant.name for mutant in MUTANTS]


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.simulation.mutants", description=__doc__)
    parser.add_argument("names", nargs="*", metavar="NAME", help="of mutants (default: all)")
    parser.add_argument("--jobs", type=int, default=os.cpu_count() or 1, help="side by side")
    options = parser.parse_args()
    unknown = set(options.names) - set(_names())
    if unknown:
        parser.error(f"no such mutant: {', '.join(sorted(unknown))}; there are {_names()}")
    return options


def _killed(name: str) -> tuple[str, int, str | None]:
    mutant = next(each for each in MUTANTS if each.name == name)
    for seed in range(mutant.first, mutant.first + MOST_SEEDS):
        why = mutant.dies(seed)
        if why is not None:
            return name, seed, why
    return name, MOST_SEEDS, None


def _unharmed(name: str) -> tuple[str, str | None]:
    """What is wrong with the product in the first of the mutant's fleets."""
    mutant = next(each for each in MUTANTS if each.name == name)
    try:
        live(fleet_of(0, mutant.odds, hours=mutant.hours, **mutant.fleet))
    except Violation as error:
        return name, str(error)
    return name, None


def _tell(text: str) -> None:
    print(text, file=sys.stderr, flush=True)  # noqa: T201 - progress


if __name__ == "__main__":
    sys.exit(main())
