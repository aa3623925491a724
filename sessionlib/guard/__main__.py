"""How the guard comes to be: `python -m sessionlib.guard`, started by `client`.

Guard and reaper are set up in an order in which nothing can run that nobody inherits.
"""

from __future__ import annotations

import os
import signal
import socket
import sys

from sessionlib.clock import SystemClock
from sessionlib.guard import linux
from sessionlib.guard.channel import Channel
from sessionlib.guard.loop import GuardLoop
from sessionlib.guard.policy import Limits
from sessionlib.guard.reaper import Reaper

_UNHEEDED = (signal.SIGTERM, signal.SIGINT, signal.SIGHUP, signal.SIGQUIT, signal.SIGPIPE)
"""A machine that shuts down sends SIGTERM to all at once. It is for the agent to quiesce
the workload then, and the guard ends when the agent does."""


def main(arguments: list[str]) -> None:
    """`arguments`: the socket's descriptor, the agent's process number, and the limits."""
    handle, agent_pid = map(int, arguments[:2])
    margin_s, kill_after_s, silence_s = map(float, arguments[2:5])
    limits = Limits(margin_s=margin_s, kill_after_s=kill_after_s, silence_s=silence_s)
    for signum in _UNHEEDED:
        signal.signal(signum, signal.SIG_IGN)
    linux.set_name("colabvps-guard")
    linux.adopt_orphans()
    agent = Channel(socket.socket(fileno=handle))
    ours, reapers = socket.socketpair()
    guard_pid = os.getpid()
    reaper_pid = os.fork()
    if reaper_pid == 0:
        # The agent learns of the guard's end by end-of-file: no copy of its socket may stay.
        agent.close()
        ours.close()
        Reaper(Channel(reapers), guard_pid, limits.silence_s).run()
        return
    reapers.close()
    GuardLoop(
        agent=agent,
        reaper=Channel(ours),
        agent_pid=agent_pid,
        reaper_pid=reaper_pid,
        limits=limits,
        clock=SystemClock(),
    ).run()


if __name__ == "__main__":
    main(sys.argv[1:])
