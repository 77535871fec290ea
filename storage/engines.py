"""How each store is opened: one SQLite file, or one PostgreSQL server."""

import sqlite3
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any, cast

from sqlalchemy import URL, Connection, Engine, create_engine, event, make_url
from sqlalchemy.exc import DBAPIError
from sqlalchemy.pool import ConnectionPoolEntry, NullPool

from storage import ready

# A turn takes milliseconds. What takes this long is stuck, and its person is better asked to try
# again than left waiting.
_SERVER = {
    "statement_timeout": "30s",
    "lock_timeout": "10s",
    "idle_in_transaction_session_timeout": "60s",
    "timezone": "UTC",
}
_CONNECT_SECONDS = 5
_READERS = 8
_STATEMENTS = 512
# Serialization failure, deadlock; a server that was restarted under an idle line; and an id that
# another process made in the same millisecond: the next try makes others.
_TAKEN = (sqlite3.SQLITE_CONSTRAINT_PRIMARYKEY, sqlite3.SQLITE_CONSTRAINT_UNIQUE)
_PASSING = ("40001", "40P01", "57P01", "57P02", "57P03", "23505")


class NoSuchStore(Exception):
    """The database address is not one that this version can use."""


def address(url: str) -> URL:
    """Return the address as SQLAlchemy wants it; `postgres://` and `postgresql://` are one.

    Raises NoSuchStore, and ArgumentError for what is no address at all.
    """
    known = make_url(url)
    if known.drivername in ("postgres", "postgresql", "postgresql+psycopg"):
        return known.set(drivername="postgresql+psycopg")
    if known.get_backend_name() != "sqlite":
        raise NoSuchStore("the memory is kept in sqlite:///FILE or on postgresql://SERVER/NAME")
    return known


def open_store(url: str, threads: int) -> tuple[Engine, Engine]:
    """Return what writes and what reads. Raises NoSuchStore."""
    known = address(url)
    if known.get_backend_name() == "sqlite":
        return _file(known, "BEGIN IMMEDIATE"), _file(known, "BEGIN", read_only=True)
    return _server(known, threads), _server(known, threads, read_only=True)


def single(url: str) -> Engine:
    """Return an engine whose connections are opened and closed one by one, for migrations."""
    known = address(url)
    more = {} if known.get_backend_name() == "sqlite" else _arguments(known)
    return create_engine(known, poolclass=NullPool, connect_args=more)


# --- a file ----------------------------------------------------------------------------------


def _file(url: URL, begin: str, *, read_only: bool = False) -> Engine:
    # Each connection is used by one thread at a time. One that rests in the pool holds no moment
    # of the past, so that the write-ahead log can still be emptied.
    # The driver keeps statements it has prepared; a turn and the rounds know some hundreds.
    engine = create_engine(
        url,
        pool_size=_READERS if read_only else 1,
        connect_args={"cached_statements": _STATEMENTS},
    )

    @event.listens_for(engine, "connect")
    def prepare(raw: sqlite3.Connection, _entry: ConnectionPoolEntry) -> None:
        # None: sqlite3 itself must begin nothing, or our IMMEDIATE comes too late.
        raw.isolation_level = None
        for pragma in _pragmas(read_only=read_only):
            raw.execute(f"PRAGMA {pragma}")

    @event.listens_for(engine, "begin")
    def begin_as_told(connection: Connection) -> None:
        # A deferred transaction that turns from reading to writing fails at once with "locked";
        # only IMMEDIATE waits for its turn. A reader may have begun already.
        if not connection.connection.dbapi_connection.in_transaction:  # type: ignore[union-attr]
            connection.exec_driver_sql(begin)

    return engine


def _pragmas(*, read_only: bool) -> tuple[str, ...]:
    common = ("busy_timeout = 15000", "foreign_keys = ON", "trusted_schema = OFF")
    if read_only:
        return (*common, "query_only = ON")
    # secure_delete: what was wiped must not stay readable in free pages.
    # A longer log is brought into the file less often, and a page that many turns touch only once.
    longer = ("wal_autocheckpoint = 4000", "cache_size = -8000")
    return (*common, "journal_mode = WAL", "synchronous = FULL", "secure_delete = ON", *longer)


