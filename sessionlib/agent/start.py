"""From a configuration to a running agent.

Decided here: how settings become an agent's parts, and what a signal means.
Not decided here: what the agent then does.
"""

from __future__ import annotations

import os
import secrets
import signal
import threading
from collections.abc import Mapping
from pathlib import Path
from queue import SimpleQueue

from sessionlib.agent.carrier import Carrier
from sessionlib.agent.hands import Hands
from sessionlib.agent.home import Home
from sessionlib.agent.logs import AgentLog
from sessionlib.agent.loop import Agent
from sessionlib.agent.notes import Notes
from sessionlib.agent.resources import ResourceMeter
from sessionlib.agent.workfiles import Seat
from sessionlib.agent.workload import Workload
from sessionlib.clock import Clock, SystemClock
from sessionlib.config import Config
from sessionlib.core.events import Event, WorkChanged
from sessionlib.core.values import Identity
from sessionlib.core.view import Peer, Settings, View
from sessionlib.core.work import WorkloadSpec
from sessionlib.errors import ConfigError
from sessionlib.guard.policy import Limits
from sessionlib.ports import Store
from sessionlib.stores import open_store

SEED_VARIABLE = "COLABVPS_FLEET_KEY"
PLAN_TIMEOUT_S = 600.0
MIN_PLAN_TIMEOUT_S = 30.0
KILL_AFTER_S = 600.0
MIN_KILL_AFTER_S = 10.0


def build(
    config: Config, account: str, home: Path | None = None, *, terminal: bool = True
) -> Agent:
    """An agent for `account`, its home locked. Raises ConfigError or HomeTaken."""
    _refuse_what_is_not_built(config)
    own = config.account(account)
    clock = SystemClock()
    place = Home(home or config.home(account))
    place.lock()
    now = clock.now()
    lifetime_s = config.lifetime_s(account)
    session = place.session(now, lifetime_s)
    me = Identity(account, session.id, secrets.token_hex(4), own.role, own.priority)
    fleet = config.fleet_key or config.fleet
    spec = config.workload_spec()
    settings = _settings(config, spec, lifetime_s)
    view = View(
        me=me,
        settings=settings,
        started=session.began,
        lifetime_s=lifetime_s,
        peers=_peers(config, account),
        seen_epoch=place.seen_epoch(fleet),
    )
    inbox: SimpleQueue[Event | None] = SimpleQueue()
    workload = Workload(
        spec,
        Seat(place.path, account, session.id, session.began.wall + lifetime_s),
        Limits.for_margin(settings.timing.margin_s, _kill_after_s(config)),
        on_change=lambda facts: inbox.put(WorkChanged(facts)),
        notify=lambda: inbox.put(None),
    )
    notes = Notes(
        _store(config, clock), config.fleet, _public_key(config), tuple(config.accounts), account
    )
    carrier = Carrier(_store(config, clock), place.path / spec.data)
    hands = Hands(inbox, _store(config, clock), notes, carrier, settings.timing.timeout_s)
    log = AgentLog(place.logs, account, terminal=terminal)
    meter = ResourceMeter(place.path)
    return Agent(view, fleet, clock, inbox, hands, workload, place, log, meter)


def run(config: Config, account: str, home: Path | None = None, *, until_eof: bool = False) -> int:
    """Run an agent in this process until it ends; its exit code."""
    agent = build(config, account, home)
    if until_eof:
        threading.Thread(target=_leave_at_eof, args=(agent,), daemon=True).start()
    if threading.current_thread() is threading.main_thread():
        _leave_on_signals(agent)
    return agent.run()


def _leave_at_eof(agent: Agent) -> None:
    # Below Python's own buffering, which a thread that outlives its interpreter must not hold.
    while os.read(0, 4096):
        pass
    agent.leave("its starter has ended")


def _leave_on_signals(agent: Agent) -> None:
    def leave(number: int, _frame: object) -> None:
        agent.leave(signal.Signals(number).name)

    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        signal.signal(number, leave)


def _refuse_what_is_not_built(config: Config) -> None:
    """A setting that promises something this version doesn't do is worse than none."""
    problems = []
    if config.workload.setup:
        place = config.where("workload", "setup")
        problems.append(f"{place}: workload.setup: not available in this version: leave it out")
    if config.policy.takeover != "auto":
        place = config.where("policy", "takeover")
        problems.append(f"{place}: policy.takeover: only auto is available in this version")
    if problems:
        raise ConfigError(problems)


def _settings(config: Config, spec: WorkloadSpec, lifetime_s: float) -> Settings:
    timing = config.timing()
    # Time to stop the work, copy it and give the lease up, with a renewal to spare.
    lead_s = spec.grace_s + timing.renew_s + 2 * timing.timeout_s + timing.margin_s
    return Settings(
        timing=timing,
        handover=config.policy.handover,
        lead_s=min(lead_s, lifetime_s / 10),
        plan_timeout_s=max(MIN_PLAN_TIMEOUT_S, PLAN_TIMEOUT_S / config.timings.scale),
        standby_runs=spec.standby == "warm",
    )


def _peers(config: Config, account: str) -> Mapping[str, Peer]:
    return {
        name: Peer(name, other.priority, other.role)
        for name, other in config.accounts.items()
        if name != account
    }


def _kill_after_s(config: Config) -> float:
    return max(MIN_KILL_AFTER_S, KILL_AFTER_S / config.timings.scale)


def _store(config: Config, clock: Clock) -> Store:
    """A store of its own for each lane: calls of one must not wait for another's."""
    return open_store(config.store.kind, config.store_folder(), clock)


def _public_key(config: Config) -> str | None:
    seed = os.environ.get(SEED_VARIABLE)
    if not seed:
        return config.fleet_key
    from sessionlib.signing import public_of  # noqa: PLC0415 - cryptography loads only if needed

    try:
        return public_of(seed)
    except ValueError:
        raise ConfigError([f"{SEED_VARIABLE}: it must be 64 hex digits"]) from None
