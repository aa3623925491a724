"""Reports, orders and history as an agent reads them: only what is whole, young and signed."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest

from sessionlib import layout
from sessionlib.agent.mailbox_io import FORGOTTEN_S, Mailbox
from sessionlib.core.messages import ORDER_LIFE_S, History, MoveKind, Order, OrderAction, Report
from sessionlib.core.values import Instant, Role
from sessionlib.records import decode, encode
from sessionlib.signing import new_seed, public_of, sign
from sessionlib.stores.memory import MemoryStore

SEED = new_seed()
REPORT = Report("b", "s", "i", 3, 0.0, Role.HOT_STANDBY, 2, "standby", "Fresh", 9.0, 12.0, 3)
ORDER = Order("o1", "fleet", OrderAction.HANDOVER, "b", 3, "inc", 7, "op")


class Hand:
    """A clock that is set by hand."""

    def __init__(self) -> None:
        self.at_s = 1_000.0

    def now(self) -> Instant:
        return Instant(self.at_s, self.at_s, self.at_s)


@pytest.fixture
def clock() -> Hand:
    return Hand()


@pytest.fixture
def store(clock: Hand) -> MemoryStore:
    return MemoryStore(clock)


@pytest.fixture
def notes(store: MemoryStore, clock: Hand) -> Mailbox:
    return Mailbox(
        store,
        fleet="fleet",
        public_key=public_of(SEED),
        accounts=("a", "b", "c"),
        account="a",
        clock=clock,
    )


def give(store: MemoryStore, order: Order, seed: str | None = SEED) -> None:
    data = encode(sign(order, seed) if seed else order)
    store.create(layout.order_key(order.id), data)


def test_others_reports_are_read_with_their_age(
    notes: Mailbox, store: MemoryStore, clock: Hand
) -> None:
    store.put(layout.session_key("b"), encode(REPORT))
    store.put(layout.session_key("a"), encode(replace(REPORT, account="a")))
    clock.at_s += 7
    assert notes.read().reports == {"b": (REPORT, 7)}


BEYOND = encode(replace(ORDER, id="bad", after_s=1.5)).replace(b"1.5", b"1e999")


@pytest.mark.parametrize(
    "rubbish", [b"", b"{", b"\x00" * 9, b'{"schema":"session/9"}', b"[]", BEYOND]
)
def test_rubbish_hides_nothing_else(notes: Mailbox, store: MemoryStore, rubbish: bytes) -> None:
    store.put(layout.session_key("c"), rubbish)
    store.put(layout.session_key("b"), encode(REPORT))
    store.create(layout.order_key("bad"), rubbish)
    give(store, ORDER)
    peeked = notes.read()
    assert set(peeked.reports) == {"b"}
    assert [order.id for order in peeked.orders] == ["o1"]
    assert [(name, outcome) for name, outcome, _ in peeked.refused] == [("bad", "refused")]


def test_an_order_needs_the_fleets_signature(notes: Mailbox, store: MemoryStore) -> None:
    give(store, replace(ORDER, id="o1"), seed=None)
    give(store, replace(ORDER, id="o2"), seed=new_seed())
    changed = replace(sign(replace(ORDER, id="o3"), SEED), account="c")
    store.create(layout.order_key("o3"), encode(changed))
    give(store, replace(ORDER, id="o4", fleet="another"))
    renamed = sign(replace(ORDER, id="o5"), SEED)
    store.create(layout.order_key("o6"), encode(renamed))
    peeked = notes.read()
    assert peeked.orders == ()
    assert {name for name, outcome, _ in peeked.refused if outcome == "refused"} == {
        "o1",
        "o2",
        "o3",
        "o4",
        "o6",
    }


def test_without_a_key_nothing_is_obeyed_and_the_cure_is_named(store: MemoryStore) -> None:
    give(store, ORDER)
    peeked = Mailbox(store, fleet="fleet", public_key=None, accounts=("a", "b"), account="a").read()
    assert peeked.orders == ()
    assert "init" in peeked.refused[0][2]


def test_an_order_expires_and_is_then_forgotten(
    notes: Mailbox, store: MemoryStore, clock: Hand
) -> None:
    give(store, ORDER)
    clock.at_s += ORDER_LIFE_S
    assert len(notes.read().orders) == 1
    clock.at_s += 1
    assert [outcome for _, outcome, _ in notes.read().refused] == ["expired"]
    clock.at_s += FORGOTTEN_S
    assert notes.read().refused == ()


class Overlapped(dict[str, Any]):
    """What is known of orders, while another peek of the same notes overtakes the one that looks
    through it."""

    notes: Mailbox
    ended = 0

    def __iter__(self) -> Iterator[str]:
        yield from list(self.keys())
        if threading.current_thread() is threading.main_thread():
            other = threading.Thread(target=self._peek)
            other.start()
            other.join(10)

    def _peek(self) -> None:
        self.notes.read()
        self.ended += 1


def test_a_peek_that_was_given_up_on_is_no_trouble_to_the_next_one(
    notes: Mailbox, store: MemoryStore
) -> None:
    give(store, ORDER)
    notes._orders = overlapped = Overlapped()
    overlapped.notes = notes
    assert len(notes.read().orders) == 1
    store.delete(layout.order_key(ORDER.id))
    assert notes.read().orders == ()
    assert (overlapped.ended, len(overlapped)) == (2, 0)


def test_history_is_written_once(notes: Mailbox, store: MemoryStore) -> None:
    entry = History(3, MoveKind.PLANNED, "b", "a", 0.0, 0.5, "ordered")
    assert notes.write_history(entry).epoch == 3
    assert notes.write_history(replace(entry, reason="another story")).why is None
    found = store.read(layout.history_key(3))
    assert found is not None
    assert decode(History, found.data) == entry


def test_logs_and_reports_go_where_the_layout_says(notes: Mailbox, store: MemoryStore) -> None:
    notes.write_report(replace(REPORT, account="a"))
    notes.write_logs({"agent.jsonl": b"{}\n"})
    assert store.get("state/sessions/a.json") is not None
    assert store.get("logs/a/agent.jsonl") == b"{}\n"


def test_logs_that_say_nothing_new_are_not_sent_again(notes: Mailbox, store: MemoryStore) -> None:
    def version(name: str) -> str:
        found = store.read(f"logs/a/{name}")
        assert found is not None
        return found.version

    notes.write_logs({"agent.jsonl": b"1", "workload.log": b"1"})
    before = version("agent.jsonl"), version("workload.log")
    notes.write_logs({"agent.jsonl": b"1", "workload.log": b"2"})
    assert version("agent.jsonl") == before[0]
    assert version("workload.log") != before[1]
    assert store.get("logs/a/workload.log") == b"2"
