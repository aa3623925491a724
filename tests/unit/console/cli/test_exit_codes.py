"""Goal: the command line's contract: exit codes, one document, and no traceback ever.

Method: the program as a process where streams and exit codes matter, else in-process.
"""

from __future__ import annotations

import json
import os
import pty
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from console.__main__ import main
from sessionlib import __version__, layout
from sessionlib.core.messages import MoveKind
from tests.unit.console.cli.all_commands import leaves
from tests.unit.console.fleet_on_disk import LEASE, FleetOnDisk, fleet, moved, report, serving

__all__ = ["fleet"]
ROOT = Path(__file__).parents[4]


def process(*args: str, **env: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-m", "console", *args],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONPATH": str(ROOT), **env},
    )


def finished(*args: str, **env: str) -> tuple[int, str, str]:
    with process(*args, **env) as running:
        out, err = running.communicate(timeout=20)
        return running.returncode, out, err


@pytest.mark.parametrize("args", [["--version"], ["--config", "none", "--version"]])
def test_the_version(args: list[str]) -> None:
    assert finished(*args) == (0, f"colabvps-console {__version__}\n", "")


@pytest.mark.parametrize("name", leaves())
def test_help_teaches_with_examples_and_exit_codes(
    name: str, capsys: pytest.CaptureFixture[str]
) -> None:
    if name == "demo":
        pytest.importorskip("console.demo")
    assert main([*name.split(), "--help"]) == 0
    out = capsys.readouterr().out
    assert f"colabvps-console {name}" in out
    assert "Examples:" in out
    assert "Exit codes: 0 done;" in out
    for option in ("--config", "--json", "--read-only"):
        assert option in out


def test_wrong_use_is_2_with_a_likely_command(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["statsu"]) == 2
    assert "did you mean 'status'" in capsys.readouterr().err
    assert main(["status", "--bogus"]) == 2
    assert main(["stop"]) == 2


def test_a_bad_configuration_is_2_and_tells_everything(fleet: FleetOnDisk) -> None:
    fleet.config_path.write_text("fleet: 5\nstore: {kind: foldr}\n")
    code, out, err = fleet.run("status")
    assert (code, out) == (2, "")
    assert len(err.splitlines()) == 4
    code, document, _ = fleet.run_json("status")
    assert (code, document["exit_code"]) == (2, 2)
    assert "accounts.yaml:1: fleet" in document["error"]


def test_a_store_kind_that_isnt_there_yet_is_2(fleet: FleetOnDisk) -> None:
    text = fleet.config_path.read_text().replace("folder, path: shared", "objects, url: x")
    fleet.config_path.write_text(text)
    for command in ("status", "init", "doctor"):
        code, _, err = fleet.run(command)
        assert code == 2
        assert "not available in this version: use" in err
        assert "drive" in err
        assert "folder" in err.rpartition("use")[2]


@pytest.mark.parametrize("before", [True, False])
def test_shared_options_count_before_and_after_the_command(
    fleet: FleetOnDisk, before: bool, capsys: pytest.CaptureFixture[str]
) -> None:
    shared = ["--config", str(fleet.config_path), "--json"]
    capsys.readouterr()
    assert main([*shared, "paths"] if before else ["paths", *shared]) == 0
    assert json.loads(capsys.readouterr().out)["config"] == str(fleet.config_path)
    refused = ["--read-only", "handover"] if before else ["handover", "--read-only"]
    code, _, err = fleet.run(*refused)
    assert code == 1
    assert "--read-only forbids" in err


@pytest.mark.parametrize("args", [["init"], ["demo"], ["handover"], ["stop", "--all"]])
def test_read_only_refuses_whatever_changes_something(fleet: FleetOnDisk, args: list[str]) -> None:
    before = sorted(fleet.folder.rglob("*"))
    code, _, err = fleet.run(*args, "--read-only", "--yes")
    assert code == 1
    assert f"{args[0]} would change something" in err
    assert sorted(fleet.folder.rglob("*")) == before


