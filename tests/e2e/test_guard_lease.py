"""The lease's deadline: no tick of an active workload without a right to it.

Real processes. Whether one ran is read from the worker's journal, which holds
the boot-time clock of each tick.
"""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest

from sessionlib.clock import sleep
from sessionlib.core.messages import WorkState
from sessionlib.core.work import Aim, Mode
from sessionlib.guard import wire
from sessionlib.guard.client import GuardClient, GuardLost
from sessionlib.guard.tree import send
from tests.e2e.guard_kit import (
    LIMITS,
    QUIET_S,
    VALID_S,
    Journal,
    Rig,
    actor,
    all_below_stopped,
    assert_gone,
    clean,
    eventually,
    guard_and_reaper,
    later,
    now,
    rig_in,
    spawn_in,
)


@pytest.fixture
def rig(tmp_path: Path) -> Iterator[Rig]:
    with rig_in(tmp_path) as rig:
        yield rig


def frozen(rig: Rig) -> None:
    rig.until(lambda facts: facts.state is WorkState.FROZEN, "frozen")


def thawed(rig: Rig) -> None:
    rig.until(lambda facts: facts.state is WorkState.SERVING, "thawed")
    size = rig.journal.size()
    rig.until(lambda _: rig.journal.size() > size, "it runs again")


@pytest.mark.parametrize("kinds", [("child", "setsid", "daemon"), ("forker", "forker", "forker")])
def test_at_the_deadline_everybody_stands_still_and_a_renewal_lets_them_go_on(
    rig: Rig, kinds: tuple[str, ...]
) -> None:
    rig.serve(*kinds)
    # Long enough to arrive in time on a busy machine: one that is over by then counts for nothing.
    valid_s = 2.0
    sent = rig.grant(1, valid_s=valid_s)
    frozen(rig)
    assert all_below_stopped(*rig.guards())
    assert rig.journal.last_boot() < sent.boot + valid_s + LIMITS.margin_s
    assert not rig.journal.grows()
    assert rig.facts.epoch == 1
    assert not rig.facts.empty
    rig.grant(1)
    thawed(rig)


def test_processes_that_replace_themselves_are_caught_too(rig: Rig) -> None:
    rig.serve("comet", "comet", valid_s=2.0)
    rig.until(lambda facts: facts.state is not WorkState.SERVING, "no longer serving")
    rig.until(lambda _: not rig.journal.grows(), "still")


def test_a_hold_is_ended_only_by_a_renewal_sent_later(rig: Rig) -> None:
    rig.serve("daemon")
    before = now()
    rig.goal(Aim.HOLD)
    frozen(rig)
    rig.workload.grant(1, before, VALID_S)
    rig.goal(Aim.SERVE)
    rig.run_for(0.3)
    assert rig.facts.state is WorkState.FROZEN
    assert not rig.journal.grows()
    rig.grant(1)
    thawed(rig)


def test_a_hold_while_nothing_runs_forbids_a_start_on_an_older_renewal(rig: Rig) -> None:
    rig.workload.start()
    rig.grant(1)
    rig.goal(Aim.HOLD)
    rig.epoch = 1
    rig.use()
    rig.goal(Aim.SERVE)
    rig.run_for(0.4)
    assert rig.facts.empty
    rig.grant(1)
    rig.until(lambda facts: facts.state is WorkState.SERVING, "serving")


def test_a_hold_outlives_the_guard_it_was_told_to(rig: Rig) -> None:
    rig.serve()
    rig.goal(Aim.HOLD)
    frozen(rig)
    guard, _ = rig.guards()
    send(guard, signal.SIGKILL)
    rig.until(lambda _: not rig.guarded, "the guard is lost")
    rig.until(lambda _: rig.guarded, "another guard")
    size = rig.journal.size()
    rig.goal(Aim.SERVE)
    rig.run_for(0.3)
    assert rig.facts.empty
    assert rig.journal.size() == size
    rig.grant(1)
    rig.until(lambda facts: facts.state is WorkState.SERVING, "serving")


def test_another_epoch_never_thaws_but_kills(rig: Rig) -> None:
    rig.serve("setsid", "daemon")
    rig.goal(Aim.HOLD)
    frozen(rig)
    size = rig.journal.size()
    rig.grant(2)
    rig.until(lambda facts: facts.empty, "empty")
    assert rig.journal.size() == size
    rig.gone()


def test_a_higher_epoch_kills_what_runs(rig: Rig) -> None:
    rig.serve("setsid", "daemon")
    rig.grant(2)
    rig.until(lambda facts: facts.empty, "empty")
    assert "warned" not in rig.journal.names()
    rig.gone()


def test_stopping_what_is_frozen_does_not_let_it_run_once_more(rig: Rig) -> None:
    rig.serve("setsid", "saver")
    rig.goal(Aim.HOLD)
    frozen(rig)
    size = rig.journal.size()
    rig.goal(Aim.REST)
    rig.until(lambda facts: facts.empty, "empty")
    assert rig.journal.size() == size


def test_the_deadline_also_holds_within_the_grace(rig: Rig) -> None:
    rig.serve("stubborn", "daemon", grace_s=60.0)
    sent = rig.grant(1, valid_s=0.6)
    rig.goal(Aim.REST)
    rig.until(lambda facts: facts.empty, "empty")
    assert rig.journal.last_boot() < sent.boot + 0.6 + LIMITS.margin_s


