"""What an operator can ask for, checked against what is known before it is asked.

An order is only a request: the agents check it all again.
"""

from console.orders.proposals.common import Proposal
from console.orders.proposals.emergencies import emergency, lost_holder
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
    "handover",
    "has_no_session",
    "lost_holder",
    "pause",
    "resume",
    "running_accounts",
    "stop",
]
