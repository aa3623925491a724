"""What stands around a workload: its files, its probe, its log, its machine's figures."""

from __future__ import annotations

import http.server
import os
import shutil
import threading
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from sessionlib.agent.log_rotation import rotate_if_large
from sessionlib.agent.readiness_probe import Probe, file_check, http_check
from sessionlib.agent.resources import ResourceMeter, gpu_pct
from sessionlib.agent.workfiles import WorkFiles, WorkloadContext
from sessionlib.core.messages import Resources
from sessionlib.core.work import Mode, WorkloadSpec

NOTHING = (None, (), None)


@pytest.fixture
def files(tmp_path: Path) -> WorkFiles:
    files = WorkFiles(WorkloadContext(tmp_path, "alpha", "s-1", 2_000_000_000.7))
    files.prepare(WorkloadSpec(("a",)))
    return files


@pytest.mark.parametrize(
    ("status", "progress", "tasks"),
    [
        ('{"progress": "42 of 100", "tasks": ["a", "b"]}', "42 of 100", ("a", "b")),
        ('{"progress": 0.5}', "0.5", ()),
        ('{"tasks": ["ok", 7, null, {}, true]}', None, ("ok", "7")),
        ('{"progress": "\\u001b[2Jred\\n"}', "[2Jred", ()),
        ('{"progress": true, "tasks": "abc"}', None, ()),
        ('{"progress": "torn', None, ()),
        ("[1, 2]", None, ()),
        ("[" * 50_000, None, ()),
        ("", None, ()),
        ('{"progress": "' + "x" * 70_000 + '"}', None, ()),
    ],
)
def test_what_it_says_of_itself_is_read_with_care(
    files: WorkFiles, status: str, progress: str | None, tasks: tuple[str, ...]
) -> None:
    files.status.write_text(status)
    assert files.read_status() == (progress, tasks, None)


def test_what_it_says_is_bounded(files: WorkFiles) -> None:
    files.status.write_text('{"progress": "' + "x" * 999 + '", "tasks": [' + '"t",' * 99 + '"t"]}')
    progress, tasks, _ = files.read_status()
    assert len(progress or "") == 200
    assert len(tasks) == 32


@pytest.mark.parametrize(
    ("text", "url"),
    [
        (b"https://a.example/b?c\n", "https://a.example/b?c"),
        (b"http://127.0.0.1:8000", "http://127.0.0.1:8000"),
        (b"file:///etc/passwd", None),
        (b"javascript:alert(1)", None),
        (b"https://a b", None),
        (b"https://a\x1b[2J", None),
        (b"https://a\nhttps://b", None),
        (b"https://" + b"x" * 3000, None),
        (b"\xff\xfe", None),
        (b"", None),
    ],
)
def test_only_a_web_address_is_a_url(files: WorkFiles, text: bytes, url: str | None) -> None:
    files.url.write_bytes(text)
    assert files.read_status() == (None, (), url)


def test_a_status_that_is_no_file_holds_nobody_up(files: WorkFiles) -> None:
    assert files.read_status() == NOTHING
    os.mkfifo(files.status)
    files.url.mkdir()
    assert files.read_status() == NOTHING


def test_a_new_run_starts_with_a_clean_slate(files: WorkFiles) -> None:
    files.status.write_text('{"progress": "old"}')
    files.url.write_text("https://old.example")
    files.prepare(WorkloadSpec(("a",)))
    assert files.read_status() == NOTHING


def test_the_environment(files: WorkFiles) -> None:
    spec = WorkloadSpec(("a",), env={"MODE": "prod", "SESSION_MODE": "forged"})
    inherited = {"PATH": "/bin", "COLABVPS_FLEET_KEY": "secret", "SESSION_EPOCH": "9"}
    found = files.environment(spec, inherited, Mode.STANDBY, None)
    assert found["PATH"] == "/bin"
    assert found["MODE"] == "prod"
    assert found["SESSION_MODE"] == "standby"
    assert found["SESSION_EPOCH"] == ""
    assert found["SESSION_DEADLINE"] == "2000000000"
    assert not any(name.startswith("COLABVPS_") for name in found)


