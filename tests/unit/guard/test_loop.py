"""One turn of the guard's loop: when its clocks are read.

Goal: no grant is lost for having been sent while the guard was in the middle of a turn.
Method: a turn of the real loop over real sockets, with a clock that moves on between two
lines of it, as a busy machine's does.
"""

from __future__ import annotations

import os
import signal
import socket
from collections.abc import Iterator
from contextlib import contextmanager

from sessionlib.core.values import Instant
from sessionlib.guard.channel import Channel
from sessionlib.guard.loop import GuardLoop
from sessionlib.guard.policy import Limits
from sessionlib.guard.wire import GuardMessage, LeaseGrant


class Stopwatch:
    def __init__(self) -> None:
        self.at_s = 1_000.0

    def now(self) -> Instant:
        return Instant(self.at_s, self.at_s, self.at_s)


class Slow(Channel):
    """The agent's end: while it is read time passes, and a grant arrives that was sent then."""

    clock: Stopwatch

    def receive(self) -> list[GuardMessage]:
        self.clock.at_s += 1.0
        return [LeaseGrant(1, self.clock.now(), 10.0)]


@contextmanager
def keeper_with(clock: Stopwatch) -> Iterator[GuardLoop]:
    pairs = [socket.socketpair() for _ in range(2)]
    before = signal.getsignal(signal.SIGCHLD)
    try:
        agent = Slow(pairs[0][0])
        agent.clock = clock
        yield GuardLoop(
            agent=agent,
            reaper=Channel(pairs[1][0]),
            # No such child: nothing to reap, and whoever has started this is the agent.
            agent_pid=os.getppid(),
            reaper_pid=0,
            limits=Limits(margin_s=5.0, kill_after_s=600.0, silence_s=5.0),
            clock=clock,
        )
    finally:
        # A guard keeps its signal for as long as its process lives; here it is on loan.
        signal.set_wakeup_fd(-1)
        signal.signal(signal.SIGCHLD, before)
        for one, other in pairs:
            one.close()
            other.close()


def test_a_grant_sent_during_a_turn_counts() -> None:
    clock = Stopwatch()
    with keeper_with(clock) as keeper:
        assert keeper._turn()
        assert keeper._custody.grant == LeaseGrant(1, clock.now(), 10.0)
