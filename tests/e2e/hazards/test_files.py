"""Hazards 3, 4, 11 and 13: files that are torn, foreign, huge or something else altogether.

Goal: in every file of `state/`, no damage makes anybody take over, ends an agent
or stalls a takeover that is due; the console says what is wrong; and once a file
is mended the fleet goes on. Method: one fleet, every kind of damage.
"""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from sessionlib.clock import sleep
from tests.e2e.hazards.damage import CONTENTS, DAMAGES, PLACES, Damage, clear, mend
from tests.e2e.hazards.kit import Fleet, now_s, until

OWN_WORDS = {"dangling": "changes faster than it can be read"}
"""A name in the chain that leads nowhere is taken for one that was just pruned."""


def test_a_damaged_lease_is_nobodys_and_once_mended_the_old_primary_goes_on(fleet: Fleet) -> None:
    """Something else is written on top of the chain, so that no renewal succeeds, for more
    than a ttl in all; it becomes something else again once both agents have said what it is."""
    before = fleet.lease()
    folder = fleet.root / "state" / "lease"
    top = _on_top(folder, CONTENTS[0])
    begin_s = now_s()
    good = (folder / str(top - 1)).read_bytes()
    for damage in (*CONTENTS, *PLACES):
        if damage is not CONTENTS[0]:
            damage.do(folder / str(top), good)
        words = OWN_WORDS.get(damage.name, damage.words)
        for account in fleet.accounts:
            until(lambda: words in _alarm(fleet, account), f"{account} says {words}")  # noqa: B023 - called before the loop goes on
        if damage.name != "unreadable":  # this process may read everything
            _console_says(fleet, words)
    for account in fleet.accounts:
        assert peak_mib(fleet, account) < 120, "it read the huge one whole"
    until(lambda: fleet.said("primary", "workload_frozen"), "the work is frozen")
    until(lambda: now_s() - begin_s > 1.2 * fleet.timing.ttl_s, "the lease has run out")
    assert not fleet.works()
    clear(folder / str(top))
    lease = fleet.served()
    assert (lease.epoch, lease.incarnation) == (before.epoch, before.incarnation)
    until(fleet.works, "the work goes on")


def peak_mib(fleet: Fleet, account: str) -> float:
    """The most memory that an agent has ever held."""
    lines = Path(f"/proc/{fleet.pid(account)}/status").read_text().splitlines()
    (line,) = [line for line in lines if line.startswith("VmHWM:")]
    return int(line.split()[1]) / 1024


def _on_top(folder: Path, damage: Damage) -> int:
    """Put damage where the next version of the record would be. Returns which that is."""
    while True:
        top = max(int(path.name) for path in folder.iterdir() if path.name.isdigit())
        draft = folder / "draft"
        damage.make(draft, (folder / str(top)).read_bytes())
        try:
            (folder / str(top + 1)).hardlink_to(draft)
        except FileExistsError:
            continue
        finally:
            clear(draft)
        return top + 1


def _alarm(fleet: Fleet, account: str) -> str:
    report = fleet.report(account)
    said = fleet.said(account, "alarm")
    return (report.alarm if report and report.alarm else "") or (said[-1]["text"] if said else "")


def _console_says(fleet: Fleet, words: str) -> None:
    code, out, err = fleet.console("status", "--json")
    shown = json.loads(out)
    assert words in err
    assert shown["lease"]["valid"] is None
    assert code == (0 if shown["store"]["reachable"] else 1)
    code, out, err = fleet.console("handover", "--to", "backup1", "--yes")
    assert (code, out) == (1, "")
    assert words in err


@pytest.mark.parametrize("name", ["torn", "directory", "dangling"])
def test_damage_to_the_newest_version_is_written_over_by_the_next_renewal(
    fleet: Fleet, name: str
) -> None:
    before = fleet.lease()
    folder = fleet.root / "state" / "lease"
    top = max(int(path.name) for path in folder.iterdir() if path.name.isdigit())
    DAMAGES[name].do(folder / str(top), (folder / str(top)).read_bytes())
    until((folder / str(top + 1)).exists, "the primary renews all the same")
    assert fleet.served().epoch == before.epoch


@contextmanager
def storm(fleet: Fleet) -> Iterator[list[str]]:
    """Every file beside the lease's own versions becomes one kind of damage after another,
    the copy of the lease that is for people among them. Afterwards all are mended."""
    state = fleet.root / "state"
    epoch = fleet.lease().epoch
    history = state / "history" / f"{epoch}.json"
    good = {
        state / "lease.json": (state / "lease.json").read_bytes(),
        state / "sessions" / "primary.json": (state / "sessions" / "primary.json").read_bytes(),
        state / "sessions" / "backup1.json": (state / "sessions" / "backup1.json").read_bytes(),
        state / "orders" / f"{'0' * 16}.json": history.read_bytes(),
        history: history.read_bytes(),
        state / "handover_signal.json": history.read_bytes(),
    }
    (state / "orders").mkdir(exist_ok=True)
    over = threading.Event()
    struck: list[str] = []

    def strike() -> None:
        while not over.is_set():
            for name, damage in DAMAGES.items():
                for path, body in good.items():
                    damage.do(path, body)
                struck.append(name)
                if over.wait(0.12):
                    break

    thread = threading.Thread(target=strike)
    thread.start()
    try:
        yield struck
    finally:
        over.set()
        thread.join()
        for path, body in good.items():
            mend(path, None if "orders" in path.parts or "signal" in path.name else body)


def test_no_damage_to_the_notes_moves_anything_or_ends_anybody(fleet: Fleet) -> None:
    before = fleet.lease()
    with storm(fleet) as struck:
        while len(struck) <= len(DAMAGES):
            code, out, err = fleet.console("status", "--json")
            assert code == 0, err
            assert json.loads(out)["lease"]["holder"] == "primary"
            assert fleet.console("history", "--json")[0] == 0
            sleep(0.02)
    assert set(struck) == set(DAMAGES)
    after = fleet.served()
    assert (after.epoch, after.incarnation) == (before.epoch, before.incarnation)
    assert all(fleet.is_running(account) for account in fleet.accounts)
    until(lambda: _is_told(fleet), "everybody's report can be read again")
    assert fleet.hand_over("backup1").to == "backup1"


def _is_told(fleet: Fleet) -> bool:
    rows = fleet.status()["accounts"]
    return all(row["phase"] == "Fresh" and row["heartbeat_age_s"] < 3 for row in rows)


def test_damage_stalls_no_takeover_that_is_due(fleet: Fleet) -> None:
    before = fleet.lease()
    with storm(fleet):
        fleet.kill("primary")
        claim = until(lambda: _claimed(fleet, before.epoch + 1), "backup1 takes over")
    waited_s = claim - fleet.chain.last(before.epoch).at_s
    assert waited_s < fleet.timing.patience_s(fleet.timing.ttl_s, 1) + 2.0
    assert fleet.served("backup1").epoch == before.epoch + 1


def _claimed(fleet: Fleet, epoch: int) -> float:
    return next((one.at_s for one in fleet.chain.written if one.lease.epoch == epoch), 0.0)