def test_who_is_woken_by_somebody_else_is_stopped_again(rig: Rig) -> None:
    rig.serve("child", "setsid")
    rig.goal(Aim.HOLD)
    frozen(rig)
    rig.run_for(LIMITS.margin_s)
    for proc in rig.journal.living():
        os.kill(proc.pid, signal.SIGCONT)
    rig.until(lambda _: all_below_stopped(*rig.guards()), "stopped again")
    size = rig.journal.size()
    rig.run_for(QUIET_S)
    assert rig.journal.size() == size
    assert rig.facts.state is WorkState.FROZEN
    assert len(rig.journal.living()) == 3


def test_a_process_that_the_workload_had_stopped_itself_stays_stopped(rig: Rig) -> None:
    rig.serve("child")
    (child,) = {line[1] for line in rig.journal.lines() if line[0] == "child"}
    os.kill(int(child), signal.SIGSTOP)
    rig.until(
        lambda _: {proc.pid: proc.state for proc in rig.journal.living()}[int(child)] == "T",
        "the child is stopped",
    )
    rig.goal(Aim.HOLD)
    frozen(rig)
    rig.grant(1)
    rig.goal(Aim.SERVE)
    thawed(rig)
    states = {proc.pid: proc.state for proc in rig.journal.living()}
    assert states[int(child)] == "T"


def test_a_guard_that_was_stopped_for_long_trusts_nothing_older(tmp_path: Path) -> None:
    """Stopped for longer than the margin, by itself, while nobody is quick enough to notice:
    the agent's patience is set so long that only the guard's own clock can tell."""
    with rig_in(tmp_path) as rig:
        rig.workload.close()
        patient = type(LIMITS)(margin_s=0.3, kill_after_s=60.0, silence_s=30.0)
        heard: list[object] = []
        client = GuardClient(home=tmp_path, limits=patient, on_event=heard.append)
        client.start()
        try:
            client.send(wire.LeaseGrant(1, now(), VALID_S))
            client.send(spawn_in(tmp_path, client, Mode.ACTIVE, 1))
            eventually(lambda: "main" in rig.journal.names(), "it runs")
            guard, _ = rig.guards()
            send(guard, signal.SIGSTOP)
            sleep(0.6)
            client.send(wire.LeaseGrant(1, later(now(), -0.5), VALID_S))
            send(guard, signal.SIGCONT)
            eventually(lambda: any(isinstance(event, wire.Frozen) for event in heard), "frozen")
            assert not rig.journal.grows()
            client.send(wire.LeaseGrant(1, now(), VALID_S))
            eventually(lambda: any(isinstance(event, wire.Thawed) for event in heard), "thawed")
        finally:
            assert client.close()


@pytest.mark.parametrize("granted", [None, 2, -1.0])
def test_the_guard_itself_refuses_a_start_without_a_right(
    tmp_path: Path, granted: float | None
) -> None:
    """Whatever the agent believes: no grant, another epoch's, one whose time is over."""
    with rig_in(tmp_path) as rig:
        rig.workload.close()
        heard: list[object] = []
        client = GuardClient(home=tmp_path, limits=LIMITS, on_event=heard.append)
        client.start()
        try:
            if granted is not None:
                sent = later(now(), min(0, granted) - 1)
                client.send(
                    wire.LeaseGrant(2 if granted > 0 else 1, sent, 1.0 if granted < 0 else 600)
                )
            client.send(spawn_in(tmp_path, client, Mode.ACTIVE, 1))
            eventually(
                lambda: any(isinstance(event, wire.SpawnRefused) for event in heard), "refused"
            )
            client.send(wire.Activate(1))
            eventually(
                lambda: any(isinstance(event, wire.NotActivated) for event in heard), "refused"
            )
            assert not rig.journal.grows()
        finally:
            assert client.close()


def test_what_cannot_be_understood_ends_everything(tmp_path: Path) -> None:
    with rig_in(tmp_path) as rig:
        rig.workload.close()
        heard: list[object] = []
        client = GuardClient(home=tmp_path, limits=LIMITS, on_event=heard.append)
        client.start()
        client.send(spawn_in(tmp_path, client, Mode.STANDBY, None))
        eventually(lambda: "main" in rig.journal.names(), "it runs")
        client.send(wire.KeepAlive())  # type: ignore[arg-type]  # not a message of an agent's, on purpose
        eventually(lambda: any(isinstance(event, GuardLost) for event in heard), "lost")
        assert_gone(tmp_path)


def test_frozen_for_too_long_is_the_end(tmp_path: Path) -> None:
    with rig_in(tmp_path) as rig:
        rig.workload.close()
        short = type(LIMITS)(margin_s=1.0, kill_after_s=0.5, silence_s=0.6)
        heard: list[object] = []
        client = GuardClient(home=tmp_path, limits=short, on_event=heard.append)
        client.start()
        try:
            client.send(wire.LeaseGrant(1, now(), 1.0))
            client.send(spawn_in(tmp_path, client, Mode.ACTIVE, 1))
            eventually(lambda: any(isinstance(event, wire.Emptied) for event in heard), "empty")
            assert any(isinstance(event, wire.Frozen) for event in heard)
            assert_gone(tmp_path)
        finally:
            assert client.close()


def test_an_agent_that_is_stopped_loses_its_workload_to_the_deadline(tmp_path: Path) -> None:
    with actor(tmp_path, 1.0, 0.1, "setsid", "daemon") as agent:
        agent.send_signal(signal.SIGSTOP)
        guard, reaper = guard_and_reaper(tmp_path)
        eventually(lambda: all_below_stopped(guard, reaper), "frozen")
        journal = Journal(tmp_path)
        last = float((tmp_path / "renewals").read_text().split()[-1])
        assert journal.last_boot() < last + 1.0 + LIMITS.margin_s
        assert not journal.grows()
        agent.send_signal(signal.SIGCONT)
        eventually(journal.grows, "renewed, and so thawed")
    clean(tmp_path)
