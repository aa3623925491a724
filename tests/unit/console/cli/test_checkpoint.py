"""Goal: an operator can ask for checkpoints, see them, check them, and get at what is in them.

Method: a fleet on disk whose primary has made a few.
"""

from __future__ import annotations

import stat
from dataclasses import replace
from pathlib import Path

import pytest

from console.errors import UNKNOWN
from sessionlib.checkpoints.catalog import read_manifest
from sessionlib.checkpoints.store_names import blob_key, manifest_key
from sessionlib.core.messages import Order, OrderAction, Receipt
from sessionlib.core.values import LeaseState, Pointer
from sessionlib.signing import public_of, verify
from tests.unit.checkpoints.sessions import Side, fill, picture
from tests.unit.console.fleet_on_disk import LEASE, SEED, FleetOnDisk, fleet, serving
from tests.unit.thread_limit import no_more_threads

__all__ = ["fleet"]


@pytest.fixture
def side(fleet: FleetOnDisk, tmp_path: Path) -> Side:
    """The primary's machine, with two checkpoints, the newer one published."""
    side = Side(fleet.store, tmp_path / "work")
    fleet.at_work()
    fill(side.data, a="1" * 100, sub__b="2")
    first = side.copy(4, None)
    fill(side.data, sub__b="three")
    publish(fleet, side.copy(4, first))
    return side


def publish(fleet: FleetOnDisk, pointer: Pointer, *done: str) -> None:
    renewal = 8 + len(done)
    fleet.put_lease(replace(LEASE, checkpoint=pointer, renewal=renewal, done=done))


def current(fleet: FleetOnDisk) -> str:
    _, document, _ = fleet.run_json("checkpoint", "list")
    (name,) = [one["name"] for one in document if one["current"]]
    assert isinstance(name, str)
    return name


def test_without_checkpoints_it_says_who_makes_them(fleet: FleetOnDisk) -> None:
    fleet.at_work()
    assert fleet.run("checkpoint", "list")[:2] == (
        0,
        "No checkpoint yet: the primary makes the first.\n",
    )
    assert fleet.run_json("checkpoint", "list")[1] == []
    code, _, err = fleet.run("checkpoint", "verify")
    assert code == 1
    assert "points at no checkpoint" in err


@pytest.mark.usefixtures("side")
def test_the_list_is_newest_first_and_marks_the_current_one(fleet: FleetOnDisk) -> None:
    code, out, _ = fleet.run("checkpoint", "list")
    assert code == 0
    heads, newest, older = out.splitlines()
    assert heads.split() == ["EPOCH", "SEQ", "MADE", "SIZE", "FILES", "NAME"]
    assert newest.split()[:3] == ["▶", "4", "2"]
    assert older.split()[:2] == ["4", "1"]
    _, document, _ = fleet.run_json("checkpoint", "list")
    assert [(one["seq"], one["bytes"], one["files"]) for one in document] == [
        (2, 105, 2),
        (1, 101, 2),
    ]
    assert [one["current"] for one in document] == [True, False]
    assert all(one["age_s"] >= 0 and one["error"] is None for one in document)


@pytest.mark.usefixtures("side")
def test_an_unreadable_one_is_told_and_hides_no_other(fleet: FleetOnDisk) -> None:
    name = current(fleet)
    (fleet.folder / "shared" / manifest_key(name)).write_bytes(b"{}")
    code, document, err = fleet.run_json("checkpoint", "list")
    assert code == 0
    assert [one["error"] is None for one in document] == [False, True]
    assert document[0]["bytes"] is None
    assert f"{name} can't be read" in err


@pytest.mark.usefixtures("side")
def test_a_whole_checkpoint_is_0(fleet: FleetOnDisk) -> None:
    code, document, err = fleet.run_json("checkpoint", "verify")
    assert (code, document["whole"], document["wrong"]) == (0, True, [])
    assert "verified" in err
    code, out, _ = fleet.run("checkpoint", "verify", "4-1")
    assert code == 0
    assert out.endswith(" is whole\n")


@pytest.mark.parametrize("harm", ["cut", "changed", "gone", "list", "manifest"])
@pytest.mark.usefixtures("side")
def test_a_damaged_one_is_1_with_what_is_wrong(fleet: FleetOnDisk, harm: str) -> None:
    manifest = read_manifest(fleet.store, current(fleet))
    blob = manifest.head.lists[0].blob if harm == "list" else manifest.blobs[0]
    path = fleet.folder / "shared" / blob_key(blob.name)
    if harm == "manifest":
        path = fleet.folder / "shared" / manifest_key(manifest.name)
    if harm == "gone":
        path.unlink()
    else:
        path.write_bytes(path.read_bytes()[:-1] + (b"" if harm == "cut" else b"\0"))
    code, document, err = fleet.run_json("checkpoint", "verify")
    assert (code, document["whole"]) == (1, False)
    (wrong,) = document["wrong"]
    assert wrong in err
    if harm not in {"list", "manifest"}:
        assert "parts of a" in wrong


@pytest.mark.usefixtures("side")
def test_one_that_cant_be_checked_for_now_isnt_said_to_be_damaged(fleet: FleetOnDisk) -> None:
    with no_more_threads("checkpoint"):
        code, out, err = fleet.run("checkpoint", "verify")
    assert code == 1
    assert "damaged" not in out
    assert "no more threads can be started" in err


