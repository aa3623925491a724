"""Goal: `publish` says what it will do, does it once, and leaves nothing half done in force."""

from __future__ import annotations

import io
import json
from pathlib import Path

import pytest

from console.cli import publish
from sessionlib.bundles.records import CODE_RECORDS, PublishedCode
from sessionlib.bundles.transfer import download, is_stored
from sessionlib.layout import BUNDLES, bundle_piece_key, succession_key
from sessionlib.signed.fleet_config import CONFIG_RECORDS as SETTINGS
from sessionlib.signed.key_succession import SUCCESSION_RECORDS, KeySuccession
from sessionlib.signed.records import VersionSeries
from sessionlib.signing import public_of
from tests.unit.bundles.published_code import no_progress
from tests.unit.console.fleet_on_disk import CONFIG, SEED, FleetOnDisk, fleet
from tests.unit.fake_keyrings import BrokenKeyring, use_keyring

__all__ = ["fleet"]

WITH_CODE = CONFIG.replace('"60"]', '"60"], code: app, setup: [pip, install, "."]')


@pytest.fixture(autouse=True)
def program(fleet: FleetOnDisk, monkeypatch: pytest.MonkeyPatch) -> Path:
    use_keyring(monkeypatch, BrokenKeyring())
    fleet.config_path.write_text(WITH_CODE)
    app = fleet.folder / "app"
    app.mkdir()
    (app / "main.py").write_text("print(1)\n")
    return app


def newest(fleet: FleetOnDisk) -> PublishedCode:
    found = VersionSeries(fleet.store, CODE_RECORDS, "my-fleet").newest(public_of(SEED))
    assert found is not None
    return found


def test_it_asks_first_and_then_publishes_code_and_settings(fleet: FleetOnDisk) -> None:
    code, _, err = fleet.run("publish")
    assert code == 1
    assert f"Publish {fleet.folder / 'app'} as version 1 of the code: 1 files, " in err
    assert "Each machine will run once: pip install ." in err
    assert "accounts.yaml as version 1 of the settings." in err
    assert "Signed for fleet my-fleet by " in err
    assert fleet.store.list("scripts/") == []
    code, out, _ = fleet.run("publish", "--yes")
    assert code == 0
    published = newest(fleet)
    assert published.setup == ("pip", "install", ".")
    assert out == f"published: code {published.label}, settings v1\n"
    download(fleet.store, published.archive, io.BytesIO(), no_progress)


def test_nothing_changed_publishes_nothing(fleet: FleetOnDisk, program: Path) -> None:
    assert fleet.run("publish", "--yes")[0] == 0
    stored = fleet.store.list("scripts/") + fleet.store.list("config/")
    code, out, err = fleet.run("publish")
    assert (code, err) == (0, "")
    assert out.startswith("nothing has changed since code v1 ")
    assert fleet.store.list("scripts/") + fleet.store.list("config/") == stored
    assert fleet.run("publish", "--force", "--yes")[1].startswith("published: code v2 ")
    # Only what has changed gets a new version.
    (program / "main.py").write_text("print(2)\n")
    document = fleet.run_json("publish", "--yes")[1]
    assert document["code"]["version"] == 3
    assert document["code"]["published"] is True
    assert document["config"] == {**document["config"], "version": 2, "published": False}


def test_only_the_settings_changed(fleet: FleetOnDisk) -> None:
    assert fleet.run("publish", "--yes")[0] == 0
    fleet.config_path.write_text(f"{WITH_CODE}policy: {{handover: auto}}\n")
    code, document, err = fleet.run_json("publish", "--yes")
    assert code == 0
    assert "as version 2 of the settings (differs from v1: policy.handover)" in err
    assert document["code"]["published"] is False
    assert document["config"]["version"] == 2
    settings = VersionSeries(fleet.store, SETTINGS, "my-fleet").newest(public_of(SEED))
    assert settings is not None
    assert settings.settings["policy"]["handover"] == "auto"


