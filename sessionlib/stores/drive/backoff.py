"""How long to wait before another try: 1, 2, 4 s and so on with jitter, as Google asks for.

A longer wait that a server asks for counts. One that would outlast the caller's time isn't begun.
"""

from __future__ import annotations

BASE_S = 1.0
MAX_S = 32.0
MAX_TRIES = 8
NEEDED_S = 1.0
"""A try with less time left than this would be cut off before an answer could come."""


def delay_s(tries: int, chance: float, retry_after_s: float | None = None) -> float:
    """How long to wait after the `tries`-th try failed (from 1); `chance` is in [0, 1)."""
    full_s = min(MAX_S, BASE_S * 2.0 ** min(tries - 1, 16))
    # At least half of it: several sessions that failed together must not come back together.
    jittered_s = full_s * (0.5 + 0.5 * chance)
    return max(jittered_s, retry_after_s or 0.0)


def is_worthwhile(tries: int, wait_s: float, left_s: float) -> bool:
    """Whether another try fits after waiting `wait_s`, with `left_s` of the caller's time left."""
    return tries < MAX_TRIES and wait_s + NEEDED_S <= left_s
