"""The two stores that every test with a memory runs on: SQLite in a file, PostgreSQL on a server."""

from __future__ import annotations

import itertools
import os
import shutil
from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from chat import KEYS, Clock
from postgres import OWNER, Cluster, of_this_run
from sqlalchemy import make_url
from town import found_town

from storage.database import Database
from storage.migrate import upgrade
from storage.tables import metadata

TEMPLATE = "town"


class Store(ABC):
    """A kind of store: it makes databases, empty or with the town in them, and clears them away."""

    name: str
    tokens: Mapping[str, str]

    @abstractmethod
    def town(self, folder: Path, name: str = "town") -> str:
        """Return the address of a fresh copy of the town's database."""

    @abstractmethod
    def empty(self, folder: Path, name: str = "empty") -> str:
        """Return the address of a database in which there is nothing yet."""

    @abstractmethod
    def keep(self, url: str) -> None:
        """Keep what stands in a database that nobody has open, for `again`."""

    @abstractmethod
    def again(self, url: str) -> None:
        """Let a database be as it was when it was kept, whatever was done to it since."""

    @abstractmethod
    def bytes_of(self, url: str, since: float = 0.0) -> bytes:
        """Return every byte that a database has on disk, with its log of after *since*."""

    @abstractmethod
    def drop(self, url: str) -> None:
        """Take a database away; nobody needs it any more."""

    @abstractmethod
    def mark(self) -> int:
        """Return how many databases there are."""

    @abstractmethod
    def sweep(self, mark: int) -> None:
        """Take away what was made since *mark*."""


class Sqlite(Store):
    """One file for each database, in a folder that pytest clears away."""

    name = "sqlite"

    def __init__(self, folder: Path) -> None:
        self._founded = folder / "town.db"
        self.tokens = found(f"sqlite:///{self._founded}")

    def town(self, folder: Path, name: str = "town") -> str:
        shutil.copy(self._founded, folder / f"{name}.db")
        return f"sqlite:///{folder}/{name}.db"

    def empty(self, folder: Path, name: str = "empty") -> str:
        return f"sqlite:///{folder}/{name}.db"

    def keep(self, url: str) -> None:
        for suffix in _PARTS:
            _copy_or_not(Path(f"{file_of(url)}{suffix}"), Path(f"{file_of(url)}.kept{suffix}"))

    def again(self, url: str) -> None:
        for suffix in _PARTS:
            _copy_or_not(Path(f"{file_of(url)}.kept{suffix}"), Path(f"{file_of(url)}{suffix}"))

    def bytes_of(self, url: str, since: float = 0.0) -> bytes:
        del since
        path = file_of(url)
        files = [Path(f"{path}{suffix}") for suffix in _PARTS]
        return b"".join(one.read_bytes() for one in files if one.exists())

    def drop(self, url: str) -> None:
        path = file_of(url)
        for one in path.parent.glob(f"{path.name}*"):
            one.unlink()

    def mark(self) -> int:
        return 0

    def sweep(self, mark: int) -> None:
        pass


_PARTS = ("", "-wal", "-shm")


def _copy_or_not(source: Path, to: Path) -> None:
    if source.exists():
        shutil.copy(source, to)
    else:
        to.unlink(missing_ok=True)


