"""The only begin and commit, for one SQLite file or one PostgreSQL server.

SQLite: one writer thread commits several waiting pieces of work together, a savepoint each, with
synchronous=FULL; only then does each caller get its answer. PostgreSQL: a few threads, a
transaction each; the server groups their commits. A piece that raises leaves nothing behind, a
failed COMMIT keeps nothing of all that it held.
"""

import queue
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, TypeVar

from sqlalchemy import Connection

from storage import engines, ids, ready
from storage.engines import NoSuchStore
from storage.reference import Known, Reference
from storage.sealed import Keyring
from storage.store import Store

T = TypeVar("T")
Clock = Callable[[], datetime]

_TRIES = 3


class NotWritten(Exception):
    """The store could not commit; nothing of this work is kept, and it may come again."""


class Away(NotWritten):
    """The store cannot be reached now: nothing was read, and nothing is kept."""


class TooBusy(Exception):
    """More turns wait than the queue holds; come again in a few seconds, nothing is lost."""


class _NotCommitted(Exception):
    """The COMMIT itself failed."""


def utc_now() -> datetime:
    """Return the moment, in UTC."""
    return datetime.now(UTC)  # noqa: TID251 -- the one clock


@dataclass(frozen=True, slots=True)
class _Piece:
    work: Callable[[Store], Any]
    answer: "Future[Any]"


