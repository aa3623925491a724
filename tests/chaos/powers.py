"""Goal: what this machine lets a test do to processes, and the Debian package where it doesn't.

Method: each power is tried for once, as it is used later. Nothing is left out in
silence: what is missing has a sentence, and what rests on it is named with it.
"""

from __future__ import annotations

import shutil
import subprocess
import sys
import tempfile
from enum import StrEnum

import pytest

from tests.e2e.hazards.clocks import library

ALONE = ("unshare", "--user", "--map-root-user", "--mount")
"""What gives a process mounts of its own, which end with it."""


class Power(StrEnum):
    """Something that not every machine permits."""

    MOUNTS = "mounts"
    """Small disks that are full, read-only or gone, in a mount namespace."""
    CALLS = "calls"
    """Another process's system calls, made to fail, to wait or to be its last: by strace."""
    CLOCKS = "clocks"
    """A wall clock that is another one, by libfaketime."""


def lacking() -> dict[Power, str]:
    """What can't be done here, and why."""
    found = {Power.MOUNTS: _mounts(), Power.CALLS: _calls(), Power.CLOCKS: _clocks()}
    return {power: why for power, why in found.items() if why is not None}


def _mounts() -> str | None:
    if shutil.which("unshare") is None:
        return "needs unshare: apt-get install util-linux"
    with tempfile.TemporaryDirectory() as folder:
        mount = ("mount", "-t", "tmpfs", "tmpfs", folder)
        if not _works(*ALONE, *mount):
            return "unshare may not make a user and mount namespace here"
    return None


def _calls() -> str | None:
    if shutil.which("strace") is None:
        return "needs strace: apt-get install strace"
    rule = ("-qq", "-e", "trace=getppid", "-e", "inject=getppid:retval=7")
    ask = (sys.executable, "-ISc", "import os, sys; sys.exit(os.getppid())")
    seen = subprocess.run(["strace", *rule, *ask], capture_output=True, check=False)
    return None if seen.returncode == 7 else "strace may not trace processes here"


def _clocks() -> str | None:
    try:
        library()
    except pytest.skip.Exception as missing:
        return str(missing)
    return None


def _works(*words: str) -> bool:
    return subprocess.run(words, capture_output=True, check=False).returncode == 0
