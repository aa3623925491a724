"""Goal: what anybody may do to the shared folder reaches nothing outside it, and ends nobody.

Method: links, depths and sizes that no program of ours makes, planted where agents and
console read and write, with files of a victim beside the store that must stay as they were.
"""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from sessionlib import layout
from sessionlib.agent.mailbox_io import Mailbox
from sessionlib.bundles.preparer import ProgramPreparer
from sessionlib.clock import SystemClock
from sessionlib.core.messages import Order, OrderAction
from sessionlib.errors import ProgramError, StoreError, Unreachable
from sessionlib.layout import bundle_piece_key
from sessionlib.records import encode
from sessionlib.signing import sign
from sessionlib.stores.folder import FolderStore
from tests.unit.bundles.published_code import PUBLIC, SEED
from tests.unit.bundles.published_code import Fleet as Kit
from tests.unit.console.fleet_on_disk import FleetOnDisk, fleet, report

__all__ = ["fleet"]

HUGE_BYTES = 1 << 36
DEEP = 1_050
REPORT = encode(report("primary"))


@pytest.fixture
def store(tmp_path: Path) -> FolderStore:
    store = FolderStore(tmp_path / "shared", SystemClock())
    store.provision()
    return store


@pytest.fixture
def victim(tmp_path: Path) -> Path:
    """A folder of somebody else's, with files that are called as ours are."""
    folder = tmp_path / "victim"
    folder.mkdir()
    for name in ("primary.json", "agent.jsonl", "1", "x"):
        (folder / name).write_text("precious")
    return folder


def as_it_was(victim: Path) -> bool:
    return {path.name: path.read_text() for path in victim.iterdir()} == dict.fromkeys(
        ("primary.json", "agent.jsonl", "1", "x"), "precious"
    )


WRITES: dict[str, tuple[str, Callable[[FolderStore], object]]] = {
    "a report": ("state/sessions", lambda s: s.put(layout.session_key("primary"), REPORT)),
    "a log": ("logs/primary", lambda s: s.put(layout.log_key("primary", "agent.jsonl"), b"x")),
    "a blob": ("data", lambda s: s.put("data/blobs/x", b"x")),
    "an order": ("state/orders", lambda s: s.create("state/orders/o.json", b"{}")),
    "the lease": ("state/lease", lambda s: s.replace(layout.LEASE, b"{}", "0")),
    "a collected blob": ("data/blobs", lambda s: s.delete("data/blobs/x")),
    "its draft": (".tmp", lambda s: s.put("data/x", b"x")),
}


@pytest.mark.parametrize("what", WRITES)
def test_nothing_is_written_through_a_planted_link(
    store: FolderStore, victim: Path, what: str
) -> None:
    store.create(layout.LEASE, b"{}")
    place, write = WRITES[what]
    link = store.root / place
    link.parent.mkdir(parents=True, exist_ok=True)
    if link.exists():
        link.rename(link.with_name(f"{link.name}.moved"))
    link.symlink_to(victim)
    with pytest.raises(StoreError, match=r"is a link|no longer at version"):
        write(store)
    assert as_it_was(victim)
    link.unlink()
    link.mkdir()
    if what != "the lease":
        write(store)


def test_a_planted_file_link_is_replaced_and_not_followed(store: FolderStore, victim: Path) -> None:
    key = layout.session_key("primary")
    path = store.root / key
    path.parent.mkdir()
    path.symlink_to(victim / "primary.json")
    store.put(key, REPORT)
    assert store.get(key) == REPORT
    assert not path.is_symlink()
    assert as_it_was(victim)


@pytest.fixture
def depths(store: FolderStore) -> Iterator[Path]:
    """The store's root; Python's own clearing up breaks on what the test makes there."""
    yield store.root
    subprocess.run(["rm", "-rf", store.root], check=True)


