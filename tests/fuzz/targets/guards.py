"""What agent, guard and reaper say to each other.

Nobody else can reach their socket; a workload that goes mad must still not be able
to bring a guard to anything but an orderly end.
"""

from __future__ import annotations

import socket

from sessionlib.guard.channel import Channel
from sessionlib.guard.wire import Garbled, GuardMessage, decode, encode
from tests.fuzz.target import Target


def _holds(message: GuardMessage) -> None:
    assert decode(encode(message).rstrip(b"\n")) == message


def _stream(data: bytes) -> list[GuardMessage]:
    """The same through a socket, torn where it may be torn: bytes and what is sent one by one."""
    ours, theirs = socket.socketpair()
    with ours, theirs:
        channel = Channel(ours)
        found: list[GuardMessage] = []
        for piece in (data[: len(data) // 2], data[len(data) // 2 :]):
            theirs.sendall(piece)
            found += channel.receive()
        return found


def _stream_holds(messages: list[GuardMessage]) -> None:
    for message in messages:
        _holds(message)


TARGETS = (
    Target("message", "guard.wire.decode", decode, (Garbled,), _holds, "json"),
    Target("channel", "guard.channel.Channel", _stream, (Garbled,), _stream_holds, "json"),
)
