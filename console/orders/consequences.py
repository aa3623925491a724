"""The consequences of each order: one table of facts, with two renderings. Pure.

`of_...` gives an order's facts. `sentences` renders them for the command line, and `question`
for the screen's dialog. Each fact has its words here and nowhere else.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum

from sessionlib.core.messages import OrderAction


class Topic(StrEnum):
    """The topic of a fact; its value is the word before the fact in the dialog."""

    WHEN = "When"
    WHY = "Why"
    WHO = "Who"
    DEMOTED = "Demoted"
    ENDS = "Ends"
    GETS = "Gets it"
    STAYS = "Stays"
    REACH = "Reach"
    DATA = "Data"
    GROUNDS = "Grounds"
    RISK = "Risk"
    KEPT = "Kept"
    UNDO = "Undo"


@dataclass(frozen=True, slots=True)
class Person:
    """An account, and the details that tell an operator which one it is."""

    name: str
    details: str = ""

    def __str__(self) -> str:
        return f"{self.name} ({self.details})" if self.details else self.name


@dataclass(frozen=True, slots=True)
class Fact:
    """One fact as a clause: `who` is its subject if that is an account or another order."""

    topic: Topic
    says: str
    who: Person | OrderAction | None = None

    def text(self, name_of: Callable[[OrderAction], str]) -> str:
        """The clause; `name_of` tells how the reader gives another order."""
        if self.who is None:
            return self.says
        who = name_of(self.who) if isinstance(self.who, OrderAction) else self.who
        return f"{who} {self.says}"


@dataclass(frozen=True, slots=True)
class Consequences:
    """The facts of one order, with the dialog's title and its button.

    `dangerous` orders can't be undone, or leave the fleet without a takeover. `typed` is the
    name that an operator must type out.
    """

    action: OrderAction
    title: str
    button: str
    facts: tuple[Fact, ...]
    dangerous: bool = False
    typed: str | None = None


@dataclass(frozen=True, slots=True)
class Question:
    """A dialog: `facts` are pairs of a word and a clause; `does` is the button's text.

    `typed` is the name that must be typed out.
    """

    title: str
    facts: tuple[tuple[str, str], ...]
    does: str
    danger: bool = False
    typed: str | None = None


RISK_OF_TWO = "if it works on, two run at once until its guard stops it"


_NO_UNDO = (
    Fact(Topic.UNDO, "nothing undoes this"),
    Fact(Topic.UNDO, "a renewal before the claim voids it"),
)


# The renderings


def sentences(consequences: Consequences) -> str:
    """The facts for the command line: one sentence a line, time and reason in the first."""
    times = [one.text(command_of) for one in consequences.facts if one.topic is Topic.WHEN]
    reasons = [one.text(command_of) for one in consequences.facts if one.topic is Topic.WHY]
    head = ", ".join([consequences.action.value.capitalize(), *times])
    head += "".join(f" ({reason})" for reason in reasons)
    first, *rest = [one for one in consequences.facts if one.topic not in {Topic.WHEN, Topic.WHY}]
    lines = [f"{head}: {first.text(command_of)}.", *(f"{_sentence(one)}." for one in rest)]
    return "\n".join(lines)


def question(consequences: Consequences, key_of: Callable[[OrderAction], str]) -> Question:
    """The facts for the screen's dialog, one line a topic; `key_of` gives the key of an order."""
    clauses: dict[Topic, list[str]] = {}
    for one in consequences.facts:
        clauses.setdefault(one.topic, []).append(one.text(key_of))
    return Question(
        consequences.title,
        tuple((topic.value, "; ".join(texts)) for topic, texts in clauses.items()),
        consequences.button,
        consequences.dangerous,
        consequences.typed,
    )


def command_of(action: OrderAction) -> str:
    """The command that gives an order."""
    return f"`colabvps-console {action.value}`"


def _sentence(fact: Fact) -> str:
    text = fact.text(command_of)
    # The name of an account or a command stays as it is written.
    return text if fact.who is not None else text[:1].upper() + text[1:]


# The table


