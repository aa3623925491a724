"""What preflight says of what was seen.

Goal: a word for each thing that can be wrong, and a way out beside it. Method: the pure
judgement on made-up looks, and the command as a user runs it on a folder.
"""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from console.__main__ import main
from console.checks.preflight import drive_access, store_access
from console.checks.preflight.fleet import (
    RULE,
    KeyStatus,
    PreflightFacts,
    account_items,
    fleet_items,
    rule_for,
)
from console.checks.preflight.items import ItemStatus, PreflightItem
from console.fleet.snapshot import Reading, Snapshot
from sessionlib import __version__
from sessionlib.clock import SystemClock
from sessionlib.config_loading import parse
from sessionlib.core.messages import MoveKind, Resources
from sessionlib.core.values import UNKNOWN_HOLDER, LeaseState, Readiness, Role
from sessionlib.layout import LEASE as LEASE_KEY
from sessionlib.records import encode
from sessionlib.signed.doctor_result import STALE_AFTER_S, StoreCheck
from sessionlib.signing import public_of
from sessionlib.stores.memory import MemoryStore
from tests.unit.console.fleet_on_disk import (
    CONFIG,
    LEASE,
    SEED,
    FleetOnDisk,
    fleet,
    moved,
    report,
    serving,
)
from tests.unit.fake_keyrings import BrokenKeyring, use_keyring

__all__ = ["fleet"]
NOW = 1_800_000_000.0
PASSED = StoreCheck("f", "folder", "lease", NOW - 60, True, (), 200, "op")
PINNED, NEW_SEED = public_of(SEED), "77" * 32
ANOTHER = public_of(NEW_SEED)
ON_DRIVE = CONFIG.replace("kind: folder", "kind: drive").replace(", path: shared", "")


def config(text: str = CONFIG) -> Any:
    return parse(text, Path("accounts.yaml"))


def found(**changes: Any) -> PreflightFacts:
    snapshot = Snapshot("folder", 0.01, None, Reading(LEASE, 3.0), {}, answered_s=0.0)
    key = config().fleet_key
    plain: dict[str, Any] = {"key": KeyStatus(key, key), "settings": "v1"}
    return PreflightFacts(changes.pop("snapshot", snapshot), NOW, 1 << 40, **{**plain, **changes})


def item(what: str, seen: PreflightFacts, text: str = CONFIG) -> PreflightItem:
    return next(one for one in fleet_items(config(text), seen) if one.what == what)


@pytest.mark.parametrize(
    ("lease", "word"),
    [
        (Reading(LEASE, 3.0), ItemStatus.OK),
        # Whoever holds it hasn't been heard of since.
        (Reading(LEASE, LEASE.ttl_s + 1.0), ItemStatus.WARN),
        (Reading(replace(LEASE, holder=None, state=LeaseState.FREE), 9_000.0), ItemStatus.OK),
        (Reading(None), ItemStatus.FAIL),
        (Reading(None, None, "torn"), ItemStatus.FAIL),
        (Reading(replace(LEASE, holder=UNKNOWN_HOLDER), 3.0), ItemStatus.WARN),
        (Reading(replace(LEASE, paused=True), 3.0), ItemStatus.WARN),
    ],
)
def test_the_lease(lease: Reading[Any], word: ItemStatus) -> None:
    one = item("lease", found(snapshot=replace(found().snapshot, lease=lease)))
    assert one.word is word
    assert bool(one.cure) is (word is not ItemStatus.OK)


@pytest.mark.parametrize(
    ("in_force", "public", "error", "word"),
    [
        (PINNED, PINNED, None, ItemStatus.OK),
        (PINNED, None, None, ItemStatus.WARN),
        (PINNED, None, "no keyring", ItemStatus.WARN),
        (PINNED, ANOTHER, None, ItemStatus.FAIL),
        # It was changed, and this file doesn't know it yet.
        (ANOTHER, ANOTHER, None, ItemStatus.WARN),
        (ANOTHER, PINNED, None, ItemStatus.FAIL),
    ],
)
def test_the_key(in_force: str, public: str | None, error: str | None, word: ItemStatus) -> None:
    assert item("fleet key", found(key=KeyStatus(in_force, public, error))).word is word


