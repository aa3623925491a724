"""When the parts of a planned move begin, counted back from its T-0: T-60 to T-2 minutes.

They shrink with `scale` and with sessions shorter than twelve hours. T-0 lies early enough before
the session's hard deadline that a move can still end.
"""

from __future__ import annotations

from dataclasses import dataclass

from sessionlib.core.session_phases import HOUR_S

FULL_LIFETIME_S = 12 * HOUR_S
"""The lifetime that the timeline was made for. Longer sessions don't stretch it."""


@dataclass(frozen=True, slots=True)
class Timeline:
    """How long before T-0 each part begins, in seconds.

    At `propose_s` a move is proposed, at `notice_s` the successor gets notice and
    the operator is asked, at `warm_s` the approval is due and the successor warms
    up, at `sync_s` changed data is copied while the workload runs, at `signal_s`
    both read the lease often. Raises ValueError where they don't follow each other.
    """

    propose_s: float = 3_600.0
    notice_s: float = 1_800.0
    warm_s: float = 600.0
    sync_s: float = 300.0
    signal_s: float = 120.0

    def __post_init__(self) -> None:
        if not self.propose_s > self.notice_s > self.warm_s > self.sync_s > self.signal_s > 0:
            raise ValueError("the parts of a timeline must follow each other")

    @classmethod
    def for_lifetime(cls, lifetime_s: float, scale: float) -> Timeline:
        """The timeline of a session that lasts `lifetime_s` before `scale` is applied."""
        part = min(1.0, lifetime_s / FULL_LIFETIME_S) / scale
        return cls(3_600 * part, 1_800 * part, 600 * part, 300 * part, 120 * part)