class Database:
    """One store with its keys and its clock. Read with `read()`, change with `write(work)`."""

    def __init__(
        self,
        url: str,
        keys: Keyring,
        clock: Clock | None = None,
        *,
        waiting: int = 1000,
        group: int = 64,
        threads: int = 8,
    ) -> None:
        """Open *url* (`sqlite:///FILE` or `postgresql://…`); at most *waiting* pieces queue.

        *group* pieces commit together on SQLite, *threads* side by side on PostgreSQL. Without a
        *clock* the moment is the database's own: that of the machine for a file, that of the
        server where several machines share one. Raises NoSuchStore.
        """
        self.url = url
        self.keys = keys
        self._engine, self._readers = engines.open_store(url, threads)
        self.is_file = self._engine.dialect.name == "sqlite"
        self.clock: Clock = clock or utc_now
        self._reference = Reference()
        self._group = group
        self._queue: queue.SimpleQueue[_Piece | None] = queue.SimpleQueue()
        self._most = waiting
        self._closing = threading.Lock()
        self._closed = False
        self._threads: list[threading.Thread] = []
        self._wanted = 1 if self.is_file else threads
        self._under_way = 0
        self._is_above = False

    # --- reading -----------------------------------------------------------------------------

    @contextmanager
    def read(self) -> Iterator[Store]:
        """Give a store that sees one consistent moment and can change nothing. Raises Away."""
        try:
            if self.is_file:
                # SQLAlchemy's own way to begin costs more than what a page reads.
                with self._readers.connect() as connection, engines.one_moment(connection):
                    yield self._store(connection)
            else:
                with self._readers.connect() as connection, connection.begin():
                    yield self._store(connection)
        except Exception as error:
            if not engines.is_away(error):
                raise
            raise Away(type(error).__name__) from error

    def _store(self, connection: Connection) -> Store:
        line = ready.Line(connection)
        asks_server = self.clock is utc_now and not self.is_file
        if asks_server:
            now = engines.moment(line)
            ids.follow(now)
        else:
            now = self.clock()
        return Store(connection, self.keys, now, Known(line, self._reference))

    def moment(self) -> datetime:
        """Return the moment in UTC by the clock that all processes of this store share."""
        if self.is_file or self.clock is not utc_now:
            return self.clock()
        with self.read() as store:
            return store.now

    # --- writing -----------------------------------------------------------------------------

    def write(self, work: Callable[[Store], T]) -> T:
        """Run *work* in a transaction and return its result once that is on disk.

        Raises whatever *work* raises, TooBusy when the queue is full, NotWritten when the
        commit failed.
        """
        return self.submit(work).result()

    def submit(self, work: Callable[[Store], T]) -> "Future[T]":
        """Queue *work*; the future ends after its commit. Raises TooBusy, NotWritten.

        *work* may run again from its beginning: two turns locked each other on PostgreSQL, or
        another process made one of its ids in the same millisecond.
        """
        answer: Future[T] = Future()
        with self._closing:
            if self._closed:
                raise NotWritten("the store is closed")
            if self._queue.qsize() >= self._most:
                raise TooBusy
            self._under_way += 1
            self._start()
            self._queue.put(_Piece(work, answer))
        return answer

    def settle(self) -> None:
        """Bring what was wiped out of the write-ahead log of a file, where it stays readable."""
        if self.is_file:
            engines.empty_log(self._readers)

    @property
    def waiting(self) -> int:
        """How many pieces of work wait for a writer."""
        return self._queue.qsize()

    def close(self) -> None:
        """Finish what waits, then stop the writers and let go of the store."""
        with self._closing:
            if self._closed:
                return
            self._closed = True
            for _ in self._threads:
                self._queue.put(None)
        for thread in self._threads:
            thread.join()
        self._engine.dispose()
        self._readers.dispose()

    # --- the writers -------------------------------------------------------------------------

    def _start(self) -> None:
        # Made at the first write and not before: a child may be forked from a warm parent. On
        # PostgreSQL one more for each piece that would wait for another, up to all.
        if len(self._threads) < min(self._wanted, self._under_way):
            run = self._run_groups if self.is_file else self._run_each
            thread = threading.Thread(target=run, name="writer", daemon=True)
            self._threads.append(thread)
            thread.start()

    def _begin_above(self) -> None:
        """Never make an id below one that is kept: the clock may have been set back since.

        Whatever fails here fails again, and with an answer, in the turn that follows.
        """
        if self._is_above:
            return
        lines = self._readers if self.is_file else self._engine
        with suppress(Exception), lines.connect() as connection:
            newest = connection.exec_driver_sql("SELECT max(id) FROM letter").scalar()
            ids.begin_above(newest or 0)
            self._is_above = True

    # --- one writer for a file ---------------------------------------------------------------

    def _run_groups(self) -> None:
        while (first := self._queue.get()) is not None:
            self._begin_above()
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
            _fail(taken, error)
            return stop
        for piece, result, failure in done:
            _answer(piece, result, failure)
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
        attempt = 1
        while True:
            store = self._store(connection)
            ready.savepoint(store.line, "piece")
            try:
                result = piece.work(store)
                ready.release(store.line, "piece")
            except Exception as error:
                if not engines.is_open(store.line):
                    # Disk full and the like: SQLite has rolled the whole group back by itself.
                    raise NotWritten(type(error).__name__) from error
                ready.roll_back(store.line, "piece")
                if attempt == _TRIES or not engines.goes_again(error):
                    return None, error
                attempt += 1
            else:
                return result, None

    # --- several for a server ----------------------------------------------------------------

    def _run_each(self) -> None:
        while (piece := self._queue.get()) is not None:
            self._begin_above()
            self._commit_one(piece)
            with self._closing:
                self._under_way -= 1

    def _commit_one(self, piece: _Piece) -> None:
        for attempt in range(1, _TRIES + 1):
            try:
                _answer(piece, self._attempt(piece), None)
            except BaseException as error:  # noqa: BLE001 -- the writer must outlive any failure
                if attempt < _TRIES and engines.goes_again(error):
                    continue
                is_broken = not isinstance(error, Exception)
                if is_broken or isinstance(error, _NotCommitted) or engines.is_away(error):
                    _fail([piece], error.__cause__ or error)
                else:
                    _answer(piece, None, error)
            return

    def _attempt(self, piece: _Piece) -> Any:
        with self._engine.connect() as connection:
            whole = connection.begin()
            try:
                result = piece.work(self._store(connection))
            except BaseException:
                if engines.is_broken(connection):
                    connection.invalidate()
                else:
                    whole.rollback()
                raise
            try:
                whole.commit()
            except BaseException as error:
                # Whether it is kept nobody knows; who brings it again is told by the inbox.
                connection.invalidate()
                raise _NotCommitted from error
        return result


def _answer(piece: _Piece, result: Any, failure: BaseException | None) -> None:
    if failure is not None:
        piece.answer.set_exception(failure)
    else:
        piece.answer.set_result(result)


def _fail(taken: list[_Piece], error: BaseException) -> None:
    for piece in taken:
        if not piece.answer.done():
            failure = NotWritten(type(error).__name__)
            failure.__cause__ = error
            piece.answer.set_exception(failure)


__all__ = ["Away", "Clock", "Database", "NoSuchStore", "NotWritten", "TooBusy", "utc_now"]
