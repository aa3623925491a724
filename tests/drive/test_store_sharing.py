"""Goal: what one account makes all others find once, however Drive lists it. Method: stores of
several accounts over one Drive in a dict, whose listings lag, and which lets names repeat."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest

from sessionlib.errors import StoreError
from sessionlib.layout import BELL, DISCARDED, DRIVE_FILES, DRIVE_FOLDERS, order_key
from sessionlib.ports import Conflict, Unknown
from sessionlib.stores.drive.doorbell import MAX_RINGS
from sessionlib.stores.drive.files import DriveFile
from sessionlib.stores.drive.foreign_discards import EMPTY_EVERY_S
from sessionlib.stores.drive.key_index import BELL_FRESH_S, BY_HAND_S, MISSED_S
from sessionlib.stores.drive.provision import provision
from sessionlib.stores.drive.responses import DriveResponse, NoResponse, RequestRefused
from sessionlib.stores.drive.store import DriveStore
from tests.drive.fake_drive import ROOT, FakeDrive, Fleet, Stopwatch

ORDERS = "state/orders/"


@pytest.fixture
def watch() -> Stopwatch:
    return Stopwatch()


@pytest.fixture
def fleet(watch: Stopwatch) -> Fleet:
    return Fleet(FakeDrive(watch))


def hide_all(fleet: Fleet) -> None:
    """From now on no listing shows what is made."""
    fleet.drive.after = lambda _: fleet.drive.hidden.update(
        id_ for id_, file in fleet.drive.files.items() if not file.is_folder
    )


def named(fleet: Fleet, title: str) -> list[DriveFile]:
    return [file for file in fleet.drive.files.values() if file.title == title]


def calls(fleet: Fleet, action: Callable[[], object]) -> list[str]:
    """The requests that `action` makes."""
    fleet.drive.requests.clear()
    action()
    return [name for _, name in fleet.drive.requests]


def test_an_order_is_found_by_the_bell_while_no_listing_shows_it(
    fleet: Fleet, watch: Stopwatch
) -> None:
    agent, operator = fleet.store("main"), fleet.store("operator")
    assert agent.list(ORDERS) == []
    hide_all(fleet)
    operator.create(order_key("a"), b'{"id":"a"}')
    watch.at_s += BELL_FRESH_S
    assert calls(fleet, lambda: agent.list(ORDERS)) == ["get"]
    assert agent.list(ORDERS) == [order_key("a")]
    found = agent.read(order_key("a"))
    assert found is not None
    assert found.data == b'{"id":"a"}'
    late = fleet.store("late")
    assert late.list(ORDERS) == [order_key("a")]


def test_an_order_that_is_known_costs_nothing_and_grows_older(
    fleet: Fleet, watch: Stopwatch
) -> None:
    agent = fleet.store("main")
    fleet.store("operator").create(order_key("a"), b'{"id":"a"}')
    young = agent.read(order_key("a"))
    watch.at_s += 60
    requests = calls(fleet, lambda: agent.read(order_key("a")))
    older = agent.read(order_key("a"))
    assert requests == []
    assert young is not None
    assert older is not None
    assert older.age_s == pytest.approx(young.age_s + 60)


def test_at_rest_a_look_at_all_that_may_come_is_one_read(fleet: Fleet, watch: Stopwatch) -> None:
    agent = fleet.store("main")

    def look() -> None:
        agent.list(ORDERS)
        agent.list("config/")
        agent.list("scripts/versions/")
        assert agent.read("state/handover_signal.json") is None
        assert agent.read("config/keys/0123.json") is None

    look()
    watch.at_s += 30
    assert calls(fleet, look) == ["get"]
    watch.at_s += BY_HAND_S
    assert sorted(calls(fleet, look)) == ["get", "list"]


def test_a_file_put_there_by_hand_is_found_within_minutes(fleet: Fleet, watch: Stopwatch) -> None:
    agent = fleet.store("main")
    assert agent.read("state/handover_signal.json") is None
    client = fleet.client("person")
    body = {"id": "by-hand", "title": "handover_signal.json"}
    client.insert({**body, "parents": [{"id": fleet.ids["state"]}]}, b'{"action": "x"}')
    watch.at_s += BY_HAND_S
    found = agent.read("state/handover_signal.json")
    assert found is not None
    assert found.data == b'{"action": "x"}'
    again = calls(fleet, lambda: agent.read("state/handover_signal.json"))
    assert again == ["get"], "an unchanged content is not downloaded again"


def test_a_reader_that_missed_more_than_the_bell_holds_lists_again(
    fleet: Fleet, watch: Stopwatch
) -> None:
    agent, operator = fleet.store("main"), fleet.store("operator")
    agent.list(ORDERS)
    keys = [order_key(f"o{number:03}") for number in range(2 * MAX_RINGS)]
    for key in keys:
        operator.create(key, b'{"a":1}')
    watch.at_s += BELL_FRESH_S
    assert agent.list(ORDERS) == keys


def test_of_two_that_create_one_record_the_first_to_ring_wins_though_no_listing_helps(
    fleet: Fleet,
) -> None:
    one, two = fleet.store("one"), fleet.store("two")
    key = "scripts/versions/1.json"
    assert one.list("scripts/versions/") == two.list("scripts/versions/") == []

    def between(_: str) -> None:
        # `one` has made its file and not rung yet.
        fleet.drive.after = lambda name: None
        hide_all(fleet)
        two.create(key, b'{"by":"two"}')

    fleet.drive.after = between
    with pytest.raises(Conflict, match="at the same time"):
        one.create(key, b'{"by":"one"}')
    assert [file.description for file in named(fleet, "1.json")] == ['{"by":"two"}']
    for store in (one, two, fleet.store("three")):
        found = store.read(key)
        assert found is not None
        assert found.data == b'{"by":"two"}'


def test_what_another_one_removed_can_be_made_anew_at_once(fleet: Fleet, watch: Stopwatch) -> None:
    agent, operator = fleet.store("main"), fleet.store("operator")
    operator.create(order_key("a"), b'{"by":"operator"}')
    watch.at_s += BELL_FRESH_S
    agent.delete(order_key("a"))
    assert agent.read(order_key("a")) is None
    agent.create(order_key("a"), b'{"by":"main"}')
    watch.at_s += BELL_FRESH_S
    for store in (agent, operator, fleet.store("late")):
        found = store.read(order_key("a"))
        assert found is not None
        assert found.data == b'{"by":"main"}'


def test_a_record_that_drive_doesnt_show_yet_is_nobodys_to_make_again(
    fleet: Fleet, watch: Stopwatch
) -> None:
    operator = fleet.store("operator")
    operator.create(order_key("a"), b'{"by":"operator"}')
    (record,) = named(fleet, "a.json")
    fleet.drive.unseen[record.id] = "main"
    agent = fleet.store("main")
    with pytest.raises(Conflict):
        agent.create(order_key("a"), b'{"by":"main"}')
    assert named(fleet, "a.json") == [record]
    watch.at_s += BELL_FRESH_S
    fleet.drive.unseen.clear()
    found = fleet.store("late").read(order_key("a"))
    assert found is not None
    assert found.data == b'{"by":"operator"}'


REPORT = "state/sessions/backup1.json"


def ring_the_bell_full(fleet: Fleet) -> None:
    operator = fleet.store("operator")
    for number in range(2 * MAX_RINGS):
        operator.create(order_key(f"full{fleet.drive.number()}-{number:03}"), b"{}")


def refuse_rings(name: str) -> None:
    """No file can be written over, so the bell can't be rung."""
    if name == "update":
        raise RequestRefused(DriveResponse(403, "insufficientFilePermissions"))


