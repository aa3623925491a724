"""What the files that deploy the coordinator run, run.

Goal: every command, option, path and variable in them is one of the program's, the service that
they start answers what they ask for its health, ends as they end it, and writes nowhere but
where they let it. Method: each command as it stands, with the folder for the state and the port
put in their place, as a process from the installed package; where it may, on a file system that
can be read only. What it can't show: an image built, a unit started, Render.
"""

from __future__ import annotations

import json
import os
import re
import shlex
import signal
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest

from tests.coordinator.deploying.files import blueprint, image, page, unit
from tests.needs import needs

BIN = Path(sys.executable).parent
WITHIN_S = 60.0
COPIES = re.compile(r'sqlite3 (\S+) "(VACUUM INTO \'\S+\')"').findall
ALONE = ("unshare", "--user", "--map-root-user", "--mount", "sh", "-c")
READ_ONLY = 'mount --bind "$0" "$0" && mount -o remount,bind,ro / && exec "$@"'
"""All but the folder that is named first."""


@dataclass(frozen=True, slots=True)
class Way:
    """One way of deploying: what is run, in what environment, and where its state is."""

    command: list[str]
    environment: dict[str, str]
    state: str


def in_container() -> Way:
    told = page("container").replace("\\\n", " ")
    (run,) = re.findall(r"^podman run .*$", told, re.MULTILINE)
    words = shlex.split(run)
    made = image()
    assert f"coordinator:{made.volume}" in words
    assert f"127.0.0.1:{made.port}:{made.port}" in words
    command = words[words.index("colabvps-coordinator") + 1 :]
    assert command[: len(made.command)] == made.command, "what it adds to the image's own command"
    return Way(command, made.environment, made.volume)


def on_render() -> Way:
    service = blueprint()
    told = {one["key"]: one["value"] for one in service["envVars"]}
    environment = {**image().environment, **told}
    return Way(shlex.split(service["dockerCommand"]), environment, service["disk"]["mountPath"])


def under_systemd() -> Way:
    settings = unit()
    (command,) = settings["ExecStart"]
    told = [pair.replace("%S", "/var/lib") for pair in settings["Environment"]]
    state = f"/var/lib/{settings['StateDirectory'][0]}"
    return Way(shlex.split(command), dict(pair.split("=", 1) for pair in told), state)


WAYS = {"container": in_container, "render": on_render, "systemd": under_systemd}


@dataclass
class Deployed:
    """A service that was started as a file says."""

    way: Way
    state: Path
    process: subprocess.Popen[str]
    port: int

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"


def placed(way: Way, state: Path) -> dict[str, str]:
    """The environment that the file gives, and no other, with the state here."""
    told = {name: value.replace(way.state, str(state)) for name, value in way.environment.items()}
    assert str(state) in told["COLABVPS_COORDINATOR_DB"]
    return {**told, "PATH": f"{BIN}:{os.environ['PATH']}"}


def program(words: list[str]) -> list[str]:
    """The same command, of the package that is installed here."""
    assert Path(words[0]).name == "colabvps-console"
    return [str(BIN / "colabvps-console"), *words[1:]]


@contextmanager
def deployed(way: Way, state: Path, *before: str) -> Iterator[Deployed]:
    words = [*before, *program(way.command), "--port", "0", "--json"]
    environment = placed(way, state)
    with subprocess.Popen(words, stdout=subprocess.PIPE, text=True, env=environment) as process:
        assert process.stdout is not None
        try:
            line = process.stdout.readline()
            assert line, "it didn't start"
            port = int(json.loads(line)["url"].rpartition(":")[2])
            yield Deployed(way, state, process, port)
        finally:
            process.kill()


def new_token(service: Deployed) -> str:
    """The operator's, made as every page says: from beside the service, which goes on."""
    words = ["coordinator", "token", "create", "--operator"]
    assert f"colabvps-console {' '.join(words)}" in page("container")
    made = subprocess.run(
        [str(BIN / "colabvps-console"), *words],
        env=placed(service.way, service.state),
        stdout=subprocess.PIPE,
        text=True,
        check=True,
    )
    return made.stdout.strip()


