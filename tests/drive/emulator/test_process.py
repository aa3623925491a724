"""Goal: as a process the emulator says where it is, ends when it is told to, and goes on from its
file. Method: the real process, asked over the wire."""

from __future__ import annotations

import http.client
import json
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest

from console.emulators.drive.faults.kinds import KINDS
from tests.drive.emulator import kit
from tests.drive.emulator.kit import MAIN, Fleet

END_S = 20
GET = "drive.files.get"
CLIENTS, THREADS, EACH = 8, 3, 15


@contextmanager
def process(*words: str) -> Iterator[str]:
    """The address of an emulator; it ends with its standard input."""
    command = [sys.executable, "-m", "console.emulators.drive", "--until-eof", *words]
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as running:
        assert running.stdin is not None
        assert running.stdout is not None
        ready = json.loads(running.stdout.readline())
        assert ready["control"] == f"{ready['url']}/control/"
        yield ready["url"]
        running.stdin.close()
        assert running.wait(END_S) == 0


def ask(url: str, verb: str, path: str, body: Any = None, token: str = "") -> Any:
    connection = http.client.HTTPConnection(urlsplit(url).netloc)
    headers = {"Authorization": f"Bearer {token}"} if token else {}
    data = body if isinstance(body, str) or body is None else json.dumps(body)
    connection.request(verb, path, data, headers)
    answer = json.loads(connection.getresponse().read())
    connection.close()
    return answer


def access(url: str, refresh: dict[str, str]) -> str:
    names = ("client_id", "client_secret", "refresh_token")
    form = "&".join(f"{name}={refresh[name].replace('/', '%2F')}" for name in names)
    return str(ask(url, "POST", "/token", f"grant_type=refresh_token&{form}")["access_token"])


def test_it_goes_on_from_its_file(tmp_path: Path) -> None:
    words = ("--account", MAIN, "--state", str(tmp_path / "state.json"))
    with process(*words) as url:
        refresh = ask(url, "POST", "/control/token", {"email": MAIN})
        token = access(url, refresh)
        body = {"title": "a", "description": "d"}
        made = ask(url, "POST", "/drive/v2/files", body, token)
    with process(*words) as url:
        token = access(url, refresh)
        found = ask(url, "GET", f"/drive/v2/files/{made['id']}", token=token)
    assert {**found, "lastModifyingUser": 0} == {**made, "lastModifyingUser": 0}


def test_faults_and_what_they_did_can_be_seen_from_outside() -> None:
    with process("--account", MAIN, "--fault", "rate-limit=1") as url:
        token = access(url, ask(url, "POST", "/control/token", {"email": MAIN}))
        assert ask(url, "GET", "/drive/v2/about", token=token)["error"]["code"] == 403
        assert ask(url, "POST", "/control/faults", {"rate-limit": 0}) == {}
        assert "user" in ask(url, "GET", "/drive/v2/about", token=token)
        ask(url, "GET", "/drive/v2/nothing", token=token)
        report = ask(url, "GET", "/control/report")
        assert report["faults"] == {"rate-limit": 1}
        assert report["requests"] == {"drive.about.get": 2}
        assert len(report["defects"]) == 1
        assert "error" in ask(url, "POST", "/control/faults", {"no such": 1})
        assert "error" in ask(url, "POST", "/control/token", {"email": "nobody@example.com"})
        assert "error" in ask(url, "POST", "/control/nothing", {})


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        (["--account", MAIN, "--fault", "gremlins=1"], 2, "there is no such fault"),
        (["--account", MAIN, "--fault", "lost=3"], 2, "a rate from 0 to 1"),
        (["--account", "nobody"], 2, "e-mail"),
        ([], 2, "--account"),
        (["--account", MAIN, "--state", "{file}"], 2, "name another file"),
    ],
)
def test_what_makes_no_sense_is_said(
    tmp_path: Path, words: list[str], code: int, said: str
) -> None:
    (tmp_path / "other.json").write_text("{}")
    words = [word.format(file=tmp_path / "other.json") for word in words]
    command = [sys.executable, "-m", "console.emulators.drive", *words]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)
    assert done.returncode == code
    assert said in done.stderr
    assert "Traceback" not in done.stderr


def test_the_help_has_a_sentence_on_every_fault() -> None:
    command = [sys.executable, "-m", "console.emulators.drive", "--help"]
    done = subprocess.run(command, capture_output=True, text=True, check=True, timeout=60)
    for kind in KINDS.values():
        assert f"{kind.name} " in done.stdout
        assert kind.says in done.stdout


def test_many_clients_with_several_threads_each_are_served_at_once() -> None:
    with kit.fleet() as fleet:
        stores = [_filled(fleet, number) for number in range(CLIENTS)]
        fleet.emulator.request_log.clear()

        def use(number: int) -> int:
            store = stores[number % CLIENTS]
            return sum(store.has(f"data/blobs/b{number % CLIENTS}") == 1 for _ in range(EACH))

        with ThreadPoolExecutor(CLIENTS * THREADS) as pool:
            seen = sum(pool.map(use, range(CLIENTS * THREADS)))
        assert seen == CLIENTS * THREADS * EACH == fleet.emulator.request_log.methods[GET]


def _filled(fleet: Fleet, number: int) -> Any:
    store = fleet.store(MAIN)
    store.put(f"data/blobs/b{number}", b"x")
    return store
