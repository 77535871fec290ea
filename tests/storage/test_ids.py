"""Ids that two processes made alike: a chance of one in millions that must cost nobody a turn."""

from collections.abc import Iterator

import pytest
from chat import Town

from storage import ids
from storage.cases import Case
from storage.database import Database
from storage.ids import new_id
from storage.store import Store


class Twin:
    """Makes the ids that another process has just made, then its own."""

    def __init__(self, made: list[int]) -> None:
        """Begin with these."""
        self._made = made
        self._own = ids._Maker()

    def make(self) -> int:
        """Return the next id."""
        return self._made.pop(0) if self._made else self._own.make()


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
