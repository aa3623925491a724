"""How a database comes to the tables of today, from any earlier version or from nothing.

Each step is frozen once it is released, and shares one transaction with the number that says
it was done. A database from a newer program is refused.
"""

from __future__ import annotations

from sqlalchemy import Connection, Engine, text

from coordinator.errors import DatabaseUnusable

STEPS: tuple[tuple[str, ...], ...] = (
    (
        """CREATE TABLE state (id BIGINT NOT NULL PRIMARY KEY, revision BIGINT NOT NULL,
           epoch BIGINT NOT NULL, holder TEXT, last_event BIGINT NOT NULL)""",
        "INSERT INTO state (id, revision, epoch, last_event) VALUES (1, 0, 0, 0)",
        """CREATE TABLE tokens (hash TEXT NOT NULL PRIMARY KEY, account TEXT,
           made_at DOUBLE PRECISION NOT NULL)""",
        """CREATE TABLE sessions (account TEXT NOT NULL PRIMARY KEY, worker_id TEXT NOT NULL,
           epoch BIGINT NOT NULL, status TEXT NOT NULL, remaining_s DOUBLE PRECISION NOT NULL,
           seen_at DOUBLE PRECISION NOT NULL)""",
        """CREATE TABLE registrations (epoch BIGINT NOT NULL PRIMARY KEY, account TEXT NOT NULL,
           worker_id TEXT NOT NULL, url TEXT, capabilities TEXT NOT NULL,
           since_at DOUBLE PRECISION NOT NULL)""",
        """CREATE TABLE handover (id BIGINT NOT NULL PRIMARY KEY, epoch BIGINT NOT NULL,
           plan TEXT NOT NULL, from_account TEXT NOT NULL, to_account TEXT NOT NULL,
           phase TEXT NOT NULL, left_s DOUBLE PRECISION, told_at DOUBLE PRECISION NOT NULL,
           still_since_at DOUBLE PRECISION)""",
        """CREATE TABLE moves (epoch BIGINT NOT NULL PRIMARY KEY, kind TEXT NOT NULL,
           from_account TEXT, to_account TEXT NOT NULL, downtime_s DOUBLE PRECISION,
           moved_at DOUBLE PRECISION NOT NULL)""",
        """CREATE TABLE events (id BIGINT NOT NULL PRIMARY KEY, kind TEXT NOT NULL,
           data TEXT NOT NULL)""",
    ),
)


def migrate(engine: Engine) -> None:
    """Bring the database up to date. Raises DatabaseUnusable for one from a newer program."""
    with engine.begin() as connection:
        done = _version(connection)
        if done > len(STEPS):
            raise DatabaseUnusable(
                f"the database is of version {done}, and this program knows {len(STEPS)}: it was "
                "used by a newer one; upgrade this one, or use another --db"
            )
        for number, statements in enumerate(STEPS[done:], done + 1):
            for statement in statements:
                connection.execute(text(statement))
            connection.execute(text("UPDATE schema_version SET version = :v"), {"v": number})


def _version(connection: Connection) -> int:
    connection.execute(text("CREATE TABLE IF NOT EXISTS schema_version (version BIGINT NOT NULL)"))
    version = connection.execute(text("SELECT version FROM schema_version")).scalar()
    if version is None:
        connection.execute(text("INSERT INTO schema_version (version) VALUES (0)"))
        return 0
    return int(version)
