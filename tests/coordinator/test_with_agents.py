"""Real agents and a coordinator: a real one, none, and those that misbehave.

Goal: the coordinator learns of every move, and whatever becomes of it no move and no takeover
is any different. Method: the demonstration's fleet, with the service as a process, or with a
small server of our own that stalls, lies, or rings without end.
"""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import httpx
import pytest

from console.demo.demo_fleet import DemoFleet
from console.demo.journal_judge import epochs_rise, overlap_s, read_journals
from console.demo.scenario import Scenario
from sessionlib.clock import sleep
from sessionlib.coordinator import TOKEN_VARIABLE
from sessionlib.guard.sweep import HOME_MARKER, home_mark, marked
from tests.coordinator.waiting import eventually
from tests.environs import environ_of

SCALE = 20.0
LIE = b'{"unregistered": true, "epoch": 999999, "primary_session": {"account": "cleo"}}'
EVENTS = b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\n\r\n"


def judge(stage: DemoFleet) -> None:
    tenures = read_journals(stage.journals)
    assert overlap_s(tenures) == 0
    assert epochs_rise(tenures)


def test_the_coordinator_hears_of_every_move_and_none_waits_for_it(tmp_path: Path) -> None:
    with DemoFleet(tmp_path / "fleet", SCALE, coordinated=True) as stage:
        assert stage.coordinator is not None
        service = stage.coordinator
        bearer = {"authorization": f"Bearer {service.operators_token}"}
        client = httpx.Client(base_url=service.url, headers=bearer)

        def at(epoch: int, account: str) -> bool:
            primary = client.get("/api/sessions/status").json()["primary_session"]
            return primary is not None and (primary["epoch"], primary["account"]) == (
                epoch,
                account,
            )

        play = Scenario(stage, lambda text: None)
        first = play.begin()
        eventually(lambda: at(1, first), "it knows the first primary")
        # The agent speaks to the coordinator; what it starts has no business there.
        token = service.environment(first)[TOKEN_VARIABLE]
        agent = stage.pid(first)
        assert environ_of(agent)[TOKEN_VARIABLE] == token
        below = marked(HOME_MARKER, home_mark(stage.home(first)))
        assert below
        for proc in below:
            with suppress(FileNotFoundError, ProcessLookupError):
                assert proc.pid == agent or token not in environ_of(proc.pid).values()
        move = play.hand_over()
        eventually(lambda: at(2, move.to), "it knows the next one")
        moves = client.get("/metrics").text
        assert 'colabvps_moves_total{kind="planned"} 1.0' in moves
        service.close()
        play.hand_over()
        play.kill_primary()
        judge(stage)
        client.close()


@contextmanager
def misbehaving(behave: Callable[[socket.socket], None]) -> Iterator[str]:
    """A server that does `behave` with each connection."""
    with socket.create_server(("127.0.0.1", 0)) as listening:

        def serve() -> None:
            with suppress(OSError):
                while True:
                    connection, _ = listening.accept()
                    threading.Thread(target=handle, args=(connection,), daemon=True).start()

        def handle(connection: socket.socket) -> None:
            with suppress(OSError), connection:
                behave(connection)

        threading.Thread(target=serve, daemon=True).start()
        yield f"http://127.0.0.1:{listening.getsockname()[1]}"


def says_nothing(connection: socket.socket) -> None:
    """Half-open: it takes all that comes, and never answers."""
    while connection.recv(65_536):
        pass


def drips(connection: socket.socket) -> None:
    connection.recv(65_536)
    for byte in b"HTTP/1.1 200 OK\r\n" + b"x-more: and more\r\n" * 1_000:
        connection.sendall(bytes([byte]))
        sleep(0.2)


def lies_and_rings(connection: socket.socket) -> None:
    """It believes in another primary, has forgotten everybody, and rings without end."""
    asked = connection.recv(65_536)
    if b"/api/events" in asked:
        connection.sendall(EVENTS)
        number = 0
        while True:
            number += 1
            connection.sendall(b"id: %d\ndata: %s\n\n" % (number, LIE) * 50)
    head = b"HTTP/1.1 200 OK\r\nconnection: close\r\ncontent-length: %d\r\n\r\n" % len(LIE)
    connection.sendall(head + LIE)


@pytest.mark.parametrize("behave", [says_nothing, drips, lies_and_rings])
def test_one_that_misbehaves_changes_nothing(
    tmp_path: Path, behave: Callable[[socket.socket], None]
) -> None:
    with misbehaving(behave) as url:
        changes = {"coordinator": {"url": url}}
        with DemoFleet(tmp_path / "fleet", SCALE, changes) as stage:
            play = Scenario(stage, lambda text: None)
            play.begin()
            move = play.hand_over()
            assert move.epoch == 2
            assert play.kill_primary().epoch == 3
            judge(stage)
