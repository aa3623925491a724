"""Goal: a process that couldn't be made costs the next one nothing.

Method: a process of its own, in which one fork fails as it does where there are too many, and
a workload that says which signals it can't hear.
"""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from tests.contract.actors import REPO

SCRIPT = """
import errno, os, sys
from sessionlib.core.work import Mode
from sessionlib.guard.launch import fork_exec
from sessionlib.guard.wire import Spawn

argv = ("grep", "SigBlk", "/proc/self/status")
spawn = Spawn(Mode.ACTIVE, 1, argv, "/", dict(os.environ), 1.0, sys.argv[1], "")
fork = os.fork

def too_many():
    os.fork = fork
    raise BlockingIOError(errno.EAGAIN, os.strerror(errno.EAGAIN))

os.fork = too_many
before = os.listdir("/proc/self/fd")
try:
    fork_exec(spawn, os.getpid())
except BlockingIOError:
    print(os.listdir("/proc/self/fd") == before)
pid, _ = fork_exec(spawn, os.getpid())
os.waitpid(pid, 0)
"""


def test_after_a_process_that_couldnt_be_made_the_next_one_hears_every_signal(
    tmp_path: Path,
) -> None:
    log = tmp_path / "log"
    ran = subprocess.run(
        [sys.executable, "-c", SCRIPT, str(log)],
        cwd=REPO,
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert ran.returncode == 0, ran.stderr
    assert ran.stdout == "True\n", "descriptors were left open"
    name, mask = log.read_text().split()
    assert (name, int(mask, 16)) == ("SigBlk:", 0)
