"""Goal: `init` makes what is missing, never overwrites, and can be run again."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from console.__main__ import main
from console.signing.seed_storage import keep_seed
from sessionlib import layout
from sessionlib.checkpoints import Checkpoints
from sessionlib.clock import SystemClock
from sessionlib.config_loading import load
from sessionlib.core.copies import Made
from sessionlib.core.values import Lease, LeaseState
from sessionlib.records import decode
from sessionlib.signing import public_of
from sessionlib.stores.folder_kind import store_folder
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
from tests.unit.fake_keyrings import BrokenKeyring, FakeKeyring, use_keyring

__all__ = ["fleet"]


def lease_of(fleet: FleetOnDisk) -> Lease:
    found = fleet.store.read(layout.LEASE)
    assert found is not None
    return decode(Lease, found.data)


def without_key(fleet: FleetOnDisk) -> None:
    lines = CONFIG.splitlines(keepends=True)
    fleet.config_path.write_text("".join(line for line in lines if "fleet_key" not in line))


def test_the_first_run_writes_a_configuration_to_start_from(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["init", "--dir", str(tmp_path / "new")]) == 1
    assert "pass --yes" in capsys.readouterr().err
    assert main(["init", "--dir", str(tmp_path / "new"), "--yes"]) == 0
    assert load(tmp_path / "new" / "accounts.yaml").fleet == "my-fleet"
    assert "edit it" in capsys.readouterr().out
    assert main(["init", "--dir", str(tmp_path), "--config", "x", "--yes"]) == 2


def test_from_nothing_to_a_fleet_that_can_start(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLABVPS_FLEET_KEY", SEED)
    place = ["--config", str(tmp_path / "accounts.yaml"), "--yes", "--json"]
    for _ in range(2):
        assert main(["init", *place]) == 0
    _, second = (json.loads(line) for line in capsys.readouterr().out.splitlines())
    config = load(tmp_path / "accounts.yaml")
    assert config.fleet_key == public_of(SEED)
    assert sorted(path.name for path in store_folder(config).iterdir() if path.name[0] != ".") == [
        "config",
        "data",
        "logs",
        "scripts",
        "state",
    ]
    assert f"--account {config.by_priority()[0]}" in second["next"][0]
    text = (tmp_path / "accounts.yaml").read_text()
    assert main(["init", *place]) == 0
    assert json.loads(capsys.readouterr().out)["did"] == [
        "everything was there already; nothing was changed"
    ]
    assert (tmp_path / "accounts.yaml").read_text() == text


def test_a_store_without_traces_begins_free_at_epoch_0(fleet: FleetOnDisk) -> None:
    fleet.put_report(report("backup1", epoch=0))
    assert fleet.run("init", "--yes")[0] == 0
    lease = lease_of(fleet)
    assert (lease.epoch, lease.state, lease.holder) == (0, LeaseState.FREE, None)
    assert lease.ttl_s == 60.0


def test_a_lease_that_is_there_is_left_alone(fleet: FleetOnDisk) -> None:
    fleet.at_work()
    code, out, _ = fleet.run("init", "--yes")
    assert code == 0
    assert "nothing was changed" in out
    assert lease_of(fleet) == LEASE


@pytest.mark.parametrize("trace", ["history", "report", "torn report"])
def test_a_lost_lease_is_made_again_above_every_trace(fleet: FleetOnDisk, trace: str) -> None:
    least = 41
    if trace == "history":
        fleet.put_history(moved(3), moved(41))
    elif trace == "report":
        fleet.put_report(serving("primary", 41))
    else:
        fleet.store.put(layout.session_key("primary"), b"{")
        least = 1
    code, _, err = fleet.run("init")
    assert code == 1
    assert "WARNING: the lease record is gone" in err
    assert fleet.run("init", "--yes")[0] == 0
    lease = lease_of(fleet)
    assert lease.epoch > least
    assert (lease.holder, lease.state) == ("unknown", LeaseState.HELD)
    _, document, said = fleet.run_json("status")
    assert document["lease"]["valid"] is None
    assert "nobody can say who works" in said


def test_a_lease_made_again_points_at_the_newest_checkpoint_that_can_be_read(
    fleet: FleetOnDisk,
) -> None:
    data = fleet.folder / "data"
    data.mkdir()
    copies = Checkpoints(fleet.store, data, fleet.folder / "room", SystemClock(), keep=5)
    made: list[Made] = []
    for epoch in (7, 41):
        (data / "count").write_text(str(epoch))
        copy = copies.copy(epoch, made[-1].pointer if made else None)
        assert copy is not None
        made.append(copy)
    newer = made[-1].pointer
    assert "checkpoint 1 of epoch 41" in fleet.run("init")[2]
    record = fleet.folder / "shared" / "data" / "manifests" / f"{newer.name}.json"
    record.write_bytes(b"{")
    assert fleet.run("init", "--yes")[0] == 0
    lease = lease_of(fleet)
    assert lease.checkpoint == made[0].pointer
    # What can't be read is a trace all the same.
    assert lease.epoch > 41


def test_a_lease_that_cant_be_read_is_not_replaced(fleet: FleetOnDisk) -> None:
    fleet.store.create(layout.LEASE, b"{")
    code, _, err = fleet.run("init", "--yes")
    assert code == 1
    assert "nothing was changed" in err


def test_without_a_key_in_the_environment_one_is_made_and_kept(
    fleet: FleetOnDisk, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("COLABVPS_FLEET_KEY")
    keyring = FakeKeyring()
    use_keyring(monkeypatch, keyring)
    without_key(fleet)
    code, out, err = fleet.run("init", "--yes")
    assert code == 0
    (seed,) = keyring.kept.values()
    assert fleet.config.fleet_key == public_of(seed)
    assert seed not in out + err + fleet.config_path.read_text()
    assert fleet.config_path.read_text().startswith("# kept by hand\n")
    assert fleet.run("init", "--yes")[1].startswith("Done: everything was there")


def test_without_a_keyring_the_fix_is_told(
    fleet: FleetOnDisk, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("COLABVPS_FLEET_KEY")
    use_keyring(monkeypatch, BrokenKeyring())
    without_key(fleet)
    code, _, err = fleet.run("init", "--yes")
    assert code == 1
    assert "set COLABVPS_FLEET_KEY" in err
    assert "here is your secret" not in err
    # Where the file has the public half already there is nothing to be made.
    fleet.config_path.write_text(CONFIG)
    assert fleet.run("init", "--yes")[0] == 0


def test_a_keyring_that_keeps_nothing_is_found_out(
    fleet: FleetOnDisk, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Null(FakeKeyring):
        def set_password(self, service: str, name: str, password: str) -> None:
            """Accepts and forgets."""

    monkeypatch.delenv("COLABVPS_FLEET_KEY")
    use_keyring(monkeypatch, Null())
    without_key(fleet)
    code, _, _ = fleet.run("init", "--yes")
    assert code == 1
    assert fleet.config.fleet_key is None


@pytest.mark.parametrize("bad", ["abc", "zz" * 32, SEED + "0"])
def test_a_bad_key_in_the_environment_is_told_and_not_shown(
    fleet: FleetOnDisk, monkeypatch: pytest.MonkeyPatch, bad: str
) -> None:
    monkeypatch.setenv("COLABVPS_FLEET_KEY", bad)
    code, out, err = fleet.run("init", "--yes")
    assert code == 1
    assert "64 hex digits" in err
    assert bad not in out + err


@pytest.mark.parametrize("how", [[], ["--yes"]])
@pytest.mark.parametrize("place", ["environment", "keyring"])
def test_another_key_than_the_files_is_refused(
    fleet: FleetOnDisk, monkeypatch: pytest.MonkeyPatch, place: str, how: list[str]
) -> None:
    keyring = FakeKeyring()
    use_keyring(monkeypatch, keyring)
    if place == "environment":
        monkeypatch.setenv("COLABVPS_FLEET_KEY", "77" * 32)
    else:
        monkeypatch.delenv("COLABVPS_FLEET_KEY")
        keep_seed("my-fleet", "77" * 32)
    code, out, err = fleet.run("init", *how)
    assert (code, out) == (1, "")
    assert "accounts.yaml:3" in err
    assert "`colabvps-console key rotate`" in err
    assert ("unset COLABVPS_FLEET_KEY" in err) is (place == "environment")
    assert fleet.config_path.read_text() == CONFIG
    assert fleet.store.read(layout.LEASE) is None
    # The way for who has lost the old one.
    without_key(fleet)
    assert fleet.run("init", "--yes")[0] == 0
    assert fleet.config.fleet_key == public_of("77" * 32)


def test_a_change_of_the_key_that_was_interrupted_is_not_undone(
    fleet: FleetOnDisk, monkeypatch: pytest.MonkeyPatch
) -> None:
    use_keyring(monkeypatch, BrokenKeyring())
    monkeypatch.setenv("COLABVPS_FLEET_KEY", "77" * 32)
    monkeypatch.setenv("COLABVPS_FLEET_KEY_NEW", SEED)
    assert fleet.run("init", "--yes")[0] == 0
    assert fleet.config_path.read_text() == CONFIG


def test_a_store_that_isnt_there_is_asked_for(fleet: FleetOnDisk) -> None:
    (fleet.folder / "shared").rename(fleet.folder / "unmounted")
    code, _, err = fleet.run("init")
    assert code == 1
    assert "must be mounted first" in err
    assert not (fleet.folder / "shared").exists()
    assert fleet.run("init", "--yes")[0] == 0
    assert lease_of(fleet).epoch == 0


@pytest.mark.parametrize("text", ["", "# nothing yet\n"])
def test_an_empty_configuration_is_told_how_to_get_out_of_it(fleet: FleetOnDisk, text: str) -> None:
    fleet.config_path.write_text(text)
    code, _, err = fleet.run("init", "--yes")
    assert code == 2
    assert "remove it" in err
    assert fleet.config_path.read_text() == text
    fleet.config_path.unlink()
    assert fleet.run("init", "--yes")[0] == 0


def test_a_file_in_the_stores_place_is_told_of(fleet: FleetOnDisk) -> None:
    (fleet.folder / "shared").rename(fleet.folder / "away")
    (fleet.folder / "shared").write_text("somebody's")
    for how in ([], ["--yes"]):
        code, _, err = fleet.run("init", *how)
        assert code == 1
        assert f"in the way of the folder {fleet.folder / 'shared'}" in err
        assert "`colabvps-console init` makes it" not in err
    assert (fleet.folder / "shared").read_text() == "somebody's"