def test_a_log_within_its_cap_is_left_alone(tmp_path: Path) -> None:
    log = tmp_path / "workload.log"
    assert not rotate_if_large(log, 10)
    log.write_text("x" * 10)
    assert not rotate_if_large(log, 10)
    log.write_text("x" * 11)
    assert rotate_if_large(log, 10)
    assert log.read_text() == ""
    assert (tmp_path / "workload.log.1").read_text() == "x" * 11


def test_a_file_counts_only_if_it_is_new(tmp_path: Path) -> None:
    marker = tmp_path / "ready"
    check = file_check(marker)
    assert not check()
    marker.write_text("yes")
    assert check()
    check = file_check(marker)
    assert not check()
    os.utime(marker, ns=(1, 1))
    assert check()


class Server(http.server.BaseHTTPRequestHandler):
    status = 200

    def do_GET(self) -> None:
        self.send_response(self.status if self.path == "/health?deep=1" else 404)
        self.send_header("Location", "/health?deep=1")
        self.end_headers()

    def log_message(self, *_: object) -> None:
        return


@pytest.fixture
def url() -> Iterator[str]:
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Server)
    threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}/health?deep=1"
    server.shutdown()
    server.server_close()


@pytest.mark.parametrize(
    ("status", "ready"), [(200, True), (204, True), (302, False), (404, False), (503, False)]
)
def test_ready_is_an_answer_of_the_2xx_family(
    url: str, status: int, ready: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Server, "status", status)
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:9")
    assert http_check(url)() is ready


def test_nobody_listening_is_not_ready() -> None:
    assert not http_check("http://127.0.0.1:9/health")()
    for url in ("http://127.0.0.1:99999/health", "http://[", "http://a:b"):
        with pytest.raises(ValueError, match=r"."):
            http_check(url)


def test_a_probe_asks_until_yes_and_says_so_once() -> None:
    answers = iter([False, False, True])
    said: list[Probe] = []
    ready = threading.Event()

    def on_ready(probe: Probe) -> None:
        said.append(probe)
        ready.set()

    probe = Probe(lambda: next(answers), on_ready)
    assert ready.wait(20)
    assert said == [probe]


def test_a_cancelled_probe_is_silent() -> None:
    let_go, asked = threading.Event(), threading.Event()
    said: list[Probe] = []

    def check() -> bool:
        asked.set()
        return let_go.wait(20)

    probe = Probe(check, said.append)
    assert asked.wait(20)
    probe.cancel()
    let_go.set()
    for thread in threading.enumerate():
        if thread.name == "probe":
            thread.join(20)
    assert said == []


def test_the_machine_is_read(tmp_path: Path) -> None:
    meter = ResourceMeter(tmp_path)
    found = meter.read()
    for figure in (found.cpu_pct, found.memory_pct, found.disk_pct):
        assert figure is not None
        assert 0 <= figure <= 100


def test_figures_that_cannot_be_had_are_none(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object) -> None:
        raise psutil.AccessDenied(1)

    for name in ("cpu_percent", "virtual_memory", "disk_usage"):
        monkeypatch.setattr(psutil, name, fail)
    monkeypatch.setattr(shutil, "which", lambda _: None)
    assert ResourceMeter(tmp_path).read() == Resources()


@pytest.mark.parametrize(
    ("script", "found"),
    [("echo 12; echo 97", 97.0), ("echo '[N/A]'", None), ("exit 1", None), ("true", None)],
)
def test_the_busiest_gpu_counts(tmp_path: Path, script: str, found: float | None) -> None:
    tool = tmp_path / "nvidia-smi"
    tool.write_text(f"#!/bin/sh\n{script}\n")
    tool.chmod(0o700)
    assert gpu_pct(str(tool)) == found
    assert gpu_pct(str(tmp_path / "none")) is None
