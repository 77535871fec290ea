"""Kill a process at every storage call and every outgoing call, bring the event again, compare.

The work runs in a forked child that leaves with `os._exit` at the chosen point: no `finally`, no
rollback, no flush. What is compared is everything that was kept, opened and made neutral.
"""

from __future__ import annotations

import asyncio
import gc
import os
import re
import traceback
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import timedelta
from functools import lru_cache
from pathlib import Path
from typing import Any

from chat import ABILITIES, KEYS, Clock
from sqlalchemy import BigInteger, Engine, LargeBinary, create_engine, event, select
from sqlalchemy.pool import NullPool
from stores import Store

from bot.hear import hear
from bot.office import Office
from bot.sender import drain
from bot.speech import Heard, Pace, Reply
from bot.words import Words
from storage import ids, ready
from storage.database import Database
from storage.outbox import Outbox
from storage.tables import Instant, metadata

KILLED = 77
_MADE_UP = re.compile(
    r"\b[A-HJKMNP-Z2-9]{6}\b|[A-Za-z0-9_-]{22}|(?<=\.)[A-Za-z0-9_-]{16}(?![A-Za-z0-9_-])|M-\d+|\b\d{16,19}\b"
)
# How a letter travelled may differ after a crash, that it arrived may not.
_TRAVEL = {"tries", "lease", "error"}


@dataclass
class Points:
    """Counts the points at which a process may die, and dies at one of them."""

    stop_at: int = 0
    count: int = 0
    kinds: Counter[str] = field(default_factory=Counter)
    # How many points lie before the answer: everything is written there, nothing is sent yet.
    written: int = 0

    def reach(self, kind: str) -> None:
        """Pass a point, or die here."""
        self.count += 1
        self.kinds[kind] += 1
        if self.count == self.stop_at:
            os._exit(KILLED)


class PaperMouth:
    """A channel that writes what it delivers to a file, as a platform keeps what it was given."""

    pace = Pace(0, 0)

    def __init__(self, path: Path, points: Points) -> None:
        self.path = path
        self.points = points

    async def send(self, address: str, reply: Reply) -> str:
        self.points.reach("before send")
        line = _neutral(f"{address}|{reply.text}").replace("\n", " / ")
        descriptor = os.open(self.path, os.O_WRONLY | os.O_APPEND | os.O_CREAT)
        os.write(descriptor, f"{line}\n".encode())
        os.close(descriptor)
        self.points.reach("after send")
        return "paper"


def watch(database: Database, points: Points) -> None:
    """Make a point of every statement and of every commit of this process, from here on.

    To die after a statement is to die before the next one: nothing lies between them on disk.
    """
    real = ready.run

    def run(*sides: Any) -> Any:
        points.reach("before statement")
        return real(*sides)

    ready.run = run
    for engine in (database._engine, database._readers):
        event.listen(engine, "before_cursor_execute", lambda *_: points.reach("before statement"))
        event.listen(engine, "commit", lambda *_: points.reach("before commit"))


