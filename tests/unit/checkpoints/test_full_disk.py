"""Goal: where space runs out, on either side, it is said, nothing is lost, and it goes on.

Method: real small disks, mounted in a namespace of the test's own.
"""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from tests.contract.actors import REPO
from tests.needs import needs_mounts


def test_full_disks(tmp_path: Path) -> None:
    inside = [sys.executable, "-m", "tests.unit.checkpoints.full_disk", str(tmp_path)]
    result = subprocess.run(
        [*needs_mounts(), *inside],
        cwd=REPO,
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert result.returncode == 0, result.stderr