def test_status_of_a_fleet_at_work(fleet: FleetOnDisk) -> None:
    fleet.at_work()
    code, document, err = fleet.run_json("status")
    assert (code, err) == (0, "")
    assert document["lease"]["holder"] == "primary"
    assert document["lease"]["valid"] is True
    assert [row["is_primary"] for row in document["accounts"]] == [True, False, False]
    assert document["accounts"][0]["workload"] == "serving"
    assert 0 <= document["store"]["latency_s"] < 5
    code, out, _ = fleet.run("status")
    assert code == 0
    assert "▶  primary" in out
    assert "\x1b" not in out


def test_an_unreachable_store_is_1_with_a_document_and_what_to_do(fleet: FleetOnDisk) -> None:
    (fleet.folder / "shared").rename(fleet.folder / "gone")
    code, document, err = fleet.run_json("status")
    assert code == 1
    assert document["store"]["reachable"] is False
    assert "is there and mounted" in err
    code, out, _ = fleet.run("status")
    assert (code, "UNREACHABLE" in out) == (1, True)
    for command in (["history"], ["logs"], ["handover", "--yes"], ["stop", "--all", "--yes"]):
        code, document, _ = fleet.run_json(*command)
        assert (code, document["exit_code"]) == (1, 1), command


def test_torn_and_foreign_records_are_told_as_such(fleet: FleetOnDisk) -> None:
    fleet.at_work()
    fleet.store.put(layout.session_key("backup1"), b'{"schema": "session/9"}')
    fleet.store.put(layout.session_key("backup2"), b"{")
    code, document, err = fleet.run_json("status")
    assert code == 0
    assert [row["phase"] for row in document["accounts"]] == ["Fresh", None, None]
    assert "backup1's report can't be read" in err
    assert "backup2's report can't be read" in err


def test_no_command_is_a_table_where_there_is_no_terminal(fleet: FleetOnDisk) -> None:
    fleet.at_work()
    code, out, _ = finished(COLABVPS_CONFIG=str(fleet.config_path))
    assert code == 0
    assert "ACCOUNT" in out


def test_what_others_wrote_cant_reach_the_terminal(fleet: FleetOnDisk) -> None:
    fleet.at_work()
    evil = "\x1b]0;owned\x07\x1b[2Jhello\u202e\x9b31m\nsecond"
    fleet.put_report(report("backup1", alarm=evil))
    fleet.put_history(moved(9).__class__(9, MoveKind.FIRST, evil, evil, 0.0, None, evil))
    key = layout.log_key("backup1", "workload.log")
    fleet.store.put(key, evil.encode() + b"\n")
    for command in (["status"], ["history"], ["logs", "--workload"]):
        for more in ([], ["--json"]):
            _, out, err = fleet.run(*command, *more)
            assert "hello" in out + err
            assert not {"\x1b", "\x07", "\x9b", "\u202e"} & set(out + err), command
            assert "\\u001b" not in out
            assert "owned" not in out + err


def test_history_is_newest_first_and_passes_over_what_cant_be_read(fleet: FleetOnDisk) -> None:
    code, document, _ = fleet.run_json("history")
    assert (code, document) == (0, [])
    fleet.put_history(*(moved(epoch) for epoch in (1, 2, 10, 9)))
    fleet.store.create(layout.history_key(11), b"torn")
    code, document, err = fleet.run_json("history", "--limit", "3")
    assert code == 0
    assert [entry["epoch"] for entry in document] == [10, 9]
    assert "epoch 11 can't be read" in err
    code, out, _ = fleet.run("history")
    assert [line.split()[0] for line in out.splitlines()] == ["EPOCH", "10", "9", "2", "1"]


