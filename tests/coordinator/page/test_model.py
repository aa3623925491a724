"""Goal: the page says in a word how it is, and is neither hopeful nor late. Method: facts and
moments, as values."""

from __future__ import annotations

import pytest

from coordinator.fencing import EpochFence
from coordinator.page.html import render_fragment
from coordinator.page.model import DAY_S, PageModel, ServiceStatus, page_model
from coordinator.state import State
from coordinator.transitions import (
    HeartbeatMessage,
    PhaseMessage,
    RegistrationMessage,
    StateDraft,
    WorkerMessage,
    apply_message,
)
from coordinator.view import ViewContext
from sessionlib.core.values import Instant

SILENCE_S = 45.0
BEGAN_WALL_S = 1_700_000_000.0


def at(after_s: float) -> Instant:
    return Instant(boot=after_s, mono=after_s, wall=BEGAN_WALL_S + after_s)


def told(*messages: tuple[float, WorkerMessage]) -> State:
    picture = State(revision=0, fence=EpochFence(0, None))
    for when_s, message in messages:
        draft = StateDraft(picture)
        apply_message(draft, message, at(when_s))
        draft.apply()
    return picture


def shown(picture: State, after_s: float) -> PageModel:
    return page_model(picture, ViewContext(at(after_s), SILENCE_S), public_primary=True)


def beat(account: str, status: str, left_s: float = 9_000.0) -> HeartbeatMessage:
    return HeartbeatMessage(f"{account}-1", account, 1, status, left_s)


def registered(account: str, epoch: int) -> RegistrationMessage:
    url = f"https://{account}.example"
    return RegistrationMessage(
        f"{account}-1", account, epoch, url, {}, takeover=False, previous=None
    )


def phase(name: str) -> PhaseMessage:
    return PhaseMessage("primary", 1, "p1", "primary", "backup1", name, None)


SERVED = (0.0, registered("primary", 1))
"""It has served since the beginning."""


def test_it_is_up_while_the_primary_is_heard_of() -> None:
    picture = told(SERVED, (100.0, beat("primary", "active")))
    assert shown(picture, 100 + SILENCE_S - 1).status is ServiceStatus.UP
    assert shown(picture, 100 + SILENCE_S + 1).status is ServiceStatus.DOWN


@pytest.mark.parametrize("under_way", ["quiescing", "offered"])
def test_it_moves_while_one_of_the_two_is_heard_of_and_not_for_ever(under_way: str) -> None:
    picture = told(
        SERVED,
        (5.0, beat("primary", "active")),
        (9.0, beat("backup1", "standby")),
        (10.0, phase(under_way)),
    )
    assert shown(picture, 20.0).status is ServiceStatus.MOVING
    assert shown(picture, 9 + SILENCE_S - 1).status is ServiceStatus.MOVING
    assert shown(picture, 9 + SILENCE_S + 1).status is ServiceStatus.DOWN


def test_a_move_that_is_only_prepared_is_announced_once_it_is_near() -> None:
    far = told(SERVED, (5.0, beat("primary", "active")), (10.0, phase("warming")))
    assert shown(far, 11.0).status is ServiceStatus.UP
    near = told(SERVED, (5.0, beat("primary", "active", left_s=1_800.0)))
    assert shown(far, 11.0).move_at is None
    assert shown(near, 5.0).move_at == at(1_805.0).wall


def test_each_day_has_its_moves_and_the_first_start_is_none() -> None:
    picture = told(SERVED, (DAY_S, registered("backup1", 2)), (2.5 * DAY_S, registered("x", 3)))
    found = shown(picture, 2.6 * DAY_S)
    assert found.days[-3:] == (0, 1, 1)
    assert sum(found.days) == len(found.latest_moves) == 2
    drawn = render_fragment(found)
    assert drawn.count('class="some"') == drawn.count("<text") == 2
    assert "2 in all" in drawn


def test_nobody_is_named() -> None:
    picture = told(SERVED, (5.0, beat("primary", "active")), (6.0, registered("backup1", 2)))
    drawn = render_fragment(shown(picture, 7.0))
    assert "backup1" not in drawn
    assert "primary" not in drawn
    assert 'href="/go/"' in drawn
