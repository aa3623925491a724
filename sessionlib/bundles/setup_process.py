"""The set-up command's parent: a small process, of which nothing is left when it ends.

It reads one line of JSON from standard input, then silence until the agent hangs up. It
writes one line of JSON: the exit code, or why there is none.
"""

# A time-out, a cancellation and the agent's death are all the same end-of-file. The process is
# subreaper, so it finds what detaches itself. It kills what the command leaves behind as well:
# only the workload may go on running in a session, and the workload has a guard.

from __future__ import annotations

import json
import os
import select
import signal
from typing import Any

from sessionlib.core.work import Mode
from sessionlib.guard import linux
from sessionlib.guard.launch import fork_exec, read_reason
from sessionlib.guard.tree import family, pause_s, reap, strike
from sessionlib.guard.wakeup import Wakeup
from sessionlib.guard.wire import Spawn

_UNHEEDED = (signal.SIGTERM, signal.SIGINT, signal.SIGHUP, signal.SIGQUIT, signal.SIGPIPE)
"""A machine that shuts down signals all at once; this process ends with the agent's pipe."""
_READ_BYTES = 64 * 1024


def main() -> None:
    """Run one command, as standard input says."""
    for signum in _UNHEEDED:
        signal.signal(signum, signal.SIG_IGN)
    linux.set_name("colabvps-setup")
    linux.adopt_orphans()
    woken = Wakeup()
    line = _read_line()
    if line is None:
        return
    try:
        said = _run(json.loads(line), woken)
    finally:
        _kill_all(woken)
    os.write(1, json.dumps(said).encode() + b"\n")


def _read_line() -> bytes | None:
    """What is to be run; None if the agent hung up before it had said it."""
    data = b""
    while not data.endswith(b"\n"):
        piece = os.read(0, _READ_BYTES)
        if not piece:
            return None
        data += piece
    return data


def _run(body: dict[str, Any], woken: Wakeup) -> dict[str, Any]:
    spawn = Spawn(
        mode=Mode.STANDBY,
        epoch=None,
        argv=tuple(body["argv"]),
        cwd=body["cwd"],
        env=body["env"],
        grace_s=0.0,
        log_path=body["log"],
        control_path="",
    )
    try:
        pid, told = fork_exec(spawn, os.getpid())
    except OSError as error:
        return {"failed": f"can't start a process: {error.strerror}"}
    code = _wait(pid, woken)
    if code is None:
        return {"failed": "called off"}
    reason = read_reason(told)
    return {"failed": reason} if reason else {"code": code}


def _wait(pid: int, woken: Wakeup) -> int | None:
    """The command's exit code; None if the agent hung up first."""
    hears: list[Any] = [0, woken]
    while True:
        codes, _ = reap()
        if pid in codes:
            return codes[pid]
        ready, _, _ = select.select(hears, [], [])
        woken.drain()
        if 0 in ready and not os.read(0, _READ_BYTES):
            return None


def _kill_all(woken: Wakeup) -> None:
    passes = 0
    while not reap()[1]:
        strike(family([os.getpid()]).members, signal.SIGKILL, passes)
        passes += 1
        select.select([woken], [], [], pause_s(passes))
        woken.drain()


if __name__ == "__main__":
    main()