def test_after_a_change_of_the_key_an_old_file_will_do(
    fleet: FleetOnDisk, monkeypatch: pytest.MonkeyPatch
) -> None:
    fleet.at_work()
    use_keyring(monkeypatch, BrokenKeyring())
    before = fleet.config_path.read_text()
    monkeypatch.setenv("COLABVPS_FLEET_KEY_NEW", NEW_SEED)
    assert fleet.run("publish", "--yes")[0] == 0
    assert fleet.run("key", "rotate", "--yes")[0] == 0
    fleet.config_path.write_text(before)
    monkeypatch.setenv("COLABVPS_FLEET_KEY", NEW_SEED)
    monkeypatch.delenv("COLABVPS_FLEET_KEY_NEW")
    code, document, _ = fleet.run_json("preflight")
    words = {one["what"]: one["word"] for one in document["items"] if one["of"] == "fleet"}
    assert (code, words["fleet key"], words["settings"]) == (0, "warn", "ok")


def test_settings_that_differ_are_told() -> None:
    assert item("settings", found(settings="differs from v1: timings.ttl")).word is ItemStatus.WARN
    assert item("settings", found(settings=None)).word is ItemStatus.UNKNOWN


def test_doctor_is_asked_about_on_drive_alone() -> None:
    assert not [one for one in fleet_items(config(), found()) if one.what == "doctor"]
    off = replace(found().snapshot, store_unproven="doctor was never run")
    assert item("doctor", found(snapshot=off), ON_DRIVE).word is ItemStatus.WARN
    assert item("doctor", found(store_check=PASSED), ON_DRIVE).word is ItemStatus.OK
    old = replace(PASSED, at=NOW - STALE_AFTER_S - 1)
    assert item("doctor", found(store_check=old), ON_DRIVE).word is ItemStatus.WARN


def test_a_session_that_runs_is_looked_at_closely() -> None:
    told = replace(report("backup1"), at=NOW - 1.0, version="0.0.0", config="v1")
    snapshot = replace(found().snapshot, reports={"backup1": Reading(told, 1.0)})
    items = {one.what: one for one in account_items(config(), "backup1", found(snapshot=snapshot))}
    assert items["session"].word is ItemStatus.OK
    assert items["agent"].word is ItemStatus.WARN
    assert __version__ in items["agent"].text
    assert items["its settings"].word is ItemStatus.OK
    assert items["clock"].word is ItemStatus.OK
    fast = replace(told, at=NOW + 60)
    snapshot = replace(found().snapshot, reports={"backup1": Reading(fast, 1.0)})
    items = {one.what: one for one in account_items(config(), "backup1", found(snapshot=snapshot))}
    assert items["clock"].word is ItemStatus.WARN


def test_a_session_with_an_older_program_or_a_full_disk_is_told_of() -> None:
    told = replace(report("backup1"), bundle="v1 aaaaaaaa", resources=Resources(disk_pct=99.0))
    snapshot = replace(found().snapshot, reports={"backup1": Reading(told, 1.0)})
    with_code = CONFIG.replace('"60"]', '"60"], code: app')

    def words(code: str) -> dict[str, ItemStatus]:
        seen = found(snapshot=snapshot, code=code)
        return {one.what: one.word for one in account_items(config(with_code), "backup1", seen)}

    assert (words("v2 bbbbbbbb")["its code"], words("v1 aaaaaaaa")["its code"]) == ("warn", "ok")
    assert words("v1 aaaaaaaa")["its disk"] is ItemStatus.WARN


@pytest.mark.parametrize(
    ("changes", "cure"),
    [
        ({}, "restart its agent: it was started before"),
        ({"member": "primary", "readiness": Readiness.COLD}, "restart its agent: it was"),
        ({"readiness": Readiness.COLD, "preparing": "unpacking"}, "unpacking"),
        ({"readiness": Readiness.COLD}, "wait until it is ready; where nothing changes restart"),
        ({"readiness": Readiness.COLD, "role": Role.COLD_BACKUP}, "once it is called on"),
        ({"member": "primary", "bundle": "v1 aaaaaaaa"}, "`colabvps-console handover`"),
    ],
)
def test_the_cure_for_an_older_program_is_one_that_helps(
    changes: dict[str, Any], cure: str
) -> None:
    told = replace(report("backup1"), config="differs from v2: workload.setup", **changes)
    seen = found(
        snapshot=replace(found().snapshot, reports={"backup1": Reading(told, 1.0)}), code="v2 bb"
    )
    with_code = CONFIG.replace('"60"]', '"60"], code: app')
    items = {one.what: one for one in account_items(config(with_code), "backup1", seen)}
    assert cure in items["its code"].cure
    assert items["its settings"].text == "differ from v2: workload.setup"
    assert "restart its agent" in items["its settings"].cure


