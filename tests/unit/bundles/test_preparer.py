"""Goal: an agent runs in the newest genuine bundle, set up once, and in nothing else.

Method: a real folder store and home; set-up commands are real programs.
"""

from __future__ import annotations

import os
import threading
from dataclasses import replace
from pathlib import Path

import pytest

from sessionlib.bundles.cache import KEPT
from sessionlib.bundles.preparer import ProgramPreparer, WantedProgram
from sessionlib.bundles.records import CODE_RECORDS, PublishedCode
from sessionlib.bundles.setup import is_done
from sessionlib.bundles.transfer import PreparationCancelled
from sessionlib.errors import ProgramError, Unreachable
from sessionlib.layout import CODE_VERSIONS, bundle_piece_key, version_key
from sessionlib.stores.folder import FolderStore
from tests.e2e.guard_kit import eventually
from tests.unit.bundles.published_code import OTHER_SEED, PUBLIC, SEED, Fleet, fleet

__all__ = ["fleet"]

COUNT = ("sh", "-c", "echo run >> ran; echo got $MODE $COLABVPS_FLEET_KEY")


def runs(place: Path) -> int:
    file = place / "ran"
    return file.read_text().count("run") if file.exists() else 0


def is_ready(kits: ProgramPreparer, want: WantedProgram) -> bool:
    """Whether `prepare` would have nothing to do."""
    place, marker, argv = kits._setup_of(want)
    return place.is_dir() and (not argv or is_done(marker, argv))


def change(fleet: Fleet, text: str) -> PublishedCode:
    (fleet.app / "main.py").write_text(f"print({text!r})\n")
    return fleet.publish()


def remove_version(fleet: Fleet, number: int) -> None:
    (fleet.folder / "shared" / version_key(CODE_VERSIONS, number)).unlink()


def test_a_published_bundle_is_fetched_and_set_up_once(fleet: Fleet) -> None:
    published = fleet.publish(*COUNT)
    kits = fleet.kits()
    want = kits.wanted_program()
    assert want == WantedProgram(published.label, published)
    assert not is_ready(kits, want)
    place = kits.prepare(want)
    assert place == fleet.home / "code" / published.digest[:16]
    assert (place / "main.py").read_text() == "print('one')\n"
    assert runs(place) == 1
    assert is_ready(kits, want)
    assert is_ready(fleet.kits(), want)
    assert fleet.kits().prepare(want) == place
    assert runs(place) == 1
    assert kits.progress == ""


def test_set_up_runs_again_on_another_machine_and_for_another_command(
    fleet: Fleet, monkeypatch: pytest.MonkeyPatch
) -> None:
    kits = fleet.kits()
    fleet.publish(*COUNT)
    place = kits.prepare(kits.wanted_program())
    monkeypatch.setattr("sessionlib.bundles.setup.machine_identity", lambda: "another one")
    assert not is_ready(kits, kits.wanted_program())
    assert kits.prepare(kits.wanted_program()) == place
    assert runs(place) == 2
    fleet.publish(*COUNT[:2], "echo run again >> ran")
    assert kits.prepare(kits.wanted_program()) == place
    assert runs(place) == 3


def test_a_home_may_be_named_from_where_one_stands(
    fleet: Fleet, monkeypatch: pytest.MonkeyPatch
) -> None:
    fleet.publish(*COUNT)
    monkeypatch.chdir(fleet.folder)
    kits = ProgramPreparer(fleet.store, Path("work/primary"), fleet.config(), PUBLIC)
    place = kits.prepare(kits.wanted_program())
    assert place.is_absolute()
    assert runs(place) == 1


