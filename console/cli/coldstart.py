"""`coldstart`: from no session at all to a workload that serves, step by step."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, Any

import typer

from console.bounded_calls import within
from console.cli.options import CommandContext, TimeoutOption, command_context
from console.cli.ordering import LOOK_EVERY_S, timeout_of
from console.errors import Interrupted, OutcomeUnknown, Refused
from console.fleet.fleet import Fleet, open_fleet
from console.fleet.snapshot import Snapshot
from console.orders import coldstart
from console.orders.coldstart import (
    STEPS,
    Candidate,
    CheckpointSummary,
    ColdstartProgress,
    ColdstartStep,
)
from console.orders.fleet_launcher import last_launch, last_launches, launcher_of
from console.orders.proposals.common import check_account_exists
from sessionlib.checkpoints import CheckpointError, catalog
from sessionlib.clock import sleep
from sessionlib.errors import StoreError
from sessionlib.launchers import Launcher, LaunchState
from sessionlib.launchers.kinds import launcher_kind_of

CHANGES = True
EXAMPLES = (
    "colabvps-console coldstart",
    "colabvps-console coldstart --account cleo --yes --timeout 20m",
)
_TAIL_LINES = 5


@dataclass(slots=True)
class _ColdstartRun:
    """One account on its way through the steps."""

    context: CommandContext
    fleet: Fleet
    launcher: Launcher
    account: str
    shown: list[ColdstartProgress] = field(default_factory=list)

    @property
    def can_start(self) -> bool:
        return launcher_kind_of(self.fleet.config, self.account).starts

    def has_ended(self) -> bool:
        """Whether what was started from here has certainly ended."""
        status = last_launch(self.launcher, self.account)
        return status is not None and status.state is LaunchState.ENDED

    def read_progress(self) -> ColdstartProgress:
        """Where things stand now; told where that is news."""
        fleet = self.fleet
        known = last_launches(self.launcher, fleet.config)
        found = coldstart.coldstart_progress(
            fleet.config, fleet.read_snapshot(), self.account, known
        )
        if not self.shown or self.shown[-1] != found:
            self.shown.append(found)
            step = f"{found.number}/{len(STEPS)} {STEPS[found.step]}"
            self.context.out.message(f"{step}: {found.text}")
        return found


def run(
    ctx: typer.Context,
    account: Annotated[
        str | None,
        typer.Option("--account", metavar="ACCOUNT", help="Whose session; else the best."),
    ] = None,
    timeout: TimeoutOption = "15m",
) -> None:
    """It starts a session of the best account, or of the one you name. It stays with it
    until the workload serves: boot, claim, restore, services. For a session that isn't
    started from this machine it shows the steps for its owner, and waits. Leave it with
    ctrl-c and take it up again at any time. Refused while somebody is at work.
    """
    context = command_context(ctx)
    context.require_writable("coldstart")
    timeout_s = timeout_of(timeout)
    fleet = open_fleet(context.config)
    check_account_exists(fleet.config, account)
    walk = _choose(context, fleet, account)
    try:
        ended = _run_steps(walk, timeout_s)
    except KeyboardInterrupt:
        raise Interrupted(
            f"watching no longer; what was started goes on. `colabvps-console coldstart --account "
            f"{walk.account}` takes it up again"
        ) from None
    context.out.answer(ended.text, _document(walk, "done", ended.text))


def _choose(context: CommandContext, fleet: Fleet, account: str | None) -> _ColdstartRun:
    """Which account it is to be; what speaks for each is told."""
    launcher, snapshot = launcher_of(fleet.config, fleet.clock), fleet.read_snapshot()
    # Judged first, before anything is read into reports: without a lease nothing is known.
    chosen = account or coldstart.account_under_way(snapshot)
    known = last_launches(launcher, fleet.config)
    coldstart.check_needed(fleet.config, snapshot, chosen, known)
    found = coldstart.candidates(fleet.config, snapshot, known)
    chosen = chosen or found[0].account
    _show_candidates(context, found, chosen)
    return _ColdstartRun(context, fleet, launcher, chosen)


def _show_candidates(context: CommandContext, found: tuple[Candidate, ...], chosen: str) -> None:
    context.out.message("Accounts, best first:", "head")
    for one in found:
        mark = "▶" if one.account == chosen else " "
        context.out.message(f"{mark} {one.account}: {'; '.join(one.reasons)}")


def _run_steps(walk: _ColdstartRun, timeout_s: float) -> ColdstartProgress:
    """Start what is to be started, and go on until the workload serves."""
    clock = walk.fleet.clock
    found = walk.read_progress()
    has_started = False
    if found.step is ColdstartStep.START:
        _start(walk)
        has_started = walk.can_start
    until_mono = clock.now().mono + timeout_s
    while True:
        found = walk.read_progress()
        if found.step is ColdstartStep.DONE:
            return found
        if found.step is ColdstartStep.START and has_started and walk.has_ended():
            raise Refused(f"{walk.account}'s agent has ended again. {_log_tail(walk)}")
        if clock.now().mono >= until_mono:
            raise OutcomeUnknown(
                f"not over after {timeout_s:g} s ({found.text}): what was started goes on, and "
                f"`colabvps-console coldstart --account {walk.account}` takes it up again"
            )
        sleep(LOOK_EVERY_S)


def _checkpoint_summary(fleet: Fleet, snapshot: Snapshot) -> CheckpointSummary:
    """The manifest of the checkpoint that the lease points at, in short."""
    pointer = snapshot.lease.value.checkpoint if snapshot.lease.value else None
    if pointer is None:
        return CheckpointSummary()
    timeout_s = fleet.config.timings.timeout_s
    try:
        head, age_s = within(timeout_s, lambda: catalog.read_head(fleet.store, pointer.name))
    except (CheckpointError, StoreError) as error:
        return CheckpointSummary(error=str(error))
    return CheckpointSummary(head.files, age_s)


def _start(walk: _ColdstartRun) -> None:
    config, out = walk.fleet.config, walk.context.out
    snapshot = walk.fleet.read_snapshot()
    start_from = coldstart.checkpoint_sentence(snapshot, _checkpoint_summary(walk.fleet, snapshot))
    email = config.accounts[walk.account].email
    begins = launcher_kind_of(config, walk.account).begins
    out.ask(
        f"Cold start: {walk.account} ({email}) {begins}, claims the lease when it may, and becomes "
        f"the primary.\nThe data: {start_from}.",
        yes=walk.context.yes,
    )
    if walk.can_start:
        handle = walk.launcher.start(walk.account)
        out.message(f"started: process {handle.pid}, in {handle.home}")
        return
    for line in coldstart.manual_steps(config, walk.account):
        out.message(line)


def _log_tail(walk: _ColdstartRun) -> str:
    handle = walk.launcher.known(walk.account)
    if handle is None:
        return "It has left no trace"
    path = Path(handle.home) / "logs" / "output.log"
    try:
        lines = path.read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError:
        return f"It left no {path}"
    return "\n".join([f"The end of {path}:", *lines[-_TAIL_LINES:]])


def _document(walk: _ColdstartRun, outcome: str, text: str) -> dict[str, Any]:
    steps = [{"step": stand.step.value, "text": stand.text} for stand in walk.shown]
    return {"account": walk.account, "steps": steps, "outcome": outcome, "text": text}
