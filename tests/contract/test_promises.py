"""Goal: every adapter keeps every promise of the port. Method: the same tests over each."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import pytest

from sessionlib.clock import sleep
from sessionlib.ports import Conflict, Store

KEY = "state/lease.json"
BINARY = bytes(range(256)) * 3 + b"\r\n\x00"

BAD_KEYS = [
    "",
    "/",
    "/state/x.json",
    "state/",
    "state//x.json",
    "../x.json",
    "state/../x.json",
    "./x.json",
    "state/.hidden",
    ".tmp/x.json",
    "state/x y.json",
    "state/x.json\n",
    "state\\x.json",
    "state/é.json",
    "state/x:y.json",
    "state/\0.json",
    "state/lease/57",
    "data/" + "x" * 201,
    "data/" + "x/" * 300 + "x",
]
CALLS: dict[str, Callable[[Store, str], object]] = {
    "read": lambda store, key: store.read(key),
    "create": lambda store, key: store.create(key, b"x"),
    "replace": lambda store, key: store.replace(key, b"x", "0"),
    "put": lambda store, key: store.put(key, b"x"),
    "get": lambda store, key: store.get(key),
    "has": lambda store, key: store.has(key),
    "proof": lambda store, key: store.proof(key),
    "delete": lambda store, key: store.delete(key),
}


@pytest.mark.parametrize("call", CALLS)
@pytest.mark.parametrize("key", BAD_KEYS)
def test_a_bad_key_is_refused_by_every_call(store: Store, call: str, key: str) -> None:
    with pytest.raises(ValueError, match="not a key"):
        CALLS[call](store, key)


@pytest.mark.parametrize(
    "key",
    ["x", "x.json", "state/orders/20240101-a_b.c.json", "data/a/b/c/d", "-", "a/" + "f" * 200],
)
def test_a_good_key_works(store: Store, key: str) -> None:
    store.create(key, b"x")
    found = store.read(key)
    assert found is not None
    store.replace(key, b"y", found.version)
    found = store.read(key)
    assert found is not None
    assert found.data == b"y"


@pytest.mark.parametrize("prefix", ["", "/", "state", "/state/", "../", "state//", ".tmp/", "a b/"])
def test_a_bad_prefix_is_refused(store: Store, prefix: str) -> None:
    with pytest.raises(ValueError, match="not a prefix"):
        store.list(prefix)


def test_nothing_is_read_where_nothing_was_written(store: Store) -> None:
    assert store.read(KEY) is None
    assert store.get("data/blob") is None
    assert store.has("data/blob") is None
    assert store.proof("data/blob") is None
    assert store.list("state/") == []
    assert store.list("state/orders/") == []


@pytest.mark.parametrize("data", [b"", b"{}", BINARY, b"x" * 1_000_000])
def test_bytes_come_back_as_they_were_written(store: Store, data: bytes) -> None:
    version = store.create(KEY, data)
    found = store.read(KEY)
    assert found is not None
    assert found.data == data
    assert found.version == version
    version = store.replace(KEY, data + b"2", version)
    found = store.read(KEY)
    assert found is not None
    assert found.data == data + b"2"
    assert found.version == version


def test_a_record_is_created_once(store: Store) -> None:
    version = store.create(KEY, b"first")
    with pytest.raises(Conflict):
        store.create(KEY, b"second")
    store.replace(KEY, b"third", version)
    with pytest.raises(Conflict):
        store.create(KEY, b"fourth")
    found = store.read(KEY)
    assert found is not None
    assert found.data == b"third"


def test_only_the_version_that_stands_can_be_replaced(store: Store) -> None:
    first = store.create(KEY, b"first")
    second = store.replace(KEY, b"second", first)
    third = store.replace(KEY, b"third", second)
    for stale in (first, second):
        with pytest.raises(Conflict):
            store.replace(KEY, b"late", stale)
    found = store.read(KEY)
    assert found is not None
    assert (found.data, found.version) == (b"third", third)


@pytest.mark.parametrize(
    "expected", ["", "999", "-1", "00", "²", "1.0", "no version", "0\n", "../0"]
)
def test_a_version_that_never_was_conflicts(store: Store, expected: str) -> None:
    store.create(KEY, b"first")
    with pytest.raises(Conflict):
        store.replace(KEY, b"second", expected)
    found = store.read(KEY)
    assert found is not None
    assert found.data == b"first"


@pytest.mark.parametrize("expected", ["0", "1", ""])
def test_a_record_that_does_not_exist_cannot_be_replaced(store: Store, expected: str) -> None:
    with pytest.raises(Conflict):
        store.replace(KEY, b"x", expected)
    assert store.read(KEY) is None
    assert store.list("state/") == []


def test_the_same_bytes_again_are_another_version(store: Store) -> None:
    versions = [store.create(KEY, b"same")]
    for _ in range(40):
        versions.append(store.replace(KEY, b"same", versions[-1]))
    assert len(set(versions)) == len(versions)
    assert all(isinstance(version, str) for version in versions)
    with pytest.raises(Conflict):
        store.replace(KEY, b"same", versions[0])


def test_age_is_never_negative_grows_and_starts_again_with_a_write(store: Store) -> None:
    version = store.create(KEY, b"x")
    young = store.read(KEY)
    sleep(0.15)
    older = store.read(KEY)
    assert young is not None
    assert older is not None
    assert 0 <= young.age_s < older.age_s
    store.replace(KEY, b"y", version)
    again = store.read(KEY)
    assert again is not None
    assert 0 <= again.age_s < older.age_s


def test_list_is_sorted_and_shows_what_is_below_the_prefix_alone(store: Store) -> None:
    version = store.create("state/orders/b.json", b"")
    store.replace("state/orders/b.json", b"2", version)
    store.create("state/orders/a.json", b"")
    store.create("state/orders-of-others.json", b"")
    store.put("state/orders/c/d", b"")
    store.put("data/orders/e", b"")
    assert store.list("state/orders/") == [
        "state/orders/a.json",
        "state/orders/b.json",
        "state/orders/c/d",
    ]
    assert store.list("data/") == ["data/orders/e"]
    assert store.list("state/orders/b/") == []


def test_records_of_similar_names_are_apart(store: Store) -> None:
    keys = ["state/x.json", "state/x.yaml", "state/x-2.json", "config/x.json"]
    for key in keys:
        store.replace(key, key.encode(), store.create(key, b""))
    for key in keys:
        found = store.read(key)
        assert found is not None
        assert found.data == key.encode()


@pytest.mark.parametrize("data", [b"", BINARY, b"x" * 3_000_000])
def test_a_blob_comes_back_whole_and_the_last_one_stands(store: Store, data: bytes) -> None:
    store.put("data/pieces/ab/cd", b"before" * 1000)
    store.put("data/pieces/ab/cd", data)
    assert store.get("data/pieces/ab/cd") == data
    assert store.has("data/pieces/ab/cd") == len(data)
    assert store.list("data/") == ["data/pieces/ab/cd"]


@pytest.mark.parametrize("data", [b"", BINARY, b"x" * 3_000_000])
def test_the_store_itself_says_what_it_holds(store: Store, data: bytes) -> None:
    store.put("data/blob", b"before")
    store.put("data/blob", data)
    proof = store.proof("data/blob")
    assert proof is not None
    assert proof.bytes == len(data)
    assert proof.digest == hashlib.new(proof.kind, data).hexdigest()


def test_blobs_may_be_used_from_several_threads(store: Store) -> None:
    def use(number: int) -> bool:
        key, data = f"data/blobs/b-{number}", bytes([number]) * 50_000
        store.put(key, data)
        proof = store.proof(key)
        return proof is not None and proof.bytes == store.has(key) and store.get(key) == data

    with ThreadPoolExecutor(4) as pool:
        assert all(pool.map(use, range(40)))
    assert len(store.list("data/blobs/")) == 40


def test_a_record_that_is_never_replaced_can_be_deleted(store: Store) -> None:
    store.create("data/manifests/1-a.json", b"1")
    store.create("data/manifests/2-b.json", b"2")
    store.delete("data/manifests/1-a.json")
    assert store.read("data/manifests/1-a.json") is None
    assert store.list("data/manifests/") == ["data/manifests/2-b.json"]


def test_what_was_put_can_be_read_with_its_age(store: Store) -> None:
    store.put("state/sessions/main.json", b"1")
    store.put("state/sessions/main.json", b"2")
    found = store.read("state/sessions/main.json")
    assert found is not None
    assert found.data == b"2"
    assert found.age_s >= 0
    with pytest.raises(Conflict):
        store.create("state/sessions/main.json", b"3")


def test_deleting_twice_is_no_error(store: Store) -> None:
    store.put("data/a", b"x")
    store.put("data/b", b"y")
    for _ in range(2):
        store.delete("data/a")
    store.delete("data/never/was")
    assert store.get("data/a") is None
    assert store.has("data/a") is None
    assert store.list("data/") == ["data/b"]
    store.put("data/a", b"again")
    assert store.get("data/a") == b"again"
