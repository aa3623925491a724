"""`emergency`: the work of a lost session, taken at once, on evidence."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from dataclasses import asdict
from typing import Annotated, Any

import typer

from console.cli.options import Desk, TimeoutOption, WaitOption, desk_of
from console.cli.ordering import LOOK_EVERY_S, follow, give, key_of, signed, timeout_of
from console.errors import FAILED, Interrupted, Refused, WrongUse
from console.fleet import documents
from console.fleet.fleet import Fleet, open_fleet
from console.fleet.snapshot import Snapshot
from console.fleet.words import length
from console.orders import casework, proposals
from console.orders.casework import Case
from console.orders.evidence import Verdict, Witness, evidence_lines
from console.orders.launched import launched, launcher_of
from console.text.output import columns_of
from sessionlib.clock import sleep

CHANGES = True
EXAMPLES = (
    "colabvps-console emergency --to backup1",
    "colabvps-console emergency --to backup1 --confirm-stopped primary --yes --wait",
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
    """First the evidence is shown: what the store, this machine's launcher and the session's
    own report say of the holder, since when, and by whose clock. While the lease is valid
    it is watched for a renewal. A holder that shows any sign of life is left alone.
    One that isn't proven gone needs your word, its account's name typed out. A renewal
    before the standby claims voids the order. It overrides a pause.
    """
    desk = desk_of(ctx)
    desk.may_change("emergency")
    timeout_s = timeout_of(timeout)
    fleet = open_fleet(desk)
    key_of(fleet)
    case = _examine(desk, fleet, to, confirm_stopped)
    _show(desk, case)
    if case.verdict is Verdict.ALIVE:
        _refuse(
            desk,
            case,
            f"refused: {case.holder} is alive. To move its work hand it over, or stop it first: "
            f"`colabvps-console stop {case.holder}`",
        )
    where = "on the command line" if confirm_stopped is not None else "at the prompt"
    proposal = casework.proposal(case, fleet.config, where)
    if case.verdict is Verdict.UNKNOWN and confirm_stopped is None:
        _have_it_stated(desk, case, proposal.meaning)
    else:
        desk.out.ask(proposal.meaning, yes=desk.yes)
    # Somebody may have thought it over for a while.
    casework.check_still(case, fleet.look())
    order = signed(fleet, proposal.order)
    give(fleet, order)
    head = {"order": order.id, "action": order.action.value, "to": to, **_document(case)}
    if not wait:
        desk.out.answer(f"Order {order.id}: {to} takes over", {**head, "outcome": "ordered"})
        return
    desk.out.tell(f"Order {order.id}")
    ended = follow(fleet, order, desk.out, timeout_s)
    move = documents.move(ended.move) if ended.move else None
    outcome = "done" if ended.done else "failed"
    desk.out.answer(ended.text, {**head, "outcome": outcome, "text": ended.text, "move": move})
    if not ended.done:
        raise typer.Exit(FAILED)


def _examine(desk: Desk, fleet: Fleet, to: str, confirmed: str | None) -> Case:
    """Look, and where the lease is valid look on, until a sign of life or the watch's end."""
    snapshot, config = fleet.look(), fleet.config
    holder = proposals.lost_holder(config, snapshot, to)
    if confirmed is not None and confirmed != holder:
        raise WrongUse(
            f"--confirm-stopped {confirmed:.40}: the session to be gone is {holder}'s, which holds "
            "the lease. Make sure of that one, and write its name"
        )
    launcher = launcher_of(config, fleet.clock)
    case = casework.opened(config, snapshot, to, launched(launcher, holder), fleet.clock.now())
    if case.need_s:
        desk.out.tell(f"watching for a sign of life of {holder}, {length(case.need_s)} at most")
    try:
        while case.for_s < case.need_s and case.verdict is not Verdict.ALIVE:
            sleep(LOOK_EVERY_S)
            now = _seen(fleet, case.last)
            proposals.lost_holder(config, now, to)
            status = launched(launcher, holder)
            case = casework.looked_into(case, config, now, status, fleet.clock.now())
    except KeyboardInterrupt:
        raise Interrupted("interrupted; nothing was changed") from None
    return case


def _seen(fleet: Fleet, before: Snapshot) -> Snapshot:
    now = fleet.look()
    old, new = before.lease.value, now.lease.value
    if old is not None and new is not None and new.epoch != old.epoch:
        raise Refused(f"{new.holder or 'nobody'} has the lease now, under epoch {new.epoch}")
    return now


def _show(desk: Desk, case: Case) -> None:
    tones = {Verdict.DEAD: "good", Verdict.ALIVE: "bad", Verdict.UNKNOWN: "warn"}
    desk.out.tell(f"Evidence on {case.holder}, which holds the lease:", "head")
    columns = columns_of(sys.stderr)
    for line in evidence_lines(case.witnesses, None if columns is None else columns - 2):
        desk.out.tell(f"  {line}")
    desk.out.tell(f"Verdict: {case.holder} is {case.verdict.value}", tones[case.verdict])


def _have_it_stated(desk: Desk, case: Case, meaning: str) -> None:
    """Return once the operator has typed whose session has ended. Raises Refused."""
    what = (
        f"Nobody can prove that {case.holder} has ended. Make sure of it where it runs: if it "
        "works on, two run at once until its guard stops it."
    )
    if not desk.out.can_ask():
        _refuse(desk, case, f"refused: {what} Then state it: --confirm-stopped {case.holder}")
    prompt = "Type its account's name to state that it has ended: "
    desk.out.ask_typed(f"{meaning}\n{what}", prompt, case.holder)


def _refuse(desk: Desk, case: Case, why: str) -> None:
    desk.out.tell(why)
    if desk.out.json:
        desk.out.document({"order": None, **_document(case), "outcome": "refused", "text": why})
    raise typer.Exit(FAILED)


def _document(case: Case) -> dict[str, Any]:
    return {
        "holder": case.holder,
        "verdict": case.verdict.value,
        "witnesses": _plain(case.witnesses),
    }


def _plain(witnesses: Sequence[Witness]) -> list[dict[str, Any]]:
    return [asdict(one) | {"verdict": one.verdict.value} for one in witnesses]
