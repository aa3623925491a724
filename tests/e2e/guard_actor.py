"""An agent that does nothing but keep a workload serving, to be killed by tests.

Run as `python -m tests.e2e.guard_actor HOME VALID_S RENEW_S KIND...`. It writes
each renewal's `sent` to HOME/renewals.
"""

from __future__ import annotations

import sys
from pathlib import Path

from sessionlib.clock import SystemClock, sleep
from sessionlib.core.work import Aim, Goal
from tests.e2e.guard_kit import workload_in

EPOCH = 1


def main(home: Path, valid_s: float, renew_s: float, kinds: list[str]) -> None:
    clock = SystemClock()
    workload = workload_in(home, kinds, lambda _: None)
    workload.set_goal(Goal(Aim.SERVE, EPOCH))
    renewed = clock.now().mono - renew_s
    with (home / "renewals").open("a", buffering=1) as renewals:
        while True:
            now = clock.now()
            if now.mono - renewed >= renew_s:
                renewed = now.mono
                workload.grant(EPOCH, now, valid_s)
                renewals.write(f"{now.boot}\n")
            workload.step(now)
            sleep(0.01)


if __name__ == "__main__":
    main(Path(sys.argv[1]), float(sys.argv[2]), float(sys.argv[3]), sys.argv[4:])
