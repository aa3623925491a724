"""From a configuration to a running agent: its parts, and what a signal means."""

from __future__ import annotations

import os
import secrets
import signal
import threading
from collections.abc import Mapping
from pathlib import Path
from queue import SimpleQueue
from typing import TYPE_CHECKING

from sessionlib.agent.checkpoint_jobs import CheckpointJobs
from sessionlib.agent.executor import Executor
from sessionlib.agent.home import Home, is_on_colab
from sessionlib.agent.logs import AgentLog
from sessionlib.agent.loop import Agent
from sessionlib.agent.mailbox_io import Mailbox
from sessionlib.agent.pre_checkpoint_hook import make_prepare_hook
from sessionlib.agent.provisioning import Provisioner
from sessionlib.agent.reachability import ReportMonitor
from sessionlib.agent.resources import ResourceMeter
from sessionlib.agent.workfiles import WorkFiles, WorkloadContext
from sessionlib.agent.workload import Workload
from sessionlib.checkpoints import Checkpoints
from sessionlib.clock import Clock, SystemClock
from sessionlib.config import Config
from sessionlib.core.events import Event, WorkChanged
from sessionlib.core.handover_schedule import Timeline
from sessionlib.core.narrate import LogLine
from sessionlib.core.values import Identity
from sessionlib.core.view import AgentSettings, Peer, View
from sessionlib.core.work import WorkloadSpec
from sessionlib.errors import ConfigError
from sessionlib.guard.policy import Limits
from sessionlib.ports import Store
from sessionlib.secret_env import find_secrets
from sessionlib.stores import checked_folder_of, open_store, timing_of

if TYPE_CHECKING:
    from sessionlib.agent.coordinator_link import CoordinatorLink
    from sessionlib.agent.notifier import Notifier

SEED_VARIABLE = "COLABVPS_FLEET_KEY"
PLAN_TIMEOUT_S = 600.0
MIN_PLAN_TIMEOUT_S = 30.0
HEARTBEAT_S = 15.0
MIN_HEARTBEAT_S = 0.5
NOT_READ_YET = "what doctor has found hasn't been read yet"
KILL_AFTER_S = 600.0
MIN_KILL_AFTER_S = 10.0


def build(
    config: Config, account: str, home: Path | None = None, *, terminal: bool = True
) -> Agent:
    """An agent for `account`, its home locked. Raises ConfigError or HomeTaken."""
    own = config.account(account)
    secrets_found = find_secrets(config.workload.secrets, config.fleet)
    clock = SystemClock()
    agent_home = Home(home or config.home(account))
    agent_home.lock()
    now = clock.now()
    lifetime_s = config.lifetime_s(account)
    session = agent_home.session(now, lifetime_s)
    me = Identity(account, session.id, secrets.token_hex(4), own.role, own.priority)
    fleet = config.fleet_key or config.fleet
    provisioner = Provisioner(
        store=_store(config, account, clock),
        config=config,
        home=agent_home.path,
        public_key=_public_key(config),
        secrets=secrets_found,
        clock=clock,
    )
    spec = provisioner.spec()
    settings = _settings(config, account, spec, needs_program=provisioner.needs_preparing)
    view = View(
        me=me,
        settings=settings,
        started=session.began,
        lifetime_s=lifetime_s,
        peers=_peers(config, account),
        store_unproven=None if checked_folder_of(config) is None else NOT_READ_YET,
        seen_epoch=agent_home.seen_epoch(fleet),
    )
    inbox: SimpleQueue[Event | None] = SimpleQueue()
    context = WorkloadContext(agent_home.path, account, session.id, session.began.wall + lifetime_s)
    workload = Workload(
        spec=spec,
        files=WorkFiles(context),
        limits=Limits.for_margin(settings.timing.margin_s, _kill_after_s(config)),
        on_change=lambda facts: inbox.put(WorkChanged(facts)),
        notify=lambda: inbox.put(None),
    )
    provisioner.on_ready = workload.set_spec
    mailbox = Mailbox(
        store=_store(config, account, clock),
        fleet=config.fleet,
        public_key=provisioner.public_key,
        accounts=tuple(config.accounts),
        account=account,
        read_published=provisioner.read_published,
        current_key=lambda: provisioner.public_key,
        read_store_check=provisioner.read_store_check,
    )
    log = AgentLog(agent_home.logs, account, terminal=terminal)
    executor = Executor(
        inbox=inbox,
        lease_store=_store(config, account, clock),
        mailbox=mailbox,
        checkpoint_jobs=_checkpoint_jobs(config, context, workload, clock),
        provisioner=provisioner,
        workload=workload,
        home=agent_home,
        timeout_s=settings.timing.timeout_s,
        on_report_result=ReportMonitor(log.write).note_result,
        log=log.write,
    )
    return Agent(
        view=view,
        fleet=fleet,
        clock=clock,
        inbox=inbox,
        executor=executor,
        workload=workload,
        home=agent_home,
        log=log,
        meter=ResourceMeter(agent_home.path),
        coordinator_link=_coordinator_link(config, account, clock, inbox, log),
        notifier=_notifier(config, agent_home.path, clock, log),
    )


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


