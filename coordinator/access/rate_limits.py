"""How many requests a second: a bucket for each sender, filled at a steady rate.

Time is passed in. The number of buckets is bounded, however many senders there are.
"""

from __future__ import annotations

from collections import OrderedDict
from ipaddress import ip_address, ip_network

MAX_SENDERS = 20_000


class RateLimits:
    """Buckets of one size. Whoever comes after the last place takes that of the most silent."""

    def __init__(self, rate: float, burst: float, most: int = MAX_SENDERS) -> None:
        self._rate = rate
        self._burst = burst
        self._most = most
        self._buckets: OrderedDict[str, tuple[float, float]] = OrderedDict()

    def __len__(self) -> int:
        return len(self._buckets)

    def consume(self, sender: str, now_s: float) -> float:
        """Take one request; 0 if that was in order, else after how long one will be."""
        level, since_s = self._buckets.get(sender, (self._burst, now_s))
        level = min(self._burst, level + max(0.0, now_s - since_s) * self._rate)
        taken = level >= 1.0
        self._buckets[sender] = (level - 1.0 if taken else level, now_s)
        self._buckets.move_to_end(sender)
        if len(self._buckets) > self._most:
            self._buckets.popitem(last=False)
        return 0.0 if taken else (1.0 - level) / self._rate


def rate_key(address: str) -> str:
    """Whom an address stands for: of IPv6, everybody has a whole network."""
    try:
        ip = ip_address(address)
    except ValueError:
        return "?"
    if ip.version == 4:
        return str(ip)
    mapped = ip.ipv4_mapped
    return str(mapped or ip_network((ip, 64), strict=False))