def test_a_planned_move_is_the_cure_for_a_drill_that_never_was(fleet: FleetOnDisk) -> None:
    def drill() -> Any:
        items = fleet.run_json("preflight")[1]["items"]
        return next(one for one in items if one["what"] == "last drill")

    fleet.put_lease(LEASE)
    fleet.put_history(replace(moved(4), kind=MoveKind.FIRST))
    assert drill()["word"] == "warn"
    assert "colabvps-console handover" in drill()["cure"]
    fleet.put_lease(replace(LEASE, epoch=5))
    fleet.put_history(moved(5))
    assert (drill()["word"], drill()["cure"]) == ("ok", "")
    # Nor is it forgotten for a takeover since.
    fleet.put_lease(replace(LEASE, epoch=6))
    fleet.put_history(replace(moved(6), kind=MoveKind.TAKEOVER))
    assert drill()["word"] == "ok"
    assert "epoch 5, on 2023-11-14" in drill()["text"]


@pytest.mark.parametrize(
    ("days", "word"),
    [
        (0.0, ItemStatus.OK),
        (4.9, ItemStatus.OK),
        (5.1, ItemStatus.WARN),
        (7.2, ItemStatus.WARN),
        (90.0, ItemStatus.OK),
    ],
)
def test_a_sign_in_is_told_of_before_it_would_end_in_testing(days: float, word: ItemStatus) -> None:
    """One that has outlived that time, and works, is none of those."""
    assert drive_access._age("backup1", days * 86_400.0, "`login`").word is word


@pytest.mark.parametrize(
    ("ahead_s", "word"),
    [(0.5, ItemStatus.OK), (-60.0, ItemStatus.WARN), (None, ItemStatus.UNKNOWN)],
)
def test_the_stores_clock(ahead_s: float | None, word: ItemStatus) -> None:
    class Clocked(MemoryStore):
        def clock_ahead_s(self) -> float | None:
            return ahead_s

    assert store_access._clock(Clocked(SystemClock())).word is word


@pytest.mark.parametrize(
    ("free_bytes", "word"),
    [(None, ItemStatus.OK), (1 << 20, ItemStatus.WARN), (1 << 40, ItemStatus.OK)],
)
def test_the_room_in_an_accounts_drive(free_bytes: int | None, word: ItemStatus) -> None:
    assert drive_access._room("backup1", free_bytes).word is word


def test_read_only_writes_nothing(fleet: FleetOnDisk) -> None:
    fleet.at_work()
    shared = fleet.store.root
    before = {path: path.stat().st_mtime_ns for path in (shared / "scripts", shared / "data")}
    code, document, _ = fleet.run_json("preflight", "--read-only")
    words = {(one["of"], one["what"]): one["word"] for one in document["items"]}
    assert (code, words["fleet", "store"]) == (0, "unknown")
    assert {path: path.stat().st_mtime_ns for path in before} == before


def test_a_standby_that_is_ready_is_named() -> None:
    ready = replace(report("backup1"), readiness=Readiness.READY)
    reports = {"primary": Reading(serving("primary", 4), 1.0), "backup1": Reading(ready, 1.0)}
    one = item("standby", found(snapshot=replace(found().snapshot, reports=reports)))
    assert (one.word, "backup1" in one.text) == (ItemStatus.OK, True)
    assert item("standby", found()).word is ItemStatus.WARN


def test_the_providers_rule_is_told_to_whom_it_concerns() -> None:
    assert rule_for(config(ON_DRIVE), signs_in_to_google=True) == RULE
    assert "forbid" in RULE


def test_the_command_on_a_folder(
    fleet: FleetOnDisk, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLABVPS_FLEET_KEY", SEED)
    fleet.store.create(LEASE_KEY, encode(LEASE))
    assert main(["preflight", "--json", "--config", str(fleet.config_path)]) == 0
    document = json.loads(capsys.readouterr().out)
    assert document["ready"] is True
    words = {(one["of"], one["what"]): one["word"] for one in document["items"]}
    assert words["fleet", "store"] == "ok"
    assert words["fleet", "lease"] == "ok"
    assert words["fleet", "fleet key"] == "ok"
    scripts = fleet.store.root / "scripts"
    assert not list(scripts.glob("preflight-*"))
    scripts.rename(fleet.store.root / "away")
    scripts.write_text("in the way")
    assert main(["preflight", "--config", str(fleet.config_path)]) == 1
    out = capsys.readouterr().out
    assert "Not ready" in out
    assert all(len(line) <= 80 for line in out.splitlines())