@pytest.mark.usefixtures("depths")
@pytest.mark.parametrize("prefix", [layout.ORDERS, "data/manifests/"])
def test_folders_without_end_end_no_reader(store: FolderStore, prefix: str) -> None:
    """Deeper than Python may recurse; made step by step, as no path would be long enough."""
    store.create(f"{prefix}mine.json", b"{}")
    handle = os.open(store.root / prefix, os.O_RDONLY)
    for _ in range(DEEP):
        os.mkdir("a", dir_fd=handle)
        below = os.open("a", os.O_RDONLY, dir_fd=handle)
        os.close(handle)
        handle = below
    os.close(handle)
    assert store.list(prefix) == [f"{prefix}mine.json"]
    assert store.list("state/" if prefix.startswith("state") else "data/") == [f"{prefix}mine.json"]
    if prefix == layout.ORDERS:
        order = sign(Order("mine2", "f", OrderAction.PAUSE, None, 3, "i", 7, "op"), SEED)
        store.create(layout.order_key("mine2"), encode(order))
        peeked = Mailbox(
            store, fleet="f", public_key=PUBLIC, accounts=("a", "b"), account="a"
        ).read()
        assert [order.id for order in peeked.orders] == ["mine2"]


def test_a_piece_of_code_that_fits_no_memory_is_not_read(tmp_path: Path) -> None:
    kit = Kit(tmp_path)
    published = kit.publish()
    piece = kit.store.root / bundle_piece_key(published.digest, 0)
    os.truncate(piece, HUGE_BYTES)
    kits: ProgramPreparer = kit.kits()
    with pytest.raises(ProgramError, match="is missing from the store, or torn"):
        kits.prepare(kits.wanted_program())


@pytest.mark.parametrize("args", [(), ("--workload",), ("--json",)])
def test_a_log_that_fits_no_memory_is_not_read(fleet: FleetOnDisk, args: tuple[str, ...]) -> None:
    fleet.at_work()
    name = "workload.log" if "--workload" in args else "agent.jsonl"
    fleet.store.put(layout.log_key("primary", name), b'{"text": "good", "at": 1}\n')
    fleet.store.put(layout.log_key("backup1", name), b"")
    os.truncate(fleet.store.root / layout.log_key("backup1", name), HUGE_BYTES)
    code, out, err = fleet.run("logs", *args)
    assert code == 0, err
    assert "good" in out
    assert f"{HUGE_BYTES} bytes" in out


def test_names_that_are_none_are_seen_by_nobody(store: FolderStore) -> None:
    """Of a file system all these are names; to us none is a key."""
    folder = store.root / "state" / "orders"
    folder.mkdir()
    for name in ("new\nline.json", "back\\slash.json", ".hidden.json", "ü.json", "a b.json"):
        (folder / name).write_text("{}")
    (folder / ("x" * 250)).write_text("{}")
    (folder / "UPPER.json").write_text("{}")
    (folder / "upper.json").write_text("{}")
    assert store.list(layout.ORDERS) == ["state/orders/UPPER.json", "state/orders/upper.json"]


def test_another_fleets_folder_is_not_taken_for_ours(fleet: FleetOnDisk) -> None:
    """Records of another fleet under the same names: accounts and orders stay its own."""
    fleet.at_work()
    foreign = replace(report("backup1"), account="mallory")
    fleet.store.put(layout.session_key("backup1"), encode(foreign))
    code, document, _ = fleet.run_json("status")
    assert code == 0
    rows = {row["name"]: row for row in document["accounts"]}
    assert rows["backup1"]["phase"] is None
    assert "mallory" not in json.dumps(rows)


def test_a_root_that_is_a_link_is_the_users_own_and_works(tmp_path: Path) -> None:
    (tmp_path / "real").mkdir()
    (tmp_path / "shared").symlink_to(tmp_path / "real")
    store = FolderStore(tmp_path / "shared", SystemClock())
    store.provision()
    store.put(layout.session_key("primary"), REPORT)
    assert store.list(layout.SESSIONS) == [layout.session_key("primary")]
    (tmp_path / "shared").unlink()
    with pytest.raises(Unreachable):
        store.put(layout.session_key("primary"), REPORT)
