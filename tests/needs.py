"""What a test needs of the machine, and what is said where it is missing."""

from __future__ import annotations

import shutil
import subprocess
import tempfile

import pytest


def needs(program: str, package: str) -> str:
    """The path of `program`. Skips the test, naming Debian's package, where it isn't installed."""
    found = shutil.which(program)
    if found is None:
        pytest.skip(f"needs {program}: apt-get install {package}")
    return found


def needs_mounts() -> list[str]:
    """The words before a command that may mount what it likes, seen by nobody else. Skips the
    test where there is no such thing."""
    alone = [needs("unshare", "util-linux"), "--user", "--map-root-user", "--mount"]
    with tempfile.TemporaryDirectory() as folder:
        probe = [*alone, "mount", "-t", "tmpfs", "tmpfs", folder]
        if subprocess.run(probe, capture_output=True, check=False).returncode != 0:
            pytest.skip("unshare may not make a user and mount namespace here")
    return alone
