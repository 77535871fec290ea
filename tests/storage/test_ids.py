"""Ids that two processes made alike: a chance of one in millions that must cost nobody a turn."""

import threading
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest
from chat import MAY, Town
from sqlalchemy import func, select

from storage import ids
from storage.cases import Case
from storage.database import Database
from storage.ids import new_id
from storage.store import Store
from storage.tables import letter


class Twin(ids._Maker):
    """Makes the ids that another process has just made, then its own."""

    def __init__(self, made: list[int]) -> None:
        """Begin with these."""
        super().__init__()
        self._made = made

    def make(self) -> int:
        """Return the next id."""
        return self._made.pop(0) if self._made else super().make()


@pytest.fixture
def made(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[int]]:
    """The ids that this process is about to make a second time."""
    again: list[int] = []
    monkeypatch.setattr(ids, "_maker", Twin(again))
    return again  # type: ignore[return-value]


def heard(event_id: str):
    """Return a turn's first piece of work: note the event."""

    def work(store: Store) -> bool:
        return store.inbox.is_first_time("telegram", event_id)

    return work


def test_an_id_rises_and_is_made_once() -> None:
    """One process makes no id twice, and each is greater than the one before."""
    many = [new_id() for _ in range(5_000)]
    assert many == sorted(set(many))


def test_an_event_with_the_id_of_another_is_no_repetition(
    database: Database, made: list[int]
) -> None:
    """It is heard: its id is made anew, and only its own number makes it a repetition."""
    taken = new_id()
    made.append(taken)
    assert database.write(heard("first"))
    made.append(taken)
    assert database.write(heard("second"))
    assert not database.write(heard("second"))


def test_a_case_with_the_id_of_another_is_opened_all_the_same(
    database: Database, town: Town, made: list[int]
) -> None:
    """Its code and its place decide whether it is there already, never our id."""

    def opened(code: str):
        def work(store: Store) -> Case | None:
            body = store.bodies.triage()
            return store.cases.open_once("request", code, "submitted", body.id)

        return work

    taken = new_id()
    made.append(taken)
    first = database.write(opened("A1"))
    made.append(taken)
    second = database.write(opened("A2"))
    assert first is not None
    assert second is not None
    assert first.id != second.id
    assert database.write(opened("A2")) is None


def test_a_turn_whose_ids_are_all_taken_is_refused_and_not_forgotten(
    database: Database, made: list[int]
) -> None:
    """After its tries it raises, so that the event is kept and comes again; it is never lost."""
    taken = new_id()
    made.append(taken)
    assert database.write(heard("first"))
    made.extend([taken] * 20)
    with pytest.raises(Exception, match=r"(?i)unique|primary"):
        database.write(heard("second"))
    made.clear()
    assert database.write(heard("second"))


# --- clocks that do not agree --------------------------------------------------------------------


def later(seconds: float) -> datetime:
    """Return the moment by a clock that is ahead of this machine's (or behind)."""
    return datetime.now(UTC) + timedelta(seconds=seconds)


def milliseconds(made: int) -> int:
    """Return when an id was made."""
    return made >> 22


def test_ids_rise_by_the_clock_of_the_store() -> None:
    """Two machines whose own clocks differ by seconds make ids in the order of their turns."""
    ahead, behind = ids._Maker(), ids._Maker()
    ahead.follow(later(5))
    behind.follow(later(5))
    first, second = ahead.make(), behind.make()
    assert abs(milliseconds(first) - milliseconds(second)) < 1000
    machine = ids._Maker()
    assert milliseconds(first) - milliseconds(machine.make()) > 4000


def test_an_answer_long_on_its_way_sets_no_clock_back() -> None:
    """The least late look counts: a store that answers slowly looks late, and is not."""
    maker = ids._Maker()
    maker.follow(later(5))
    before = maker.make()
    maker.follow(later(3))
    assert abs(milliseconds(maker.make()) - milliseconds(before)) < 1000


def test_a_clock_set_back_makes_no_id_below_what_is_kept(
    database: Database, town: Town, monkeypatch: pytest.MonkeyPatch
) -> None:
    """After a restart letters still come after those that lie there already."""
    fast = ids._Maker()
    fast.follow(later(3600))
    monkeypatch.setattr(ids, "_maker", fast)
    town.person("Nguyễn Thị Mẫu").scans(MAY)
    newest = database.write(lambda store: store.connection.scalar(select(func.max(letter.c.id))))
    database.close()
    monkeypatch.setattr(ids, "_maker", ids._Maker())
    opened = Database(database.url, database.keys, database.clock)
    try:
        assert opened.write(lambda _: new_id()) > newest
    finally:
        opened.close()


@pytest.mark.store("postgresql", reason="a file has one writer")
def test_no_piece_waits_for_another_while_threads_may_be_made(database: Database) -> None:
    """On a server the second turn does not wait for a first that waits for a lock."""
    go_on = threading.Event()
    slow = database.submit(lambda _: go_on.wait(20))
    try:
        assert database.submit(lambda _: "done").result(10) == "done"
    finally:
        go_on.set()
        slow.result()