def _coordinator_link(
    config: Config,
    account: str,
    clock: Clock,
    inbox: SimpleQueue[Event | None],
    log: AgentLog,
) -> CoordinatorLink | None:
    """What speaks to the coordinator, where there is one. httpx is loaded only then."""
    url = config.coordinator.url
    if url is None:
        return None
    from sessionlib.agent.coordinator_link import CoordinatorLink  # noqa: PLC0415 - as above
    from sessionlib.coordinator import tokens  # noqa: PLC0415 - as above
    from sessionlib.coordinator.client import CoordinatorClient  # noqa: PLC0415 - as above

    def complain(why: str | None) -> None:
        line = LogLine("info", "coordinator", "the coordinator takes what it is told")
        log.write(line if why is None else LogLine("warning", "coordinator", why))

    worker_type = "colab" if is_on_colab() else config.account(account).launcher
    every_s = max(MIN_HEARTBEAT_S, HEARTBEAT_S / config.timings.scale)
    client = CoordinatorClient(url, tokens.find(config.fleet, account))
    return CoordinatorLink(
        client=client,
        clock=clock,
        every_s=every_s,
        worker_type=worker_type,
        wake=lambda: inbox.put(None),
        complain=complain,
    )


def _notifier(config: Config, home: Path, clock: Clock, log: AgentLog) -> Notifier | None:
    """What tells the operator, where the settings say whom. Loaded only then."""
    if not config.notices.urls:
        return None
    from sessionlib.agent.notifier import open_notifier  # noqa: PLC0415 - as above

    return open_notifier(config, home, clock, log.write)


def _checkpoint_jobs(
    config: Config, context: WorkloadContext, workload: Workload, clock: Clock
) -> CheckpointJobs:
    store = _store(config, context.account, clock)
    home = context.home
    data = home / config.workload.data
    checkpoints = Checkpoints(store, data, home / "checkpoints", clock, config.checkpoint.keep)
    argv = config.checkpoint.prepare
    prepare = None
    if argv:
        prepare = make_prepare_hook(argv, home, WorkFiles(context), lambda: workload.spec)
    return CheckpointJobs(checkpoints, store, prepare)


def _settings(
    config: Config, account: str, spec: WorkloadSpec, *, needs_program: bool
) -> AgentSettings:
    timing, scale = timing_of(config), config.timings.scale
    lifetime_s = config.lifetime_s(account)
    # Time to stop the work, copy it and give the lease up, with a renewal to spare.
    lead_s = spec.grace_s + timing.renew_s + 2 * timing.timeout_s + timing.margin_s
    return AgentSettings(
        timing=timing,
        handover=config.policy.handover,
        on_no_answer=config.policy.on_no_answer,
        takeover=config.policy.takeover,
        timeline=Timeline.for_lifetime(lifetime_s * scale, scale),
        copy_every_s=config.checkpoint_every_s(),
        lead_s=min(lead_s, lifetime_s / 10),
        plan_timeout_s=max(MIN_PLAN_TIMEOUT_S, PLAN_TIMEOUT_S / scale),
        standby_runs=spec.standby == "warm",
        needs_program=needs_program,
    )


def _peers(config: Config, account: str) -> Mapping[str, Peer]:
    return {
        name: Peer(name, other.priority, other.role)
        for name, other in config.accounts.items()
        if name != account
    }


def _kill_after_s(config: Config) -> float:
    return max(MIN_KILL_AFTER_S, KILL_AFTER_S / config.timings.scale)


def _store(config: Config, account: str, clock: Clock) -> Store:
    """A store for each lane: calls of one must not wait for another's. On Drive it is one store
    with a client for each thread, so that they share what they know."""
    return open_store(config, clock, account)


def _public_key(config: Config) -> str | None:
    seed = os.environ.get(SEED_VARIABLE)
    if not seed:
        return config.fleet_key
    from sessionlib.signing import public_of  # noqa: PLC0415 - cryptography loads only if needed

    try:
        return public_of(seed)
    except ValueError:
        raise ConfigError([f"{SEED_VARIABLE}: it must be 64 hex digits"]) from None
