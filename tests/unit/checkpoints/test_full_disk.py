"""Goal: where space runs out, on either side, it is said, nothing is lost, and it goes on.

Method: real small disks, mounted in a namespace of the test's own.
"""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.contract.actors import REPO

ALONE = ["unshare", "--user", "--map-root-user", "--mount"]


def test_full_disks(tmp_path: Path) -> None:
    if shutil.which("unshare") is None:
        pytest.skip("unshare is not installed")
    probe = subprocess.run(
        [*ALONE, "mount", "-t", "tmpfs", "tmpfs", str(tmp_path)], capture_output=True, check=False
    )
    if probe.returncode != 0:
        pytest.skip("unshare may not make a user and mount namespace here")
    inside = [sys.executable, "-m", "tests.unit.checkpoints.full_disk", str(tmp_path)]
    result = subprocess.run(
        [*ALONE, *inside], cwd=REPO, capture_output=True, text=True, check=False, timeout=60
    )
    assert result.returncode == 0, result.stderr
