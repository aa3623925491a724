"""Goal: what is written by hand into the lease, the orders and the reports deceives nobody for
long: at worst nobody works, or one works who shouldn't until the other looks again.

Method: records as an account with a text editor could make them, read by the agent's own
reader and judged by its own rules; and orders as only the fleet's key can make them, put
back after their time. What a forged record can bring about is asserted as well, so that
the page on threats can't promise more than is so.
"""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import pytest

from console.setup.lease_record import missing_lease
from sessionlib import layout
from sessionlib.agent.lease_io import read_lease
from sessionlib.agent.mailbox_io import Mailbox
from sessionlib.checkpoints import CheckpointError
from sessionlib.checkpoints.store_names import manifest_key
from sessionlib.clock import SystemClock
from sessionlib.core.actions import Fence, ReadLease, SetGoal
from sessionlib.core.events import LeaseRead, MailboxRead, WriteAnswered, WriteVerdict
from sessionlib.core.learn import begun, learn
from sessionlib.core.messages import ORDER_LIFE_S, Order, OrderAction, Receipt
from sessionlib.core.values import MAX_EPOCH, UNKNOWN_HOLDER, Lease, LeaseState, Pointer
from sessionlib.core.view import LeaseReadStatus, Member, View, member_of
from sessionlib.core.work import Aim
from sessionlib.records import decode, encode
from sessionlib.signing import Purpose, canonical, public_of, sign, sign_bytes
from sessionlib.stores.folder import FolderStore
from sessionlib.stores.memory import MemoryStore
from tests.unit.checkpoints.sessions import Side, fill
from tests.unit.core.views import ME, OTHER, TIMING, actions, at, held_by, serving, view, written

SEED, OTHER_SEED = "5e" * 32, "0a" * 32
DAY_S = 86_399.0
IDS = tuple(f"{number:016x}" for number in range(4))
HONEST = held_by(OTHER)
Lie = dict[str, Any]


def forged(**changes: Any) -> bytes:
    """The honest record of `b` at epoch 3, with whatever somebody typed into it."""
    return json.dumps({**json.loads(encode(HONEST)), **changes}).encode()


def looked(data: bytes) -> LeaseRead:
    """What an agent reads."""
    store = MemoryStore(SystemClock())
    store.create(layout.LEASE, data)
    return read_lease(store)


def told(before: View, data: bytes, seconds: float = 0.0) -> View:
    return learn(before, looked(data), at(seconds), "chance")


def aims(before: View, seconds: float) -> set[Aim]:
    return {action.goal.aim for action in actions(before, seconds) if isinstance(action, SetGoal)}


WAITED_FOR: dict[str, tuple[Lie, float]] = {
    "a higher epoch": ({"epoch": 999_999}, TIMING.ttl_s),
    "somebody foreign": ({"epoch": 4, "holder": "mallory", "incarnation": "x"}, TIMING.ttl_s),
    "nobody knows who": ({"epoch": 4, "holder": UNKNOWN_HOLDER}, TIMING.ttl_s),
    "us, from a start that never was": ({"holder": "a", "incarnation": "x"}, TIMING.ttl_s),
    "a ttl of a day": ({"ttl_s": DAY_S}, DAY_S),
    "offered to somebody else": (
        {"state": "offered", "successor": "mallory", "renewal": 8},
        TIMING.ttl_s,
    ),
    "long texts": (
        {"nonce": "n" * 15_000, "done": ["d" * 15_000], "session": "s" * 15_000},
        TIMING.ttl_s,
    ),
    "texts for a terminal": ({"holder": "\x1b]0;owned\x07", "session": "\n"}, TIMING.ttl_s),
}
UNREADABLE: dict[str, bytes] = {
    "an epoch that nobody comes to": forged(epoch=MAX_EPOCH + 1),
    "an epoch beyond every number": forged(epoch=10**60),
    "an epoch below none": forged(epoch=-1),
    "a ttl of more than a day": forged(ttl_s=10**9),
    "a ttl of nothing": forged(ttl_s=0),
    "an epoch in words": forged(epoch="4"),
    "too long": forged(nonce="n" * 70_000),
    "held by nobody": forged(holder=None),
}


