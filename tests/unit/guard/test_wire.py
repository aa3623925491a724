"""The lines between agent, guard and reaper: all of them survive, nothing else gets in."""

from __future__ import annotations

import json
import os
import socket
from typing import get_args

import pytest

from sessionlib.core.values import Instant
from sessionlib.core.work import Mode
from sessionlib.guard import wire
from sessionlib.guard.channel import Channel
from sessionlib.guard.wire import Garbled, decode, encode

NOW = Instant(12345.678901234567, 0.1 + 0.2, 1_700_000_000.000001)
SPAWN = wire.Spawn(
    mode=Mode.ACTIVE,
    epoch=7,
    argv=("python", os.fsdecode(b"caf\xe9")),
    cwd="/tmp",
    env={"SECRET": "hush", "NAME": os.fsdecode(b"\xff\n")},
    grace_s=20.0,
    log_path="/tmp/log",
    control_path="/tmp/control",
)
MESSAGES: list[wire.GuardMessage] = [
    SPAWN,
    wire.Spawn(Mode.STANDBY, None, ("a",), "/", {}, 0.0, "l", "c"),
    wire.Activate(7),
    wire.LeaseGrant(7, NOW, 54.4),
    wire.Freeze(NOW),
    wire.Stop(kill=True),
    wire.Started(1, 2),
    wire.KeepAlive(),
    wire.Spawned(3),
    wire.SpawnFailed("no"),
    wire.Activated(7),
    wire.SpawnRefused("no"),
    wire.NotActivated("no"),
    wire.Exited(-9),
    wire.Frozen("why"),
    wire.Thawed(),
    wire.Emptied(),
]


def test_every_message_survives() -> None:
    assert [decode(encode(message)) for message in MESSAGES] == MESSAGES
    assert {type(message) for message in MESSAGES} == set(get_args(wire.GuardMessage))


def test_a_message_is_one_line_of_ascii() -> None:
    line = encode(SPAWN)
    assert line.isascii()
    assert line.count(b"\n") == 1


def test_secrets_are_not_printed() -> None:
    assert "hush" not in repr(SPAWN)


GRANT = json.loads(encode(wire.LeaseGrant(7, NOW, 54.4)))


@pytest.mark.parametrize(
    "line",
    [
        b"",
        b"{}",
        b"[]",
        b"null",
        b'{"is":"Alive"',
        b'{"is":"Nonsense"}',
        b'{"is":["Alive"]}',
        b'{"is":"Alive","more":1}',
        b'{"is":"Stop"}',
        b'{"is":"Stop","kill":1}',
        b'{"is":"Activate","epoch":1.0}',
        b'{"is":"Activate","epoch":true}',
        b"\xff\xfe",
        b"[" * 100_000,
        json.dumps({**GRANT, "valid_s": None}).encode(),
        json.dumps({**GRANT, "sent": {"boot": 1.0}}).encode(),
        json.dumps({**GRANT, "sent": [1, 2, 3]}).encode(),
        json.dumps({**GRANT, "valid_s": float("nan")}).encode(),
        json.dumps({**GRANT, "valid_s": float("inf")}).encode(),
        json.dumps(GRANT).replace("54.4", "1e999").encode(),
        json.dumps({**GRANT, "valid_s": 10**400}).encode(),
    ],
)
def test_anything_else_is_garbled(line: bytes) -> None:
    with pytest.raises(Garbled):
        decode(line)


def test_what_is_garbled_is_not_quoted() -> None:
    with pytest.raises(Garbled) as caught:
        decode(b'{"is":"Spawn","env":{"SECRET":"hush"}}')
    assert "hush" not in str(caught.value)


def channels() -> tuple[Channel, Channel]:
    one, other = socket.socketpair()
    return Channel(one), Channel(other)


def test_a_peer_that_does_not_read_holds_nobody_up_and_loses_nothing_but_signs_of_life() -> None:
    one, other = channels()
    big = wire.SpawnFailed("x" * 100_000)
    for _ in range(20):
        one.send(big)
        one.offer(wire.KeepAlive())
    heard = other.receive()
    while len([message for message in heard if message == big]) < 20:
        one.flush()
        heard += other.receive()
    assert heard.count(wire.KeepAlive()) < 20
    one.offer(wire.KeepAlive())
    assert other.receive() == [wire.KeepAlive()]


def test_what_was_sent_before_the_end_is_still_heard() -> None:
    one, other = channels()
    one.send(wire.Emptied())
    one.close()
    assert other.receive() == [wire.Emptied()]
    assert other.closed
    other.send(wire.KeepAlive())
    assert other.receive() == []


def test_a_line_without_end_is_garbled(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sessionlib.guard.channel.MAX_LINE_BYTES", 1000)
    one, other = socket.socketpair()
    one.sendall(b"x" * 2000)
    with pytest.raises(Garbled):
        Channel(other).receive()
    one.close()