def test_an_export_is_the_tree(fleet: FleetOnDisk, side: Side, tmp_path: Path) -> None:
    to = tmp_path / "out"
    code, document, _ = fleet.run_json("checkpoint", "export", "--to", str(to))
    assert code == 0
    assert (document["to"], document["files"], document["bytes"]) == (str(to), 2, 105)
    assert picture(to) == picture(side.data)
    fleet.run("checkpoint", "export", "4-1", "--to", str(tmp_path / "older"))
    assert (tmp_path / "older" / "sub" / "b").read_text() == "2"
    assert stat.S_IMODE(to.stat().st_mode) == stat.S_IMODE(side.data.stat().st_mode)


@pytest.mark.usefixtures("side")
def test_an_export_overwrites_nothing_and_leaves_nothing_half(
    fleet: FleetOnDisk, tmp_path: Path
) -> None:
    there = tmp_path / "there"
    there.mkdir()
    code, _, err = fleet.run("checkpoint", "export", "--to", str(there))
    assert code == 1
    assert "nothing is overwritten" in err
    manifest = read_manifest(fleet.store, current(fleet))
    fleet.store.delete(blob_key(manifest.blobs[0].name))
    before = sorted(tmp_path.iterdir())
    code, _, err = fleet.run("checkpoint", "export", "--to", str(tmp_path / "new"))
    assert code == 1
    assert manifest.blobs[0].name in err
    assert sorted(tmp_path.iterdir()) == before


@pytest.mark.usefixtures("side")
def test_a_name_must_mean_one(fleet: FleetOnDisk) -> None:
    assert fleet.run("checkpoint", "verify", "9-9")[0] == 2
    code, _, err = fleet.run("checkpoint", "verify", "4")
    assert code == 2
    assert "may be each of" in err
    assert fleet.run("checkpoint", "export")[0] == 2
    assert fleet.run("checkpoint", "copy")[0] == 2


def test_now_orders_the_holder(fleet: FleetOnDisk) -> None:
    fleet.at_work()
    code, _, err = fleet.run("checkpoint", "now")
    assert code == 1
    assert "pass --yes" in err
    assert fleet.orders() == []
    code, document, err = fleet.run_json("checkpoint", "now", "--yes")
    (order,) = fleet.orders()
    verify(order, public_of(SEED))
    assert (code, document["order"], document["outcome"]) == (0, order.id, "ordered")
    assert (order.action, order.account, order.renewal) == (OrderAction.CHECKPOINT, "primary", 7)
    assert "primary (a@example.com) copies its data to the store now" in err
    assert fleet.run("checkpoint", "now", "--yes", "--read-only")[0] == 1


@pytest.mark.parametrize("how", ["receipt", "lease"])
def test_it_waits_until_the_lease_points_at_another(
    fleet: FleetOnDisk, side: Side, monkeypatch: pytest.MonkeyPatch, how: str
) -> None:
    def carry_out() -> None:
        (order,) = fleet.orders()
        pointer = side.copy(4, None)
        publish(fleet, pointer, *([order.id] if how == "lease" else []))
        if how == "receipt":
            say(fleet, order, "acted")

    agents(monkeypatch, lambda: say(fleet, fleet.orders()[0], "seen"), carry_out)
    code, document, err = fleet.run_json("checkpoint", "now", "--yes", "--wait")
    assert (code, document["outcome"]) == (0, "done")
    assert "published" in document["text"]
    assert "primary says: seen" in err


@pytest.mark.usefixtures("side")
def test_a_refusal_is_1_with_the_reason(
    fleet: FleetOnDisk, monkeypatch: pytest.MonkeyPatch
) -> None:
    agents(monkeypatch, lambda: say(fleet, fleet.orders()[0], "refused", "prepare failed"))
    code, document, _ = fleet.run_json("checkpoint", "now", "--yes", "--wait")
    assert (code, document["outcome"]) == (1, "failed")
    assert "prepare failed" in document["text"]


@pytest.mark.usefixtures("side")
def test_another_epoch_voids_it(fleet: FleetOnDisk, monkeypatch: pytest.MonkeyPatch) -> None:
    agents(monkeypatch, lambda: fleet.put_lease(replace(LEASE, epoch=5, holder="backup1")))
    code, document, _ = fleet.run_json("checkpoint", "now", "--yes", "--wait")
    assert (code, document["outcome"]) == (1, "failed")
    assert "void" in document["text"]


@pytest.mark.usefixtures("side")
def test_time_up_is_3(fleet: FleetOnDisk, monkeypatch: pytest.MonkeyPatch) -> None:
    agents(monkeypatch)
    code, document, _ = fleet.run_json("checkpoint", "now", "--yes", "--wait", "--timeout", "0.05")
    assert code == document["exit_code"] == UNKNOWN


@pytest.mark.usefixtures("side")
def test_without_a_primary_nothing_is_asked(fleet: FleetOnDisk) -> None:
    fleet.put_lease(replace(LEASE, holder=None, state=LeaseState.FREE))
    code, _, err = fleet.run("checkpoint", "now", "--yes")
    assert code == 1
    assert "no primary" in err


def say(fleet: FleetOnDisk, order: Order, outcome: str, why: str = "") -> None:
    receipts = (Receipt(order.id, outcome, why),)
    fleet.put_report(replace(serving("primary", 4), receipts=receipts))


def agents(monkeypatch: pytest.MonkeyPatch, *steps: object) -> None:
    left = list(steps)
    monkeypatch.setattr(
        "console.cli.ordering.sleep",
        lambda _: left.pop(0)() if left else None,  # type: ignore[operator]  # steps are calls
    )
