"""Doctor on an emulated Drive.

Goal: it passes a Drive that keeps its promises, however badly the line behaves, and fails one
whose conditional write isn't atomic, every time. Method: the real examination through
PyDrive2 over HTTP, with fewer rounds than a real folder needs.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import pytest
import yaml

from console.doctor import manners
from console.doctor.checks import CHECKS, ON_DRIVE, Finding
from console.doctor.drive import Examination, examine
from console.doctor.ground import NAME, Patient
from console.doctor.hasty import HastyClient
from console.doctor.verdict import failed
from sessionlib.clock import SystemClock
from sessionlib.config import Config, load
from tests.drive.emulator.kit import BACKUP, MAIN, Fleet, client, fleet

ROUNDS = 10
TIMES = 4


@dataclass
class Clinic:
    fleet: Fleet
    config: Config

    def examined(self, faults: Mapping[str, float], rounds: int = ROUNDS) -> dict[str, Finding]:
        one, other = (
            Patient(
                name,
                client(self.fleet.emulator, email),
                client(self.fleet.emulator, email, kind=HastyClient),
            )
            for name, email in (("main", MAIN), ("backup", BACKUP))
        )
        self.fleet.emulator.faults.set(faults)
        try:
            exam = Examination(self.config, one, other, rounds)
            findings = {one.id: one for one in examine(exam, SystemClock(), lambda text: None)}
        finally:
            self.fleet.emulator.faults.set(dict.fromkeys(faults, 0.0))
        left = client(self.fleet.emulator, MAIN).list(self.fleet.root_id)
        assert not [file.title for file in left if file.title.startswith(NAME)] or faults
        return findings


@pytest.fixture
def clinic(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Clinic]:
    # How long a lost write is waited for: here nothing comes late.
    monkeypatch.setattr(manners, "SETTLED_S", 0.02)
    with fleet() as drive:
        path = tmp_path / "accounts.yaml"
        body = {
            "fleet": "clinic",
            "store": {"kind": "drive", "folder_id": drive.root_id, "ids": drive.ids},
            "accounts": {
                "main": {"email": MAIN, "role": "main_worker", "priority": 1},
                "backup": {"email": BACKUP, "role": "hot_standby", "priority": 2},
            },
            "workload": {"command": ["true"]},
        }
        path.write_text(yaml.safe_dump(body))
        yield Clinic(drive, load(path))


def test_a_drive_that_keeps_its_promises_passes_every_check(clinic: Clinic) -> None:
    findings = clinic.examined({})
    assert set(findings) == set(ON_DRIVE)
    assert {one.id: one.text for one in findings.values() if one.ok is not True} == {}
    assert failed(findings.values()) == ()
    assert "p99" in findings["latency"].text


def test_writes_that_nobody_waited_for_are_found_by_their_nonce(clinic: Clinic) -> None:
    found = clinic.examined({}, rounds=20)["lost-connection"]
    assert found.ok is True
    assert re.match(r"[012] of 2 writes without an answer", found.text)


def test_one_whose_conditional_write_is_not_atomic_fails_every_time(clinic: Clinic) -> None:
    for _ in range(TIMES):
        findings = clinic.examined({"non-atomic": 1.0})
        assert findings["race"].ok is False, findings["race"].text
        assert "race" in failed(findings.values())


def test_versions_that_share_an_etag_are_found(clinic: Clinic) -> None:
    findings = clinic.examined({"coarse-etag": 1.0})
    assert findings["etag-moves"].ok is False


@pytest.mark.parametrize(
    "kind", ["stale-get", "spurious-412", "lost-answer", "wrong-etag", "rate-limit-done"]
)
def test_a_bad_line_is_no_broken_promise(clinic: Clinic, kind: str) -> None:
    """It may leave something unknown, which keeps automatic takeover off, and says so."""
    findings = clinic.examined({kind: 0.05}, rounds=5)
    broken = [one for one in findings.values() if one.ok is False and CHECKS[one.id].is_safety]
    assert broken == []
