"""Goal: `init` on Drive does what is missing and nothing else, wherever it was broken off.

Method: the command in this process over the emulator, whose Drive is looked at and
spoilt from behind.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from console.emulators.drive import Emulator, running_emulator
from console.emulators.drive.contents.item import DriveItem, RoleGrant
from console.setup.founding import drive
from sessionlib import layout
from sessionlib.clock import SystemClock
from sessionlib.config import Config
from sessionlib.config_loading import load
from sessionlib.core.values import Lease
from sessionlib.records import decode, encode
from sessionlib.stores import open_store
from sessionlib.stores.drive import signin_storage
from sessionlib.stores.drive.client import DriveClient
from sessionlib.stores.drive.signin_storage import SignIn
from sessionlib.stores.drive.tree_ids import drive_ids
from tests.drive.signing_in import OperatorConsole
from tests.drive.tiny_google import Google
from tests.unit.console.fleet_on_disk import SEED, moved
from tests.unit.fake_keyrings import FakeKeyring, use_keyring

OWNER, A, B, OTHER = "o@example.com", "a@example.com", "b@example.com", "x@example.com"
CONFIG = """\
fleet: my-fleet
store: {kind: drive}  # ours
accounts:
  primary: {email: a@example.com, role: main_worker, priority: 1}
  backup1: {email: b@example.com, role: hot_standby, priority: 2}
