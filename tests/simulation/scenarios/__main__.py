"""Make the scenarios anew.

`--text` only tells them anew, where the same seeds and faults still show them.
"""

from __future__ import annotations

import argparse

from tests.simulation.scenarios.keeping import NAMES, make, tell_anew

if __name__ == "__main__":
    parser = argparse.ArgumentParser(prog="python -m tests.simulation.scenarios")
    parser.add_argument("names", nargs="*", metavar="NAME", help="of scenarios (default: all)")
    parser.add_argument("--text", action="store_true", help="the same faults, told anew")
    options = parser.parse_args()
    for name in options.names or NAMES:
        if options.text:
            tell_anew(name)
        else:
            scenario = make(name)
            print(f"{name}: seed {scenario.seed}, {len(scenario.kept)} faults")  # noqa: T201
