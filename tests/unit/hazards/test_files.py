"""Hazards 3, 11 and 13 with nobody writing over the damage: every kind in every file of `state/`.

Goal: the console says which piece can't be read, keeps its exit codes and shows the
rest; an agent never takes damage for a record, for a free lease or for a reason to
pass over what lies beside it. Method: one folder store for each pair of file and
damage. `tests/e2e/hazards/test_files.py` does the same to agents that run.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Collection, Iterator
from pathlib import Path
from typing import Any

import pytest

from sessionlib import layout
from sessionlib.agent.lease_io import read_lease
from sessionlib.agent.mailbox_io import Mailbox
from sessionlib.core.messages import Order, OrderAction
from sessionlib.core.view import LeaseReadStatus
from sessionlib.records import encode
from sessionlib.signing import public_of, sign
from tests.e2e.hazards.damage import DAMAGES, PLACES, Damage, mend
from tests.needs import needs
from tests.unit.console.fleet_on_disk import SEED, FleetOnDisk

ORDER = Order("b" * 16, "my-fleet", OrderAction.HANDOVER, "backup1", 4, "inc-primary", 7, "op")
FILES = {
    "lease": layout.LEASE,
    "primary": layout.session_key("primary"),
    "backup1": layout.session_key("backup1"),
    "history": layout.history_key(4),
    "order": layout.order_key("a" * 16),
    "signal": layout.SIGNAL,
}
FEW = ("torn", "huge", "newer", "directory", "dangling")
HEEDED = [each for each in DAMAGES.values() if each.name != "unreadable" or os.geteuid() != 0]


@pytest.fixture
def fleet(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> FleetOnDisk:
    monkeypatch.setenv("COLABVPS_FLEET_KEY", SEED)
    fleet = FleetOnDisk(tmp_path, capsys)
    fleet.at_work()
    fleet.store.create(layout.order_key(ORDER.id), encode(sign(ORDER, SEED)))
    return fleet


def path_of(fleet: FleetOnDisk, file: str) -> Path:
    return fleet.folder / "shared" / FILES[file]


def damaged(fleet: FleetOnDisk, file: str, kinds: Collection[Damage] = HEEDED) -> Iterator[Damage]:
    """One file in every kind of damage, one after the other."""
    path = path_of(fleet, file)
    good = path.read_bytes() if path.exists() else None
    for kind in kinds:
        kind.do(path, good or path_of(fleet, "lease").read_bytes())
        yield kind
    mend(path, good)


@pytest.mark.parametrize("file", FILES)
def test_status_says_which_piece_it_is_and_shows_the_rest(fleet: FleetOnDisk, file: str) -> None:
    for kind in damaged(fleet, file):
        code, document, err = fleet.run_json("status")
        lease = document["lease"]
        phases = {row["name"]: row["phase"] for row in document["accounts"]}
        assert (code, document["store"]["reachable"]) == (0, True), kind.name
        if file == "lease":
            assert (lease["holder"], lease["valid"]) == (None, None), "nobody can say who works"
            assert (kind.words or "no lease record") in err, kind.name
        else:
            assert (lease["holder"], lease["valid"]) == ("primary", True), kind.name
        for account in ("primary", "backup1"):
            if account != file:
                assert phases[account] == "Fresh", kind.name
            elif kind.words:
                assert phases[account] is None, kind.name
                assert f"{account}'s report can't be read" in err, kind.name
                assert kind.words in err, kind.name
            else:
                assert phases[account] == "Cold", kind.name
    code, document, err = fleet.run_json("status")
    assert (code, err) == (0, "")


@pytest.mark.parametrize("file", FILES)
def test_other_commands_end_in_order(fleet: FleetOnDisk, file: str) -> None:
    # Of what these commands don't need, a few kinds will do.
    kinds = HEEDED if file in {"lease", "backup1"} else [DAMAGES[name] for name in FEW]
    for kind in damaged(fleet, file, kinds):
        orders = len(fleet.store.list(layout.ORDERS))
        code, _, err = fleet.run("handover", "--to", "backup1", "--yes")
        given = len(fleet.store.list(layout.ORDERS)) - orders
        # Without the lease or the successor's report there is nothing to give an order on.
        wanted = (1, 0) if file in {"lease", "backup1"} else (0, 1)
        assert (code, given) == wanted, (kind.name, err)

        code, moves, err = fleet.run_json("history")
        assert (code, len(moves)) == (0, 0 if file == "history" else 1), kind.name
        assert file != "history" or kind in PLACES or "epoch 4 can't be read" in err, kind.name

        code, _, err = fleet.run("init", "--yes")
        if file == "lease":
            # What leads nowhere looks missing, until somebody tries to make it.
            assert code == (3 if kind.name == "dangling" else 1), "what is there isn't made again"
            words = ("nothing was changed", "regular", "links", "may not")
            assert any(word in err for word in words), (kind.name, err)
        else:
            assert code == 0, (kind.name, err)


@pytest.mark.parametrize("file", FILES)
def test_an_agent_takes_it_for_nothing_and_reads_what_lies_beside_it(
    fleet: FleetOnDisk, file: str
) -> None:
    accounts = ("primary", "backup1", "backup2")
    for kind in damaged(fleet, file):
        peeked = Mailbox(
            fleet.store,
            fleet="my-fleet",
            public_key=public_of(SEED),
            accounts=accounts,
            account="backup2",
        ).read()
        assert set(peeked.reports) == {"primary", "backup1"} - {file}, kind.name
        assert [order.id for order in peeked.orders] == [ORDER.id], kind.name
        assert all(outcome == "refused" for _, outcome, _ in peeked.refused), kind.name
        sight = read_lease(fleet.store).status
        blind = {LeaseReadStatus.MISSING, LeaseReadStatus.UNREADABLE, LeaseReadStatus.UNREACHABLE}
        assert sight in (blind if file == "lease" else {LeaseReadStatus.SEEN}), kind.name


def test_a_forbidden_file_hides_nothing_else_either(fleet: FleetOnDisk) -> None:
    """Accounts share a folder, and one of them has a strict umask."""
    for file in ("order", "backup1", "history"):
        path = path_of(fleet, file)
        DAMAGES["unreadable"].do(path, path_of(fleet, "lease").read_bytes())
    seen = _as_nobody(fleet)
    assert seen["orders"] == [ORDER.id]
    assert seen["reports"] == ["primary"]
    assert seen["status"] == 0
    assert "backup1's report can't be read" in seen["troubles"]
    assert seen["history"] == 0


_LOOK = """
import io, json, sys
from contextlib import redirect_stderr, redirect_stdout
from console.__main__ import main
from sessionlib.agent.mailbox_io import Mailbox
from sessionlib.clock import SystemClock
from sessionlib.stores.folder import FolderStore
from pathlib import Path
config, root, key = sys.argv[1:]
store = FolderStore(Path(root), SystemClock())
accounts = ("primary", "backup1", "backup2")
mailbox = Mailbox(store, fleet="my-fleet", public_key=key, accounts=accounts, account="backup2")
peeked = mailbox.read()
out, err = io.StringIO(), io.StringIO()
with redirect_stdout(out), redirect_stderr(err):
    codes = [main([command, "--json", "--config", config]) for command in ("status", "history")]
