"""The guard's verdicts, by hand-set clocks: when a workload may run, and when it must not."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sessionlib.core.values import Instant
from sessionlib.core.work import Mode
from sessionlib.guard import policy
from sessionlib.guard.policy import TICK_S, Custody, GuardVerdict, Limits
from sessionlib.guard.wire import LeaseGrant

LIMITS = Limits(margin_s=5.0, kill_after_s=600.0, silence_s=1.0)
START = Instant(boot=1000.0, mono=900.0, wall=1_700_000_000.0)
VALID_S = 54.4


def at(seconds: float, *, wall: float = 0.0, suspended: float = 0.0) -> Instant:
    """`seconds` after START, of which the monotonic clock missed `suspended`; `wall` is how far
    the wall clock was set."""
    return Instant(
        START.boot + seconds, START.mono + seconds - suspended, START.wall + seconds + wall
    )


def serving(epoch: int = 3, sent: Instant = START, grace_s: float = 20.0) -> Custody:
    custody = policy.granted(Custody(START), LeaseGrant(epoch, sent, VALID_S), START)
    return policy.begun(custody, Mode.ACTIVE, epoch, grace_s)


def verdict(custody: Custody, now: Instant) -> GuardVerdict:
    """As one turn of the guard that comes in time."""
    return policy.judge(replace(custody, looked=now), now, LIMITS)[1]


def turn(custody: Custody, now: Instant) -> tuple[Custody, GuardVerdict]:
    """As one turn of the guard, whenever it comes."""
    custody, said, _ = policy.judge(policy.looked(custody, now, LIMITS), now, LIMITS)
    return custody, said


def test_it_runs_up_to_the_deadline_and_not_at_it() -> None:
    assert verdict(serving(), at(VALID_S - 0.001)) is GuardVerdict.RUN
    assert verdict(serving(), at(VALID_S)) is GuardVerdict.FREEZE


@pytest.mark.parametrize(
    ("now", "said"),
    [
        (at(10, wall=3600), GuardVerdict.FREEZE),
        (at(10, wall=-3600), GuardVerdict.RUN),
        (at(60, wall=-3600), GuardVerdict.FREEZE),
        (at(60, suspended=55), GuardVerdict.FREEZE),
        (at(60, wall=-3600, suspended=55), GuardVerdict.FREEZE),
    ],
)
def test_the_clock_that_ran_most_counts(now: Instant, said: GuardVerdict) -> None:
    assert verdict(serving(), now) is said


def test_after_the_deadline_any_valid_renewal_of_the_epoch_thaws() -> None:
    custody, said = turn(replace(serving(), looked=at(55)), at(55))
    assert said is GuardVerdict.FREEZE
    custody = policy.granted(custody, LeaseGrant(3, at(54), VALID_S), at(55.01))
    assert verdict(custody, at(55.01)) is GuardVerdict.RUN


@pytest.mark.parametrize("epoch", [1, 2])
def test_a_lower_epoch_changes_nothing(epoch: int) -> None:
    custody = policy.granted(serving(), LeaseGrant(epoch, at(50), VALID_S), at(50))
    assert custody == serving()


def test_an_older_renewal_does_not_take_the_place_of_a_newer() -> None:
    custody = policy.granted(serving(sent=START), LeaseGrant(3, at(-5), 600.0), at(1))
    assert verdict(custody, at(60)) is GuardVerdict.FREEZE


def test_a_renewal_from_the_future_is_nobodys() -> None:
    custody = policy.granted(serving(), LeaseGrant(3, at(100), VALID_S), at(1))
    assert verdict(custody, at(60)) is GuardVerdict.FREEZE


def test_a_higher_epoch_kills_for_good() -> None:
    custody = policy.granted(serving(), LeaseGrant(4, at(1), VALID_S), at(1))
    custody, said = turn(custody, at(1))
    assert said is GuardVerdict.KILL
    custody = policy.granted(custody, LeaseGrant(3, at(2), VALID_S), at(2))
    assert verdict(custody, at(2)) is GuardVerdict.KILL
    assert verdict(policy.emptied(custody), at(2)) is GuardVerdict.IDLE


def test_a_hold_ends_with_a_renewal_sent_later() -> None:
    custody = policy.held(serving(), at(10))
    assert verdict(custody, at(10)) is GuardVerdict.FREEZE
    for sent, said in (
        (at(9), GuardVerdict.FREEZE),
        (at(10), GuardVerdict.FREEZE),
        (at(10.1), GuardVerdict.RUN),
    ):
        renewed = policy.granted(custody, LeaseGrant(3, sent, VALID_S), at(11))
        assert verdict(renewed, at(11)) is said


def test_a_hold_that_arrives_late_does_not_undo_a_later_one() -> None:
    custody = policy.held(policy.held(serving(), at(10)), at(5))
    renewed = policy.granted(custody, LeaseGrant(3, at(7), VALID_S), at(11))
    assert verdict(renewed, at(11)) is GuardVerdict.FREEZE


@pytest.mark.parametrize(
    "now", [at(7), at(7, suspended=7), at(0.01, wall=7)], ids=["late", "suspended", "wall set"]
)
def test_a_guard_that_had_not_been_running_trusts_nothing_sent_before(now: Instant) -> None:
    custody, said = turn(serving(), now)
    assert said is GuardVerdict.FREEZE
    custody = policy.granted(custody, LeaseGrant(3, now, VALID_S), now)
    assert verdict(custody, now) is GuardVerdict.FREEZE
    after = Instant(now.boot + 0.1, now.mono + 0.1, now.wall + 0.1)
    custody = policy.granted(custody, LeaseGrant(3, after, VALID_S), after)
    assert verdict(custody, after) is GuardVerdict.RUN


def test_a_guard_that_is_late_by_less_than_the_margin_goes_on() -> None:
    assert turn(serving(), at(LIMITS.margin_s + TICK_S - 0.001))[1] is GuardVerdict.RUN


def test_a_standby_needs_no_lease_until_it_is_activated() -> None:
    custody = policy.begun(Custody(START), Mode.STANDBY, None, 20.0)
    assert verdict(custody, at(1000)) is GuardVerdict.RUN
    assert policy.refusal_to_activate(custody, 3, START) is not None
    custody = policy.granted(custody, LeaseGrant(3, START, VALID_S), START)
    assert policy.refusal_to_activate(custody, 2, START) is not None
    assert policy.refusal_to_activate(custody, 3, at(VALID_S)) is not None
    assert policy.refusal_to_activate(custody, 3, START) is None
    assert verdict(policy.activated(custody, 3), at(1000)) is GuardVerdict.FREEZE


@pytest.mark.parametrize("kill", [True, False])
def test_a_standby_that_is_stopping_is_not_activated(kill: bool) -> None:
    custody = policy.granted(Custody(START), LeaseGrant(3, START, VALID_S), START)
    custody = policy.stopping(policy.begun(custody, Mode.STANDBY, None, 20.0), START, kill)
    assert policy.refusal_to_activate(custody, 3, START) is not None


def test_nothing_starts_active_without_a_valid_lease_of_its_epoch() -> None:
    custody = policy.granted(Custody(START), LeaseGrant(3, START, VALID_S), START)
    assert policy.refusal_to_spawn(custody, Mode.ACTIVE, 3, START) is None
    assert policy.refusal_to_spawn(custody, Mode.ACTIVE, 4, START) is not None
    assert policy.refusal_to_spawn(custody, Mode.ACTIVE, None, START) is not None
    assert policy.refusal_to_spawn(custody, Mode.ACTIVE, 3, at(VALID_S)) is not None
    assert policy.refusal_to_spawn(policy.held(custody, START), Mode.ACTIVE, 3, START) is not None
    assert policy.refusal_to_spawn(Custody(START), Mode.STANDBY, None, START) is None


def test_the_grace_is_given_once_and_by_the_monotonic_clock() -> None:
    custody = policy.stopping(serving(), at(1), kill=False)
    custody = policy.stopping(custody, at(15), kill=False)
    assert verdict(custody, at(20.9, wall=10)) is GuardVerdict.RUN
    assert verdict(custody, at(21)) is GuardVerdict.KILL


def test_stopping_at_once_and_stopping_what_is_frozen_give_no_grace() -> None:
    assert verdict(policy.stopping(serving(), at(1), kill=True), at(1)) is GuardVerdict.KILL
    assert verdict(policy.stopping(serving(), at(50), kill=False), at(55)) is GuardVerdict.KILL
    assert policy.stopping(Custody(START), START, kill=True) == Custody(START)


def test_frozen_for_long_enough_is_the_end() -> None:
    custody, said = turn(replace(serving(), looked=at(55)), at(55))
    assert said is GuardVerdict.FREEZE
    assert verdict(custody, at(55 + 599)) is GuardVerdict.FREEZE
    assert verdict(custody, at(55 + 600)) is GuardVerdict.KILL


def test_the_time_frozen_starts_anew_with_each_freeze() -> None:
    custody, _ = turn(replace(serving(), looked=at(55)), at(55))
    custody = policy.granted(custody, LeaseGrant(3, at(500), VALID_S), at(500))
    custody, said = turn(replace(custody, looked=at(500)), at(500))
    assert said is GuardVerdict.RUN
    custody, _ = turn(replace(custody, looked=at(560)), at(560))
    assert verdict(custody, at(560 + 599)) is GuardVerdict.FREEZE


def test_the_guard_wakes_at_the_deadline_not_a_tick_later() -> None:
    assert policy.wait_s(serving(), at(VALID_S - 0.02)) == pytest.approx(0.02, abs=1e-6)
    assert policy.wait_s(serving(), at(1)) == TICK_S
    assert policy.wait_s(serving(), at(VALID_S + 1)) == TICK_S
    assert policy.wait_s(Custody(START), START) == TICK_S


@dataclass
class History:
    """All that ever happened, from which the right to run is worked out anew each time."""

    now: Instant
    custody: Custody
    grants: list[LeaseGrant] = field(default_factory=list)
    doubts: list[Instant] = field(default_factory=list)
    active: int | None = None
    superseded: bool = False

    def may_run(self) -> bool:
        return not self.superseded and any(
            grant.epoch == self.active
            and self.now.since(grant.sent) < grant.valid_s
            and all(grant.sent.boot > doubt.boot for doubt in self.doubts)
            for grant in self.grants
        )


def pass_time(history: History, boot: float, mono: float, wall: float) -> None:
    now = history.now
    history.now = Instant(now.boot + boot, now.mono + min(mono, boot), now.wall + wall)


def look(history: History) -> None:
    if history.now.since(history.custody.looked) > TICK_S + LIMITS.margin_s:
        history.doubts.append(history.now)
    history.custody = policy.looked(history.custody, history.now, LIMITS)


def act(history: History, what: str, epoch: int, ago: float, valid: float) -> None:
    sent = Instant(history.now.boot - ago, history.now.mono - ago, history.now.wall - ago)
    custody = history.custody
    if what == "grant":
        grant = LeaseGrant(epoch, sent, valid)
        history.custody = policy.granted(custody, grant, history.now)
        history.grants.append(grant)
        history.superseded |= history.active is not None and epoch > history.active
    elif what == "hold":
        history.custody = policy.held(custody, sent)
        history.doubts.append(sent)
    elif what == "spawn" and custody.mode is None:
        if policy.refusal_to_spawn(custody, Mode.ACTIVE, epoch, history.now) is None:
            history.custody = policy.begun(custody, Mode.ACTIVE, epoch, 20.0)
            history.active, history.superseded = epoch, False
    elif what == "standby" and custody.mode is None:
        history.custody = policy.begun(custody, Mode.STANDBY, None, 20.0)
    elif what == "activate":
        if policy.refusal_to_activate(custody, epoch, history.now) is None:
            history.custody = policy.activated(custody, epoch)
            history.active, history.superseded = epoch, False
    elif what == "stop":
        history.custody = policy.stopping(custody, history.now, kill=valid < 30)
    elif what == "empty":
        history.custody = policy.emptied(custody)
        history.active = None


# Set towards what finds something: few epochs, and times around the lease's own.
STEPS = st.tuples(
    st.sampled_from(
        ["grant"] * 4 + ["spawn", "spawn", "activate", "hold", "standby", "stop", "empty"]
    ),
    st.integers(1, 3),
    st.floats(0, 8),
    st.sampled_from([2.0, 10.0, VALID_S]),
    st.tuples(
        st.sampled_from([0.0, 0.01, 0.05, 1.0, 4.0, 5.2, 60.0]),
        st.sampled_from([0.0, 0.05, 1.0, 60.0]),
        st.sampled_from([-3600.0, 0.0, 0.05, 1.0, 6.0, 3600.0]),
    ),
)


@settings(max_examples=600, deadline=None)
@given(st.lists(STEPS, max_size=25))
def test_whatever_happens_nothing_runs_for_effect_without_a_right_to(
    steps: list[tuple[str, int, float, float, tuple[float, float, float]]],
) -> None:
    history = History(START, Custody(START))
    for what, epoch, ago, valid, (boot, mono, wall) in steps:
        pass_time(history, boot, mono, wall)
        look(history)
        act(history, what, epoch, ago, valid)
        history.custody, said, _ = policy.judge(history.custody, history.now, LIMITS)
        if said is GuardVerdict.RUN and history.custody.mode is Mode.ACTIVE:
            assert history.may_run()
