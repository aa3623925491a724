"""How an agent changes from one kind of member to another: all transitions, each with its cause.

`docs/protocol.md` draws its diagram from this list. The simulation fails on a transition that
isn't here, and on one that never happens.
"""

from __future__ import annotations

from dataclasses import dataclass

from sessionlib.core.view import Member


@dataclass(frozen=True, slots=True)
class Transition:
    """`before` becomes `after` because of `cause`."""

    before: Member
    after: Member
    cause: str


TRANSITIONS: tuple[Transition, ...] = (
    Transition(Member.STANDBY, Member.CLAIMING, "sends a claim"),
    Transition(Member.CLAIMING, Member.PRIMARY, "its claim is known to have succeeded"),
    Transition(Member.CLAIMING, Member.STANDBY, "the record turns out to be another's"),
    Transition(Member.CLAIMING, Member.QUIESCING, "its claim succeeded when it was told to leave"),
    Transition(Member.STANDBY, Member.PRIMARY, "a late claim of its own was found and renewed"),
    Transition(Member.STANDBY, Member.GIVING_UP, "the same, but it was told to leave"),
    Transition(Member.PRIMARY, Member.QUIESCING, "a plan reaches quiescing, or it is to leave"),
    Transition(Member.QUIESCING, Member.PRIMARY, "the move was aborted before its commit point"),
    Transition(Member.QUIESCING, Member.GIVING_UP, "sends the offer, or vacates"),
    Transition(Member.GIVING_UP, Member.STANDBY, "the record is known to be given up"),
    Transition(Member.PRIMARY, Member.FENCED, "another one has the lease"),
    Transition(Member.QUIESCING, Member.FENCED, "another one has the lease"),
)
