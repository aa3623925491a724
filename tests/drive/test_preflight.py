"""Preflight and doctor as commands, on a Drive that `init` has set up.

Goal: what a user reads before the first session, with all well and with each thing wrong.
Method: the emulator in a process of its own, set up as the demonstration does it.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import yaml

from console.__main__ import main
from console.checks.doctor import drive_behaviour
from console.checks.doctor.drive import Examination
from console.demo.emulated_drive import EmulatedDrive
from console.setup.lease_record import create_lease, missing_lease
from sessionlib import secret_storage
from sessionlib.clock import SystemClock
from sessionlib.config_loading import load
from sessionlib.signing import new_seed, public_of
from sessionlib.stores.drive import opening, signin_storage
from sessionlib.stores.drive.signin_storage import OPERATOR
from sessionlib.stores.drive.tree_ids import drive_ids

EMAILS = {"primary": "a@example.com", "backup1": "b@example.com"}


@dataclass
class Place:
    path: Path
    drive: EmulatedDrive
    capsys: pytest.CaptureFixture[str]

    def run(self, *words: str) -> tuple[int, dict[str, Any]]:
        # A user's console is another process each time, and opens everything anew.
        opening._open.clear()
        code = main([*words, "--config", str(self.path), "--json"])
        return code, json.loads(self.capsys.readouterr().out)

    def refused(self, *words: str) -> str:
        opening._open.clear()
        assert main([*words, "--config", str(self.path)]) == 1
        return self.capsys.readouterr().err

    def words(self) -> dict[tuple[str, str], str]:
        _, document = self.run("preflight")
        return {(one["of"], one["what"]): one["word"] for one in document["items"]}


@pytest.fixture
def place(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Iterator[Place]:
    monkeypatch.setattr(drive_behaviour, "SETTLED_S", 0.02)
    # Nobody guesses here, and each sign-in is read time and again.
    monkeypatch.setitem(secret_storage._COST, "n", 2**4)
    seed = new_seed()
    monkeypatch.setenv("COLABVPS_FLEET_KEY", seed)
    path = tmp_path / "accounts.yaml"
    accounts = {
        name: {"email": email, "role": "hot_standby", "priority": number, "owner": "You"}
        for number, (name, email) in enumerate(EMAILS.items(), 1)
    }
    body = {
        "fleet": "f",
        "store": {"kind": "drive"},
        "fleet_key": public_of(seed),
        "accounts": accounts,
        "workload": {"command": ["true"]},
    }
    path.write_text(yaml.safe_dump(body))
    drive = EmulatedDrive(tmp_path, EMAILS, latency_ms=0.0)
    try:
        config = drive.provision(load(path), SystemClock(), seed)
        store = drive.open(config, SystemClock())
        lease = missing_lease(store, 60.0)
        assert lease is None or create_lease(store, lease)
        yield Place(path, drive, capsys)
    finally:
        drive.close()
        opening._open.clear()


def test_all_is_well_after_init_and_doctor(place: Place) -> None:
    words = place.words()
    assert "fail" not in words.values(), words
    for name in EMAILS:
        for what in ("sign-in", "identity", "its Drive", "folder", "writing"):
            assert words[name, what] == "ok", (name, what)
    assert words["fleet", "doctor"] == "ok"
    assert words["fleet", "clock here"] == "ok"
    _, status = place.run("status")
    assert status["policy"]["takeover_off"] is None


def test_a_doctor_that_failed_turns_automatic_takeover_off_and_says_so(place: Place) -> None:
    place.drive.control("faults", {"non-atomic": 1.0})
    code, document = place.run("doctor", "--rounds", "8", "--yes")
    place.drive.control("faults", {"non-atomic": 0.0})
    assert code == 1
    assert (document["passed"], document["kept"]) == (False, True)
    race = next(one for one in document["checks"] if one["id"] == "race")
    assert (race["ok"], race["safety"]) == (False, True)
    _, status = place.run("status")
    assert status["policy"]["takeover"] == "approve"
    assert "race" in status["policy"]["takeover_off"]
    assert place.words()["fleet", "doctor"] == "warn"


def test_too_few_rounds_take_back_no_pass(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    # As on Google's own Drive: on an emulator their number is the user's.
    monkeypatch.setattr(Examination, "is_conclusive", False)
    code, short = place.run("doctor", "--rounds", "2", "--yes")
    assert (code, short["passed"], short["kept"]) == (1, False, False)
    assert "this changes nothing: doctor passed on" in short["text"]
    assert place.run("status")[1]["policy"]["takeover_off"] is None


def test_what_agents_would_ignore_is_not_even_begun(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLABVPS_FLEET_KEY", new_seed())
    said = place.refused("doctor", "--rounds", "5", "--yes")
    assert "agents would ignore what it signs" in said
    assert "scratch folder" not in said


def test_two_names_of_one_google_account_are_no_two_accounts(place: Place) -> None:
    # The operator's sign-in was made by the person behind the first account.
    primary = signin_storage.load("f", "primary")
    assert primary is not None
    signin_storage.save("f", OPERATOR, primary)
    said = place.refused("doctor", "--accounts", "operator,primary", "--rounds", "5", "--yes")
    assert f"both signed in as {EMAILS['primary']}" in said
    chosen = place.run("doctor", "--rounds", "5", "--yes")
    assert (chosen[0], chosen[1]["passed"]) == (0, True)
    signin_storage.delete("f", "backup1")
    assert "another one" in place.refused("doctor", "--rounds", "5", "--yes")


def test_what_is_wrong_with_an_account_is_found(place: Place) -> None:
    place.drive.control("revoke", {"email": EMAILS["backup1"]})
    words = place.words()
    assert words["backup1", "folder"] == "fail"
    assert words["primary", "folder"] == "ok"
    signin_storage.delete("f", "backup1")
    assert place.words()["backup1", "sign-in"] == "unknown"
    text = place.path.read_text()
    ids = drive_ids(load(place.path))[1]
    place.path.write_text(text.replace(ids["data/blobs"], "an-id-of-nothing-at-all"))
    assert place.words()["primary", "folder"] == "fail"
    place.path.write_text(text)
    text = text.replace(EMAILS["primary"], "other@example.com")
    place.path.write_text(text)
    assert place.words()["primary", "sign-in"] == "fail"
