"""Goal: a full, a read-only and an unmounted disk each give a clear verdict and lose nothing.

Method: a real small disk, mounted in a namespace of the test's own.
"""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from tests.contract.actors import REPO
from tests.needs import needs_mounts


def test_full_read_only_and_unmounted(tmp_path: Path) -> None:
    inside = [sys.executable, "-S", "-m", "tests.contract.full_disk", str(tmp_path)]
    result = subprocess.run(
        [*needs_mounts(), *inside],
        cwd=REPO,
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert result.returncode == 0, result.stderr