@dataclass
class Scene:
    """A database just before the moment that is looked at, and what happens in that moment.

    The store keeps how the database stands now; each try begins there again.
    """

    store: Store
    url: str
    clock: Clock
    words: Words
    act: Callable[[Office], object]
    if_unsure: str = "resend"

    def __post_init__(self) -> None:
        self.store.keep(self.url)

    def reference(self, folder: Path) -> tuple[object, Counter[str], Points]:
        """Return what is kept and what arrived when nothing goes wrong, and the points passed."""
        arrived = folder / "reference"
        points = Points()
        self.store.again(self.url)
        counted = _in_child(lambda: self._run(arrived, points), points)
        self._settle(arrived)
        return snapshot(self.url), _lines(arrived), counted

    def crashed(self, folder: Path, stop_at: int) -> tuple[object, Counter[str], bool]:
        """Return the same after dying at one point and hearing the event again; and whether it died.

        Letters sent side by side are noted in one commit or in two, as it happens: the very last
        points of a moment may not come.
        """
        arrived = folder / f"{self.if_unsure}{stop_at}"
        self.store.again(self.url)
        died = _in_child(lambda: self._run(arrived, points), points := Points(stop_at))
        self._settle(arrived)
        return snapshot(self.url), _lines(arrived), died.count == -1

    def _settle(self, arrived: Path) -> None:
        """Restart: the platform brings the event again, and leases of the dead run out."""
        later = Clock(self.clock.now + timedelta(minutes=10))
        ended = _in_child(lambda: self._run(arrived, Points(), later), Points())
        assert ended.count >= 0

    def _run(self, arrived: Path, points: Points, later: Clock | None = None) -> None:
        ids.after_fork()
        clock = Clock(self.clock.now)
        database = Database(self.url, KEYS, clock)
        watch(database, points)
        office = Office(database, self.words, "https://ketdoan.example", ABILITIES)
        if self.if_unsure == "hold":
            _hold_every_letter()
        self.act(office)
        points.reach("after the commit, before the answer")
        points.written = points.count
        if later is not None:
            clock.now = later.now
        mouths = {name: PaperMouth(arrived, points) for name in ("paper", "abroad")}
        while asyncio.run(drain(office, mouths)):
            pass
        database.close()


def hears(heard: Heard) -> Callable[[Office], object]:
    """Return the act of hearing something."""
    return lambda office: hear(heard, office)


def _in_child(work: Callable[[], None], points: Points) -> Points:
    """Run *work* in a forked child; return its points, or a count of -1 where it died at one."""
    reader, writer = os.pipe()
    pid = os.fork()
    if pid == 0:
        # A collection would touch, and so copy, all memory of the parent.
        gc.disable()
        try:
            work()
            points.kinds["written"] = points.written
            told = ";".join(f"{kind}={number}" for kind, number in points.kinds.items())
            os.write(writer, told.encode())
            os._exit(0)
        except BaseException:
            traceback.print_exc()
            os._exit(1)
    os.close(writer)
    with os.fdopen(reader) as pipe:
        told = pipe.read()
    code = os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
    if code == KILLED:
        return Points(count=-1)
    assert code == 0, f"the child ended with {code}"
    kinds = Counter({one.split("=")[0]: int(one.split("=")[1]) for one in told.split(";") if one})
    written = kinds.pop("written")
    return Points(count=kinds.total(), kinds=kinds, written=written)


def _hold_every_letter() -> None:
    """Let this process lay out letters that are held, not sent again, when nobody knows."""
    real = Outbox.post

    def post(self, **sides) -> bool:
        return real(self, **(sides | {"if_unsure": "hold"}))

    Outbox.post = post  # type: ignore[method-assign]


def snapshot(url: str) -> dict[str, list[str]]:
    """Return everything that is kept, sealed values opened, made-up values made neutral."""
    engine = _engine(url)
    found = {}
    with engine.connect() as connection:
        if engine.name == "sqlite":
            assert connection.exec_driver_sql("PRAGMA integrity_check").scalar() == "ok"
        for table, query in _TABLES.items():
            rows = connection.execute(query).mappings()
            found[table.name] = sorted(_row(table, row) for row in rows)
    return found


# Compiled once for a database: a scene looks at it hundreds of times.
_TABLES = {table: select(table) for table in metadata.sorted_tables}


@lru_cache(maxsize=4)
def _engine(url: str) -> Engine:
    return create_engine(url, poolclass=NullPool)


def _row(table, row) -> str:
    parts = []
    for column in table.columns:
        value = row[column.name]
        if column.name in _TRAVEL or column.name.endswith("_blind"):
            continue
        if isinstance(column.type, LargeBinary):
            value = KEYS.open(table.name, row["id"], column.name, value) if value else ""
        elif isinstance(column.type, BigInteger | Instant):
            value = "set" if value is not None else "none"
        parts.append(f"{column.name}={value}")
    return _neutral(" ".join(parts))


def _neutral(text: str) -> str:
    return _MADE_UP.sub("…", text)


def _lines(path: Path) -> Counter[str]:
    return Counter(path.read_text(encoding="utf-8").splitlines()) if path.exists() else Counter()
