"""How a database is opened. All that is one database's own stands here.

A commit has reached the disk when it returns. The file is its owner's alone.
"""

from __future__ import annotations

import fcntl
import os
import sqlite3
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Engine, Table, create_engine, event
from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import ArgumentError, NoSuchModuleError, SQLAlchemyError

from coordinator.errors import DatabaseUnusable
from sessionlib.errors import ConfigError

_BUSY_MS = 5_000
_MAX_LOG_PAGES = 16_384
"""Of 4 KiB each."""
_MAX_ROWS = 512
"""For one statement: below every database's limit on parameters, and few texts to prepare."""


def url_of(db: str) -> URL:
    """The address that `db` names: a SQLAlchemy URL, or the path of an SQLite file.

    Raises ConfigError.
    """
    if "://" not in db:
        return URL.create("sqlite", database=str(Path(db).expanduser().absolute()))
    try:
        return make_url(db)
    except ArgumentError:
        raise ConfigError(
            [f"--db {db!r}: neither a path nor a URL such as sqlite:////var/lib/coordinator.db"]
        ) from None


def open_engine(db: str) -> Engine:
    """A database, its file made if there is none. Raises ConfigError, DatabaseUnusable."""
    url = url_of(db)
    try:
        if url.get_backend_name() == "sqlite":
            return _sqlite(url)
        return create_engine(url, pool_pre_ping=True)
    except (NoSuchModuleError, ModuleNotFoundError) as error:
        raise ConfigError(
            [f"--db: no driver for {url.drivername} is installed ({error})"]
        ) from None


@contextmanager
def server_lock(db: str) -> Iterator[None]:
    """Be the only process that serves from this database. Raises DatabaseUnusable.

    What is served is kept in memory too, and a second process wouldn't see it change.
    """
    path = _file(url_of(db))
    if path is None:
        yield
        return
    lock = path.with_name(f"{path.name}.serving")
    try:
        handle = os.open(lock, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    except OSError as error:
        raise DatabaseUnusable(f"{lock} can't be opened ({error.strerror})") from None
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        os.close(handle)
        raise DatabaseUnusable(
            f"another coordinator serves from {path}: use another --db"
        ) from None
    try:
        yield
    finally:
        os.close(handle)


@contextmanager
def translating_errors() -> Iterator[None]:
    """Turn a database's complaints into ours."""
    try:
        yield
    except (SQLAlchemyError, OSError) as error:
        cause = getattr(error, "orig", None) or error
        raise DatabaseUnusable(f"the database can't be used ({cause})") from None


def upsert(connection: Connection, table: Table, rows: Sequence[Mapping[str, Any]]) -> None:
    """Insert rows, or replace those of the same primary key; no key may come twice.

    One statement for many: with one for each, a busy interpreter would be waited for as often.
    """
    names = tuple(column.name for column in table.columns)
    keys = tuple(column.name for column in table.primary_key)
    mark = "?" if connection.dialect.paramstyle == "qmark" else "%s"
    done = 0
    while done < len(rows):
        count = _largest_power_of_two(min(_MAX_ROWS, len(rows) - done))
        values = tuple(row[name] for row in rows[done : done + count] for name in names)
        connection.exec_driver_sql(_upsert_sql(table.name, names, keys, mark, count), values)
        done += count


def checkpoint_wal(engine: Engine) -> bool:
    """Bring what was committed from the log to its place. Others may commit meanwhile.

    SQLite's log begins anew only once all of it was brought there, and under load something
    is always left. Whether so much is in it that it should be done again, by the only one who
    commits. Raises DatabaseUnusable.
    """
    if engine.dialect.name != "sqlite":
        return False
    with engine.connect() as connection:
        raw: Any = connection.connection.driver_connection
        try:
            _, pages, _ = raw.execute("PRAGMA wal_checkpoint(PASSIVE)").fetchone()
        except sqlite3.Error as error:  # SQLAlchemy doesn't see this call
            raise DatabaseUnusable(f"the database can't be used ({error})") from None
    return int(pages) > _MAX_LOG_PAGES


def _largest_power_of_two(limit: int) -> int:
    return 1 << (limit.bit_length() - 1)


@cache
def _upsert_sql(
    table: str, names: tuple[str, ...], keys: tuple[str, ...], mark: str, count: int
) -> str:
    row = f"({', '.join([mark] * len(names))})"
    changed = ", ".join(f"{name} = excluded.{name}" for name in names if name not in keys)
    return (
        f"INSERT INTO {table} ({', '.join(names)}) VALUES {', '.join([row] * count)} "  # noqa: S608 - our own names
        f"ON CONFLICT ({', '.join(keys)}) DO UPDATE SET {changed}"
    )


def _file(url: URL) -> Path | None:
    if url.get_backend_name() != "sqlite" or not url.database or url.database == ":memory:":
        return None
    return Path(url.database)


def _sqlite(url: URL) -> Engine:
    path = _file(url)
    if path is None:
        raise ConfigError(["--db: an SQLite database needs a file, or nothing would be kept"])
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        os.close(os.open(path, os.O_RDWR | os.O_CREAT, 0o600))
    except OSError as error:
        raise DatabaseUnusable(f"{path} can't be opened ({error.strerror})") from None
    engine = create_engine(url, connect_args={"check_same_thread": False})

    @event.listens_for(engine, "connect")
    def prepare(connection: Any, _record: Any) -> None:
        connection.isolation_level = None  # transactions begin where we say
        for pragma in (
            f"busy_timeout = {_BUSY_MS}",
            "journal_mode = WAL",
            "synchronous = FULL",
            # `relieve` does it instead, for a commit that does it takes far longer than others.
            "wal_autocheckpoint = 0",
        ):
            connection.execute(f"PRAGMA {pragma}")

    @event.listens_for(engine, "begin")
    def begin(connection: Connection) -> None:
        # At once, so that what is read in a transaction stays true until it ends.
        connection.exec_driver_sql("BEGIN IMMEDIATE")

    return engine