print(json.dumps({
    "orders": [order.id for order in peeked.orders],
    "reports": sorted(peeked.reports),
    "status": codes[0],
    "history": codes[1],
    "troubles": err.getvalue(),
}))
"""


def _as_nobody(fleet: FleetOnDisk) -> dict[str, Any]:
    """What is seen by a process that heeds permissions: root's own would be let in."""
    words = [sys.executable, "-c", _LOOK]
    if os.geteuid() == 0:
        setpriv = needs("setpriv", "util-linux")
        words = [setpriv, "--bounding-set", "-dac_override,-dac_read_search", *words]
    where = [str(fleet.config_path), str(fleet.folder / "shared"), public_of(SEED)]
    root = Path(__file__).parents[3]
    ran = subprocess.run([*words, *where], cwd=root, capture_output=True, text=True, check=False)
    assert ran.returncode == 0, ran.stderr
    found: dict[str, Any] = json.loads(ran.stdout)
    return found


@pytest.mark.parametrize(
    "stray", ["{} (1)", "{} (conflicted copy 2024-11-22)", ".{}.swp", "{}~", "Copy of {}"]
)
def test_what_sync_programs_leave_beside_a_record_is_not_the_record(
    fleet: FleetOnDisk, stray: str
) -> None:
    """Two files of one name, as Drive allows, become such copies in a folder."""
    chain = fleet.folder / "shared" / "state" / "lease"
    fleet.put_lease(read_lease(fleet.store).lease or pytest.fail("no lease"))
    for path in (*chain.iterdir(), path_of(fleet, "primary"), path_of(fleet, "lease")):
        path.with_name(stray.format(path.name)).write_bytes(b'{"schema":"lease/1","epoch":99}')
    assert read_lease(fleet.store).lease is not None
    code, document, _ = fleet.run_json("status")
    assert (code, document["lease"]["epoch"]) == (0, 4)
    assert {row["phase"] for row in document["accounts"]} == {"Fresh"}
