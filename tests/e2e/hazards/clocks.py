"""Machines whose wall clock is wrong: agents under libfaketime.

Method: the library is preloaded into agent and guard, moves the wall clock only,
and reads by how much from a file at every look, so that a clock can be stepped in
mid-run. Files keep the dates that the file server gives them. The workload is
spared: its journal goes by the boot-time clock.

libfaketime 0.9.10 breaks `clock_nanosleep` to a monotonic time, which is Python's
`time.sleep`. So agents are started by a script that lets Python sleep in `select`
instead, and puts itself in the interpreter's place for the guard that they start.
"""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

_PACKAGE = ["dpkg", "-L", "libfaketime"]
_PYTHON = """\
#!{python} -IS
import runpy, select, sys, time
time.sleep = lambda seconds: select.select([], [], [], seconds)
{rate}del sys.argv[0]
while sys.argv[0] in ("-I", "-S"):
    del sys.argv[0]
kind = sys.argv.pop(0)
if kind == "-m":
    sys.executable = {wrapper!r}
    sys.path[:0] = {path!r}
    runpy.run_module(sys.argv[0], run_name="__main__", alter_sys=True)
else:
    code, sys.argv[:1] = sys.argv[0], ["-c"]
    exec(code)
"""


def library() -> Path:
    """The library to preload; without it the test is skipped by name."""
    try:
        listed = subprocess.run(_PACKAGE, capture_output=True, text=True, check=False).stdout
    except OSError:
        listed = ""
    found = [Path(line) for line in listed.splitlines() if line.endswith("/libfaketime.so.1")]
    usual = [Path(f"/usr/lib/{os.uname().machine}-linux-gnu/faketime/libfaketime.so.1")]
    for path in [*found, *usual]:
        if path.exists():
            return path
    pytest.skip("needs faketime: apt-get install faketime")


_RATE = """\
_monotonic, _gettime, _counted = time.monotonic, time.clock_gettime, {{time.CLOCK_BOOTTIME, 1}}
time.monotonic = lambda: _monotonic() * {rate}
time.clock_gettime = lambda clock: _gettime(clock) * ({rate} if clock in _counted else 1)
"""
"""Only `sessionlib.clock` reads a clock, and by these names."""


class WallClock:
    """The wall clock of one machine, off by `set`. Its others run at `rate`, and are never set."""

    def __init__(self, folder: Path, off: str, rate: float = 1.0) -> None:
        self._file = folder / "clock"
        self._library = library()
        wrapper = folder / "python"
        text = _PYTHON.format(
            python=sys.executable,
            wrapper=str(wrapper),
            path=sys.path,
            rate="" if rate == 1.0 else _RATE.format(rate=rate),
        )
        wrapper.write_text(text)
        wrapper.chmod(0o755)
        self.python = (str(wrapper),)
        self.set(off)

    def set(self, off: str) -> None:
        """Step the clock, at once: `+5h`, `-300m`, `+0`; `+0 x2` runs at twice the rate."""
        draft = self._file.with_suffix(".new")
        draft.write_text(off)
        draft.replace(self._file)

    @property
    def env(self) -> dict[str, str]:
        return {
            "LD_PRELOAD": str(self._library),
            "FAKETIME_TIMESTAMP_FILE": str(self._file),
            "FAKETIME_NO_CACHE": "1",
            "FAKETIME_DONT_FAKE_MONOTONIC": "1",
            "NO_FAKE_STAT": "1",
        }
