"""`emergency`: the work of a lost session, taken at once, on evidence."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from dataclasses import asdict
from typing import Annotated, Any

import typer

from console.cli.options import CommandContext, TimeoutOption, WaitOption, command_context
from console.cli.ordering import (
    LOOK_EVERY_S,
    finish_order,
    follow_order,
    order_document,
    timeout_of,
)
from console.errors import FAILED, Interrupted, Refused, WrongUse
from console.fleet.fleet import Fleet, open_fleet
from console.fleet.fleet_text import duration
from console.fleet.snapshot import Snapshot
from console.orders import emergency_case, proposals
from console.orders.consequences import RISK_OF_TWO
from console.orders.emergency_case import EmergencyCase
from console.orders.evidence import LivenessVerdict, Witness, evidence_lines
from console.orders.fleet_launcher import last_launch, launcher_of
from console.orders.submit import sign_for_fleet, signing_seed_of
from console.text.output import columns_of
from sessionlib.clock import sleep

CHANGES = True
EXAMPLES = (
    "colabvps-console emergency --to bob",
    "colabvps-console emergency --to bob --confirm-stopped ada --yes --wait",
)


def run(
    ctx: typer.Context,
    to: Annotated[
        str, typer.Option("--to", metavar="ACCOUNT", help="The standby that takes over.")
    ],
    confirm_stopped: Annotated[
        str | None,
        typer.Option(
            "--confirm-stopped",
            metavar="ACCOUNT",
            help="State that this session, the holder's, has ended; its name in full.",
        ),
    ] = None,
    wait: WaitOption = False,
    timeout: TimeoutOption = "10m",
) -> None:
    """First it shows the evidence: what the store, this machine's launcher and the session's
    own report say of the holder, since when, and by whose clock. While the lease is valid
    it watches for a renewal. A holder that shows any sign of life is left alone.
    One that isn't proven gone needs your word: its account's name, typed out. A renewal
    before the standby claims voids the order. It overrides a pause.
    """
    context = command_context(ctx)
    context.require_writable("emergency")
    timeout_s = timeout_of(timeout)
    fleet = open_fleet(context.config)
    signing_seed_of(fleet)
    case = _examine(context, fleet, to, confirm_stopped)
    _show(context, case)
    if case.verdict is LivenessVerdict.ALIVE:
        _refuse(
            context,
            case,
            f"refused: {case.holder} is alive. To move its work hand it over, or stop it first: "
            f"`colabvps-console stop {case.holder}`",
        )
    where = "on the command line" if confirm_stopped is not None else "at the prompt"
    proposal = emergency_case.propose_emergency(case, fleet.config, where)
    if case.verdict is LivenessVerdict.UNKNOWN and confirm_stopped is None:
        _require_statement(context, case, proposal.meaning)
    else:
        context.out.ask(proposal.meaning, yes=context.yes)
    # Somebody may have thought it over for a while.
    emergency_case.check_lease_unchanged(case, fleet.read_snapshot())
    order = sign_for_fleet(fleet, proposal.order)
    finish_order(
        context,
        fleet,
        order,
        summary=f"{to} takes over",
        document=order_document(order, _document(case)),
        follow=lambda: follow_order(fleet, order, context.out, timeout_s),
        wait=wait,
    )


def _examine(
    context: CommandContext, fleet: Fleet, to: str, confirmed: str | None
) -> EmergencyCase:
    """Look, and where the lease is valid look on, until a sign of life or the watch's end."""
    snapshot, config = fleet.read_snapshot(), fleet.config
    holder = proposals.lost_holder(config, snapshot, to)
    if confirmed is not None and confirmed != holder:
        raise WrongUse(
            f"--confirm-stopped {confirmed:.40}: the session to be gone is {holder}'s, which holds "
            "the lease. Make sure of that one, and write its name"
        )
    launcher = launcher_of(config, fleet.clock)
    case = emergency_case.open_case(
        config, snapshot, to, last_launch(launcher, holder), fleet.clock.now()
    )
    if case.required_watch_s:
        context.out.message(
            f"watching for a sign of life of {holder}, {duration(case.required_watch_s)} at most"
        )
    try:
        while case.watched_s < case.required_watch_s and case.verdict is not LivenessVerdict.ALIVE:
            sleep(LOOK_EVERY_S)
            now = _read_same_epoch(fleet, case.last)
            proposals.lost_holder(config, now, to)
            status = last_launch(launcher, holder)
            case = emergency_case.update_case(case, config, now, status, fleet.clock.now())
    except KeyboardInterrupt:
        raise Interrupted("interrupted; nothing was changed") from None
    return case


def _read_same_epoch(fleet: Fleet, before: Snapshot) -> Snapshot:
    now = fleet.read_snapshot()
    old, new = before.lease.value, now.lease.value
    if old is not None and new is not None and new.epoch != old.epoch:
        raise Refused(f"{new.holder or 'nobody'} has the lease now, under epoch {new.epoch}")
    return now


def _show(context: CommandContext, case: EmergencyCase) -> None:
    tones = {
        LivenessVerdict.DEAD: "good",
        LivenessVerdict.ALIVE: "bad",
        LivenessVerdict.UNKNOWN: "warn",
    }
    context.out.message(f"Evidence on {case.holder}, which holds the lease:", "head")
    columns = columns_of(sys.stderr)
    for line in evidence_lines(case.witnesses, None if columns is None else columns - 2):
        context.out.message(f"  {line}")
    context.out.message(f"Verdict: {case.holder} is {case.verdict.value}", tones[case.verdict])


def _require_statement(context: CommandContext, case: EmergencyCase, meaning: str) -> None:
    """Return once the operator has typed whose session has ended. Raises Refused."""
    what = f"Nobody can prove that {case.holder} has ended. Make sure of it where it runs"
    if not context.out.can_ask():
        why = f"refused: {what}: {RISK_OF_TWO}. Then state it: --confirm-stopped {case.holder}"
        _refuse(context, case, why)
    prompt = "Type its account's name to state that it has ended: "
    context.out.ask_typed(f"{meaning}\n{what}.", prompt, case.holder)


def _refuse(context: CommandContext, case: EmergencyCase, why: str) -> None:
    context.out.message(why)
    if context.out.json:
        context.out.document({"order": None, **_document(case), "outcome": "refused", "text": why})
    raise typer.Exit(FAILED)


def _document(case: EmergencyCase) -> dict[str, Any]:
    return {
        "holder": case.holder,
        "verdict": case.verdict.value,
        "witnesses": _plain(case.witnesses),
    }


def _plain(witnesses: Sequence[Witness]) -> list[dict[str, Any]]:
    return [asdict(one) | {"verdict": one.verdict.value} for one in witnesses]