@contextmanager
def one_moment(connection: Connection) -> Iterator[None]:
    """Let a reader of a file see one moment until the block ends."""
    raw: Any = connection.connection.dbapi_connection
    raw.execute("BEGIN")
    try:
        yield
    finally:
        if raw.in_transaction:
            raw.execute("ROLLBACK")


def empty_log(readers: Engine) -> None:
    """Bring the write-ahead log into the file and empty it.

    What was wiped stays readable in the log until then, for who has the file and the key. Where
    somebody reads at this moment it is left for the next time.
    """
    raw = readers.raw_connection()
    try:
        # A writer waits for this: let no slow reader hold it up.
        raw.cursor().execute("PRAGMA busy_timeout = 200")
        raw.cursor().execute("PRAGMA wal_checkpoint(TRUNCATE)")
    finally:
        raw.close()


def is_open(line: ready.Line) -> bool:
    """Whether the transaction on a file still lives: some errors end it behind our back."""
    return bool(line.raw.in_transaction)


# --- a server --------------------------------------------------------------------------------


def _server(url: URL, threads: int, *, read_only: bool = False) -> Engine:
    if read_only:
        # One consistent moment for all that a page shows.
        return create_engine(
            url,
            paramstyle="format",
            pool_size=threads,
            pool_pre_ping=True,
            connect_args=_arguments(url),
            isolation_level="REPEATABLE READ",
            execution_options={"postgresql_readonly": True},
        )
    # Row locks order the turns of one person and one case; what they read is the newest.
    return create_engine(
        url,
        paramstyle="format",
        pool_size=threads,
        # A line that broke while it lay idle is opened anew, and so are all that lie beside it.
        pool_pre_ping=True,
        connect_args=_arguments(url),
        isolation_level="READ COMMITTED",
    )


def _arguments(url: URL) -> dict[str, Any]:
    own = {} if "options" in url.query else {"options": _options()}
    return {"connect_timeout": _CONNECT_SECONDS, "application_name": "ketdoan", **own}


def _options() -> str:
    return " ".join(f"-c {name}={value}" for name, value in _SERVER.items())


def moment(line: ready.Line) -> datetime:
    """Return the server's own moment: several machines that share it must agree on one."""
    row = ready.run(line, "SELECT clock_timestamp()", ()).fetchone()
    return cast("datetime", row[0]).astimezone(UTC)


def goes_again(error: BaseException) -> bool:
    """Whether the same work may pass at the next try: nothing of it was kept.

    Two turns locked each other and the server ended one, a line had broken since it was last
    used, or another process made the same id in the same millisecond.
    """
    cause = _cause(error)
    if isinstance(cause, sqlite3.IntegrityError):
        return cause.sqlite_errorcode in _TAKEN
    return _is_driver_error(cause, "Error") and getattr(cause, "sqlstate", None) in _PASSING


def is_away(error: BaseException) -> bool:
    """Whether the store itself failed (away, full, stuck), not what was asked of it."""
    cause = _cause(error)
    if isinstance(cause, sqlite3.OperationalError):
        # These are mistakes in what was asked; the others are the file's, or its disk's.
        code = getattr(cause, "sqlite_errorcode", 0) & 0xFF
        return code not in (sqlite3.SQLITE_ERROR, sqlite3.SQLITE_READONLY)
    return _is_driver_error(cause, "OperationalError", "InterfaceError")


def is_broken(connection: Connection) -> bool:
    """Whether the line to the server is broken."""
    if connection.invalidated:
        return True
    return bool(cast("Any", connection.connection.dbapi_connection).broken)


def _is_driver_error(error: BaseException | None, *kinds: str) -> bool:
    """Whether an error is one of the server's driver, which is loaded only where it is used."""
    driver = sys.modules.get("psycopg")
    return driver is not None and isinstance(error, tuple(getattr(driver, kind) for kind in kinds))


def _cause(error: BaseException) -> BaseException | None:
    return error.orig if isinstance(error, DBAPIError) else error
