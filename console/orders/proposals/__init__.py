"""Proposals: the orders that make sense now, checked against one snapshot.

An order is only a request, and the agents check it again.
"""

from console.orders.proposals.common import Proposal
from console.orders.proposals.emergencies import emergency, emergency_consequences, lost_holder
from console.orders.proposals.moves import abort, approve, handover
from console.orders.proposals.states import (
    checkpoint,
    has_no_session,
    pause,
    resume,
    running_accounts,
    stop,
)

__all__ = [
    "Proposal",
    "abort",
    "approve",
    "checkpoint",
    "emergency",
    "emergency_consequences",
    "handover",
    "has_no_session",
    "lost_holder",
    "pause",
    "resume",
    "running_accounts",
    "stop",
]