def of_handover(holder: Person, successor: Person, when: str | None) -> Consequences:
    """A planned move; `when` in words, None for now."""
    return Consequences(
        OrderAction.HANDOVER,
        f"Hand over to {successor.name}?",
        "Hand over",
        (*_optional(Topic.WHEN, when), *_planned_move(holder, successor)),
    )


def of_approved_move(
    holder: Person, successor: Person, when: str | None, reason: str
) -> Consequences:
    """A planned move that waits for approval; without a `when` it waits for the successor."""
    return Consequences(
        OrderAction.APPROVE,
        f"Approve the move to {successor.name}?",
        "Approve",
        (
            Fact(Topic.WHEN, when or f"as soon as {successor.name} is ready"),
            *_optional(Topic.WHY, reason),
            *_planned_move(holder, successor),
        ),
    )


def of_approved_takeover(
    holder: Person | None, standby: Person, renewed: str, checkpoint: str | None
) -> Consequences:
    """A takeover that waits for approval; `renewed` is the age of the last renewal in words."""
    demoted: tuple[Fact, ...] = (Fact(Topic.DEMOTED, "nobody is demoted: nobody holds the lease"),)
    if holder is not None:
        demoted = (
            Fact(Topic.DEMOTED, f"last renewed the lease {renewed}", holder),
            Fact(
                Topic.KEPT,
                "if it still runs, its guard has stopped its work, and it is fenced for good",
            ),
        )
    return Consequences(
        OrderAction.APPROVE,
        f"Approve the takeover by {standby.name}?",
        "Approve",
        (
            Fact(Topic.GETS, "takes the work over", standby),
            *_unplanned_data(holder, checkpoint),
            *demoted,
            *_NO_UNDO,
            Fact(Topic.UNDO, "a later handover can move the work back"),
        ),
        dangerous=True,
    )


def of_emergency(
    holder: Person,
    standby: Person,
    checkpoint: str | None,
    *,
    paused: bool,
    evidence: str | None = None,
) -> Consequences:
    """Taking the work from a lost holder; without `evidence` while that is still gathered."""
    overrides = "the fleet is paused; this overrides it" if paused else None
    grounds = None if evidence is None else f"this rests on {evidence}"
    return Consequences(
        OrderAction.EMERGENCY,
        f"EMERGENCY: {standby.name} takes the work from {holder.name} at once?",
        "Take over",
        (
            Fact(Topic.GETS, "claims at once", standby),
            *_unplanned_data(holder, checkpoint),
            Fact(Topic.DEMOTED, "must have ended", holder),
            Fact(Topic.DEMOTED, RISK_OF_TWO),
            *_optional(Topic.GROUNDS, grounds),
            *_optional(Topic.REACH, overrides),
            *_NO_UNDO,
        ),
        dangerous=True,
        typed=holder.name,
    )


def of_abort(holder: Person, successor: str, phase: str, reason: str) -> Consequences:
    """The end of a move before its commit point; `phase` is the one it is in."""
    return Consequences(
        OrderAction.ABORT,
        f"Abort the move to {successor}?",
        "Abort the move",
        (
            Fact(
                Topic.REACH,
                f"the move from {holder.name} to {successor} ({phase}; {reason}) is called off",
            ),
            Fact(
                Topic.STAYS,
                "serves on, and starts its workload again if that has stopped",
                holder,
            ),
            Fact(Topic.STAYS, "stays a standby", Person(successor)),
            Fact(
                Topic.RISK,
                f"if the lease is offered before {holder.name} sees this, the move goes through",
            ),
            Fact(Topic.UNDO, "a new handover can be ordered at any time"),
        ),
    )


def of_primary_stop(holder: Person, heir: Person | None) -> Consequences:
    """The end of the primary's session; `heir` may take over, None if no standby runs."""
    gets = Fact(Topic.GETS, "nobody takes over: no standby runs")
    if heir is not None:
        gets = Fact(Topic.GETS, "may then take over", heir)
    return Consequences(
        OrderAction.STOP,
        f"Stop {holder.name}, the primary?",
        "Stop the primary",
        (
            Fact(
                Topic.DEMOTED,
                "is the primary: it stops its workload, seals its data, gives up the lease and "
                "ends its session",
                holder,
            ),
            gets,
            Fact(Topic.REACH, "the work stops until somebody takes over, for good if nobody does"),
            Fact(Topic.UNDO, "this can't be undone: the session has to be started again"),
        ),
        dangerous=True,
    )