def test_without_code_the_settings_alone_are_published(fleet: FleetOnDisk) -> None:
    fleet.config_path.write_text(CONFIG)
    code, document, err = fleet.run_json("publish", "--yes")
    assert code == 0
    assert "no code is published" in err
    assert document["code"] is None
    assert fleet.store.list(BUNDLES) == []


def test_an_archive_that_has_gone_is_published_again(fleet: FleetOnDisk) -> None:
    assert fleet.run("publish", "--yes")[0] == 0
    fleet.store.delete(bundle_piece_key(newest(fleet).digest, 0))
    assert fleet.run("publish", "--yes")[1].startswith("published: code v2 ")
    assert is_stored(fleet.store, newest(fleet).archive)


def test_store_work_and_configuration_are_no_part_of_the_program(fleet: FleetOnDisk) -> None:
    fleet.config_path.write_text(WITH_CODE.replace("code: app", "code: ."))
    (fleet.folder / "work" / "primary").mkdir(parents=True)
    (fleet.folder / "work" / "primary" / "big").write_text("x")
    code, _, err = fleet.run("publish", "--yes")
    assert code == 0
    assert "of the code: 1 files" in err
    assert fleet.run("publish")[1].startswith("nothing has changed")


def test_what_looks_like_a_secret_is_warned_of(fleet: FleetOnDisk, program: Path) -> None:
    (program / ".env").write_text("TOKEN=1")
    _, _, err = fleet.run("publish")
    assert "WARNING: .env may hold secrets" in err
    (program / ".colabvpsignore").write_text(".env\n")
    assert "WARNING" not in fleet.run("publish")[2]


def test_what_cant_be_published_says_why(fleet: FleetOnDisk, program: Path) -> None:
    (program / "out").symlink_to("/etc")
    code, document, err = fleet.run_json("publish", "--yes")
    assert code == 1
    assert "app/out leads to '/etc'" in err
    assert document["exit_code"] == 1
    assert fleet.store.list("scripts/") == []


def test_it_refuses_without_the_key_in_force(
    fleet: FleetOnDisk, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLABVPS_FLEET_KEY", "77" * 32)
    code, _, err = fleet.run("publish", "--yes")
    assert code == 1
    assert "isn't the one of fleet my-fleet" in err
    monkeypatch.setenv("COLABVPS_FLEET_KEY", SEED)
    step = KeySuccession("my-fleet", public_of(SEED), public_of("77" * 32), 0.0, "else@there")
    signed = SUCCESSION_RECORDS.sign(step, SEED)
    fleet.store.create(succession_key(step.old), SUCCESSION_RECORDS.encode(signed))
    code, _, err = fleet.run("publish", "--yes")
    assert code == 1
    assert "key of fleet my-fleet was changed" in err
    monkeypatch.delenv("COLABVPS_FLEET_KEY")
    code, _, err = fleet.run("publish", "--yes")
    assert code == 1
    assert "no usable keyring" in err


def test_read_only_forbids_it(fleet: FleetOnDisk) -> None:
    code, _, err = fleet.run("publish", "--yes", "--read-only")
    assert code == 1
    assert "--read-only forbids" in err


def test_large_uploads_tell_how_far_they_are(
    fleet: FleetOnDisk, program: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(publish, "MIB", 10)
    monkeypatch.setattr("sessionlib.bundles.records.PIECE_BYTES", 64)
    (program / "x").write_bytes(bytes(range(256)))
    _, _, err = fleet.run("publish", "--yes")
    told = [line for line in err.splitlines() if line.startswith("uploaded ")]
    assert len(told) > 2
    assert told[-1].split()[1] == told[-1].split()[4]


def test_a_store_that_is_away_is_told(fleet: FleetOnDisk) -> None:
    (fleet.folder / "shared").rename(fleet.folder / "away")
    code, document, _ = fleet.run_json("publish", "--yes")
    assert code == 1
    assert "is the folder mounted?" in document["error"]
    assert json.dumps(document)
