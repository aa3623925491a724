"""The tables as they are now, in portable types.

Wall-clock times are Unix seconds by this machine's clock. A test compares them with what
`migrations` makes.
"""

from __future__ import annotations

from sqlalchemy import BigInteger, Column, Double, MetaData, Table, Text

metadata = MetaData()

state = Table(
    "state",
    metadata,
    Column("id", BigInteger, primary_key=True, autoincrement=False),
    Column("revision", BigInteger, nullable=False),
    Column("epoch", BigInteger, nullable=False),
    Column("holder", Text),
    Column("last_event", BigInteger, nullable=False),
)
"""One row. `revision` rises with every change that is made by hand."""

tokens = Table(
    "tokens",
    metadata,
    Column("hash", Text, primary_key=True),
    Column("account", Text),
    Column("made_at", Double, nullable=False),
)
"""SHA-256 of each valid token, in hex. The operator's have no account."""

sessions = Table(
    "sessions",
    metadata,
    Column("account", Text, primary_key=True),
    Column("worker_id", Text, nullable=False),
    Column("epoch", BigInteger, nullable=False),
    Column("status", Text, nullable=False),
    Column("remaining_s", Double, nullable=False),
    Column("seen_at", Double, nullable=False),
)

registrations = Table(
    "registrations",
    metadata,
    Column("epoch", BigInteger, primary_key=True, autoincrement=False),
    Column("account", Text, nullable=False),
    Column("worker_id", Text, nullable=False),
    Column("url", Text),
    Column("capabilities", Text, nullable=False),
    Column("since_at", Double, nullable=False),
)
"""The last of each epoch; the highest epoch's is the primary."""

handover = Table(
    "handover",
    metadata,
    Column("id", BigInteger, primary_key=True, autoincrement=False),
    Column("epoch", BigInteger, nullable=False),
    Column("plan", Text, nullable=False),
    Column("from_account", Text, nullable=False),
    Column("to_account", Text, nullable=False),
    Column("phase", Text, nullable=False),
    Column("left_s", Double),
    Column("told_at", Double, nullable=False),
    Column("still_since_at", Double),
)
"""One row at most: the move that was told of last."""

moves = Table(
    "moves",
    metadata,
    Column("epoch", BigInteger, primary_key=True, autoincrement=False),
    Column("kind", Text, nullable=False),
    Column("from_account", Text),
    Column("to_account", Text, nullable=False),
    Column("downtime_s", Double),
    Column("moved_at", Double, nullable=False),
)

events = Table(
    "events",
    metadata,
    Column("id", BigInteger, primary_key=True, autoincrement=False),
    Column("kind", Text, nullable=False),
    Column("data", Text, nullable=False),
)
