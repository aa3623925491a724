"""How often what strikes a simulated fleet."""

from __future__ import annotations

from dataclasses import dataclass, fields


@dataclass(frozen=True)
class Odds:
    """How often each fault strikes, per request or per simulated hour and node."""

    lost: float = 0.05
    """A request that never arrives, or whose answer doesn't: half of each."""
    late: float = 0.02
    """A request that takes effect after its sender has given it up."""
    kills: float = 2.0
    freezes: float = 2.0
    partitions: float = 2.0
    orders: float = 4.0
    """Orders to move to the node, now."""
    departs: float = 1.0
    words: float = 3.0
    """Orders of any kind by the operators, and signal files."""
    seal_fails: float = 0.05
    copy_fails: float = 0.1
    missed: float = 0.02
    """An order that can't be read this time."""
    delay_s: float = 0.3
    """How long a request, and its answer, takes at the most."""


CALM = Odds(**{field.name: 0 for field in fields(Odds)})