def test_paths_work_without_a_configuration(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("COLABVPS_CONFIG", raising=False)
    monkeypatch.setattr("console.config_file.user_config_dir", lambda: tmp_path / "none")
    assert main(["paths", "--json"]) == 0
    out, err = capsys.readouterr()
    assert json.loads(out)["config"] is None
    assert "tried" in err


def test_watching_prints_a_block_per_change_and_ends_with_ctrl_c(fleet: FleetOnDisk) -> None:
    fleet.at_work()
    with process("status", "--watch", "--config", str(fleet.config_path)) as running:
        assert running.stdout is not None
        heads = [running.stdout.readline() for _ in range(9)]
        assert heads[0].startswith("Fleet my-fleet")
        fleet.put_lease(LEASE.__class__(5, None, None, None, 0, "n", 60.0, LEASE.state.FREE))
        while "epoch 5" not in (line := running.stdout.readline()):
            assert line
        running.send_signal(signal.SIGINT)
        _, err = running.communicate(timeout=10)
        assert running.returncode == 130
        assert "Traceback" not in err


def test_a_terminal_is_drawn_over_and_left_as_it_was(fleet: FleetOnDisk) -> None:
    fleet.at_work()
    ours, theirs = pty.openpty()
    args = [sys.executable, "-m", "console", "status", "--watch"]
    env = {**os.environ, "PYTHONPATH": str(ROOT), "TERM": "xterm", "NO_COLOR": "1"}
    env["COLABVPS_CONFIG"] = str(fleet.config_path)
    with subprocess.Popen(args, stdin=theirs, stdout=theirs, stderr=theirs, env=env) as running:
        os.close(theirs)
        try:
            drawn = _read_until(ours, b"\x1b[J")
            running.send_signal(signal.SIGINT)
            drawn += _read_until(ours, b"interrupted")
            assert running.wait(timeout=10) == 130
        finally:
            # Else a failure here would wait for it for ever.
            running.kill()
    os.close(ours)
    assert drawn.startswith(b"\x1b[?25l")
    lines = drawn.split(b"\x1b[")[1].count(b"\n")
    assert f"\x1b[{lines}F\x1b[J".encode() in drawn
    assert drawn.rindex(b"\x1b[?25h") > drawn.rindex(b"\x1b[?25l")
    assert b"\x1b[3" not in drawn, "colours although NO_COLOR is set"


def _read_until(terminal: int, mark: bytes) -> bytes:
    data = b""
    while mark not in data:
        data += os.read(terminal, 4096)
    return data


def test_a_reader_that_leaves_early_is_no_crash(fleet: FleetOnDisk) -> None:
    fleet.at_work()
    with process("status", "--watch", "--json", "--config", str(fleet.config_path)) as running:
        assert running.stdout is not None
        json.loads(running.stdout.readline())
        running.stdout.close()
        assert running.wait(timeout=10) == 1
        assert running.stderr is not None
        assert running.stderr.read() == ""


def test_an_error_nobody_foresaw_is_a_sentence_and_a_report_without_secrets(
    fleet: FleetOnDisk, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    secret = "5e" * 32

    def fails(*_: Any) -> None:
        hidden = secret
        raise RuntimeError(f"with \x1b[31m{hidden}")

    monkeypatch.setattr("console.crash.log_dir", lambda: tmp_path / "logs")
    monkeypatch.setattr("console.cli.status.fleet_view", fails)
    code, out, err = fleet.run("status")
    assert (code, out) == (1, "")
    (path,) = (tmp_path / "logs").iterdir()
    assert err.strip().endswith(str(path))
    kept = path.read_text()
    assert "RuntimeError: with [redacted]" in kept
    assert "in fails" in kept
    assert secret not in kept + err
    assert "Traceback" not in err
    assert path.stat().st_mode & 0o777 == 0o600
    code, document, _ = fleet.run_json("status")
    assert document["exit_code"] == code == 1


def test_a_session_that_lost_its_role_is_told_apart(fleet: FleetOnDisk) -> None:
    fleet.at_work()
    fleet.put_report(report("backup1", member="fenced"), serving("primary", 4))
    _, document, _ = fleet.run_json("status")
    assert [row["phase"] for row in document["accounts"]] == ["Fresh", "Fenced", "Fresh"]
