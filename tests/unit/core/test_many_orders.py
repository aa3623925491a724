"""Goal: a holder with many orders in the store answers each once, and renews all the while.

Method: a holder's view is decided on and advanced second by second, its peeks
finding the same orders again and again.
"""

from __future__ import annotations

from dataclasses import replace

from sessionlib.core.actions import AnswerOrder, ReadMailbox, WriteLease
from sessionlib.core.decide import decide
from sessionlib.core.events import MailboxRead, WriteAnswered, WriteVerdict
from sessionlib.core.learn import begun, learn
from sessionlib.core.messages import Order, OrderAction
from sessionlib.core.receipts import RECEIPTS_KEPT
from sessionlib.core.view import View
from tests.unit.core.views import TIMING, at, serving

MANY = 3 * RECEIPTS_KEPT
OLD = tuple(
    Order(f"old-{n}", "f", OrderAction.HANDOVER, "b", 1 + n % 2, "inc-a", 7, "op")
    for n in range(MANY)
)
LATE = tuple((f"late-{n}", "expired", "too old") for n in range(MANY))


def lived(
    view: View, turns: int, peeked: MailboxRead, since: int = 0
) -> tuple[View, list[str], list[float]]:
    """After so many seconds of one turn each: which orders were answered, when it renewed."""
    answered: list[str] = []
    renewed: list[float] = []
    for second in range(since + 1, since + turns + 1):
        now = at(second)
        for action in decide(view, now, f"nonce-{second}"):
            view = begun(view, action, now)
            if isinstance(action, AnswerOrder):
                answered.append(action.receipt.id)
            if isinstance(action, ReadMailbox):
                view = learn(view, peeked, now, "x")
            if isinstance(action, WriteLease):
                renewed.append(second)
                nonce = action.write.lease.nonce
                view = learn(view, WriteAnswered(nonce, WriteVerdict.DONE, f"v{second}"), now, "x")
    return view, answered, renewed


def test_each_is_answered_once() -> None:
    _, answered, _ = lived(serving(), 4 * MANY, MailboxRead({}, OLD))
    assert sorted(answered) == sorted(order.id for order in OLD)


def test_answering_doesnt_keep_it_from_renewing() -> None:
    _, _, renewed = lived(serving(), 4 * MANY, MailboxRead({}, OLD))
    gaps = [later - earlier for earlier, later in zip([0.0, *renewed], renewed, strict=False)]
    assert renewed
    assert max(gaps) <= TIMING.renew_s + 1


def test_the_word_on_a_new_order_isnt_drowned_by_old_ones() -> None:
    view, _, _ = lived(serving(), 2 * MANY, MailboxRead({}, OLD, LATE))
    new = replace(OLD[0], id="new", epoch=3, account="a")
    after, answered, _ = lived(view, 2 * MANY, MailboxRead({}, (*OLD, new), LATE), 2 * MANY)
    assert answered == ["new"]
    assert [receipt.outcome for receipt in after.receipts if receipt.id == "new"] == ["refused"]


def test_a_new_holder_gives_its_word_on_the_newest_orders_last() -> None:
    new = replace(OLD[0], id="new", epoch=3, account="a")
    after, _, _ = lived(serving(), 2 * MANY, MailboxRead({}, (new, *OLD), LATE))
    assert "new" in {receipt.id for receipt in after.receipts}