class Postgresql(Store):
    """Databases on this run's server, copied from one that was founded once for all processes.

    To make one takes 40 milliseconds and much disk, to wash one five: each serves some tests.
    """

    name = "postgresql"

    def __init__(self) -> None:
        """Raises NoServer."""
        self.cluster, self.tokens = of_this_run(_found_on)
        self._numbers = itertools.count(1)
        self._made: list[str] = []
        # Towns that may be washed and how often they were; clean ones that wait for a test.
        self._washed: dict[str, int] = {}
        self._clean: list[str] = []

    def town(self, folder: Path, name: str = "town") -> str:
        made = self._clean.pop() if self._clean else self._make(TEMPLATE)
        self._washed.setdefault(made, 0)
        self._made.append(made)
        return self.cluster.url(made)

    def empty(self, folder: Path, name: str = "empty") -> str:
        self._made.append(self._make(None))
        return self.cluster.url(self._made[-1])

    def _make(self, template: str | None) -> str:
        name = f"t{os.getpid()}_{next(self._numbers)}"
        self.cluster.create(name, template)
        return name

    def keep(self, url: str) -> None:
        self._washed.pop(database_of(url), None)
        self.cluster.command(_KEEP, database_of(url))

    def again(self, url: str) -> None:
        self.cluster.command(_AGAIN, database_of(url))

    def bytes_of(self, url: str, since: float = 0.0) -> bytes:
        import psycopg

        self.cluster.command("checkpoint")
        address = f"host={self.cluster.folder} user={OWNER} dbname={database_of(url)}"
        with psycopg.connect(address) as connection:
            row = connection.execute(
                "select oid from pg_database where datname = current_database()"
            ).fetchone()
        assert row
        kept = self.cluster.folder / "cluster"
        log = [one for one in (kept / "pg_wal").glob("0*") if one.stat().st_mtime >= since]
        files = [*(kept / "base" / str(row[0])).iterdir(), *log]
        return b"".join(one.read_bytes() for one in sorted(files))

    def drop(self, url: str) -> None:
        name = database_of(url)
        self._made.remove(name)
        times = self._washed.get(name, _MOST_WASHED)
        if times >= _MOST_WASHED:
            self._washed.pop(name, None)
            self.cluster.drop(name)
            return
        self._washed[name] = times + 1
        self.again(self.cluster.url(name))
        self._clean.append(name)

    def mark(self) -> int:
        return len(self._made)

    def sweep(self, mark: int) -> None:
        for name in self._made[mark:]:
            self.drop(self.cluster.url(name))


# Each wash leaves dead rows behind, which make it slower little by little.
_MOST_WASHED = 40
_NAMES = [table.name for table in metadata.sorted_tables]
_KEEP = "; ".join(
    [
        "drop schema if exists kept cascade",
        "create schema kept",
        *(f"create table kept.{one} as table public.{one}" for one in _NAMES),
    ]
)
_PUT_OUT = (
    "select pg_terminate_backend(pid) from pg_stat_activity"
    " where datname = current_database() and pid <> pg_backend_pid()"
)
# Whoever still has it open is put out first. Foreign keys do not ask who goes first.
_AGAIN = "; ".join(
    [
        _PUT_OUT,
        "set session_replication_role = replica",
        *(f"delete from public.{one}" for one in _NAMES),  # noqa: S608 -- names of our tables
        *(f"insert into public.{one} table kept.{one}" for one in _NAMES),
    ]
)


@dataclass(frozen=True)
class Founded:
    """The town's database on one store, made once and copied for each test."""

    store: Store

    @property
    def tokens(self) -> Mapping[str, str]:
        """The tokens of the town's posters."""
        return self.store.tokens

    def fresh(self, folder: Path, name: str = "town") -> str:
        """Return the address of a copy of its own; *folder* and *name* are for a file."""
        return self.store.town(folder, name)


def found(url: str) -> dict[str, str]:
    """Found the town on an empty database; return the tokens of its posters."""
    upgrade(url)
    database = Database(url, KEYS, Clock())
    tokens = database.write(found_town)
    database.close()
    return tokens


def _found_on(cluster: Cluster) -> dict[str, str]:
    tokens = found(cluster.create(TEMPLATE))
    cluster.command(_KEEP, TEMPLATE)
    cluster.command(f"alter database {TEMPLATE} with allow_connections false is_template true")
    return tokens


def file_of(url: str) -> Path:
    """Return the file of a SQLite database."""
    return Path(url.removeprefix("sqlite:///"))


def database_of(url: str) -> str:
    """Return the name of a PostgreSQL database."""
    name = make_url(url).database
    assert name
    return name
