"""Make the scenarios anew."""

from __future__ import annotations

import sys

from tests.simulation.scenarios.keeping import NAMES, make

if __name__ == "__main__":
    for name in sys.argv[1:] or NAMES:
        scenario = make(name)
        print(f"{name}: seed {scenario.seed}, {len(scenario.kept)} faults")  # noqa: T201 - the result
