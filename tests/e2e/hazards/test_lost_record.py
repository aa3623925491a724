"""Hazards 3 and 5: the lease record deleted, cut short, or put back as it once was.

Goal: a record that is missing or fell back elects nobody, is told, and stops the
work at its deadline; `init` makes one that is claimed only after a whole ttl, under
an epoch above every trace. Method: what a person or a sync program does to the
folder is done to it under a running fleet.
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from sessionlib.clock import sleep
from sessionlib.core.values import Lease
from sessionlib.records import decode
from tests.e2e.hazards.damage import clear
from tests.e2e.hazards.kit import Fleet, fleet_in, now_s, until


@pytest.fixture
def lost(tmp_path: Path) -> Iterator[Fleet]:
    """A fleet that isn't shared: what is done to it stays."""
    with fleet_in(tmp_path / "fleet") as fleet:
        fleet.begin()
        yield fleet


def test_a_record_that_fell_back_or_is_gone_elects_nobody(
    lost: Fleet, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    fleet = lost
    ttl_s = fleet.timing.ttl_s
    old = tmp_path / "old"
    shutil.copytree(fleet.root / "state" / "lease", old)
    fleet.hand_over("backup1")
    until(lambda: (report := fleet.report("primary")) and report.epoch == 2, "primary knows it")

    # Put back as it was one epoch earlier.
    since_s = now_s()
    _replace(fleet, old)
    for account in fleet.accounts:
        until(lambda: "fell from epoch 2 to 1" in _alarm(fleet, account), account)  # noqa: B023 - called before the loop goes on
    # A restarted agent remembers which epoch it has seen.
    fleet.kill("primary")
    fleet.start("primary")
    until(lambda: len(fleet.said("primary", "start")) == 2, "it has started again")
    until(lambda: "fell from epoch 2 to 1" in _alarm(fleet, "primary"), "and tells it again")
    until(lambda: now_s() > since_s + 1.2 * ttl_s, "more than a ttl has passed")
    assert _newest(fleet).epoch == 1
    assert not fleet.works()
    assert fleet.last_tick_s() < since_s + ttl_s

    # Gone altogether.
    _replace(fleet, None)
    for account in fleet.accounts:
        until(lambda: "is missing" in _alarm(fleet, account), account)  # noqa: B023 - called before the loop goes on
    code, out, err = fleet.console("status", "--json")
    assert (code, json.loads(out)["lease"]["valid"]) == (0, None)
    assert "there is no lease record" in err
    sleep(4 * fleet.timing.poll_s)
    assert not (fleet.root / "state" / "lease.json").exists()

    # Made again.
    monkeypatch.setenv("COLABVPS_FLEET_KEY", fleet.seed)
    before_s = now_s()
    code, out, err = fleet.console("init", "--yes", "--json")
    after_s = now_s()
    assert code == 0, err
    assert "holder unknown" in err
    assert fleet.end_of("backup1") == 1, "it had held the lease, and another record stands"
    claim = until(lambda: [one for one in fleet.chain.written if one.at_s > after_s], "a claim")[0]
    assert claim.lease.holder == "primary"
    assert claim.lease.epoch == 2 + 100 + 1
    assert claim.at_s - before_s > ttl_s * 1.01
    assert fleet.served("primary").epoch == claim.lease.epoch


def _replace(fleet: Fleet, old: Path | None) -> None:
    """Make the record what `old` holds, while the fleet may be writing it."""
    state = fleet.root / "state"
    aside = fleet.folder / f"aside-{now_s()}"
    fresh = state / "fresh"
    if old is not None:
        shutil.copytree(old, fresh)
        top = max(int(path.name) for path in old.iterdir())
        shutil.copy(old / str(top), state / "lease.json")
    (state / "lease").rename(aside)
    if old is not None:
        fresh.rename(state / "lease")
    else:
        clear(state / "lease.json")


def _newest(fleet: Fleet) -> Lease:
    found = fleet.store.read("state/lease.json")
    assert found is not None
    return decode(Lease, found.data)


def _alarm(fleet: Fleet, account: str) -> str:
    report = fleet.report(account)
    return report.alarm or "" if report else ""


def test_a_record_that_lost_its_last_renewals_elects_nobody(fleet: Fleet, tmp_path: Path) -> None:
    """The same epoch, some renewals ago: the newest versions are gone, and come back."""
    before = fleet.lease()
    ttl_s = fleet.timing.ttl_s
    folder = fleet.root / "state" / "lease"
    until(lambda: fleet.lease().renewal > before.renewal + 3, "some renewals")
    last = _heights(folder)[-4]
    since_s = now_s()
    while newer := [height for height in _heights(folder) if height > last]:
        for height in newer:
            (folder / str(height)).rename(tmp_path / str(height))
    written = fleet.chain.count()
    for account in fleet.accounts:
        until(lambda: "older" in _alarm(fleet, account), f"{account} says it")  # noqa: B023 - called before the loop goes on
    until(lambda: now_s() > since_s + 1.2 * ttl_s, "more than a ttl has passed")
    assert fleet.chain.count() == written
    assert not fleet.works()
    for height in _heights(tmp_path):
        (tmp_path / str(height)).rename(folder / str(height))
    after = fleet.served()
    assert (after.epoch, after.incarnation) == (before.epoch, before.incarnation)


def _heights(folder: Path) -> list[int]:
    return sorted(int(path.name) for path in folder.iterdir() if path.name.isdigit())