def of_standby_stop(standby: Person) -> Consequences:
    """The end of a standby's session."""
    return Consequences(
        OrderAction.STOP,
        f"Stop {standby.name}?",
        "Stop it",
        (
            Fact(Topic.ENDS, "is a standby: it ends its session", standby),
            Fact(Topic.DEMOTED, "nobody is demoted"),
            Fact(Topic.REACH, "the fleet has one standby fewer"),
            Fact(Topic.UNDO, "a new start brings its session back"),
        ),
    )


def of_pause(holder: Person, planned_to: str | None) -> Consequences:
    """No moves until a resume; `planned_to` is the successor of the plan, if there is one."""
    planned = None if planned_to is None else f"the move to {planned_to} is called off"
    return Consequences(
        OrderAction.PAUSE,
        "Pause the fleet?",
        "Pause",
        (
            Fact(Topic.STAYS, "serves on", holder),
            Fact(Topic.REACH, "nothing moves by itself: no plans, no takeovers"),
            *_optional(Topic.REACH, planned),
            Fact(
                Topic.RISK,
                f"if {holder.name} is lost, nobody takes over, and the workload stays down",
            ),
            Fact(Topic.RISK, "only an emergency overrides a pause"),
            Fact(Topic.KEPT, "fencing stays on: there are never two at work"),
            Fact(Topic.UNDO, "ends the pause", OrderAction.RESUME),
        ),
        dangerous=True,
    )


def of_resume(absent_holder: Person | None, *, is_held: bool) -> Consequences:
    """The end of a pause; a standby may claim a lease that nobody, or an absent one, holds."""
    claim = None
    if absent_holder is not None:
        claim = f"a standby may claim the lease: {absent_holder} holds it and isn't there"
    elif not is_held:
        claim = "a standby may claim the lease: nobody holds it"
    return Consequences(
        OrderAction.RESUME,
        "Resume?",
        "Resume",
        (
            Fact(Topic.REACH, "the fleet isn't paused any more"),
            Fact(Topic.STAYS, "plans and takeovers go on as the policy says"),
            *_optional(Topic.GETS, claim),
            Fact(Topic.UNDO, "pauses it again", OrderAction.PAUSE),
        ),
    )


def of_checkpoint(holder: Person) -> Consequences:
    """A checkpoint now."""
    return Consequences(
        OrderAction.CHECKPOINT,
        "Make a checkpoint now?",
        "Make it",
        (
            Fact(Topic.WHO, "copies its data to the store now", holder),
            Fact(Topic.REACH, "its workload goes on"),
            Fact(Topic.UNDO, "nothing has to be undone: older copies stay"),
        ),
    )


# Facts that several orders share


def _planned_move(holder: Person, successor: Person) -> tuple[Fact, ...]:
    return (
        Fact(Topic.DEMOTED, "stops its workload, seals its data and becomes a standby", holder),
        Fact(Topic.GETS, "becomes the primary", successor),
        Fact(Topic.REACH, "the workload is down from its stop until the successor's is ready"),
        Fact(
            Topic.UNDO,
            "calls it off until the lease is offered; afterwards only another handover brings "
            "the work back",
            OrderAction.ABORT,
        ),
    )


def _unplanned_data(holder: Person | None, checkpoint: str | None) -> tuple[Fact, ...]:
    """The data that the standby starts with, and the loss: the holder didn't seal its data."""
    start, since = "there is no checkpoint: it starts with what its own work folder holds", ""
    if checkpoint is not None:
        start, since = f"it starts from checkpoint {checkpoint}", " since"
    lost = None
    if holder is not None:
        lost = f"what {holder.name} wrote{since} isn't carried over: it stays in its work folder"
    return (Fact(Topic.DATA, start), *_optional(Topic.DATA, lost))


def _optional(topic: Topic, says: str | None) -> tuple[Fact, ...]:
    return (Fact(topic, says),) if says else ()
