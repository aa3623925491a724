"""Goal: orders are never removed, and however many of them lie there, a new one is heard of.

Method: a store in memory, each read of which takes a part of a second by a clock that is set by
hand; and the peek lane of an agent as it is started, over a store that doesn't answer.
"""

from __future__ import annotations

import json
import threading
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from queue import Empty

import pytest

from sessionlib import layout
from sessionlib.agent.loop import Agent
from sessionlib.agent.mailbox_io import FORGOTTEN_S, Mailbox
from sessionlib.clock import SystemClock
from sessionlib.core.actions import ReadMailbox
from sessionlib.core.events import MailboxRead
from sessionlib.core.messages import ORDER_LIFE_S, Order, OrderAction
from sessionlib.core.values import Instant
from sessionlib.errors import Unreachable
from sessionlib.ports import Found
from sessionlib.records import encode
from sessionlib.signing import new_seed, public_of, sign
from sessionlib.stores.memory import MemoryStore
from tests.unit.agent.agents import agent_over, begin

SEED = new_seed()
MANY = 2_000
BUDGET_S = 2.0
READ_S = 0.005
PATIENCE_S = 30.0


class Hand:
    """A clock that is set by hand."""

    def __init__(self) -> None:
        self.at_s = 1_000.0

    def now(self) -> Instant:
        return Instant(self.at_s, self.at_s, self.at_s)


class Slow(MemoryStore):
    """Each read takes READ_S, and is counted; `forbidden` can't be read."""

    def __init__(self, clock: Hand) -> None:
        super().__init__(clock)
        self._hand = clock
        self.reads: Counter[str] = Counter()
        self.forbidden: set[str] = set()

    def read(self, key: str) -> Found | None:
        self._hand.at_s += READ_S
        self.reads[key] += 1
        if key in self.forbidden:
            raise Unreachable(key)
        return super().read(key)

    def give(self, name: str, seed: str = SEED) -> str:
        order = Order(name, "fleet", OrderAction.HANDOVER, "b", 3, "inc", 7, "op")
        key = layout.order_key(name)
        self.create(key, encode(sign(order, seed)))
        return key


@pytest.fixture
def clock() -> Hand:
    return Hand()


@pytest.fixture
def store(clock: Hand) -> Slow:
    return Slow(clock)


@pytest.fixture
def notes(store: Slow, clock: Hand) -> Mailbox:
    return Mailbox(
        store, fleet="fleet", public_key=public_of(SEED), accounts=("a",), account="a", clock=clock
    )


def given(peeked: MailboxRead) -> list[str]:
    return [order.id for order in peeked.orders]


def fill(store: Slow) -> list[str]:
    """Orders by somebody else's key: what they hold counts for nothing here, and is quick."""
    keys = [layout.order_key(f"{number:04}") for number in range(MANY)]
    for key in keys:
        store.create(key, b"{}")
    return keys


def test_a_past_order_is_never_read_again(notes: Mailbox, store: Slow, clock: Hand) -> None:
    fill(store)
    clock.at_s += FORGOTTEN_S + 1
    notes.read()
    store.reads.clear()
    new = store.give("new")
    assert given(notes.read()) == ["new"]
    assert +store.reads == Counter({new: 1, layout.SIGNAL: 1})


def test_the_first_looks_at_thousands_end_in_time_and_get_through_them(
    notes: Mailbox, store: Slow, clock: Hand
) -> None:
    fill(store)
    clock.at_s += FORGOTTEN_S + 1
    store.give("new")
    looks, found = 0, list[str]()
    while not found:
        began_s = clock.at_s
        found = given(notes.read(BUDGET_S))
        looks += 1
        assert clock.at_s - began_s <= BUDGET_S + 2 * READ_S
    assert looks <= MANY * READ_S / BUDGET_S + 1
    store.give("newer")
    assert given(notes.read(BUDGET_S)) == ["new", "newer"]


def test_a_look_reads_one_at_least_however_slow_the_store(notes: Mailbox, store: Slow) -> None:
    for name in ("1", "2", "3"):
        store.give(f"o{name}")
    assert [len(given(notes.read(0.0))) for _ in range(4)] == [1, 2, 3, 3]


def test_those_that_cant_be_read_keep_none_behind_them_waiting(notes: Mailbox, store: Slow) -> None:
    store.forbidden = set(fill(store))
    store.give("new")
    found = [given(notes.read(BUDGET_S)) for _ in range(int(MANY * READ_S / BUDGET_S) + 1)]
    assert found[-1] == ["new"]


def test_what_is_refused_is_told_at_each_look_and_read_once(
    notes: Mailbox, store: Slow, clock: Hand
) -> None:
    key = store.give("theirs", new_seed())
    for _ in range(3):
        assert [name for name, _, _ in notes.read().refused] == ["theirs"]
    assert store.reads[key] == 1
    clock.at_s += FORGOTTEN_S + 1
    assert notes.read().refused == ()


def test_the_age_of_what_may_be_carried_out_is_the_stores(
    notes: Mailbox, store: Slow, clock: Hand
) -> None:
    """This machine may have stood still, and its own clocks with it."""
    key = store.give("o1")
    assert given(notes.read()) == ["o1"]
    notes.clock = stopped = Hand()
    stopped.at_s = clock.at_s
    clock.at_s += ORDER_LIFE_S + 1
    assert [outcome for _, outcome, _ in notes.read().refused] == ["expired"]
    notes.read()
    assert store.reads[key] == 2


def test_a_key_that_has_left_the_listing_is_forgotten(
    notes: Mailbox, store: Slow, clock: Hand
) -> None:
    key = store.give("o1")
    clock.at_s += FORGOTTEN_S + 1
    notes.read()
    store.delete(key)
    notes.read()
    store.give("o1")
    assert given(notes.read()) == ["o1"]


class Halting(MemoryStore):
    """Doesn't answer until the test says so."""

    def __init__(self) -> None:
        super().__init__(SystemClock())
        self.answers = threading.Event()

    def list(self, prefix: str) -> list[str]:
        assert self.answers.wait(PATIENCE_S)
        return super().list(prefix)


@pytest.fixture
def halting() -> Halting:
    return Halting()


@pytest.fixture
def agent(tmp_path: Path, halting: Halting) -> Iterator[Agent]:
    with agent_over(halting, tmp_path, {}) as agent:
        try:
            yield agent
        finally:
            halting.answers.set()


def told(agent: Agent) -> list[tuple[str, str]]:
    path = agent.home.logs / "agent.jsonl"
    lines = path.read_text().splitlines() if path.exists() else []
    return [(line["level"], line["event"]) for line in map(json.loads, lines)]


def test_an_agent_that_hears_nothing_says_so_once_and_when_it_hears_again(
    agent: Agent, halting: Halting
) -> None:
    timeout_s = agent.view.timing.timeout_s
    for turn in range(3):
        begin(agent, ReadMailbox(), turn * timeout_s)
        agent.executor.tick((turn + 1) * timeout_s)
        assert agent.inbox.get(timeout=PATIENCE_S) == MailboxRead({})
        assert told(agent) == [("warning", "deaf")]
    halting.answers.set()
    for _ in range(2):
        begin(agent, ReadMailbox(), 9 * timeout_s)
        assert isinstance(agent.inbox.get(timeout=PATIENCE_S), MailboxRead)
    assert told(agent) == [("warning", "deaf"), ("info", "hears")]
    with pytest.raises(Empty):
        agent.inbox.get_nowait()
