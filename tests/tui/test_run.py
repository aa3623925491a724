"""What is left of an app once it has ended.

Goal: a signal that comes afterwards, as a terminal that is closed sends them, finds
nothing of the app any more. Method: a real one, in a process of its own with a terminal
of its own, and the signal sent once it is over.
"""

from __future__ import annotations

import os
import pty
import subprocess
import sys

ENDED = """
import os, signal
from textual.app import App
from console.tui.run import _run

class Short(App[None]):
    def on_mount(self) -> None:
        self.exit()

_run(Short())
for number in (signal.SIGCONT, signal.SIGTSTP):
    assert signal.getsignal(number) is signal.SIG_DFL, number
os.kill(os.getpid(), signal.SIGCONT)
print("still here")
"""


def test_no_signal_reaches_an_app_that_has_ended() -> None:
    ours, theirs = pty.openpty()
    try:
        ran = subprocess.run(
            [sys.executable, "-c", ENDED],
            stdin=theirs,
            # Textual draws on what the interpreter began with.
            env={**os.environ, "TERM": "xterm-256color"},
            stdout=subprocess.PIPE,
            stderr=theirs,
            timeout=60,
            check=False,
        )
    finally:
        os.close(theirs)
        os.close(ours)
    assert ran.returncode == 0
    assert ran.stdout == b"still here\n"