def work_again(fleet: Fleet) -> None:
    fleet.drive.before = fleet.drive.after = lambda name: None
    fleet.drive.hidden.clear()


def test_a_report_that_could_not_be_told_is_written_on_in_the_same_file(fleet: Fleet) -> None:
    agent, operator = fleet.store("main"), fleet.store("operator")
    fleet.drive.before = refuse_rings
    with pytest.raises(StoreError):
        agent.put(REPORT, b'{"beat":1}')
    work_again(fleet)
    agent.put(REPORT, b'{"beat":2}')
    assert [file.description for file in named(fleet, "backup1.json")] == ['{"beat":2}']
    assert operator.get(REPORT) == b'{"beat":2}'


def test_a_session_that_starts_anew_writes_the_report_that_others_read(
    fleet: Fleet, watch: Stopwatch
) -> None:
    """Its listing shows two files, and of an older one nobody was ever told."""
    old, operator = fleet.store("main"), fleet.store("operator")
    fleet.drive.before = refuse_rings
    with pytest.raises(StoreError):
        fleet.store("main").put(REPORT, b'{"beat":1}')
    work_again(fleet)
    watch.at_s += 1
    fleet.drive.hidden.update(file.id for file in named(fleet, "backup1.json"))
    old.put(REPORT, b'{"beat":2}')
    work_again(fleet)
    assert operator.get(REPORT) == b'{"beat":2}'
    assert len(named(fleet, "backup1.json")) == 2
    ring_the_bell_full(fleet)
    watch.at_s += BELL_FRESH_S
    fleet.store("main").put(REPORT, b'{"beat":3}')
    operator.list(ORDERS)
    assert operator.get(REPORT) == b'{"beat":3}'
    assert fleet.store("late").get(REPORT) == b'{"beat":3}'


