"""The doorbell.

Goal: whoever follows hears of every change once and in order, takes up where it ended, is told
so where that isn't possible, and costs no more than its place. Method: streams of a real
service; for signs of life and slow listeners the bell alone.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest

from coordinator.admin import revoke_tokens, set_epoch
from coordinator.app import CoordinatorApp
from coordinator.database.database import Database
from coordinator.event_broadcast import EventBroadcast, missed_events, start_event_id
from coordinator.settings import ServiceSettings
from coordinator.state import BellEvent, State
from coordinator.token_index import TokenGrant
from coordinator.transitions import HeartbeatMessage
from sessionlib.clock import SystemClock
from sessionlib.coordinator.client import CoordinatorClient
from sessionlib.coordinator.event_stream import event_ids
from tests.coordinator.service.kit import Served, beat, phase, registration

HEARTBEAT = "/api/worker/heartbeat"


class Stream:
    """One stream, event by event."""

    def __init__(self, answer: httpx.Response) -> None:
        self._lines = answer.iter_lines()

    def next(self) -> tuple[str | None, str, Any]:
        """Id, kind and data of the next event that says anything."""
        found: dict[str, str] = {}
        for line in self._lines:
            name, _, value = line.partition(": ")
            if line and name:
                found[name] = value
            elif "data" in found:
                return found.get("id"), found["event"], json.loads(found["data"])
            else:
                found = {}
        raise EOFError


@contextmanager
def following(served: Served, account: str, last_id: str | None = None) -> Iterator[Stream]:
    headers = {} if last_id is None else {"last-event-id": last_id}
    with (
        served.client(account) as client,
        client.stream("GET", "/api/events", headers=headers) as answer,
    ):
        assert answer.status_code == 200
        assert answer.headers["content-type"].startswith("text/event-stream")
        yield Stream(answer)


def test_every_change_rings_once_and_a_heartbeat_like_the_last_does_not(served: Served) -> None:
    with following(served, "backup1") as stream:
        served.post("primary", "/api/worker/register", registration("primary", 1))
        assert stream.next()[1:] == ("epoch", {"epoch": 1, "holder": "primary"})
        assert stream.next()[1:] == ("primary", {"account": "primary", "epoch": 1})
        for _ in range(2):
            served.post("primary", HEARTBEAT, beat("primary", 1, "active"))
            served.post("primary", "/api/handover", phase("primary", 1, "warming"))
        served.post("primary", HEARTBEAT, beat("primary", 1, "standby"))
        assert stream.next()[1] == "handover"
        assert stream.next()[1:] == (
            "session",
            {"account": "primary", "status": "standby", "epoch": 1},
        )
        set_epoch(str(served.db), 7)
        assert stream.next()[1:] == ("epoch", {"epoch": 7, "by_hand": True})


def test_a_stream_is_taken_up_where_it_ended_over_a_restart_too(served: Served) -> None:
    with following(served, "backup1") as stream:
        served.post("primary", HEARTBEAT, beat("primary", 0, "active"))
        heard = stream.next()[0]
    served.post("primary", HEARTBEAT, beat("primary", 0, "standby"))
    served.kill()
    served.start()
    served.post("primary", HEARTBEAT, beat("primary", 0, "fenced"))
    with following(served, "backup1", heard) as stream:
        told = [stream.next() for _ in range(2)]
    assert [data["status"] for _, _, data in told] == ["standby", "fenced"]


@pytest.mark.parametrize("last_id", ["999", "0", "no number", "-1"])
def test_what_can_not_be_taken_up_is_said_to_be_so(served: Served, last_id: str) -> None:
    served.post("primary", HEARTBEAT, beat("primary", 0, "active"))
    with following(served, "backup1", last_id) as stream:
        number, kind, _ = stream.next()
    assert (number, kind) == ("1", "session" if last_id == "0" else "resync")


def test_an_agents_own_client_hears_it(served: Served) -> None:
    client = CoordinatorClient(served.url, served.token("backup1"))
    with client.events(None) as lines:
        ids = event_ids(lines, None)
        served.post("primary", HEARTBEAT, beat("primary", 0, "active"))
        assert next(ids) == "1"


def test_streams_are_bounded_and_a_place_is_free_again(served: Served) -> None:
    most = ServiceSettings().streams_per_token
    with served.client("backup1") as client:
        opened = [client.stream("GET", "/api/events") for _ in range(most)]
        for one in opened:
            assert one.__enter__().status_code == 200
        refused = client.get("/api/events")
        assert (refused.status_code, refused.json()["error"]) == (429, "too_many")
        assert int(refused.headers["retry-after"]) > 0
        with following(served, "backup2"):
            assert "colabvps_streams 9.0" in served.get("/metrics").text
        for one in opened:
            one.__exit__(None, None, None)
    while "colabvps_streams 0.0" not in served.get("/metrics").text:
        """The server learns of a closed connection when it learns of it."""


def test_a_stream_ends_with_its_token_and_with_the_service(served: Served) -> None:
    with following(served, "backup1") as mine, following(served, "backup2") as other:
        revoke_tokens(str(served.db), "backup1")
        with pytest.raises(EOFError):
            mine.next()
        served.post("primary", HEARTBEAT, beat("primary", 0, "active"))
        assert other.next()[1] == "session"
        assert served.stop() == 0
        with pytest.raises(EOFError):
            other.next()


def state(first: int, last: int) -> State:
    found = State(last_event_id=last)
    found.events.extend(BellEvent(number, "x", "{}") for number in range(first, last + 1))
    return found


def test_what_of_the_log_was_missed() -> None:
    assert missed_events(state(1, 3), 3) == []
    assert [event.id for event in missed_events(state(1, 3), 1) or []] == [2, 3]
    assert [event.id for event in missed_events(state(5, 9), 4) or []] == [5, 6, 7, 8, 9]
    assert missed_events(state(5, 9), 3) is None  # some have been let go
    assert missed_events(state(5, 9), 10) is None  # of another database
    assert missed_events(State(), 0) == []
    assert start_event_id(state(1, 3), None) == 3
    assert start_event_id(state(1, 3), "²") == -1


def test_a_silent_stream_gives_signs_of_life_and_a_slow_listener_is_told_to_look(
    tmp_path: Path,
) -> None:
    async def heard() -> list[bytes]:
        database = Database(str(tmp_path / "c.db"))
        database.add_token("hash", "a", SystemClock().now())
        settings = ServiceSettings(alive_s=0.01)
        service = CoordinatorApp(database, settings, SystemClock())
        bell = EventBroadcast(service.writer, settings)
        work = asyncio.create_task(service.writer.run())
        stream = bell.stream(TokenGrant("hash", "a"), None)
        found = [await anext(stream), await anext(stream)]
        words = [f"s_{chr(97 + number % 26)}" for number in range(1_200)]
        beats = [HeartbeatMessage("w", "a", 0, word, 1.0) for word in words]
        await asyncio.gather(*(service.writer.submit(beat) for beat in beats))
        found.append(await anext(stream))
        await stream.aclose()  # type: ignore[attr-defined]  # it is a generator
        service.writer.stop()
        await work
        database.close()
        return found

    begin, alive, resync = asyncio.run(heard())
    assert begin.startswith(b"retry: ")
    assert alive == b": alive\n\n"
    assert resync == b"id: 1200\nevent: resync\ndata: {}\n\n"


def test_a_sign_of_life_comes_before_a_listener_gives_up() -> None:
    assert ServiceSettings().alive_s < 20
