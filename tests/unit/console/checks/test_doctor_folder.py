"""Doctor on a store in a folder.

Goal: it passes a file system that keeps its promises, finds each that is broken, and leaves
nothing behind. Method: the command as a user runs it, and the examination with processes on a
real folder, of which one thing is made to lie.
"""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from console.__main__ import main
from console.checks.doctor import folder
from console.checks.doctor.catalog import CHECKS, ON_FOLDER, CheckResult, advice
from console.checks.doctor.result import failed_safety_checks
from sessionlib.clock import SystemClock
from sessionlib.errors import Unreachable
from sessionlib.stores.folder import FolderStore
from tests.unit.console.fleet_on_disk import FleetOnDisk, fleet

__all__ = ["fleet"]
TIMEOUT_S = 60.0
RACER = folder._RACER


def examined(root: Path) -> dict[str, CheckResult]:
    found = folder.examine(root, TIMEOUT_S, SystemClock(), lambda text: None)
    return {one.id: one for one in found}


@pytest.fixture
def root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(folder, "ROUNDS", 3)
    FolderStore(tmp_path, SystemClock()).provision()
    return tmp_path


def test_the_command_passes_here_and_leaves_nothing(
    fleet: FleetOnDisk, capsys: pytest.CaptureFixture[str]
) -> None:
    before = sorted(fleet.store.root.rglob("*"))
    assert main(["doctor", "--json", "--yes", "--config", str(fleet.config_path)]) == 0
    document = json.loads(capsys.readouterr().out)
    assert (document["passed"], document["kept"]) == (True, False)
    assert [one["id"] for one in document["checks"]] == list(ON_FOLDER)
    assert sorted(fleet.store.root.rglob("*")) == before


@pytest.mark.parametrize("words", [["--rounds", "200"], ["--accounts", "operator,backup1"]])
def test_what_goes_with_drive_alone_is_refused(
    fleet: FleetOnDisk, words: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["doctor", *words, "--yes", "--config", str(fleet.config_path)]) == 2
    assert f"{words[0]} goes with a store in Google Drive" in capsys.readouterr().err


def test_a_folder_that_isnt_there_is_not_examined(root: Path) -> None:
    (root / "state").rename(root / "elsewhere")
    with pytest.raises(Unreachable, match="is the folder mounted"):
        examined(root)


def test_two_winners_are_found(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    overwriting = RACER.replace("store.create(", "store.put(")
    assert overwriting != RACER
    monkeypatch.setattr(folder, "_RACER", overwriting)
    findings = examined(root)
    assert findings["exclusive"].ok is False
    assert "exclusive" in failed_safety_checks(findings.values())


def test_a_reading_of_before_is_found(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    forgetful = RACER.replace("found.data.decode()", "found.data.decode()[:-1]")
    assert forgetful != RACER
    monkeypatch.setattr(folder, "_RACER", forgetful)
    assert examined(root)["read-back"].ok is False


def test_what_cant_be_written_is_not_known_and_hasnt_passed(
    root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(store: FolderStore, key: str, data: bytes) -> None:
        raise Unreachable("no space left")

    monkeypatch.setattr(FolderStore, "put", full)
    findings = examined(root)
    assert {findings[check_id].ok for check_id in ("read-back", "sync", "clock")} == {None}
    assert failed_safety_checks(findings.values()) == ("read-back",)


def test_a_disk_that_is_too_slow_is_found(root: Path) -> None:
    found = folder.examine(root, 0.0, SystemClock(), lambda text: None)
    assert {one.id: one.ok for one in found}["sync"] is False


def test_what_isnt_known_is_not_advised_on_as_if_it_had_failed() -> None:
    means, cure = advice(CheckResult("exclusive", None, "turned away")) or ("", "")
    assert means != CHECKS["exclusive"].means
    assert "again" in cure
    assert advice(CheckResult("exclusive", False, "two")) == (
        CHECKS["exclusive"].means,
        CHECKS["exclusive"].cure,
    )
    assert advice(CheckResult("exclusive", True, "one")) is None