@pytest.mark.parametrize("lie", WAITED_FOR)
def test_a_standby_waits_out_what_the_record_says(lie: str) -> None:
    changes, ttl_s = WAITED_FOR[lie]
    standby = told(view(), forged(**changes))
    assert standby.lease_read_status is LeaseReadStatus.SEEN
    ripe_s = TIMING.patience_s(ttl_s, 0)
    assert written(actions(standby, ripe_s - 0.1)) is None
    long = replace(standby, lifetime_s=10 * DAY_S)
    claim = written(actions(long, ripe_s + TIMING.rank_step_s + 0.1))
    assert claim is not None
    # Whatever it was told, it claims one epoch on, and what it writes can be read.
    assert standby.lease is not None
    assert claim.lease.epoch == standby.lease.epoch + 1
    assert decode(Lease, encode(claim.lease)) == claim.lease


@pytest.mark.parametrize("lie", UNREADABLE)
@pytest.mark.parametrize("who", ["standby", "primary"])
def test_what_no_claim_of_ours_can_be_moves_nobody(lie: str, who: str) -> None:
    before = serving() if who == "primary" else told(view(), encode(HONEST))
    after = told(before, UNREADABLE[lie], 1.0)
    assert after.lease_read_status is LeaseReadStatus.UNREADABLE
    assert after.alarm
    # Nothing of it is remembered, so that the record can simply be put right.
    assert after.seen_epoch == before.seen_epoch
    for seconds in (2.0, TIMING.ttl_s, 3_600.0, 36_000.0):
        assert written(actions(after, seconds)) is None
    if who == "primary":
        assert aims(after, TIMING.valid_s + 0.1) == {Aim.HOLD}


TAKEN = {
    "a higher epoch of somebody foreign": forged(epoch=999_999, holder="mallory"),
    "the next epoch of a standby": forged(epoch=4, incarnation="x"),
    "free": forged(state="free", holder=None, session=None, incarnation=None),
    "offered away": forged(state="offered", successor="b"),
    "our own account, from another start": forged(epoch=4, holder="a", incarnation="x"),
}


@pytest.mark.parametrize("lie", TAKEN)
def test_a_primary_that_is_robbed_stops_when_it_next_renews(lie: str) -> None:
    """It doesn't look before: up to a renewal and two time-outs two may work, and not longer."""
    primary = serving()
    renewal = written(actions(primary, TIMING.renew_s))
    assert renewal is not None
    for action in actions(primary, TIMING.renew_s):
        primary = begun(primary, action, at(TIMING.renew_s))
    late_s = TIMING.renew_s + TIMING.timeout_s
    conflict = WriteAnswered(renewal.lease.nonce, WriteVerdict.CONFLICT)
    primary = learn(primary, conflict, at(late_s), "chance")
    assert any(isinstance(action, ReadLease) for action in actions(primary, late_s))
    late_s += TIMING.timeout_s
    primary = told(replace(primary, reading_lease=True), TAKEN[lie], late_s)
    assert aims(primary, late_s) == {Aim.DEAD}
    assert any(isinstance(action, Fence) for action in actions(primary, late_s))
    assert written(actions(primary, late_s)) is None
    assert late_s < TIMING.valid_s


APPOINTED = {
    "free": forged(state="free", holder=None, session=None, incarnation=None),
    "offered": forged(state="offered", successor="a"),
    "ours": forged(epoch=4, holder="a", session="s1", incarnation="inc-a"),
    "a ttl of a moment": forged(ttl_s=0.001),
}


@pytest.mark.parametrize("lie", APPOINTED)
def test_who_can_write_the_record_can_appoint_a_primary(lie: str) -> None:
    """Not a promise but its limit: the record isn't signed, for no account could keep a secret
    from the others and use it. Only the accounts may have the right to write."""
    standby = told(view(), APPOINTED[lie])
    write = written(actions(standby, TIMING.rank_step_s))
    assert write is not None
    assert write.lease.epoch in {4, 5}


