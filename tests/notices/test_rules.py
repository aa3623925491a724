"""Goal: each thing is told once, by the one agent whose business it is, with what to do next.

Method: views as agents have them, one after the other, as the loop hands them over; a restart
is what was told before, and nothing else.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import pytest

from sessionlib.core.copies import ProgramState
from sessionlib.core.lease import Tenure
from sessionlib.core.messages import MoveKind, Receipt, WorkState
from sessionlib.core.report import ReportExtras, report_of
from sessionlib.core.values import Identity, LeaseState, PlanOrigin, PlanPhase, Role
from sessionlib.core.view import AgentSettings, ClaimOrigin, Data, DataState, Peer, View, WriteKind
from sessionlib.core.work import WorkloadFacts
from sessionlib.notices.rules import PATIENCE_BEATS, NoticeContext, due_notices
from sessionlib.notices.wording import APPROVE, MAX_QUOTED, Notice, plain_text
from tests.security.hostile import EVIL, OBEYED
from tests.unit.core.views import (
    ME,
    OTHER,
    TIMING,
    at,
    clock_plan,
    due_in,
    held_by,
    peer,
    plan,
    seen,
    serving,
    view,
)

PATIENCE_S = PATIENCE_BEATS * TIMING.report_s
ASKS = AgentSettings(TIMING, takeover="approve")
LONG_AGO = at(-10_000).mono


def told(
    now: View, seconds: float = 0.0, known: NoticeContext | None = None
) -> tuple[list[Notice], NoticeContext]:
    report = report_of(now, at(seconds), 1, ReportExtras())
    notices, known = due_notices(known or NoticeContext(), now, report, at(seconds))
    return list(notices), known


def titles(now: View, seconds: float = 0.0, known: NoticeContext | None = None) -> list[str]:
    return [notice.title for notice in told(now, seconds, known)[0]]


def claimed(kind: MoveKind, from_: str | None = "b", reason: str = "why") -> View:
    """`a` as the primary by such a claim, its work serving since a second."""
    how = ClaimOrigin(kind, from_, reason, None, 0.25, at(0).mono)
    return serving(claim_origin=how, primary_mono=at(0).mono, served_mono=at(1).mono)


def renewed(now: View, seconds: float) -> View:
    """The same primary, its lease renewed by then."""
    return replace(now, tenure=Tenure(3, at(seconds), TIMING.valid_s))


def with_left(left_s: float) -> View:
    return serving(started=at(left_s - 43_200))


def failing(count: int) -> View:
    facts = WorkloadFacts(WorkState.BACKOFF, 3, restarts=count, error="exit code 7")
    return replace(serving(), work=facts)


def lost_standby() -> View:
    return serving(peers={"b": peer(changed_mono=LONG_AGO)})


KINDS: dict[str, tuple[View, str, str]] = {
    "warning": (with_left(4.9 * 3_600), "warning reached", "colabvps-console handover"),
    "approval": (
        serving(plan=clock_plan(PlanPhase.NOTIFIED, 1_700)),
        "approval wanted",
        APPROVE,
    ),
    "moved": (claimed(MoveKind.PLANNED), "moved", "stood still for 1.2 s"),
    "takeover": (claimed(MoveKind.TAKEOVER), "takeover", "colabvps-console status"),
    "emergency": (claimed(MoveKind.EMERGENCY), "takeover", "colabvps-console status"),
    "restarted": (claimed(MoveKind.TAKEOVER, "a"), "restarted", "colabvps-console status"),
    "failing": (failing(5), "workload failing", "exit code 7"),
}


@pytest.mark.parametrize("kind", KINDS)
def test_each_is_told_once_with_what_to_do_and_not_again_after_a_restart(kind: str) -> None:
    now, title, says = KINDS[kind]
    (notice,), known = told(now)
    assert notice.title == title
    assert says in notice.body
    assert told(now, 1.0, known)[0] == []
    # All that a restarted agent knows is what was told.
    assert told(now, 2.0, NoticeContext(told=known.told))[0] == []


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("how", ["standby", "expired", "suspect", "fenced", "giving up"])
def test_nobody_speaks_without_a_lease_that_is_valid_beyond_doubt(kind: str, how: str) -> None:
    now = KINDS[kind][0]
    silent = {
        "standby": replace(now, tenure=None),
        "expired": replace(now, tenure=Tenure(3, at(-TIMING.valid_s), TIMING.valid_s)),
        "suspect": replace(now, suspect=at(0)),
        "fenced": replace(now, fenced=True),
        "giving up": replace(now, spent=WriteKind.OFFER),
    }
    assert titles(silent[how]) == []


def test_a_calm_primary_has_nothing_to_tell() -> None:
    assert titles(serving()) == []
    assert titles(claimed(MoveKind.FIRST, None)) == []
    assert titles(failing(4)) == []


def test_the_command_of_an_approval_stands_on_a_line_of_its_own() -> None:
    (notice,), _ = told(serving(plan=clock_plan(PlanPhase.NOTIFIED, 1_700)))
    assert APPROVE in notice.body.splitlines()
    assert "to b" in notice.body
    assert "28m" in notice.body


@pytest.mark.parametrize(("on_no_answer", "says"), [("proceed", "goes ahead"), ("hold", "waits")])
def test_an_approval_says_what_silence_means(on_no_answer: str, says: str) -> None:
    settings = AgentSettings(TIMING, on_no_answer=on_no_answer)
    asking = serving(plan=clock_plan(PlanPhase.NOTIFIED, 1_700), settings=settings)
    (notice,), _ = told(asking)
    assert says in notice.body


def test_a_plan_that_needs_no_approval_asks_for_none() -> None:
    notified = clock_plan(PlanPhase.NOTIFIED, 1_700)
    assert titles(serving(plan=notified, settings=AgentSettings(TIMING, handover="auto"))) == []
    assert titles(serving(plan=replace(notified, approved=True))) == []
    assert titles(serving(plan=clock_plan(PlanPhase.PROPOSED, 3_000))) == []


# Moves that fail


def test_a_move_that_was_under_way_and_is_gone_has_failed() -> None:
    _, known = told(serving(plan=plan(PlanPhase.SYNCING)))
    why = Receipt("p1", "refused", "aborted by op")
    over = serving(receipts=(why,))
    (notice,), known = told(over, 1.0, known)
    assert notice.title == "move failed"
    assert "aborted by op" in notice.body
    assert told(over, 2.0, known)[0] == []


def test_words_that_nobody_was_asked_about_vanish_unsaid() -> None:
    words = clock_plan(PlanPhase.PROPOSED, 3_000)
    _, known = told(serving(plan=words))
    assert titles(serving(), 1.0, known) == []
    _, known = told(serving(plan=clock_plan(PlanPhase.NOTIFIED, 1_700)))
    assert titles(serving(), 1.0, known) == ["move failed"]


def test_a_plan_that_another_takes_the_place_of_has_not_failed() -> None:
    _, known = told(serving(plan=plan(PlanPhase.WARMING)))
    other = replace(plan(PlanPhase.WARMING), id="p2")
    assert titles(serving(plan=other), 1.0, known) == []


def test_a_move_that_came_about_has_not_failed() -> None:
    _, known = told(serving(plan=plan(PlanPhase.QUIESCING)))
    retired = seen(held_by(OTHER, epoch=4))
    notices, known = told(retired, 1.0, known)
    assert notices == []
    back = replace(claimed(MoveKind.PLANNED), tenure=Tenure(5, at(0), TIMING.valid_s))
    assert titles(replace(back, lease=held_by(ME, epoch=5)), 2.0, known) == ["moved"]


def test_an_offer_that_nobody_took_has_failed_when_its_maker_works_again() -> None:
    _, known = told(serving(plan=plan(PlanPhase.QUIESCING)))
    offered = replace(held_by(ME), state=LeaseState.OFFERED, successor="b")
    _, known = told(seen(offered), 1.0, known)
    again = replace(claimed(MoveKind.TAKEOVER, "a"), tenure=Tenure(4, at(0), TIMING.valid_s))
    (notice,), _ = told(replace(again, lease=held_by(ME, epoch=4)), 2.0, known)
    assert notice.title == "move failed"
    assert "b didn't take" in notice.body


# Takeovers that wait for a yes


def lost(settings: AgentSettings = ASKS, peers: Mapping[str, Peer] | None = None) -> View:
    """`a` stands by, and has watched the holder say nothing for longer than its lease."""
    away = {"b": peer(changed_mono=LONG_AGO)}
    return seen(held_by(OTHER), settings=settings, peers=away if peers is None else peers)


def test_the_first_standby_asks_whether_it_may_take_over() -> None:
    (notice,), known = told(lost(), TIMING.ttl_s * 2)
    assert notice.title == "approval wanted"
    assert APPROVE in notice.body.splitlines()
    assert "b has stopped renewing" in notice.body
    assert told(lost(), TIMING.ttl_s * 2 + 1, known)[0] == []
    assert told(lost(), TIMING.ttl_s * 2, NoticeContext(told=known.told))[0] == []


def test_nobody_asks_who_is_not_first_or_needs_no_yes() -> None:
    ahead_s = at(TIMING.ttl_s * 2).mono
    first = Peer("0", 1, Role.MAIN_WORKER, ("inc-0", 1), ahead_s, remaining_s=9_000)
    away = peer(changed_mono=LONG_AGO)
    assert titles(lost(peers={"0": first, "b": away}), TIMING.ttl_s * 2) == []
    assert titles(lost(settings=AgentSettings(TIMING)), TIMING.ttl_s * 2) == []
    assert titles(lost(), 1.0) == []


# Nobody left


def test_a_standby_that_is_missed_for_long_is_told_of_once_for_each_start_of_it() -> None:
    known = NoticeContext()
    said = []
    scenes = [
        (0.0, lost_standby()),
        (PATIENCE_S - 1, lost_standby()),
        (PATIENCE_S, lost_standby()),
        (100.0, serving(peers={"b": peer(changed_mono=at(100).mono)})),
        # It was heard of again, and is missed again: the same start of it, the same thing.
        (200.0, lost_standby()),
        (200.0 + PATIENCE_S, lost_standby()),
        (300.0, serving(peers={"b": peer(beat=("inc-2", 1), changed_mono=at(300).mono)})),
        (400.0, serving(peers={"b": peer(beat=("inc-2", 1), changed_mono=LONG_AGO)})),
        (400.0 + PATIENCE_S, serving(peers={"b": peer(beat=("inc-2", 1), changed_mono=LONG_AGO)})),
    ]
    for seconds, now in scenes:
        notices, known = told(renewed(now, seconds), seconds, known)
        said += [(seconds, notice.title) for notice in notices]
    assert said == [(PATIENCE_S, "no standby left"), (400.0 + PATIENCE_S, "no standby left")]


def test_a_fleet_that_is_being_set_up_has_lost_nobody() -> None:
    never = serving(peers={"b": peer(beat=("", -1), changed_mono=float("-inf"))})
    cold = serving(peers={"b": peer(role=Role.COLD_BACKUP, changed_mono=LONG_AGO)})
    for fleet in (never, cold):
        _, known = told(fleet)
        assert titles(renewed(fleet, 10 * PATIENCE_S), 10 * PATIENCE_S, known) == []


def test_an_end_that_nobody_could_take_the_work_at_is_told_of_apart() -> None:
    ending = serving(started=due_in(1_000.0), peers={})
    known = NoticeContext(told=frozenset({f"warning:a:{ME.session}"}))
    (notice,), known = told(ending, 0.0, known)
    assert notice.title == "no standby left"
    assert "stops it in" in notice.body
    assert told(ending, 1.0, known)[0] == []


# The work doesn't come about


def test_what_can_not_be_fetched_is_told_of_after_a_while() -> None:
    unprepared = replace(
        serving(primary_mono=at(0).mono, settings=AgentSettings(TIMING, needs_program=True)),
        program=ProgramState(why="set-up ended with exit code 1"),
    )
    unrestored = replace(
        serving(primary_mono=at(0).mono), data=Data(DataState.FAILED), work=WorkloadFacts()
    )
    for now in (unprepared, unrestored):
        assert titles(now, 1.0) == []
        assert titles(renewed(now, PATIENCE_S), PATIENCE_S) == ["workload failing"]


# What others wrote


def test_what_others_wrote_is_words_and_nothing_else() -> None:
    hostile = EVIL + " @everyone <b>*x*</b> `y` [z](https://evil.example) _u_ ||s|| {{t}} #1 $x"
    notified = replace(
        clock_plan(PlanPhase.NOTIFIED, 1_700, origin=PlanOrigin.FAILING), reason=hostile, to="b"
    )
    receipts = (Receipt("p1", "refused", hostile),)
    stranger = Identity("a", "s1", "inc-a")
    scenes = [
        serving(plan=notified),
        replace(claimed(MoveKind.TAKEOVER, EVIL), me=stranger),
        claimed(MoveKind.PLANNED, "b", hostile),
        replace(failing(5), work=WorkloadFacts(WorkState.BACKOFF, 3, restarts=5, error=hostile)),
    ]
    bodies = [notice.body for now in scenes for notice in told(now)[0]]
    _, known = told(serving(plan=plan(PlanPhase.WARMING, to=EVIL)))
    bodies += [notice.body for notice in told(serving(receipts=receipts), 1.0, known)[0]]
    assert len(bodies) == 5
    for body in bodies:
        assert OBEYED.search(body.replace("\n", "")) is None
        assert not set(body) & set("@<>*`[]_|{}#$&\\~")
        assert "://" not in body
        assert len(body) < 1_000


def test_a_long_text_is_cut() -> None:
    assert len(plain_text("word " * 1_000)) <= MAX_QUOTED + 1
    assert plain_text(None) == ""


def test_a_standby_with_nothing_to_ask_is_silent() -> None:
    assert titles(view()) == []
