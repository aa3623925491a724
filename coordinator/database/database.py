"""What is kept: read at the start, written in groups, changed by hand.

A draft is kept only if nothing was changed by hand since its state was read.
"""

from __future__ import annotations

from sqlalchemy import Connection, delete, func, insert, select, update

from coordinator.database import load, tables
from coordinator.database.engine import checkpoint_wal, open_engine, translating_errors, upsert
from coordinator.database.migrations import migrate
from coordinator.database.save import write_changes
from coordinator.fencing import EpochFence
from coordinator.state import BellEvent, State
from coordinator.transitions import StateDraft
from sessionlib.core.values import Instant


class Database:
    """One database. Its methods may be called from any thread, from one at a time; `relieve`
    beside any other."""

    def __init__(self, db: str) -> None:
        """Open and bring up to date. Raises ConfigError, DatabaseUnusable."""
        self._engine = open_engine(db)
        with translating_errors():
            migrate(self._engine)

    def close(self) -> None:
        self._engine.dispose()

    def load_state(self, now: Instant) -> State:
        """All that is kept. Raises DatabaseUnusable."""
        with translating_errors(), self._engine.begin() as connection:
            return load.load_state(connection, now)

    def commit(self, draft: StateDraft) -> bool:
        """Keep a draft for good. False, and nothing kept, if its state is stale.

        Raises DatabaseUnusable; then nobody can tell until the database is read anew.
        """
        with translating_errors(), self._engine.begin() as connection:
            if _revision(connection, hold=True) != draft.base.revision:
                return False
            write_changes(connection, draft)
        return True

    def checkpoint_wal(self) -> bool:
        """Do what makes later commits quicker, beside them; whether it has to be done once more
        between two of them. Raises DatabaseUnusable.
        """
        with translating_errors():
            return checkpoint_wal(self._engine)

    def read_revision(self) -> int:
        """A number that rises with every change by hand. Raises DatabaseUnusable."""
        with translating_errors(), self._engine.begin() as connection:
            return _revision(connection)

    def prove_writable(self) -> None:
        """Write what stands there already. Raises DatabaseUnusable where nothing can be written."""
        with translating_errors(), self._engine.begin() as connection:
            connection.execute(update(tables.state).values(revision=tables.state.c.revision))

    def token_hashes(self) -> dict[str, str | None]:
        """The account of each valid token's hash; None for the operator's."""
        with translating_errors(), self._engine.begin() as connection:
            rows = connection.execute(select(tables.tokens.c.hash, tables.tokens.c.account))
            return {row.hash: row.account for row in rows}

    def add_token(self, hashed: str, account: str | None, now: Instant) -> None:
        """Let a token be valid from now on."""
        with translating_errors(), self._engine.begin() as connection:
            row = {"hash": hashed, "account": account, "made_at": now.wall}
            connection.execute(insert(tables.tokens).values(row))
            _bump_revision(connection)

    def remove_tokens(self, account: str | None) -> int:
        """Let none of an account's tokens, or of the operator's, be valid; how many there were."""
        with translating_errors(), self._engine.begin() as connection:
            mine = tables.tokens.c.account.is_not_distinct_from(account)
            count = select(func.count()).select_from(tables.tokens).where(mine)
            found = connection.execute(count).scalar_one()
            connection.execute(delete(tables.tokens).where(mine))
            _bump_revision(connection)
            return found

    def read_fence(self) -> EpochFence:
        """The highest epoch known."""
        with translating_errors(), self._engine.begin() as connection:
            row = connection.execute(select(tables.state)).one()
            return EpochFence(row.epoch, row.holder)

    def set_epoch(self, epoch: int) -> None:
        """Take `epoch` for the highest. Whoever registered under a higher one is forgotten."""
        with translating_errors(), self._engine.begin() as connection:
            _bump_revision(connection)  # first, for it holds back commits
            higher = tables.registrations.c.epoch > epoch
            connection.execute(delete(tables.registrations).where(higher))
            connection.execute(delete(tables.handover).where(tables.handover.c.epoch > epoch))
            holder = connection.execute(
                select(tables.registrations.c.account).where(tables.registrations.c.epoch == epoch)
            ).scalar()
            last = connection.execute(select(tables.state.c.last_event)).scalar_one()
            event = BellEvent(last + 1, "epoch", f'{{"epoch": {epoch}, "by_hand": true}}')
            row = {"id": event.id, "kind": event.kind, "data": event.data}
            upsert(connection, tables.events, [row])
            values = {"epoch": epoch, "holder": holder, "last_event": event.id}
            connection.execute(update(tables.state).values(values))


def _revision(connection: Connection, *, hold: bool = False) -> int:
    """`hold` lets nobody change it until the transaction ends, on a database of many writers."""
    query = select(tables.state.c.revision)
    return int(connection.execute(query.with_for_update() if hold else query).scalar_one())


def _bump_revision(connection: Connection) -> None:
    connection.execute(update(tables.state).values(revision=tables.state.c.revision + 1))