def test_a_record_that_lists_orders_as_done_denies_them_and_does_nothing_else() -> None:
    orders = tuple(Order(id_, "f", OrderAction.PAUSE, None, 3, "inc-a", 7, "op") for id_ in IDS)
    primary = serving(orders=orders, lease=replace(held_by(ME), done=IDS))
    assert written(actions(primary, 1.0)) is None
    # The same orders, not listed, are carried out.
    assert written(actions(serving(orders=orders), 1.0)) is not None


def test_a_pointer_that_lies_costs_the_copy_and_not_the_data(tmp_path: Path) -> None:
    """A number that can't be named would be published and never found again."""
    store = MemoryStore(SystemClock())
    side = Side(store, tmp_path / "here")
    fill(side.data, x="content")
    for pointer in (
        Pointer(3, 9_999_999_999, "3-9999999999-" + "0" * 32, 7),
        Pointer(9_999_999_999, 1, "9999999999-1-" + "0" * 32, 7),
    ):
        with pytest.raises(CheckpointError):
            side.checkpoints.copy(3, pointer)
    with pytest.raises(CheckpointError):
        side.checkpoints.copy(10**10, None)
    assert store.list("data/") == []
    assert (side.data / "x").read_text() == "content"


def test_a_forged_trace_poisons_no_record_that_is_made_again(tmp_path: Path) -> None:
    store = FolderStore(tmp_path / "shared", SystemClock())
    store.provision()
    store.create(layout.history_key(12), b"{}")
    store.create(layout.history_key(10**17), b"{}")
    store.create(manifest_key("9999999999-1-" + "0" * 32), b"{}")
    lease = missing_lease(store, 60.0)
    assert lease is not None
    assert (lease.epoch, lease.holder) == (112, UNKNOWN_HOLDER)
    assert decode(Lease, encode(lease)) == lease


@pytest.mark.parametrize("epoch", [10**17, MAX_EPOCH])
def test_a_forged_trace_alone_is_a_trace_all_the_same(tmp_path: Path, epoch: int) -> None:
    """Free at epoch 0 would be for anybody to claim at once."""
    store = FolderStore(tmp_path / "shared", SystemClock())
    store.provision()
    store.create(layout.history_key(epoch), b"{}")
    lease = missing_lease(store, 60.0)
    assert lease is not None
    assert (lease.holder, lease.state) == (UNKNOWN_HOLDER, LeaseState.HELD)


# Orders


@pytest.fixture
def shared(tmp_path: Path) -> FolderStore:
    store = FolderStore(tmp_path / "shared", SystemClock())
    store.provision()
    return store


def notes(store: FolderStore) -> Mailbox:
    return Mailbox(store, fleet="f", public_key=public_of(SEED), accounts=("a", "b"), account="a")


def order(action: OrderAction = OrderAction.PAUSE, **changes: Any) -> Order:
    return replace(Order("o1", "f", action, None, 3, "inc-a", 7, "op"), **changes)


def file(store: FolderStore, signed: Order, name: str | None = None) -> Path:
    """Put an order there as somebody would who has only a copy of it."""
    path = store.root / layout.order_key(name or signed.id)
    path.parent.mkdir(exist_ok=True)
    path.write_bytes(encode(signed))
    return path


def peeked(before: View, store: FolderStore, seconds: float) -> View:
    found: MailboxRead = notes(store).read()
    return learn(before, found, at(seconds), "chance")


def settle(before: View, seconds: float) -> View:
    """Everything that is decided now is done, and every write succeeds."""
    for action in actions(before, seconds):
        before = begun(before, action, at(seconds))
    if before.write is not None:
        done = WriteAnswered(before.write.lease.nonce, WriteVerdict.DONE, "10")
        before = learn(before, done, at(seconds + 0.1), "chance")
    return before


def last_word(view: View, order_id: str = "o1") -> Receipt | None:
    return next((each for each in view.receipts if each.id == order_id), None)


