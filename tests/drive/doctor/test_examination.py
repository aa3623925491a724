"""Doctor on an emulated Drive.

Goal: it passes a Drive that keeps its promises, however badly the line behaves, and fails one
whose conditional write isn't atomic, every time. Method: the real examination through
PyDrive2 over HTTP, with fewer rounds than a real folder needs.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import pytest
import yaml

from console.checks.doctor import drive_behaviour
from console.checks.doctor.catalog import CHECKS, ON_DRIVE, CheckResult
from console.checks.doctor.drive import Examination, examine
from console.checks.doctor.hangup_client import HangupClient
from console.checks.doctor.result import failed_safety_checks
from console.checks.doctor.scratch_folder import (
    NAME,
    Participant,
    ScratchFolder,
    open_scratch_folder,
)
from sessionlib.clock import SystemClock
from sessionlib.config import Config
from sessionlib.config_loading import load
from tests.drive.emulator.kit import BACKUP, MAIN, Fleet, client, fleet

ROUNDS = 10
TIMES = 4


@dataclass
class Clinic:
    fleet: Fleet
    config: Config
    exam: Examination = field(init=False)
    """The last one."""

    def patients(self) -> tuple[Participant, Participant]:
        one, other = (
            Participant(
                name,
                client(self.fleet.emulator, email),
                client(self.fleet.emulator, email, kind=HangupClient),
            )
            for name, email in (("main", MAIN), ("backup", BACKUP))
        )
        return one, other

    @contextmanager
    def ground(self) -> Iterator[ScratchFolder]:
        """A scratch folder, for one check alone; the faults that were set end with it."""
        told = (self.fleet.root_id, SystemClock(), lambda text: None)
        with open_scratch_folder(self.patients(), *told, 20) as place:
            yield place
            self.fleet.emulator.faults.set({"stale-get": 0.0})

    def examined(self, faults: Mapping[str, float], rounds: int = ROUNDS) -> dict[str, CheckResult]:
        self.fleet.emulator.faults.set(faults)
        try:
            self.exam = Examination(self.config, *self.patients(), rounds)
            made = examine(self.exam, SystemClock(), lambda text: None)
            findings = {one.id: one for one in made}
        finally:
            self.fleet.emulator.faults.set(dict.fromkeys(faults, 0.0))
        left = client(self.fleet.emulator, MAIN).list(self.fleet.root_id)
        assert not [file.title for file in left if file.title.startswith(NAME)] or faults
        return findings


@pytest.fixture
def clinic(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Clinic]:
    # How long a lost write is waited for: here nothing comes late.
    monkeypatch.setattr(drive_behaviour, "SETTLED_S", 0.02)
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
            # A machine that is busy with other tests isn't a slow Drive.
            "timings": {"ttl": "3600s", "timeout": "1000s"},
        }
        path.write_text(yaml.safe_dump(body))
        yield Clinic(drive, load(path))


def test_a_drive_that_keeps_its_promises_passes_every_check(clinic: Clinic) -> None:
    before = sum(clinic.fleet.emulator.units.values())
    findings = clinic.examined({})
    assert set(findings) == set(ON_DRIVE)
    assert {one.id: one.text for one in findings.values() if one.ok is not True} == {}
    assert failed_safety_checks(findings.values()) == ()
    assert "p99" in findings["latency"].text
    spent = sum(clinic.fleet.emulator.units.values()) - before
    assert abs(spent - clinic.exam.units) < spent / 10, (spent, clinic.exam.units)


@pytest.mark.parametrize(
    "check", [lambda place: drive_behaviour.freshness(place, 20), drive_behaviour.own_writes]
)
def test_readings_of_before_are_counted(
    clinic: Clinic, check: Callable[[ScratchFolder], CheckResult]
) -> None:
    with clinic.ground() as place:
        clinic.fleet.emulator.faults.durations.stale_s = 0.03
        clinic.fleet.emulator.faults.set({"stale-get": 0.3})
        found = check(place)
        assert found.ok is False
        assert re.match(r"([1-9]|1\d|20) of 20 were read late, after \d+\.\d s", found.text)


def test_a_write_that_is_never_read_ends_the_wait(
    clinic: Clinic, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(drive_behaviour, "LAG_S", 0.0)
    with clinic.ground() as place:
        clinic.fleet.emulator.faults.set({"stale-get": 1.0})
        assert drive_behaviour.freshness(place, 20).text.startswith("one write wasn't read")


def test_writes_that_nobody_waited_for_are_found_by_their_nonce(clinic: Clinic) -> None:
    found = clinic.examined({}, rounds=20)["lost-connection"]
    assert found.ok is True
    assert re.match(r"[012] of 2 writes without an answer", found.text)


def test_one_whose_conditional_write_is_not_atomic_fails_every_time(clinic: Clinic) -> None:
    for _ in range(TIMES):
        findings = clinic.examined({"non-atomic": 1.0})
        assert findings["race"].ok is False, findings["race"].text
        assert "race" in failed_safety_checks(findings.values())


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