def test_a_session_whose_listing_lags_tells_where_its_report_is_now(
    fleet: Fleet, watch: Stopwatch
) -> None:
    operator = fleet.store("operator")
    fleet.store("main").put(REPORT, b'{"beat":1}')
    assert operator.get(REPORT) == b'{"beat":1}'
    ring_the_bell_full(fleet)
    hide_all(fleet)
    fleet.store("main").put(REPORT, b'{"beat":2}')
    work_again(fleet)
    watch.at_s += BELL_FRESH_S
    operator.list(ORDERS)
    assert operator.get(REPORT) == b'{"beat":2}'
    assert fleet.store("late").get(REPORT) == b'{"beat":2}'
    again = fleet.store("main")
    ring_the_bell_full(fleet)
    watch.at_s += 1
    again.put(REPORT, b'{"beat":3}')
    operator.list(ORDERS)
    assert operator.get(REPORT) == b'{"beat":3}'


@pytest.mark.parametrize("when", ["before", "after"])
def test_a_creation_with_lost_answers_makes_one_file(fleet: Fleet, when: str) -> None:
    store = fleet.store("main")
    losses = 3

    def lose(name: str) -> None:
        nonlocal losses
        if losses:
            losses -= 1
            raise NoResponse(name)

    setattr(fleet.drive, when, lose)
    store.create(order_key("a"), b'{"a":1}')
    assert losses == 0
    assert len(named(fleet, "a.json")) == 1


def test_a_creation_that_could_not_be_rung_is_unknown_and_can_be_read_back(fleet: Fleet) -> None:
    store = fleet.store("main")

    def fail(name: str) -> None:
        if name == "update":
            raise NoResponse(name)

    fleet.drive.before = fail
    with pytest.raises(Unknown):
        store.create(order_key("a"), b'{"a":1}')
    fleet.drive.before = lambda _: None
    assert fleet.store("other").list(ORDERS) == [order_key("a")]


