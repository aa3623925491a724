"""Whose word counts.

Goal: an epoch that is over never counts, an epoch has one holder, and `/api/primary` never
goes back, whoever says what in which order. Method: the pure rule and the pure decisions under
any sequence of messages, and then the same over a socket.
"""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from coordinator.admin import set_epoch
from coordinator.fencing import EpochFence, Ruling, judge_epoch
from coordinator.state import State
from coordinator.transitions import (
    HeartbeatMessage,
    PhaseMessage,
    RegistrationMessage,
    StateDraft,
    WorkerMessage,
    apply_message,
)
from coordinator.view import ViewContext, primary_of
from sessionlib.core.values import Instant
from tests.coordinator.service.kit import Served, beat, phase, registration

accounts = st.sampled_from(["a", "b", "c"])
epochs = st.integers(0, 5)
words = st.lists(st.tuples(accounts, epochs, st.booleans()), max_size=30)


@given(words)
def test_the_highest_epoch_known_never_falls(said: list[tuple[str, int, bool]]) -> None:
    fence = EpochFence()
    for account, epoch, as_holder in said:
        before = fence
        ruling, fence = judge_epoch(before, account, epoch, as_holder=as_holder)
        assert fence.epoch == max(before.epoch, epoch)
        assert (ruling is Ruling.OUTDATED) is (epoch < before.epoch)
        if ruling is not Ruling.ACCEPTED:
            assert fence == before


@given(words)
def test_an_epoch_has_one_holder(said: list[tuple[str, int, bool]]) -> None:
    fence = EpochFence()
    holders: dict[int, str] = {}
    for account, epoch, as_holder in said:
        ruling, fence = judge_epoch(fence, account, epoch, as_holder=as_holder)
        if as_holder and ruling is Ruling.ACCEPTED:
            assert holders.setdefault(epoch, account) == account
        if ruling is Ruling.HELD_BY_ANOTHER:
            assert holders[epoch] != account
        if fence.holder is not None:
            assert holders[fence.epoch] == fence.holder


def message(kind: str, account: str, epoch: int, number: int, status: str) -> WorkerMessage:
    worker = f"{account}-{number}"
    if kind == "beat":
        return HeartbeatMessage(worker, account, epoch, status, 100.0)
    if kind == "register":
        return RegistrationMessage(worker, account, epoch, f"http://{account}", {}, False, None)
    return PhaseMessage(account, epoch, f"p{number}", account, "c", "warming", None)


messages = st.builds(
    message,
    st.sampled_from(["beat", "register", "phase"]),
    accounts,
    epochs,
    st.integers(0, 1),
    st.sampled_from(["active", "standby", "fenced"]),
)


@given(st.lists(st.lists(messages, max_size=4), max_size=8))
def test_the_primary_never_goes_back(batches: list[list[WorkerMessage]]) -> None:
    """However the messages fall into commits: what is decided in one counts in the next."""
    state = State()
    now_s = 0.0
    for batch in batches:
        draft = StateDraft(state)
        for told in batch:
            now_s += 1.0
            before, fence = draft.primary, draft.fence
            outcome = apply_message(draft, told, Instant(now_s, now_s, now_s))
            assert draft.fence.epoch >= fence.epoch
            is_taken = isinstance(told, RegistrationMessage) and outcome.ruling is Ruling.ACCEPTED
            if not is_taken:
                assert draft.primary is before
            else:
                assert draft.primary is not None
                assert (draft.primary.epoch, draft.primary.account) == (told.epoch, told.account)
                assert before is None or before.epoch <= told.epoch
        draft.apply()
        shown = primary_of(state, ViewContext(Instant(now_s, now_s, now_s), 1_000.0))
        assert shown is None or shown.epoch == state.fence.epoch
        ids = [event.id for event in state.events]
        assert ids == list(range(1, len(ids) + 1))


def test_a_lower_epoch_is_refused_and_moves_nothing(served: Served) -> None:
    served.post("primary", "/api/worker/register", registration("primary", 4))
    for path, told in (
        ("/api/worker/register", registration("backup1", 3)),
        ("/api/worker/heartbeat", beat("backup1", 3, "active")),
        ("/api/handover", phase("backup1", 3, "offered")),
    ):
        answer = served.post("backup1", path, told)
        assert (answer.status_code, answer.json()["epoch"]) == (409, 4)
    assert served.get("/api/primary").json()["account"] == "primary"
    assert served.get("/api/sessions/status").json()["backup_sessions"] == []


def test_the_same_epoch_from_another_account_is_refused(served: Served) -> None:
    served.post("primary", "/api/worker/register", registration("primary", 4))
    for path, told in (
        ("/api/worker/register", registration("backup1", 4)),
        ("/api/handover", phase("backup1", 4, "offered")),
    ):
        answer = served.post("backup1", path, told)
        assert (answer.status_code, answer.json()["error"]) == (409, "outdated")
    assert served.get("/api/primary").json()["account"] == "primary"
    again = registration("primary", 4, worker_url="https://elsewhere.example")
    assert served.post("primary", "/api/worker/register", again).status_code == 200
    assert served.get("/api/primary").json()["worker_url"] == "https://elsewhere.example"


def test_an_epoch_that_never_was_is_repaired_by_hand(served: Served) -> None:
    served.post("primary", "/api/worker/register", registration("primary", 4))
    served.post("backup2", "/api/worker/register", registration("backup2", 4_000))
    assert served.post("primary", "/api/worker/heartbeat", beat("primary", 4)).status_code == 409
    set_epoch(str(served.db), 4)
    # Not a moment later than the next word: what was set by hand is read before it is judged.
    answer = served.post("primary", "/api/worker/heartbeat", beat("primary", 4, "active"))
    assert answer.json() == {"ok": True, "epoch": 4, "holder": "primary", "unregistered": False}
    assert served.get("/api/primary").json()["worker_url"] == "https://primary.example"
