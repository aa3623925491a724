"""What an operator is asked before anything is changed; pure.

Each question names who is demoted, who gets the work, how far the effect reaches and what can't be
undone.
"""

from __future__ import annotations

from dataclasses import dataclass

from console.fleet.readmodel import AccountRow, FleetView
from console.orders.casework import EmergencyCase
from console.orders.service import ConfirmationRequest
from console.text.units import duration
from sessionlib.core.messages import OrderAction

UNTIL_COMMIT = "up to its commit point, the offer, it can be aborted (x); after that it can't"


@dataclass(frozen=True, slots=True)
class Question:
    """`facts` are pairs of a word and a sentence; `does` stands on the button.

    `typed` is the name that must be typed out.
    """

    title: str
    facts: tuple[tuple[str, str], ...]
    does: str
    danger: bool = False
    typed: str | None = None


def question(asked: ConfirmationRequest, view: FleetView) -> Question:
    """What is to be agreed to."""
    makers = {
        OrderAction.HANDOVER: _handover,
        OrderAction.STOP: _stop,
        OrderAction.APPROVE: _approve,
        OrderAction.ABORT: _abort,
        OrderAction.PAUSE: _pause,
        OrderAction.RESUME: _resume,
        OrderAction.CHECKPOINT: _checkpoint,
    }
    return makers[asked.action](asked, view)


def _handover(asked: ConfirmationRequest, view: FleetView) -> Question:
    order = asked.proposal.order
    return Question(
        f"Hand over to {order.account}?",
        (
            ("Demoted", _person(view, view.lease.holder, "stops its workload, seals its data")),
            ("Gets it", _person(view, order.account, _how_ready(view, order.account))),
            ("Reach", "the workload is down from its stop until the successor's is ready"),
            ("Undo", UNTIL_COMMIT),
        ),
        "Hand over",
    )


def _stop(asked: ConfirmationRequest, view: FleetView) -> Question:
    account = asked.proposal.order.account
    if account != view.lease.holder:
        return Question(
            f"Stop {account}?",
            (
                ("Ends", _person(view, account, "a standby")),
                ("Demoted", "nobody: the primary serves on"),
                ("Reach", "one standby fewer"),
                ("Undo", "its session has to be started again"),
            ),
            "Stop it",
        )
    return Question(
        f"Stop {account}, the primary?",
        (
            ("Demoted", _person(view, account, "stops its workload, seals its data and ends")),
            ("Gets it", _heir(view, account)),
            ("Reach", "the work stops until somebody takes over, or for good if nobody does"),
            ("Undo", "can't be undone: the session has to be started again"),
        ),
        "Stop the primary",
        danger=True,
    )


def _approve(asked: ConfirmationRequest, view: FleetView) -> Question:
    move, order = view.handover, asked.proposal.order
    if order.plan is None or move is None:
        return Question(
            f"Approve the takeover by {order.account}?",
            (
                ("Demoted", f"{view.lease.holder or 'nobody'}: its lease isn't renewed any more"),
                ("Gets it", _person(view, order.account, _how_ready(view, order.account))),
                ("Reach", "what wasn't checkpointed is lost"),
                ("Undo", "can't be undone; a handover can move it back"),
            ),
            "Approve",
            danger=True,
        )
    return Question(
        f"Approve the move to {move.to}?",
        (
            ("Demoted", _person(view, move.from_, "stops its workload at T-0, seals its data")),
            ("Gets it", _person(view, move.to, _how_ready(view, move.to))),
            (
                "When",
                "as soon as it is ready" if move.left_s is None else f"in {duration(move.left_s)}",
            ),
            ("Undo", UNTIL_COMMIT),
        ),
        "Approve",
    )


def _abort(asked: ConfirmationRequest, view: FleetView) -> Question:
    move = view.handover
    from_, to = (move.from_, move.to) if move else (view.lease.holder, "its successor")
    return Question(
        f"Abort the move to {to}?",
        (
            ("Stays", _person(view, from_, "serves on")),
            ("Gets nothing", f"{to} stays a standby"),
            ("Reach", "if the workload has stopped already, it is started again"),
            ("Undo", "a new handover can be ordered at any time"),
        ),
        "Abort the move",
    )


def _pause(asked: ConfirmationRequest, view: FleetView) -> Question:
    return Question(
        "Pause the fleet?",
        (
            ("Stays", _person(view, view.lease.holder, "serves on")),
            ("Reach", "no plans and no takeovers: if the primary is lost, nobody follows"),
            ("Kept", "fencing: there are never two at work"),
            ("Undo", "resume (r)"),
        ),
        "Pause",
        danger=True,
    )


def _resume(asked: ConfirmationRequest, view: FleetView) -> Question:
    return Question(
        "Resume?",
        (
            ("Reach", "plans are made again, and a standby takes over where the primary is lost"),
            ("Undo", "pause (p)"),
        ),
        "Resume",
    )


def _checkpoint(asked: ConfirmationRequest, view: FleetView) -> Question:
    return Question(
        "Make a checkpoint now?",
        (
            ("Who", _person(view, view.lease.holder, "copies its data to the store")),
            ("Reach", "the workload runs on"),
            ("Undo", "not needed: older copies stay"),
        ),
        "Make it",
    )


def emergency_question(case: EmergencyCase, view: FleetView) -> Question:
    """What is to be agreed to, and typed out, before work is taken from somebody."""
    copy = view.checkpoint
    kept = "there is no checkpoint: it starts with what its own folder holds"
    if copy.seq is not None:
        kept = f"it starts from checkpoint {copy.epoch}.{copy.seq}, {duration(copy.age_s)} old"
    if view.lease.paused:
        kept = f"{kept}. The fleet is paused; this overrides it"
    return Question(
        f"EMERGENCY: {case.to} takes the work from {case.holder} at once?",
        (
            ("Demoted", _person(view, case.holder, "must have ended; if it works, two do")),
            ("Gets it", _person(view, case.to, _how_ready(view, case.to))),
            ("Reach", f"{kept}; what {case.holder} wrote since isn't carried over"),
            ("Undo", "can't be undone; a renewal before it is carried out voids it"),
        ),
        "Take over",
        danger=True,
        typed=case.holder,
    )


def evidence_rows(case: EmergencyCase) -> tuple[tuple[str, str, str], ...]:
    """Each witness: its name, its verdict, and what it says with how old that is."""
    return tuple(
        (
            one.name,
            one.verdict.value,
            one.says if one.since_s is None else f"{one.says} ({duration(one.since_s)})",
        )
        for one in case.witnesses
    )


def _row(view: FleetView, account: str | None) -> AccountRow | None:
    return next((row for row in view.accounts if row.name == account), None)


def _person(view: FleetView, account: str | None, does: str) -> str:
    row = _row(view, account)
    return (
        f"{account or 'nobody'} ({row.email}): {does}" if row else f"{account or 'nobody'}: {does}"
    )


def _how_ready(view: FleetView, account: str | None) -> str:
    row = _row(view, account)
    if row is None:
        return "not known"
    return f"{duration(row.remaining_s)} left, {row.readiness or 'readiness not known'}"


def _heir(view: FleetView, account: str | None) -> str:
    heirs = [row.name for row in view.accounts if row.name != account and row.readiness == "ready"]
    return f"{heirs[0]} may take over" if heirs else "nobody: no standby is ready"
