"""Zalo's door while the store is away, and while the program is killed: what was taken is heard."""

from __future__ import annotations

import random
import signal
import socket
import sqlite3
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing, contextmanager, suppress
from dataclasses import replace
from pathlib import Path

import pytest
from chat import KEYS, Clock
from fakes.zalo_client import FakeZalo, oa_user
from postgres import Cluster
from serving import Served, settle
from sqlalchemy import select
from stores import Founded, file_of, found

from storage.database import Database
from storage.spool import Spool
from storage.store import Store
from storage.tables import inbox, letter

LONGEST = 60.0
PEOPLE = range(2001, 2009)


@pytest.fixture(scope="module")
def running() -> Iterator[FakeZalo]:
    """A fake Zalo that brings again what was not taken, for longer than a restart takes."""
    with FakeZalo(speed=300) as zalo:
        yield zalo


@pytest.fixture
def zalo(running: FakeZalo) -> Iterator[FakeZalo]:
    """The fake, begun anew; afterwards it delivers nowhere."""
    running.reset()
    yield running
    running.reset()


def free_port() -> int:
    """Return a port nobody listens on."""
    with socket.socket() as made:
        made.bind(("127.0.0.1", 0))
        return int(made.getsockname()[1])


def until(is_so: Callable[[], bool], what: str) -> None:
    """Wait until something is so."""
    end = time.monotonic() + LONGEST
    while not is_so():
        assert time.monotonic() < end, f"it took too long until {what}"
        time.sleep(0.02)


def opened(
    founded: Founded | Mapping[str, str], folder: Path, zalo: FakeZalo, url: str = ""
) -> Served:
    """Settle an installation whose Zalo is the fake, and start it."""
    served = settle(founded, folder)  # type: ignore[arg-type]
    served.environment |= zalo.environment() | ({"KETDOAN_DATABASE_URL": url} if url else {})
    served.start()
    zalo.connect(f"{served.url}/zalo")
    # What is said to people comes back as an echo, which would count as a delivery.
    zalo.faults(echoes=False)
    return served


@contextmanager
def seen(served: Served) -> Iterator[Store]:
    """Look into the store beside whoever serves it."""
    database = Database(served.environment["KETDOAN_DATABASE_URL"], KEYS, Clock())
    try:
        with database.read() as store:
            yield store
    finally:
        database.close()


def say(zalo: FakeZalo, rounds: int) -> dict[int, list[str]]:
    """Let everybody say something some times; return the numbers of the events, in order."""
    told: dict[int, list[str]] = {one: [] for one in PEOPLE}
    for _ in range(rounds):
        for one in PEOPLE:
            told[one].append(zalo.say(one, "menu")["message_id"])
    return told


def heard(served: Served, told: Mapping[int, list[str]]) -> dict[int, list[str]]:
    """Return the events that were heard of each, in the order in which they were."""
    with seen(served) as store:
        rows = store.connection.execute(select(inbox.c.event_id).order_by(inbox.c.id)).scalars()
        order = list(rows)
    return {one: [event for event in order if event in mine] for one, mine in told.items()}


def answers(served: Served, person: int) -> int:
    """Return how many letters were ever laid out for somebody."""
    with seen(served) as store:
        known = store.conversations.find("zalo", oa_user(person))
        assert known
        mine = letter.c.conversation_id == known.id
        return len(list(store.connection.execute(select(letter.c.id).where(mine))))


def waits(served: Served) -> int:
    """Return about how many events lie in the spool."""
    return Spool(served.folder / "spool", KEYS, 0).lying().events


@contextmanager
def blocked(path: Path) -> Iterator[None]:
    """Hold the one lock under which a SQLite file is written."""
    with closing(sqlite3.connect(path, isolation_level=None, timeout=LONGEST)) as holder:
        holder.execute("BEGIN IMMEDIATE")
        yield
        with suppress(sqlite3.OperationalError):
            holder.execute("ROLLBACK")


