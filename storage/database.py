"""The only begin and commit: one writer thread that commits several waiting turns together.

On SQLite every piece of work runs in a savepoint of its own inside one IMMEDIATE transaction; when
nobody else waits, or the group is full, it is committed with synchronous=FULL, and only then does
each caller get its answer. A piece that raises is rolled back alone. A failed COMMIT fails all.
"""

import queue
import sqlite3
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, TypeVar, cast

from sqlalchemy import Connection, Engine, create_engine, event, make_url
from sqlalchemy.pool import ConnectionPoolEntry, NullPool

from storage.sealed import Keyring
from storage.store import Store

T = TypeVar("T")
Clock = Callable[[], datetime]


class NotWritten(Exception):
    """The store could not commit; nothing of this work is kept, and it may come again."""


class TooBusy(Exception):
    """More turns wait than the queue holds; come again in a few seconds, nothing is lost."""


class NoSuchStore(Exception):
    """The database address is not one that this version can use."""


def utc_now() -> datetime:
    """Return the moment, in UTC."""
    return datetime.now(UTC)  # noqa: TID251 -- the one clock


@dataclass(frozen=True)
class _Piece:
    work: Callable[[Store], Any]
    answer: "Future[Any]"


class Database:
    """One store with its keys and its clock. Read with `read()`, change with `write(work)`."""

    def __init__(
        self,
        url: str,
        keys: Keyring,
        clock: Clock = utc_now,
        *,
        waiting: int = 1000,
        group: int = 64,
    ) -> None:
        """Open *url* (`sqlite:///FILE`); at most *waiting* pieces queue, *group* commit together.

        Raises NoSuchStore.
        """
        self.url = url
        self.keys = keys
        self.clock = clock
        self._group = group
        self._queue: queue.Queue[_Piece | None] = queue.Queue(maxsize=waiting)
        self._engine, self._readers = _engines(url)
        self._closing = threading.Lock()
        self._closed = False
        self._writer: threading.Thread | None = None
        self._starting = threading.Lock()

    # --- reading -----------------------------------------------------------------------------

    @contextmanager
    def read(self) -> Iterator[Store]:
        """Give a store that sees one consistent moment and can change nothing."""
        with self._readers.connect() as connection, connection.begin():
            yield Store(connection, self.keys, self.clock())

    # --- writing -----------------------------------------------------------------------------

    def write(self, work: Callable[[Store], T]) -> T:
        """Run *work* in a transaction and return its result once that is on disk.

        Raises whatever *work* raises, TooBusy when the queue is full, NotWritten when the
        commit failed.
        """
        return self.submit(work).result()

    def submit(self, work: Callable[[Store], T]) -> "Future[T]":
        """Queue *work*; the future ends after its commit. Raises TooBusy, NotWritten."""
        answer: Future[T] = Future()
        with self._closing:
            if self._closed:
                raise NotWritten("the store is closed")
            self._start()
            try:
                self._queue.put_nowait(_Piece(work, answer))
            except queue.Full:
                raise TooBusy from None
        return answer

    def settle(self) -> None:
        """Bring the write-ahead log into the file and empty it.

        What was wiped stays readable in the log until then, for who has the file and the key.
        Where somebody reads at this moment it is left for the next time.
        """
        raw = self._readers.raw_connection()
        try:
            # A writer waits for this: let no slow reader hold it up.
            raw.cursor().execute("PRAGMA busy_timeout = 200")
            raw.cursor().execute("PRAGMA wal_checkpoint(TRUNCATE)")
        finally:
            raw.close()

    @property
    def waiting(self) -> int:
        """How many pieces of work wait for the writer."""
        return self._queue.qsize()

    def close(self) -> None:
        """Finish what waits, then stop the writer and let go of the file."""
        with self._closing:
            if self._closed:
                return
            self._closed = True
            if self._writer is not None:
                self._queue.put(None)
        if self._writer is not None:
            self._writer.join()
        self._engine.dispose()
        self._readers.dispose()

    # --- the writer thread -------------------------------------------------------------------

    def _start(self) -> None:
        if self._writer is None:
            # Made at the first write and not before: a child may be forked from a warm parent.
            self._writer = threading.Thread(target=self._run, name="writer", daemon=True)
            self._writer.start()

    def _run(self) -> None:
        while (first := self._queue.get()) is not None:
            if self._commit_group(first):
                return

    def _commit_group(self, first: _Piece) -> bool:
        """Run a group of pieces in one transaction; return whether the writer must stop."""
        done: list[tuple[_Piece, Any, BaseException | None]] = []
        taken = [first]
        stop = False
        try:
            with self._engine.connect() as connection, connection.begin():
                piece: _Piece | None = first
                while piece is not None:
                    done.append((piece, *self._run_one(connection, piece)))
                    piece, stop = self._next(len(done), taken)
        except BaseException as error:  # noqa: BLE001 -- the writer must outlive any failure
            self._fail(taken, error)
            return stop
        for piece, result, failure in done:
            if failure is not None:
                piece.answer.set_exception(failure)
            else:
                piece.answer.set_result(result)
        return stop

    def _next(self, count: int, taken: list[_Piece]) -> tuple[_Piece | None, bool]:
        if count >= self._group:
            return None, False
        try:
            piece = self._queue.get_nowait()
        except queue.Empty:
            return None, False
        if piece is None:
            return None, True
        taken.append(piece)
        return piece, False

    def _run_one(self, connection: Connection, piece: _Piece) -> tuple[Any, BaseException | None]:
        try:
            with connection.begin_nested():
                result = piece.work(Store(connection, self.keys, self.clock()))
        except Exception as error:
            if not _transaction_lives(connection):
                # Disk full and the like: SQLite has rolled the whole group back by itself.
                raise NotWritten(type(error).__name__) from error
            return None, error
        return result, None

    @staticmethod
    def _fail(taken: list[_Piece], error: BaseException) -> None:
        for piece in taken:
            if not piece.answer.done():
                failure = NotWritten(type(error).__name__)
                failure.__cause__ = error
                piece.answer.set_exception(failure)


def _transaction_lives(connection: Connection) -> bool:
    raw = connection.connection.dbapi_connection
    return bool(cast("sqlite3.Connection", raw).in_transaction)


# --- engines ---------------------------------------------------------------------------------


def _engines(url: str) -> tuple[Engine, Engine]:
    if make_url(url).get_backend_name() != "sqlite":
        raise NoSuchStore("KETDOAN_DATABASE_URL: this version keeps its memory in sqlite:///FILE")
    return _sqlite_engine(url, "BEGIN IMMEDIATE"), _sqlite_engine(url, "BEGIN", read_only=True)


def _sqlite_engine(url: str, begin: str, *, read_only: bool = False) -> Engine:
    # A reader opens its own connection each time (30 microseconds): a pooled one would be shared
    # by threads, and one left open would keep the write-ahead log from shrinking.
    engine = (
        create_engine(url, poolclass=NullPool) if read_only else create_engine(url, pool_size=1)
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
        # only IMMEDIATE waits for its turn.
        connection.exec_driver_sql(begin)

    return engine


def _pragmas(*, read_only: bool) -> tuple[str, ...]:
    common = ("busy_timeout = 15000", "foreign_keys = ON", "trusted_schema = OFF")
    if read_only:
        return (*common, "query_only = ON")
    # secure_delete: what was wiped must not stay readable in free pages.
    return (*common, "journal_mode = WAL", "synchronous = FULL", "secure_delete = ON")