def test_set_up_gets_the_workloads_environment_and_none_of_ours(
    fleet: Fleet, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLABVPS_FLEET_KEY", SEED)
    kits = fleet.kits()
    kits.env = {"MODE": "prod"}
    fleet.publish(*COUNT)
    kits.prepare(kits.wanted_program())
    log = (fleet.home / "logs" / "setup.log").read_text()
    assert log.splitlines()[-1] == "got prod"
    assert log.startswith("--- set-up of v1 ")


def test_without_anything_published_the_folder_is_used_as_it_is(fleet: Fleet) -> None:
    kits = fleet.kits('code: app, setup: [sh, -c, "echo run >> ran"]')
    want = kits.wanted_program()
    assert want == WantedProgram("local")
    assert kits.prepare(want) == fleet.app
    assert kits.prepare(want) == fleet.app
    assert runs(fleet.app) == 1
    fleet.publish()
    assert kits.wanted_program().bundle.startswith("v1 ")


def test_without_code_bundles_are_none_of_its_business(fleet: Fleet) -> None:
    fleet.publish()
    kits = fleet.kits('setup: [sh, -c, "echo run >> ran"]')
    assert kits.wanted_program() == WantedProgram("local")
    assert kits.prepare(kits.wanted_program()) == fleet.folder
    assert runs(fleet.folder) == 1


def test_neither_folder_nor_bundle_is_told_with_the_fix(fleet: Fleet) -> None:
    kits = fleet.kits("code: nowhere")
    with pytest.raises(ProgramError, match=r"accounts\.yaml:4: .*nowhere is not there.*publish"):
        kits.prepare(kits.wanted_program())


def test_an_agent_without_a_key_obeys_nothing(fleet: Fleet) -> None:
    fleet.publish()
    kits = fleet.kits(public=None)
    assert kits.wanted_program() == WantedProgram("local")
    assert kits.refused == ("code is published, but this agent has no fleet_key: run `init`",)


def test_a_bundle_signed_by_somebody_else_is_ignored_and_told(fleet: Fleet) -> None:
    good = fleet.publish()
    foreign = CODE_RECORDS.sign(replace(good, version=2, setup=("rm", "-rf", "/")), OTHER_SEED)
    fleet.store.create(version_key(CODE_VERSIONS, 2), CODE_RECORDS.encode(foreign))
    kits = fleet.kits()
    assert kits.wanted_program().published == good
    assert "2.json: it isn't signed by this fleet's key" in kits.refused[0]


def test_an_older_version_is_not_gone_back_to(fleet: Fleet) -> None:
    first = fleet.publish()
    second = change(fleet, "two")
    kits = fleet.kits()
    assert kits.wanted_program().published == second
    remove_version(fleet, 2)
    assert kits.wanted_program().published == second
    assert "shows only v1 of the code, and v2 was seen" in kits.refused[0]
    # Also after a restart, and also where nothing is left.
    remove_version(fleet, 1)
    again = fleet.kits()
    assert again.wanted_program().published == second
    assert "shows none of the code" in again.refused[0]
    # Replayed at the higher number's place, it is still not that version.
    fleet.store.create(version_key(CODE_VERSIONS, 2), CODE_RECORDS.encode(first))
    assert fleet.kits().wanted_program().published == second
    # A store that was lost and built up again goes its own way from where the agent stood.
    (fleet.folder / "shared" / version_key(CODE_VERSIONS, 2)).unlink()
    for text in ("a", "b"):
        rebuilt = change(fleet, text)
    assert fleet.kits().wanted_program().published == rebuilt


def test_a_store_that_is_away_is_no_reason_to_run_something_else(fleet: Fleet) -> None:
    fleet.publish()
    kits = fleet.kits()
    (fleet.folder / "shared").rename(fleet.folder / "away")
    with pytest.raises(Unreachable):
        kits.wanted_program()


def test_content_that_was_swapped_is_never_looked_into(
    fleet: Fleet, monkeypatch: pytest.MonkeyPatch
) -> None:
    published = fleet.publish()
    key = bundle_piece_key(published.digest, 0)
    data = fleet.store.get(key)
    assert data is not None
    fleet.store.put(key, data[:-1] + b"\1")
    monkeypatch.setattr("sessionlib.bundles.cache.unpack", lambda *_: pytest.fail("looked into"))
    kits = fleet.kits()
    with pytest.raises(ProgramError, match="isn't what was published"):
        kits.prepare(kits.wanted_program())
    fleet.store.delete(key)
    with pytest.raises(ProgramError, match="missing from the store"):
        kits.prepare(kits.wanted_program())
    assert [path.name for path in (fleet.home / "code").iterdir()] == ["seen.json"]
    fleet.store.put(key, data)
    monkeypatch.undo()
    assert (kits.prepare(kits.wanted_program()) / "main.py").exists()


def test_what_a_killed_agent_left_half_unpacked_is_cleared_away(fleet: Fleet) -> None:
    fleet.publish()
    left = fleet.home / "code" / ".0123456789abcdef" / "code"
    left.mkdir(parents=True)
    kits = fleet.kits()
    place = kits.prepare(kits.wanted_program())
    assert {path.name for path in place.parent.iterdir()} == {"seen.json", place.name}


def test_old_bundles_go_unless_something_works_in_them(fleet: Fleet) -> None:
    kits = fleet.kits()
    places = []
    for number in range(KEPT + 3):
        change(fleet, str(number))
        places.append(kits.prepare(kits.wanted_program()))
        os.utime(places[-1], (number + 1, number + 1))
        if number == 0:
            kits.in_use = places[0]
    there = [place for place in places if place.exists()]
    assert there == [places[0], *places[-KEPT:]]
    kits.in_use = None
    here = Path.cwd()
    try:
        os.chdir(places[0])
        change(fleet, "more")
        kits.prepare(kits.wanted_program())
        assert places[0].exists()
    finally:
        os.chdir(here)
    change(fleet, "most")
    kits.prepare(kits.wanted_program())
    assert not places[0].exists()


def test_progress_is_told_in_words(fleet: Fleet) -> None:
    said = "printf '\\033[31mCollecting numpy\\033[0m 10%%\\r20%%\\r'"
    fleet.publish("sh", "-c", f"{said}; while [ ! -e go ]; do sleep 0.02; done")
    kits = fleet.kits()
    want = kits.wanted_program()
    assert want.published is not None
    thread = threading.Thread(target=kits.prepare, args=(want,), daemon=True)
    thread.start()
    eventually(lambda: kits.progress == "setting up: 20%", "the last line is shown")
    (fleet.home / "code" / want.published.digest[:16] / "go").write_text("")
    thread.join(20)
    assert kits.progress == ""
    assert is_ready(kits, want)


def test_fetching_tells_how_far_it_is(fleet: Fleet, monkeypatch: pytest.MonkeyPatch) -> None:
    fleet.publish()
    kits = fleet.kits()
    told: list[str] = []
    real = fleet.store.get

    def get(store: FolderStore, key: str) -> bytes | None:
        told.append(kits.progress)
        return real(key)

    def unpacks(*_: object) -> None:
        told.append(kits.progress)

    monkeypatch.setattr(FolderStore, "get", get)
    monkeypatch.setattr("sessionlib.bundles.cache.unpack", unpacks)
    kits.prepare(kits.wanted_program())
    assert told == ["fetching code", "unpacking code"]


def test_calling_off_is_never_missed(fleet: Fleet) -> None:
    fleet.publish()
    kits = fleet.kits()
    want = kits.wanted_program()
    kits.cancel()
    with pytest.raises(PreparationCancelled):
        kits.prepare(want)
    assert not is_ready(kits, want)
    kits.prepare(want)
