"""What can be set, with each default and its reason."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class ServiceSettings:
    """Rates are requests a second, each with how many may come at once."""

    silence_s: float = 45.0
    """Three heartbeats of 15 s: a session that wasn't heard of for longer is lost."""
    public_primary: bool = False
    """Whether `/api/primary` and `/go/` are for everybody."""
    public_metrics: bool = False
    behind_proxy: bool = False
    """Whether the last address in X-Forwarded-For is the client's: a proxy of ours wrote it."""
    max_body_bytes: int = 16 * 1024
    max_header_bytes: int = 16 * 1024
    token_rate: float = 20.0
    token_burst: float = 100.0
    address_rate: float = 20.0
    address_burst: float = 100.0
    """For requests without a valid token; those with one count for that alone."""
    max_streams: int = 2_000
    streams_per_token: int = 8
    alive_s: float = 15.0
    """How long a stream of events may be silent before a sign of life is sent."""
    arrival_s: float = 10.0
    """How long a request may take to arrive, from its first byte or the connection's start."""
    max_connections: int = 4_000