def check_all_heard(served: Served, zalo: FakeZalo, told: Mapping[int, list[str]]) -> None:
    """Wait for the end, and demand that each event was heard once and answered once."""
    zalo.wait_taken(LONGEST)
    assert zalo.hook()["is_on"], "the door failed for too long"
    until(lambda: not waits(served), "the spool is empty")
    until(lambda: _all(heard(served, told)) == _all(told), "all are heard")
    for one, events in told.items():
        assert answers(served, one) == len(events)


def _all(told: Mapping[int, list[str]]) -> dict[int, list[str]]:
    return {one: sorted(events) for one, events in told.items()}


@pytest.mark.store("sqlite", reason="a file has one lock that can be held")
def test_killed_while_the_store_is_blocked_it_loses_nothing(
    founded: Founded, tmp_path: Path, zalo: FakeZalo
) -> None:
    """Every event that was acknowledged is heard after kill -9, once, and answered once."""
    chance = random.Random(5)
    served = opened(founded, tmp_path / "served", zalo)
    path = file_of(served.environment["KETDOAN_DATABASE_URL"])
    told: dict[int, list[str]] = {one: [] for one in PEOPLE}
    try:
        for _ in range(3):
            taken = zalo.hook()["accepted"] + chance.randint(3, 35)
            with blocked(path):
                for one, events in say(zalo, 5).items():
                    told[one] += events
                until(lambda at=taken: zalo.hook()["accepted"] >= at, "some were taken")
                served.stop(signal.SIGKILL)
                assert waits(served)
                served.start()
        check_all_heard(served, zalo, told)
    finally:
        served.stop()


@pytest.mark.store("sqlite", reason="a file has one lock that can be held")
def test_while_the_store_is_blocked_the_door_never_fails(
    founded: Founded, tmp_path: Path, zalo: FakeZalo
) -> None:
    """Everything is taken at its first try, and each person is heard in her order."""
    served = opened(founded, tmp_path / "served", zalo)
    try:
        with blocked(file_of(served.environment["KETDOAN_DATABASE_URL"])):
            told = say(zalo, 6)
            zalo.wait_taken(LONGEST)
            assert "events wait for the store" in served.run("doctor")
        check_all_heard(served, zalo, told)
        assert heard(served, told) == told
        assert (zalo.hook()["failed"], zalo.hook()["redelivered"]) == (0, 0)
        assert "spool: nothing waits" in served.run("doctor")
    finally:
        served.stop()


@pytest.mark.store("postgresql", reason="a file does not go away")
def test_while_the_server_is_gone_the_door_never_fails(
    own_server: Cluster, tmp_path: Path, zalo: FakeZalo, founded: Founded
) -> None:
    """PostgreSQL stops and comes back: everything was taken at once, and is heard in order.

    Who took it is dead by then; another process that shares the folder feeds it.
    """
    name = f"gone{tmp_path.name[-8:].strip('_-').lower()}"
    own_server.create(name)
    found(own_server.url(name))
    served = opened(founded, tmp_path / "served", zalo, own_server.url(name))
    port = str(free_port())
    own = {"KETDOAN_PORT": port, "KETDOAN_PUBLIC_URL": f"http://127.0.0.1:{port}"}
    other = replace(
        served,
        url=own["KETDOAN_PUBLIC_URL"],
        environment=served.environment | own,
        process=None,
    )
    other.start()
    try:
        told = say(zalo, 2)
        zalo.wait_taken(LONGEST)
        own_server.stop()
        for one, events in say(zalo, 6).items():
            told[one] += events
        zalo.wait_taken(LONGEST)
        assert waits(served) >= 6 * len(PEOPLE)
        assert zalo.hook()["failed"] == 0
        served.stop(signal.SIGKILL)
        own_server.start()
        check_all_heard(other, zalo, told)
        assert heard(other, told) == told
    finally:
        served.stop()
        other.stop()