def test_an_order_put_back_as_new_is_not_carried_out_again(shared: FolderStore) -> None:
    """Its file is removed and made again, so that the store says it is young."""
    pause, resume = order(), order(OrderAction.RESUME, id="o2")
    file(shared, sign(pause, SEED)).unlink()
    file(shared, sign(pause, SEED))
    primary = settle(peeked(serving(), shared, 1.0), 1.0)
    assert primary.lease is not None
    assert primary.lease.paused
    file(shared, sign(resume, SEED))
    primary = settle(peeked(primary, shared, 2.0), 2.0)
    assert primary.lease is not None
    assert not primary.lease.paused
    # Neither what the record keeps of it, nor the agent's own memory, is needed alone.
    forgetful = replace(primary, lease=replace(primary.lease, done=IDS))
    restarted = replace(primary, answered=frozenset())
    for again in (primary, forgetful, restarted):
        seen = peeked(again, shared, 3.0)
        assert {each.id for each in seen.orders} == {"o1", "o2"}
        assert written(actions(seen, 3.0)) is None


def test_an_order_whose_time_was_over_stays_over_when_it_is_touched(shared: FolderStore) -> None:
    path = file(shared, sign(order(), SEED))
    old_s = SystemClock().now().wall - ORDER_LIFE_S - 60
    os.utime(path, (old_s, old_s))
    primary = settle(peeked(serving(), shared, 1.0), 1.0)
    word = last_word(primary)
    assert word is not None
    assert word.outcome == "expired"
    path.touch()
    primary = peeked(primary, shared, 2.0)
    assert [each.id for each in primary.orders] == ["o1"]
    assert written(actions(primary, 2.0)) is None


def test_an_order_of_another_epoch_is_void_however_young_it_is_made(shared: FolderStore) -> None:
    file(shared, sign(order(epoch=2), SEED))
    file(shared, sign(order(OrderAction.EMERGENCY, id="o2", account="a", epoch=2), SEED))
    primary = settle(peeked(serving(), shared, 1.0), 1.0)
    assert primary.lease is not None
    assert not primary.lease.paused
    words = {each.id: each.outcome for each in primary.receipts}
    assert words["o1"] == "void"


Forge = Callable[[Order], Order]
FORGED: dict[str, Forge] = {
    "not signed": lambda good: replace(good, signature=""),
    "signed by another key": lambda good: sign(good, OTHER_SEED),
    "signed as code": lambda good: signed_as(Purpose.CODE, good),
    "signed as settings": lambda good: signed_as(Purpose.CONFIG, good),
    "signed as a word on a key": lambda good: signed_as(Purpose.SUCCESSION, good),
    "another's signature": lambda good: replace(
        good, signature=sign(replace(good, id="o9"), SEED).signature
    ),
    "another action": lambda good: replace(sign(good, SEED), action=OrderAction.RESUME),
    "another epoch": lambda good: replace(sign(replace(good, epoch=2), SEED), epoch=3),
    "another fleet's": lambda good: sign(replace(good, fleet="g"), SEED),
    "ours, said to be another's": lambda good: replace(sign(good, SEED), fleet="g"),
}


def signed_as(purpose: Purpose, good: Order) -> Order:
    body = {name: value for name, value in asdict(good).items() if name != "signature"}
    return replace(good, signature=sign_bytes(purpose, canonical(body), SEED))


@pytest.mark.parametrize("how", FORGED)
def test_a_forged_order_is_refused_and_told(shared: FolderStore, how: str) -> None:
    file(shared, FORGED[how](order()))
    primary = settle(peeked(serving(), shared, 1.0), 1.0)
    assert primary.orders == ()
    word = last_word(primary)
    assert word is not None
    assert word.outcome == "refused"
    assert primary.lease is not None
    assert not primary.lease.paused


def test_the_same_order_signed_as_one_is_good(shared: FolderStore) -> None:
    """So that the forgeries above fail for what is forged."""
    file(shared, signed_as(Purpose.ORDER, order()))
    primary = settle(peeked(serving(), shared, 1.0), 1.0)
    assert primary.lease is not None
    assert primary.lease.paused


def test_an_order_filed_under_another_name_is_refused(shared: FolderStore) -> None:
    file(shared, sign(order(), SEED), "ffffffffffffffff")
    primary = settle(peeked(serving(), shared, 1.0), 1.0)
    word = last_word(primary, "ffffffffffffffff")
    assert word is not None
    assert "renamed" in word.why
    assert member_of(primary) is Member.PRIMARY