def knows(service: Deployed, token: str) -> bool:
    bearer = {"authorization": f"Bearer {token}"}
    answer = httpx.get(f"{service.url}/api/sessions/status", headers=bearer)
    return answer.status_code == 200


def health(name: str, port: int) -> list[str]:
    """How the file asks whether the service is well."""
    if name == "render":
        url = f"http://127.0.0.1:{port}{blueprint()['healthCheckPath']}"
        return [sys.executable, "-c", f"import urllib.request as u; u.urlopen({url!r}, timeout=4)"]
    asked = " ".join(image().health[2:])
    assert f"127.0.0.1:{image().port}/" in asked
    return [sys.executable, "-c", asked.replace(f":{image().port}/", f":{port}/")]


@pytest.mark.parametrize("name", WAYS)
def test_it_serves_is_well_and_ends_when_it_is_asked_to(name: str, tmp_path: Path) -> None:
    state = tmp_path / "state"
    state.mkdir(mode=0o700)
    with deployed(WAYS[name](), state) as service:
        subprocess.run(health(name, service.port), check=True)
        assert knows(service, new_token(service))
        assert httpx.get(f"{service.url}/api/primary").status_code == 503, "it asks for no token"
        service.process.send_signal(signal.SIGTERM)
        assert service.process.wait(WITHIN_S) == 0
    gone = subprocess.run(health(name, service.port), check=False, stderr=subprocess.DEVNULL)
    assert gone.returncode != 0


@pytest.mark.parametrize("name", WAYS)
def test_it_writes_nowhere_but_where_its_state_is(name: str, tmp_path: Path) -> None:
    needs("unshare", "util-linux")
    state = tmp_path / "state"
    state.mkdir()
    probe = subprocess.run(
        [*ALONE, READ_ONLY, str(state), "touch", str(tmp_path / "elsewhere")],
        capture_output=True,
        text=True,
        check=False,
    )
    if "Read-only" not in probe.stderr:
        pytest.skip("unshare may not make a user and mount namespace here")
    with deployed(WAYS[name](), state, *ALONE, READ_ONLY, str(state)) as service:
        subprocess.run(health(name, service.port), check=True)
        service.process.send_signal(signal.SIGTERM)
        assert service.process.wait(WITHIN_S) == 0
    assert (state / "coordinator.db").exists()


def test_the_image_alone_says_what_it_has_to_be_told(tmp_path: Path) -> None:
    """Whether TLS ends in front isn't the image's to know."""
    way = Way(image().command, image().environment, image().volume)
    refused = subprocess.run(
        program(way.command),
        env=placed(way, tmp_path),
        capture_output=True,
        text=True,
        timeout=WITHIN_S,
        check=False,
    )
    assert refused.returncode == 2
    for option in ("--behind-proxy", "--tls-cert", "--tls-key"):
        assert option in refused.stderr


def test_only_where_tls_ends_in_front_is_it_behind_a_proxy() -> None:
    for make in WAYS.values():
        assert "--behind-proxy" in make().command
    (own,) = re.findall(r"^ExecStart=(\S.*)$", page("systemd"), re.MULTILINE)
    assert {"--tls-cert", "--tls-key"} < set(shlex.split(own))
    assert "--behind-proxy" not in own


@pytest.mark.parametrize("name", WAYS)
def test_each_page_says_how_it_is_copied_while_it_runs(name: str) -> None:
    for path, _ in COPIES(page(name)):
        assert path == str(Path(WAYS[name]().state) / "coordinator.db"), (
            "it isn't where the database is"
        )
    assert COPIES(page(name))


def test_a_copy_taken_while_it_runs_serves(tmp_path: Path) -> None:
    ((_, sql),) = COPIES(page("container"))
    way = in_container()
    state, other = tmp_path / "state", tmp_path / "other"
    for folder in (state, other):
        folder.mkdir()
    copy = other / "coordinator.db"
    with deployed(way, state) as service:
        token = new_token(service)
        with closing(sqlite3.connect(state / "coordinator.db")) as connection:
            connection.execute(re.sub(r"'\S+'", f"'{copy}'", sql))
    with deployed(way, other) as service:
        assert knows(service, token)
