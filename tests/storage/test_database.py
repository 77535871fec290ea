"""The writers: groups, savepoints, refusals, and several processes on one store."""

import subprocess
import sys
import threading
from concurrent.futures import Future
from pathlib import Path

import pytest
from chat import KEYS
from sqlalchemy import event, text
from sqlalchemy.exc import OperationalError
from stores import Founded

from storage.database import Database, NoSuchStore, NotWritten, TooBusy
from storage.store import Store


def put(key: str):
    """Return a piece of work that keeps a setting."""

    def work(store: Store) -> str:
        store.settings.put(key, "yes")
        return key

    return work


def kept(database: Database, key: str) -> bool:
    """Whether a setting is there."""
    with database.read() as store:
        return store.settings.get(key) == "yes"


def hold(database: Database) -> threading.Event:
    """Keep the writer busy until the returned event is set."""
    started, go_on = threading.Event(), threading.Event()

    def wait(store: Store) -> None:
        started.set()
        go_on.wait(10)

    database.submit(wait)
    started.wait(10)
    return go_on


def test_a_piece_that_raises_is_rolled_back_alone(database: Database) -> None:
    """In one group, the broken turn leaves nothing and its neighbours are kept."""
    go_on = hold(database)

    def broken(store: Store) -> None:
        store.settings.put("broken", "yes")
        raise RuntimeError("on purpose")

    first, middle, last = (
        database.submit(put("first")),
        database.submit(broken),
        database.submit(put("last")),
    )
    go_on.set()
    assert first.result() == "first"
    assert last.result() == "last"
    with pytest.raises(RuntimeError):
        middle.result()
    assert kept(database, "first")
    assert kept(database, "last")
    assert not kept(database, "broken")


@pytest.mark.store("sqlite", reason="a server groups the commits of its clients by itself")
def test_waiting_turns_share_one_commit(database: Database) -> None:
    """What waits together is committed together."""
    commits = []
    event.listen(database._engine, "commit", lambda _: commits.append(1))
    go_on = hold(database)
    answers = [database.submit(put(f"k{number}")) for number in range(20)]
    go_on.set()
    assert [one.result() for one in answers] == [f"k{number}" for number in range(20)]
    assert len(commits) == 1


def test_a_full_queue_refuses_and_loses_nothing(tmp_path: Path, founded: Founded) -> None:
    """When the queue is full the next is refused at once, and all that were taken are kept."""
    small = Database(founded.fresh(tmp_path), KEYS, waiting=3, threads=1)
    go_on = hold(small)
    answers = [small.submit(put(f"full{number}")) for number in range(3)]
    with pytest.raises(TooBusy):
        small.submit(put("too much"))
    go_on.set()
    assert len([one.result() for one in answers]) == 3
    assert not kept(small, "too much")
    small.close()


def test_a_failed_commit_fails_the_whole_group(database: Database) -> None:
    """When COMMIT fails nobody of the group is told that it is kept, and nothing is."""
    go_on = hold(database)
    first, second = database.submit(put("one")), database.submit(put("two"))

    def fail(_: object) -> None:
        raise OperationalError("COMMIT", {}, Exception("disk I/O error"))

    event.listen(database._engine, "commit", fail)
    go_on.set()
    for answer in (first, second):
        with pytest.raises(NotWritten):
            answer.result()
    event.remove(database._engine, "commit", fail)
    assert not kept(database, "one")
    assert database.write(put("after")) == "after"


@pytest.mark.store("sqlite", reason="a server tells of its disk by an error of its own")
def test_a_full_disk_fails_the_group_and_the_writer_lives_on(database: Database) -> None:
    """SQLite rolls everything back by itself when the disk is full; nobody is told otherwise."""
    go_on = hold(database)
    small = database.submit(put("small"))

    def too_big(store: Store) -> None:
        store.connection.execute(text("PRAGMA max_page_count = 1"))
        for number in range(2000):
            store.settings.put(f"big{number}", "x" * 1000)

    big: Future[None] = database.submit(too_big)
    go_on.set()
    outcomes = []
    for answer in (small, big):
        try:
            answer.result()
            outcomes.append("kept")
        except Exception as error:
            outcomes.append(type(error).__name__)
    assert outcomes[1] != "kept"
    assert (outcomes[0] == "kept") == kept(database, "small")
    assert not kept(database, "big0")
    database._engine.dispose()
    assert database.write(put("after")) == "after"


def test_a_reader_can_change_nothing(database: Database) -> None:
    """A page that only reads cannot write, whatever it tries."""
    with pytest.raises(Exception, match=r"read-?only"), database.read() as store:
        store.settings.put("sneaked", "yes")
    assert not kept(database, "sneaked")


def test_reading_does_not_wait_for_a_writer(database: Database) -> None:
    """A page is answered while a long turn holds the writer."""
    go_on = hold(database)
    assert not kept(database, "anything")
    go_on.set()


def test_closing_finishes_what_waits(database: Database) -> None:
    """What was taken before closing is kept; afterwards nothing is taken."""
    answers = [database.submit(put(f"c{number}")) for number in range(50)]
    database.close()
    assert all(one.done() for one in answers)
    with pytest.raises(NotWritten):
        database.submit(put("late"))


def test_another_store_is_refused_by_name() -> None:
    """An address that this version cannot use is refused with one sentence."""
    with pytest.raises(NoSuchStore, match=r"sqlite.*postgresql"):
        Database("mysql://localhost/x", KEYS)


WRITER = """
import sys
from storage.database import Database
from storage.sealed import Keyring
url, name = sys.argv[1:]
database = Database(url, Keyring({1: b"0123456789abcdef0123456789abcdef"}))
for number in range(150):
    database.write(lambda store: store.settings.put(f"{name}{number}", "yes"))
database.close()
"""


def test_several_processes_write_one_store_and_lose_nothing(database: Database) -> None:
    """`talk`, `import` and `serve` beside each other wait for their turn; none sees "locked"."""
    running = [
        subprocess.Popen(
            [sys.executable, "-c", WRITER, database.url, name], stderr=subprocess.PIPE
        )
        for name in ("a", "b", "c")
    ]
    for number in range(150):
        database.write(put(f"d{number}"))
    for one in running:
        _, errors = one.communicate(timeout=120)
        assert one.returncode == 0, errors
    assert all(kept(database, f"{name}149") for name in "abcd")
    with database.read() as store:
        count = store.connection.execute(
            text("select count(*) from setting where key like 'a%' or key like 'd%'")
        ).scalar()
    assert count == 300


def test_the_writer_survives_whatever_a_turn_raises(database: Database) -> None:
    """Even an exception that is no Exception ends only its own group."""

    def worst(store: Store) -> None:
        raise KeyboardInterrupt

    with pytest.raises(NotWritten):
        database.write(worst)
    assert database.write(put("alive")) == "alive"