def test_a_bell_that_somebody_spoilt_is_made_anew_and_nobody_misses_anything(
    fleet: Fleet, watch: Stopwatch
) -> None:
    agent, operator = fleet.store("main"), fleet.store("operator")
    operator.create(order_key("a"), b'{"a":1}')
    agent.list(ORDERS)
    bell_id = fleet.ids[BELL]
    spoilt = replace(fleet.drive.files[bell_id], description="hello")
    fleet.drive.files[bell_id] = spoilt
    operator.create(order_key("b"), b'{"b":1}')
    watch.at_s += BELL_FRESH_S
    assert agent.list(ORDERS) == [order_key("a"), order_key("b")]


def test_names_that_repeat_are_settled_the_same_way_by_all(fleet: Fleet, watch: Stopwatch) -> None:
    for number in (2, 1):
        body = {"id": f"double-{number}", "title": "9.json"}
        parents = [{"id": fleet.ids["config"]}]
        fleet.client("person").insert(
            {**body, "parents": parents, "description": f'{{"n":{number}}}'}, None
        )
        watch.at_s += 1
    for account in ("one", "two"):
        found = fleet.store(account).read("config/9.json")
        assert found is not None
        assert found.data == b'{"n":2}', "the older one counts"


def test_a_report_is_one_write_once_its_file_is_there(fleet: Fleet) -> None:
    agent, peer = fleet.store("main"), fleet.store("backup")
    assert peer.read("state/sessions/main.json") is None
    agent.put("state/sessions/main.json", b'{"beat":1}')
    assert calls(fleet, lambda: agent.put("state/sessions/main.json", b'{"beat":2}')) == ["update"]
    restarted = fleet.store("main")
    restarted.put("state/sessions/main.json", b'{"beat":3}')
    assert len(named(fleet, "main.json")) == 1


def test_a_report_that_was_taken_out_of_its_folder_is_written_anew(
    fleet: Fleet, watch: Stopwatch
) -> None:
    agent, operator = fleet.store("main"), fleet.store("operator")
    agent.put(REPORT, b'{"beat":1}')
    (file,) = named(fleet, "backup1.json")
    fleet.drive.files[file.id] = replace(file, parents=("elsewhere",))
    for beat in (b'{"beat":2}', b'{"beat":3}'):
        agent.put(REPORT, beat)
        watch.at_s += BELL_FRESH_S
        operator.list(ORDERS)
        assert operator.get(REPORT) == beat
    assert len(named(fleet, "backup1.json")) == 2


def test_a_blob_that_was_binned_by_mistake_is_had_again_once_it_is_put_back(
    fleet: Fleet, watch: Stopwatch
) -> None:
    primary, standby = fleet.store("main"), fleet.store("backup")
    primary.put("data/blobs/1-1-a-0-f00d", b"work")
    (file,) = named(fleet, "1-1-a-0-f00d")
    fleet.drive.files[file.id] = replace(file, is_trashed=True)
    for store in (primary, standby):
        assert store.get("data/blobs/1-1-a-0-f00d") is None
    fleet.drive.files[file.id] = file
    watch.at_s += MISSED_S
    for store in (primary, standby):
        assert store.get("data/blobs/1-1-a-0-f00d") == b"work"


def test_a_report_that_was_binned_is_written_anew(fleet: Fleet, watch: Stopwatch) -> None:
    agent, peer = fleet.store("main"), fleet.store("backup")
    agent.put("state/sessions/main.json", b'{"beat":1}')
    assert peer.read("state/sessions/main.json") is not None
    (file,) = named(fleet, "main.json")
    fleet.drive.files[file.id] = replace(file, is_trashed=True)
    assert peer.read("state/sessions/main.json") is None
    agent.put("state/sessions/main.json", b'{"beat":2}')
    watch.at_s += BELL_FRESH_S
    found = peer.read("state/sessions/main.json")
    assert found is not None
    assert found.data == b'{"beat":2}'


def publishes(store: DriveStore, watch: Stopwatch) -> None:
    """What a holder does before it removes anything."""
    store.create(f"data/manifests/2-1-{watch.at_s:.0f}.json", b"{}")
    watch.at_s += BELL_FRESH_S


