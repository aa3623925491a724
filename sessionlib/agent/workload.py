"""Bringing the workload to its goal, through the guard. The latest goal counts."""

# Everything here happens in the agent's thread. Those of the guard's client and of the probe only
# post, and call `notify` so that the agent's loop comes round. Whether the workload may run at this
# moment is the guard's alone to say.

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import replace
from queue import Empty, SimpleQueue

from sessionlib.agent.guard_supervisor import GuardFactory, GuardNews, GuardSupervisor
from sessionlib.agent.log_rotation import LogRotator
from sessionlib.agent.readiness_probe import Check, Probe, file_check, http_check
from sessionlib.agent.workfiles import Status, WorkFiles
from sessionlib.clock import Clock, SystemClock
from sessionlib.core import work
from sessionlib.core.values import Instant
from sessionlib.core.work import Aim, Failures, Goal, Mode, Run, WorkloadFacts, WorkloadSpec
from sessionlib.guard import wire
from sessionlib.guard.client import GuardClient, GuardLost
from sessionlib.guard.policy import Limits


class Workload:
    """The workload of one session. `facts` is what is known of it, `spec` may be replaced and
    counts from the next start on. A simulation brings a clock and guards of its own."""

    def __init__(  # noqa: PLR0913 - the last two are for simulations
        self,
        *,
        spec: WorkloadSpec,
        files: WorkFiles,
        limits: Limits,
        on_change: Callable[[WorkloadFacts], None],
        notify: Callable[[], None] | None = None,
        clock: Clock | None = None,
        new_guard: GuardFactory = GuardClient,
    ) -> None:
        self.spec = spec
        self._files = files
        self._on_change = on_change
        self._notify = notify
        self._clock: Clock = clock or SystemClock()
        self._mail: SimpleQueue[GuardNews | Probe] = SimpleQueue()
        self._guard = GuardSupervisor(
            home=self._files.home, limits=limits, post=self._post, new_guard=new_guard
        )
        self._goal = self._purpose = Goal(Aim.REST)
        self._run: Run | None = None
        self._up_mono: float | None = None
        self._failures = Failures()
        self._check: Check | None = None
        self._probe: Probe | None = None
        self._log_rotator: LogRotator | None = None
        # Until a guard has cleared the home, nobody knows what an earlier agent left running.
        self.facts = WorkloadFacts(empty=False, guarded=False)

    def set_spec(self, spec: WorkloadSpec) -> None:
        """Run it as `spec` says from the next start on. May be called in any thread."""
        self.spec = spec

    @property
    def log_path(self) -> os.PathLike[str]:
        return self._files.log

    def start(self) -> None:
        """Clear the home of an earlier agent's processes and start the guard. Else the first
        step does; whatever comes of it stands in `facts`."""
        self.step(self._clock.now())

    def set_goal(self, goal: Goal, at: Instant | None = None) -> None:
        """What the workload is to be from now on. `at` is when a HOLD was decided: only a
        lease write sent later than that lets the workload run again."""
        holds = goal.aim is Aim.HOLD
        if holds and self._goal.aim is not Aim.HOLD:
            self._guard.distrust_until(at or self._clock.now())
        if not holds and goal != self._purpose:
            # Another purpose is another chance: a standby's failures don't delay a takeover.
            self._purpose = goal
            self._failures = Failures()
        self._goal = goal

    def grant(self, epoch: int, sent: Instant, valid_s: float) -> None:
        """A lease write of `epoch` has succeeded: it may work for `valid_s` from `sent`."""
        self._guard.grant(wire.LeaseGrant(epoch, sent, valid_s))

    def step(self, now: Instant) -> WorkloadFacts:
        """Take in what has happened and go one step on. To be called with every turn."""
        self._guard.ensure_running(now)
        for item in self._arrived():
            self._handle(item, now)
        self._reset_failures_if_steady(now)
        if self._guard.up:
            self._advance(now)
        self._publish_facts(now)
        return self.facts

    def status(self) -> Status:
        """What the workload says of itself: progress, tasks, public URL."""
        return self._files.read_status()

    def close(self) -> None:
        """Kill what runs and end the guard. `facts.empty` says whether all of it ended."""
        self._cancel_probe()
        if self._log_rotator is not None:
            self._log_rotator.close()
        self._guard.close()
        self._run = None
        self._publish_facts(self._clock.now())

    def _post(self, item: GuardNews | Probe) -> None:
        self._mail.put(item)
        if self._notify is not None:
            self._notify()

    def _arrived(self) -> list[GuardNews | Probe]:
        items = []
        while True:
            try:
                items.append(self._mail.get_nowait())
            except Empty:
                return items

    def _handle(self, item: GuardNews | Probe, now: Instant) -> None:
        if isinstance(item, Probe):
            if item is self._probe:
                self._ready()
        else:
            self._guard.note_news(item, now)
            self._on_news(item, now)

    def _on_news(self, news: GuardNews, now: Instant) -> None:
        match news:
            case wire.Emptied() | GuardLost():
                self._ended()
            case wire.SpawnFailed(reason):
                self._ended()
                self._failures = self._failures.and_another(reason, now.mono)
            case wire.SpawnRefused(reason):
                self._ended()
                self._failures = self._failures.put_off(reason, now.mono)
            case _ if self._run is not None:
                self._on_news_of(self._run, news, now)

    def _on_news_of(self, run: Run, news: GuardNews, now: Instant) -> None:
        """What the guard says of a run between its start and its end."""
        match news:
            case wire.Spawned():
                self._up_mono = now.mono
                self._start_probe()
            case wire.Activated():
                self._start_probe()
            case wire.NotActivated(reason):
                # The guard knew better than we that the lease is out; what runs is a standby.
                self._run = replace(run, mode=Mode.STANDBY, epoch=None, ready=True)
                self._failures = self._failures.put_off(reason, now.mono)
            case wire.Frozen(why):
                self._run = replace(run, frozen_why=why)
            case wire.Thawed():
                self._run = replace(run, frozen_why=None)
            case wire.Exited(code):
                self._exited(run, code, now)

    def _exited(self, run: Run, code: int, now: Instant) -> None:
        self._run, self._up_mono = replace(run, exited=True), None
        self._cancel_probe()
        if run.halted is None and run.frozen_why is None:
            self._failures = self._failures.and_another(work.ending_of(code), now.mono)

    def _ended(self) -> None:
        self._cancel_probe()
        self._run, self._up_mono = None, None

    def _reset_failures_if_steady(self, now: Instant) -> None:
        if self._up_mono is not None and now.mono - self._up_mono >= work.STEADY_S:
            self._failures = replace(self._failures, count=0)

    def _advance(self, now: Instant) -> None:
        move = work.converge(
            self._goal,
            self._run,
            self.spec.standby,
            granted=self._guard.has_grant(self._goal.epoch, now),
            rested=now.mono >= self._failures.retry_mono,
        )
        match move:
            case work.Start(mode, epoch):
                self._start_run(mode, epoch, now)
            case work.ActivateRun(epoch) if self._run is not None:
                self._cancel_probe()
                self._run = replace(self._run, mode=Mode.ACTIVE, epoch=epoch, ready=False)
                self._guard.send(wire.Activate(epoch))
            case work.Halt(kill) if self._run is not None:
                self._cancel_probe()
                self._run = replace(self._run, halted="kill" if kill else "term")
                self._guard.send(wire.Stop(kill))

    def _start_run(self, mode: Mode, epoch: int | None, now: Instant) -> None:
        spec, files = self.spec, self._files
        environment = files.environment(spec, os.environ, mode, epoch)
        try:
            files.prepare(spec)
            self._check = self._new_check(spec)
            self._guard.send(
                wire.Spawn(
                    mode=mode,
                    epoch=epoch,
                    argv=spec.command,
                    cwd=str(files.home / spec.cwd),
                    env={**environment, **self._guard.markers},
                    grace_s=spec.grace_s,
                    log_path=str(files.log),
                    control_path=str(files.control),
                )
            )
        except (OSError, ValueError) as error:
            self._failures = self._failures.and_another(f"can't be started: {error}", now.mono)
            return
        self._run = Run(mode, epoch)
        self._log_rotator = self._log_rotator or files.start_log_rotation()

    def _new_check(self, spec: WorkloadSpec) -> Check | None:
        if spec.ready_http is not None:
            return http_check(spec.ready_http)
        return None if spec.ready_file is None else file_check(self._files.home / spec.ready_file)

    def _start_probe(self) -> None:
        """Also after an activation: a standby that was ready may now have to open its data."""
        self._cancel_probe()
        if self._check is None:
            self._ready()
        elif self._run is not None and self._run.halted is None:
            self._probe = Probe(self._check, self._post)

    def _cancel_probe(self) -> None:
        if self._probe is not None:
            self._probe.cancel()
            self._probe = None

    def _ready(self) -> None:
        if self._run is not None and not self._run.exited:
            self._run = replace(self._run, ready=True)
            self._failures = replace(self._failures, error=None)

    def _publish_facts(self, now: Instant) -> None:
        facts = self._gather(now)
        if facts != self.facts:
            self.facts = facts
            self._on_change(facts)

    def _gather(self, now: Instant) -> WorkloadFacts:
        run, wanted = self._run, self._goal.aim in {Aim.SERVE, Aim.WARM}
        waiting = wanted and bool(self._failures.count) and now.mono < self._failures.retry_mono
        active = run is not None and run.mode is Mode.ACTIVE
        return WorkloadFacts(
            state=work.state_of(run, waiting),
            epoch=run.epoch if run is not None and active else None,
            empty=run is None and self._guard.cleared,
            ready=run is not None and run.ready,
            restarts=self._failures.count,
            guarded=self._guard.up,
            error=self._failures.error if self._guard.up else self._guard.failures.error,
            frozen_why=None if run is None else run.frozen_why,
            goal=self._goal,
        )