workload: {command: [sleep, "60"]}
"""


@pytest.fixture
def emulator() -> Iterator[Emulator]:
    with running_emulator(accounts=[OWNER, A, B, OTHER]) as emulator:
        yield emulator
    assert emulator.defects == []


@pytest.fixture
def operator_console(
    tmp_path: Path,
    emulator: Emulator,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> OperatorConsole:
    keyring = FakeKeyring()
    use_keyring(monkeypatch, keyring)
    monkeypatch.delenv("COLABVPS_PASSPHRASE", raising=False)
    monkeypatch.setenv("COLABVPS_FLEET_KEY", SEED)
    monkeypatch.setenv("COLABVPS_DRIVE_EMULATOR", emulator.url)
    operator_console = OperatorConsole(tmp_path, Google(), keyring, capsys)
    operator_console.config.write_text(CONFIG)
    sign_in(emulator, "operator", OWNER)
    return operator_console


def sign_in(emulator: Emulator, name: str, email: str) -> None:
    signin = SignIn(email, "id", "secret", emulator.refresh_token(email), 1.7e9)
    signin_storage.save("my-fleet", name, signin)


def folders(emulator: Emulator) -> list[DriveItem]:
    """Those called as the shared one is."""
    return [item for item in emulator.world.all_items() if item.title == drive.NAME]


def state(emulator: Emulator) -> list[tuple[str, str]]:
    return sorted((item.title, item.id) for item in emulator.world.all_items())


def config_of(operator_console: OperatorConsole) -> Config:
    return load(operator_console.config)


def test_from_nothing_to_a_shared_folder_and_then_nothing_more(
    operator_console: OperatorConsole, emulator: Emulator
) -> None:
    code, document, err = operator_console.run_json("init", "--yes")
    assert code == 0, err
    for said in (f"in the Drive of {OWNER}", f"with {A}, {B} as editors", "lease record"):
        assert said in err
    assert any("shortcut" in text for text in document["next"])
    assert any("login backup1" in text for text in document["next"])
    config = config_of(operator_console)
    root_id, ids = drive_ids(config)
    assert [item.id for item in folders(emulator)] == [root_id]
    assert set(ids) == set(layout.DRIVE_PATHS)
    assert "}  # ours\n" in operator_console.config.read_text()
    for name, email in (("primary", A), ("backup1", B)):
        sign_in(emulator, name, email)
        found = open_store(config, SystemClock(), name).read(layout.LEASE)
        assert found is not None
        assert decode(Lease, found.data).epoch == 0
    before, text = state(emulator), operator_console.config.read_text()
    code, document, _ = operator_console.run_json("init", "--yes")
    assert (code, document["did"]) == (0, ["everything was there already; nothing was changed"])
    assert (state(emulator), operator_console.config.read_text()) == (before, text)


def test_nothing_is_done_unasked(operator_console: OperatorConsole, emulator: Emulator) -> None:
    before = state(emulator)
    code, _, err = operator_console.run("init")
    assert code == 1
    assert "pass --yes" in err
    assert state(emulator) == before
    assert operator_console.config.read_text() == CONFIG


@pytest.mark.parametrize("after", range(1, 12, 2))
def test_broken_off_after_any_write_it_is_finished_by_running_it_again(
    operator_console: OperatorConsole,
    emulator: Emulator,
    after: int,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    written = 0
    insert = DriveClient.insert

    def some(self: DriveClient, body: dict[str, object], data: bytes | None) -> None:
        nonlocal written
        written += 1
        if written > after:
            raise KeyboardInterrupt
        insert(self, body, data)

    monkeypatch.setattr(DriveClient, "insert", some)
    assert operator_console.run("init", "--yes")[0] == 130
    monkeypatch.undo()
    monkeypatch.setenv("COLABVPS_FLEET_KEY", SEED)
    monkeypatch.setenv("COLABVPS_DRIVE_EMULATOR", emulator.url)
    use_keyring(monkeypatch, operator_console.keyring)
    assert operator_console.run("init", "--yes")[0] == 0
    root_id, ids = drive_ids(config_of(operator_console))
    assert [item.id for item in folders(emulator)] == [root_id]
    named = {item.id for item in emulator.world.all_items()}
    assert set(ids.values()) <= named
    # Nothing was made twice: My Drives, the folder, and the tree.
    assert len(named) == len(emulator.world.accounts) + 1 + len(layout.DRIVE_PATHS)


def test_a_folder_whose_id_couldnt_be_written_down_is_found_again(
    operator_console: OperatorConsole, emulator: Emulator
) -> None:
    assert operator_console.run("init", "--yes")[0] == 0
    before = state(emulator)
    written = operator_console.config.read_text()
    operator_console.config.write_text(CONFIG)
    code, _, err = operator_console.run("init", "--yes")
    assert code == 0
    assert "made for this fleet before" in err
    assert state(emulator) == before
    # But for the fleet's key, which stands there again as well.
    assert operator_console.config.read_text() == written


def test_a_folder_of_that_name_that_is_somebodys_is_told_and_not_taken(
    operator_console: OperatorConsole, emulator: Emulator
) -> None:
    assert operator_console.run("init", "--yes")[0] == 0
    (first,) = folders(emulator)
    operator_console.config.write_text(CONFIG.replace("my-fleet", "another"))
    signin = SignIn(OWNER, "id", "secret", emulator.refresh_token(OWNER), 1.7e9)
    signin_storage.save("another", "operator", signin)
    code, _, err = operator_console.run("init", "--yes")
    assert code == 0
    assert f"folder_id: {first.id}" in err
    assert len(folders(emulator)) == 2


def test_a_named_folder_is_adopted_with_what_is_in_it(
    operator_console: OperatorConsole, emulator: Emulator
) -> None:
    assert operator_console.run("init", "--yes")[0] == 0
    root_id, ids = drive_ids(config_of(operator_console))
    operator_console.config.write_text(
        CONFIG.replace("kind: drive", f"kind: drive, folder_id: {root_id}")
    )
    assert operator_console.run("init", "--yes")[0] == 0
    assert drive_ids(config_of(operator_console)) == (root_id, ids)


@pytest.mark.parametrize("path", [layout.LEASE, "state/orders"])
def test_an_id_that_leads_nowhere_is_told_and_nothing_is_made_in_its_place(
    operator_console: OperatorConsole, emulator: Emulator, path: str
) -> None:
    assert operator_console.run("init", "--yes")[0] == 0
    item = emulator.world.get(drive_ids(config_of(operator_console))[1][path])
    assert item is not None
    emulator.world.put(replace(item, in_bin=True))
    before = state(emulator)
    code, _, err = operator_console.run("init", "--yes")
    assert code == 1
    assert f"{path} ({item.id}) is in its owner's bin: put it back" in err
    assert state(emulator) == before


def test_ids_of_another_folder_are_told(
    operator_console: OperatorConsole, emulator: Emulator
) -> None:
    assert operator_console.run("init", "--yes")[0] == 0
    root_id, ids = drive_ids(config_of(operator_console))
    text = operator_console.config.read_text().replace(root_id, ids["logs"])
    operator_console.config.write_text(text.replace(f'logs: "{ids["logs"]}"', f'logs: "{root_id}"'))
    code, _, err = operator_console.run("init", "--yes")
    assert code == 1
    assert f"state ({ids['state']}) isn't in the folder that it belongs in" in err


def test_ids_that_are_missing_are_looked_for_or_made_and_added(
    operator_console: OperatorConsole, emulator: Emulator
) -> None:
    assert operator_console.run("init", "--yes")[0] == 0
    text, whole, before = (
        operator_console.config.read_text(),
        drive_ids(config_of(operator_console)),
        state(emulator),
    )
    row = next(line for line in text.splitlines(keepends=True) if layout.DISCARDED in line)
    operator_console.config.write_text(text.replace(row, ""))
    code, _, err = operator_console.run("init", "--yes")
    assert (code, "the fleet's tree" in err) == (0, False)
    assert drive_ids(config_of(operator_console)) == whole
    assert state(emulator) == before
    operator_console.config.write_text(text.replace(row, ""))
    gone = emulator.world.get(whole[1][layout.DISCARDED])
    assert gone is not None
    emulator.world.put(replace(gone, in_bin=True))
    assert operator_console.run("init", "--yes")[0] == 0
    assert len(state(emulator)) == len(before) + 1
    assert drive_ids(config_of(operator_console))[1][layout.DISCARDED] != gone.id


def test_a_lost_lease_record_of_a_store_in_use_is_asked_for_with_a_warning(
    operator_console: OperatorConsole, emulator: Emulator
) -> None:
    assert operator_console.run("init", "--yes")[0] == 0
    config = config_of(operator_console)
    store = open_store(config, SystemClock())
    store.create(layout.history_key(7), encode(moved(7)))
    lease_id = drive_ids(config)[1][layout.LEASE]
    item = emulator.world.get(lease_id)
    assert item is not None
    emulator.world.put(replace(item, description=""))
    code, _, err = operator_console.run("init")
    assert code == 1
    assert "WARNING: the lease record is gone" in err
    assert operator_console.run("init", "--yes")[0] == 0
    found = store.read(layout.LEASE)
    assert found is not None
    assert decode(Lease, found.data).holder == "unknown"


def test_who_reads_is_let_write_and_strangers_are_told(
    operator_console: OperatorConsole, emulator: Emulator
) -> None:
    assert operator_console.run("init", "--yes")[0] == 0
    (root,) = folders(emulator)
    roles = {OWNER: "owner", A: "reader", OTHER: "writer", "": "reader"}
    grants = tuple(RoleGrant(email, role) for email, role in roles.items())
    emulator.world.put(replace(root, grants=grants))
    code, _, err = operator_console.run("init", "--yes", "--no-mail")
    assert code == 0
    assert f"{OTHER} may write, everybody who has the link may read" in err
    assert f"with {A}, {B} as editors. Google sends no mail" in err
    (root,) = folders(emulator)
    found = {grant.email: grant.role for grant in root.grants}
    assert found == {**roles, A: "writer", B: "writer"}


def test_a_worker_that_would_own_the_folder_is_advised_against(
    operator_console: OperatorConsole, emulator: Emulator
) -> None:
    signin_storage.delete("my-fleet", "operator")
    sign_in(emulator, "backup1", B)
    code, _, err = operator_console.run("init", "--yes")
    assert code == 0
    assert "better sign in an account without sessions" in err
    assert folders(emulator)[0].owner == B


def test_a_folder_that_isnt_shared_with_the_operator_is_told(
    operator_console: OperatorConsole, emulator: Emulator
) -> None:
    operator_console.config.write_text(
        CONFIG.replace("kind: drive", "kind: drive, folder_id: 1AbCdEfGhIjKl")
    )
    code, _, err = operator_console.run("init", "--yes")
    assert code == 1
    assert "not there, or not shared with this account" in err


def test_a_sign_in_that_was_withdrawn_meanwhile_is_told_with_the_command(
    operator_console: OperatorConsole, emulator: Emulator
) -> None:
    emulator.grants.refreshes.clear()
    code, _, err = operator_console.run("init", "--yes")
    assert code == 1
    assert "the sign-in of operator has ended or was withdrawn (invalid_grant)" in err
    assert "`colabvps-console login operator`" in err


def test_nobody_signed_in_is_told_first(
    operator_console: OperatorConsole, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("NO_GCE_CHECK", "true")
    monkeypatch.setenv("CLOUDSDK_CONFIG", str(operator_console.folder))
    signin_storage.delete("my-fleet", "operator")
    code, _, err = operator_console.run("init", "--yes")
    assert code == 2
    assert "`colabvps-console login operator`" in err
