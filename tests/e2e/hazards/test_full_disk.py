"""Hazard 3, and 12's state that is never saved: the store's disk is full.

Goal: nobody can renew, so the work stops at the deadline, nothing crashes, and
once there is space it goes on. Method: `full_disk`, on a small disk of its own.
"""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from tests.e2e.hazards.kit import ROOT, environment
from tests.needs import needs_mounts


def test_a_full_disk_stops_the_work_in_time_and_space_lets_it_go_on(tmp_path: Path) -> None:
    result = subprocess.run(
        [*needs_mounts(), sys.executable, "-m", "tests.e2e.hazards.full_disk", str(tmp_path)],
        cwd=ROOT,
        env=environment({}),
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert result.returncode == 0, result.stderr
