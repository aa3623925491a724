"""Goal: whatever interrupts a change of the fleet's key, operator and agents go on.

Method: the change is broken off after each of its steps, with a keyring in memory and
with the environment alone; then orders are signed, agents look, and it is finished.
"""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from console.signing.in_force import key_state, signing_seed
from console.signing.rotation import plan_rotation
from sessionlib.bundles.records import CODE_RECORDS
from sessionlib.errors import Unknown
from sessionlib.layout import succession_key
from sessionlib.secret_storage import SERVICE
from sessionlib.signed import fleet_config
from sessionlib.signed.key_succession import (
    SUCCESSION_RECORDS,
    FollowedKey,
    KeySuccession,
    follow_key_chain,
)
from sessionlib.signed.records import VersionSeries
from sessionlib.signing import public_of
from sessionlib.stores.folder import FolderStore
from tests.unit.console.fleet_on_disk import CONFIG, SEED, FleetOnDisk, fleet
from tests.unit.fake_keyrings import BrokenKeyring, FakeKeyring, use_keyring

__all__ = ["fleet"]

OLD = public_of(SEED)
NEW_SEED = "77" * 32
MAIN, NEXT = (SERVICE, "fleet-key:my-fleet"), (SERVICE, "fleet-key-next:my-fleet")


@pytest.fixture
def keyring(fleet: FleetOnDisk, monkeypatch: pytest.MonkeyPatch) -> FakeKeyring:
    """The operator's key is in a keyring; code and settings are published."""
    keyring = FakeKeyring()
    keyring.kept[MAIN] = SEED
    use_keyring(monkeypatch, keyring)
    monkeypatch.delenv("COLABVPS_FLEET_KEY")
    publish_something(fleet)
    return keyring


@pytest.fixture
def environment(fleet: FleetOnDisk, monkeypatch: pytest.MonkeyPatch) -> None:
    """There is no keyring, and both seeds are in the environment."""
    use_keyring(monkeypatch, BrokenKeyring())
    publish_something(fleet)
    monkeypatch.setenv("COLABVPS_FLEET_KEY_NEW", NEW_SEED)


def publish_something(fleet: FleetOnDisk) -> None:
    (fleet.folder / "app").mkdir()
    (fleet.folder / "app" / "main.py").write_text("print(1)\n")
    fleet.config_path.write_text(CONFIG.replace('"60"]', '"60"], code: app'))
    assert fleet.run("publish", "--yes")[0] == 0


def broken_off(fleet: FleetOnDisk, after: int) -> None:
    """Take so many steps of a change, and no more."""
    change = plan_rotation(fleet.config, fleet.store, key_state(fleet.config, fleet.store), 0.0)
    assert change is not None
    for number, step in enumerate(change.steps()):
        if number == after:
            return
        step.do()


def assert_all_is_well(fleet: FleetOnDisk, home: Path) -> None:
    """This operator signs with what agents obey, old and new ones, and they find the code."""
    signs = public_of(signing_seed(fleet.config, fleet.store))
    agent = FollowedKey(fleet.store, "my-fleet", OLD, home)
    assert agent.update() == signs
    pinned = fleet.config.fleet_key
    assert pinned is not None
    assert follow_key_chain(fleet.store, "my-fleet", pinned).keys[-1] == signs
    code = VersionSeries(fleet.store, CODE_RECORDS, "my-fleet").newest(signs)
    assert code is not None
    assert (
        VersionSeries(fleet.store, fleet_config.CONFIG_RECORDS, "my-fleet").newest(signs)
        is not None
    )


@pytest.mark.parametrize("after", range(6))
def test_a_change_broken_off_leaves_a_usable_key_and_is_finished_by_the_next(
    fleet: FleetOnDisk, keyring: FakeKeyring, tmp_path: Path, after: int
) -> None:
    broken_off(fleet, after)
    assert_all_is_well(fleet, tmp_path)
    assert fleet.run("publish", "--yes", "--force")[0] == 0
    if after < 5:
        assert fleet.run("key", "rotate", "--yes")[0] == 0
    assert_all_is_well(fleet, tmp_path)
    assert set(keyring.kept) == {MAIN}
    new = keyring.kept[MAIN]
    assert new != SEED
    assert fleet.config.fleet_key == public_of(new)
    assert fleet.config_path.read_text().startswith("# kept by hand\n")
    # One change, not two: whatever was begun was gone on with.
    assert len(fleet.store.list("config/keys/")) == 1


