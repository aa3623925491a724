"""Which durations keep two sessions from working at once: defaults, and one inequality."""

# A holder must get two tries at a renewal, each waited for in full. It must still stop `margin_s`
# before the earliest moment at which a challenger whose clock runs 1 % fast could claim.

from __future__ import annotations

from dataclasses import dataclass, replace

from sessionlib.errors import UnsafeTiming

DRIFT = 0.01
"""How far two machines' clock rates may differ; an assumption of every promise."""

MAX_LEASE_SCALE = 20.0
"""Below ttl 3 s the margins come near to what a busy machine delays a process by."""


@dataclass(frozen=True, slots=True)
class Timing:
    """The lease's durations in seconds. Raises UnsafeTiming for a set that isn't safe.

    `peek_s` and `peek_standby_s` are the least time between a holder's and a standby's
    readings of the mailbox, while no move is under way. Where a reading has a price, they
    are more than `poll_s`.
    """

    ttl_s: float = 60.0
    renew_s: float = 15.0
    timeout_s: float = 8.0
    margin_s: float = 5.0
    poll_s: float = 5.0
    rank_step_s: float = 5.0
    poll_fast_s: float = 1.0
    poll_final_s: float = 0.2
    report_s: float = 15.0
    peek_s: float = 0.2
    peek_standby_s: float = 0.2

    def __post_init__(self) -> None:
        for name in self.__slots__:
            if not getattr(self, name) > 0:
                raise UnsafeTiming(f"{name.removesuffix('_s')} must be more than 0 s")
        need = self.renew_s + 2 * self.timeout_s + self.margin_s
        have = self.ttl_s * (1 - DRIFT)
        # A hair of tolerance, or a scaled copy of a set that is exactly at the bound fails.
        if need > have * (1 + 1e-9):
            raise UnsafeTiming(
                f"renew + 2 x timeout + margin is {need:g} s, more than 0.99 x ttl = {have:g} s: "
                "raise ttl, or lower one of the others"
            )

    @property
    def valid_s(self) -> float:
        """How long after *sending* a successful write its sender may work."""
        return self.ttl_s * (1 - DRIFT) - self.margin_s

    @property
    def slack_s(self) -> float:
        """How much later than it was written we may read what another one wrote."""
        return max(self.poll_s, self.peek_s, self.peek_standby_s)

    def patience_s(self, ttl_s: float, rank: int) -> float:
        """How long a challenger watches an unchanged record, by the record's own `ttl_s`."""
        return ttl_s * (1 + DRIFT) + rank * self.rank_step_s

    def scaled(self, scale: float) -> Timing:
        """The same set, `scale` times faster, but never more than `MAX_LEASE_SCALE`."""
        if not scale > 0:
            raise UnsafeTiming(f"scale is {scale:g}; it must be more than 0")
        factor = min(scale, MAX_LEASE_SCALE)
        return replace(self, **{name: getattr(self, name) / factor for name in self.__slots__})