def test_anothers_file_is_taken_out_of_the_folder(fleet: Fleet, watch: Stopwatch) -> None:
    old, new = fleet.store("old"), fleet.store("new")
    old.put("data/blobs/1-1-aaaaaaaa-1-00", b"1")
    publishes(old, watch)
    new.put("data/blobs/2-1-bbbbbbbb-1-00", b"2")
    publishes(new, watch)
    assert len(new.list("data/blobs/")) == 2
    for key in new.list("data/blobs/"):
        new.delete(key)
    aside = fleet.ids[DISCARDED]
    left = [file for file in fleet.drive.files.values() if aside in file.parents]
    assert [fleet.drive.owners[file.id] for file in left] == ["old"]
    for store in (old, new, fleet.store("third")):
        assert store.list("data/blobs/") == []
        assert store.get("data/blobs/1-1-aaaaaaaa-1-00") is None
        assert store.has("data/blobs/2-1-bbbbbbbb-1-00") is None


def test_what_was_put_aside_is_deleted_by_its_owner_when_it_comes_by(
    fleet: Fleet, watch: Stopwatch
) -> None:
    old, new = fleet.store("old"), fleet.store("new")
    for number in range(3):
        old.put(f"data/blobs/1-1-aaaaaaaa-{number}-00", b"1")
    publishes(old, watch)
    for number in range(3):
        new.delete(f"data/blobs/1-1-aaaaaaaa-{number}-00")
    aside = fleet.ids[DISCARDED]
    assert len(fleet.client("old").list(aside)) == 3
    watch.at_s += EMPTY_EVERY_S
    new.put("data/blobs/2-1-bbbbbbbb-1-00", b"2")
    new.delete("data/blobs/2-1-bbbbbbbb-1-00")
    assert len(fleet.client("old").list(aside)) == 3, "they aren't its own"
    old.put("data/blobs/3-1-bbbbbbbb-1-00", b"2")
    old.delete("data/blobs/3-1-bbbbbbbb-1-00")
    assert fleet.client("old").list(aside) == []


def test_blobs_cost_no_listing_to_write_and_are_found_by_who_fetches_them(
    fleet: Fleet, watch: Stopwatch
) -> None:
    holder, successor = fleet.store("main"), fleet.store("backup")
    assert successor.list("data/blobs/") == []
    holder.put("data/blobs/first", b"1")
    requests = calls(fleet, lambda: holder.put("data/blobs/second", b"2"))
    assert "list" not in requests
    watch.at_s += 5
    assert successor.get("data/blobs/second") == b"2"
    assert successor.get("data/blobs/first") == b"1"


def test_what_another_holder_removed_is_not_taken_to_be_there(
    fleet: Fleet, watch: Stopwatch
) -> None:
    one, two = fleet.store("one"), fleet.store("two")
    one.put("data/blobs/a", b"1")
    publishes(one, watch)
    assert one.list("data/blobs/") == ["data/blobs/a"]
    assert calls(fleet, lambda: one.list("data/blobs/")) == [], "nobody but itself has changed it"
    publishes(two, watch)
    two.delete("data/blobs/a")
    assert one.list("data/blobs/") == []
    assert one.has("data/blobs/a") is None


def test_the_few_blobs_of_a_small_checkpoint_are_told_with_it(
    fleet: Fleet, watch: Stopwatch
) -> None:
    holder, successor = fleet.store("main"), fleet.store("backup")
    publishes(holder, watch)
    assert successor.get("data/blobs/none") is None
    holder.put("data/blobs/a", b"1")
    publishes(holder, watch)
    assert calls(fleet, lambda: successor.get("data/blobs/a")) == ["get", "get"]


def test_the_tree_is_made_once(fleet: Fleet) -> None:
    before = dict(fleet.drive.files)
    assert provision(fleet.client("another"), ROOT) == fleet.ids
    assert fleet.drive.files == before
    assert set(fleet.ids) == {*DRIVE_FOLDERS, *DRIVE_FILES}