@pytest.mark.parametrize("after", range(6))
def test_the_same_with_the_environment_alone(
    fleet: FleetOnDisk,
    environment: None,
    tmp_path: Path,
    after: int,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    broken_off(fleet, after)
    assert_all_is_well(fleet, tmp_path)
    code, out, err = fleet.run("key", "rotate", "--yes")
    assert code == 0
    assert "set COLABVPS_FLEET_KEY to the new" in out + err
    assert_all_is_well(fleet, tmp_path)
    assert fleet.config.fleet_key == public_of(NEW_SEED)
    monkeypatch.setenv("COLABVPS_FLEET_KEY", NEW_SEED)
    monkeypatch.delenv("COLABVPS_FLEET_KEY_NEW")
    assert_all_is_well(fleet, tmp_path)
    assert NEW_SEED not in out + err


def test_between_the_last_two_writes_to_the_keyring(
    fleet: FleetOnDisk, keyring: FakeKeyring, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def killed(_fleet: str) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr("console.signing.seed_storage.forget_next", killed)
        with pytest.raises(KeyboardInterrupt):
            broken_off(fleet, 6)
    assert keyring.kept[MAIN] == keyring.kept[NEXT]
    assert_all_is_well(fleet, tmp_path)
    # Nothing is left to be finished: this one is a change of its own.
    assert fleet.run("key", "rotate", "--yes")[0] == 0
    assert_all_is_well(fleet, tmp_path)
    assert len(fleet.store.list("config/keys/")) == 2


def test_it_says_what_will_happen_and_shows_no_seed(
    fleet: FleetOnDisk, keyring: FakeKeyring
) -> None:
    code, _, err = fleet.run("key", "rotate")
    assert code == 1
    assert f"Change the key of fleet my-fleet from {OLD[:16]}…" in err
    assert "Other operators need the new seed" in err
    assert "Signed with the new key, as it stands: code v1 " in err
    assert keyring.kept == {MAIN: SEED}
    assert fleet.run("key", "rotate", "--yes", "--read-only")[0] == 1
    code, document, err = fleet.run_json("key", "rotate", "--yes")
    assert code == 0
    assert document["fleet_key"] == fleet.config.fleet_key
    assert len(document["did"]) == 5
    assert keyring.kept[MAIN] not in json.dumps(document) + err
    assert SEED not in json.dumps(document) + err


def test_without_a_keyring_the_new_key_is_asked_for(
    fleet: FleetOnDisk, environment: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("COLABVPS_FLEET_KEY_NEW")
    code, _, err = fleet.run("key", "rotate", "--yes")
    assert code == 1
    assert "set COLABVPS_FLEET_KEY_NEW to one" in err
    for bad, said in ((SEED, "a key that this fleet has or had"), ("abc", "64 hex digits")):
        monkeypatch.setenv("COLABVPS_FLEET_KEY_NEW", bad)
        code, _, err = fleet.run("key", "rotate", "--yes")
        assert code == 1
        assert said in err
    assert fleet.config.fleet_key == OLD


def test_an_old_key_is_not_gone_back_to(
    fleet: FleetOnDisk, environment: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert fleet.run("key", "rotate", "--yes")[0] == 0
    monkeypatch.setenv("COLABVPS_FLEET_KEY", NEW_SEED)
    monkeypatch.setenv("COLABVPS_FLEET_KEY_NEW", SEED)
    code, _, err = fleet.run("key", "rotate", "--yes")
    assert code == 1
    assert "has or had" in err


def test_another_operators_change_comes_first(
    fleet: FleetOnDisk, keyring: FakeKeyring, monkeypatch: pytest.MonkeyPatch
) -> None:
    other = KeySuccession("my-fleet", OLD, public_of(NEW_SEED), 0.0, "else@there")
    data = SUCCESSION_RECORDS.encode(SUCCESSION_RECORDS.sign(other, SEED))
    real = FolderStore.create

    def create(store: FolderStore, key: str, mine: bytes) -> str:
        if key == succession_key(OLD):
            real(store, key, data)
        return real(store, key, mine)

    with monkeypatch.context() as patch:
        patch.setattr(FolderStore, "create", create)
        code, _, err = fleet.run("key", "rotate", "--yes")
    assert code == 1
    assert "somebody else changed the key at the same moment" in err
    assert fleet.config.fleet_key == OLD
    code, _, err = fleet.run("key", "rotate", "--yes")
    assert code == 1
    assert "whoever changed it can give it to you" in err
    monkeypatch.setenv("COLABVPS_FLEET_KEY", NEW_SEED)
    assert fleet.run("key", "rotate", "--yes")[0] == 0
    assert fleet.config.fleet_key == public_of(NEW_SEED)


def test_a_foreign_record_in_the_way_is_told(fleet: FleetOnDisk, keyring: FakeKeyring) -> None:
    fleet.store.create(succession_key(OLD), b"squatted")
    code, _, err = fleet.run("key", "rotate", "--yes")
    assert code == 1
    assert "isn't this fleet's: find out who put it there, remove it" in err
    assert public_of(signing_seed(fleet.config, fleet.store)) == OLD


def test_a_lost_answer_at_the_decisive_write(
    fleet: FleetOnDisk, keyring: FakeKeyring, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = FolderStore.create

    def create(store: FolderStore, key: str, data: bytes) -> str:
        if key == succession_key(OLD):
            raise Unknown("no answer")
        return real(store, key, data)

    with monkeypatch.context() as patch:
        patch.setattr(FolderStore, "create", create)
        code, _, err = fleet.run("key", "rotate", "--yes")
    assert code == 3
    assert "this machine has both" in err
    assert_all_is_well(fleet, tmp_path)
    assert fleet.run("key", "rotate", "--yes")[0] == 0
    assert_all_is_well(fleet, tmp_path)


def test_show_tells_what_fits_and_no_seed(fleet: FleetOnDisk, keyring: FakeKeyring) -> None:
    code, out, err = fleet.run("key", "show")
    assert code == 0
    assert "in force; from the keyring's entry fleet-key:my-fleet" in out
    assert SEED not in out + err
    code, document, _ = fleet.run_json("key", "show")
    assert code == 0
    assert document["fleet_key"] == document["in_force"] == OLD
    assert [seed["fits"] for seed in document["at_hand"]] == [True]
    assert SEED not in json.dumps(document)
    broken_off(fleet, 3)
    _, out, _ = fleet.run("key", "show")
    assert "the key was changed; agents have followed" in out
    assert "not in force; from the keyring's entry fleet-key:my-fleet" in out
    assert "`colabvps-console key rotate` finishes the change" in out


def test_show_gives_the_seed_away_only_when_asked_for_and_agreed(
    fleet: FleetOnDisk, keyring: FakeKeyring
) -> None:
    code, out, err = fleet.run("key", "show", "--secret")
    assert code == 1
    assert "Whoever has it can give orders" in err
    assert SEED not in out + err
    code, out, _ = fleet.run("key", "show", "--secret", "--yes")
    assert code == 0
    assert out.splitlines()[-1] == SEED
    assert fleet.run_json("key", "show", "--secret", "--yes")[1]["secret"] == SEED
    assert fleet.run_json("key", "show", "--secret")[0] == 1


def test_show_without_any_key(fleet: FleetOnDisk, monkeypatch: pytest.MonkeyPatch) -> None:
    use_keyring(monkeypatch, BrokenKeyring())
    monkeypatch.delenv("COLABVPS_FLEET_KEY")
    code, out, _ = fleet.run("key", "show")
    assert code == 0
    assert "this machine has no seed of the fleet" in out
    assert fleet.run("key", "show", "--secret", "--yes")[0] == 1
    monkeypatch.setenv("COLABVPS_FLEET_KEY", NEW_SEED)
    code, out, _ = fleet.run("key", "show")
    assert "isn't the one of fleet my-fleet" in out
    fleet.config_path.write_text(CONFIG.replace("fleet_key:", "# fleet_key:"))
    code, _, err = fleet.run("key", "show")
    assert code == 1
    assert "has no fleet_key" in err
