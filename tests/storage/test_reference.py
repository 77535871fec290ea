"""What rarely changes is kept between turns, and never a moment longer than it holds."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, timedelta

import pytest
from chat import KEYS, MAY, PHUONG, TINH, XA

from storage.database import Database
from storage.law import Holiday
from storage.store import Store
from union.bodies import Place, responsible_for
from union.rules import Rule


def answers(store: Store) -> tuple[object, ...]:
    """Return everything that is kept between turns, as it is answered now."""
    enterprise = store.enterprises.by_code(MAY)
    assert enterprise is not None
    place = store.bodies.place_of(enterprise.id)
    on = store.today
    body = store.bodies.by_code(PHUONG)
    assert body is not None
    return (
        responsible_for(place, "petition", "receives", on, store.bodies.jurisdiction(place)),
        store.bodies.by_id(body.id),
        store.bodies.triage(),
        store.law.book().in_force("founding_min_people", on).value,
        store.law.holidays(),
    )


def _described(store: Store) -> None:
    body = store.bodies.by_code(PHUONG)
    assert body is not None
    store.bodies.describe(
        body.id,
        name="Công đoàn phường Mẫu Mới",
        level="commune",
        parent_id=body.parent_id,
        valid_from=store.today,
        source="test",
    )


def _covered(store: Store) -> None:
    other = store.bodies.by_code(XA)
    enterprise = store.enterprises.by_code(MAY)
    assert other is not None
    assert enterprise is not None
    store.bodies.cover(
        other.id,
        "enterprise",
        str(enterprise.id),
        priority=9,
        valid_from=store.today,
        source="test",
    )


def _lost_its_power(store: Store) -> None:
    body = store.bodies.by_code(PHUONG)
    assert body is not None
    store.bodies.empower(
        body.id,
        "petition",
        "receives",
        valid_from=date(2025, 7, 1),
        valid_to=store.today,
        source="test",
    )


def _triage(store: Store) -> None:
    store.settings.put("triage_body", XA)


def _enacted(store: Store) -> None:
    book = store.law.book()
    rules = [book.in_force(key, store.today) for key in book.keys if key != "founding_min_people"]
    fresh = Rule("founding_min_people", "7", "people", date(2020, 1, 1), None, "test", "seen")
    store.law.enact([*rules, fresh])


def _proclaimed(store: Store) -> None:
    store.law.proclaim([Holiday(date(2026, 12, 1), "x", is_certain=True, source="test")])


def _moved(store: Store) -> None:
    """An enterprise that moves is not of the reference; it must be seen all the same."""
    enterprise = store.enterprises.by_code(MAY)
    assert enterprise is not None
    store.enterprises.keep(MAY, {"name": enterprise.name, "commune_code": "26068"})


CHANGES = [_described, _covered, _lost_its_power, _triage, _enacted, _proclaimed, _moved]


@pytest.mark.parametrize("change", CHANGES, ids=lambda one: one.__name__.strip("_"))
def test_a_change_is_seen_by_everybody_at_once(
    database: Database, clock, change: Callable[[Store], None]
) -> None:
    """Another process, and this one, answer by the new rows from the next transaction on."""
    other = Database(database.url, KEYS, clock)
    try:
        before = database.write(answers)
        assert other.write(answers) == before
        other.write(change)
        after = other.write(answers)
        assert after != before
        assert database.write(answers) == after
        with database.read() as store:
            assert answers(store) == after
    finally:
        other.close()


@pytest.mark.parametrize("change", CHANGES, ids=lambda one: one.__name__.strip("_"))
def test_whoever_changes_sees_it_at_once(
    database: Database, change: Callable[[Store], None]
) -> None:
    """In the transaction that changes it, what was answered before is not answered again."""

    def work(store: Store) -> tuple[object, object]:
        before = answers(store)
        change(store)
        return before, answers(store)

    before, after = database.write(work)
    assert before != after


@pytest.mark.parametrize("change", CHANGES, ids=lambda one: one.__name__.strip("_"))
def test_a_change_that_was_undone_was_never_there(
    database: Database, change: Callable[[Store], None]
) -> None:
    """What a broken piece of work has changed and read is not kept for those after it."""
    before = database.write(answers)

    def broken(store: Store) -> None:
        change(store)
        answers(store)
        raise RuntimeError("broken")

    with pytest.raises(RuntimeError):
        database.write(broken)
    assert database.write(answers) == before

    def within(store: Store) -> None:
        with store.savepoint():
            broken(store)

    def undone(store: Store) -> None:
        with pytest.raises(RuntimeError):
            within(store)
        assert answers(store) == before

    database.write(undone)
    assert database.write(answers) == before


def test_another_day_has_other_answers(database: Database, clock) -> None:
    """A row that begins tomorrow is not answered today, and is tomorrow."""

    def work(store: Store) -> None:
        body = store.bodies.by_code(TINH)
        assert body is not None
        store.bodies.describe(
            body.id,
            name="Liên đoàn Lao động tỉnh Mẫu Mới",
            level="province",
            parent_id=None,
            valid_from=store.today + timedelta(days=1),
            source="test",
        )

    database.write(work)
    before = database.write(lambda store: store.bodies.triage().name)
    clock.advance(days=1)
    assert database.write(lambda store: store.bodies.triage().name) != before


def test_nothing_of_a_person_is_kept_between_turns(database: Database) -> None:
    """The shelf holds the law, bodies and what they cover: no row of a person."""
    database.write(answers)
    _, shelf = database._reference._shelf
    assert shelf
    names = {name if isinstance(name, str) else type(name[0]).__name__ for name in shelf}
    assert names <= {"book", "holidays", "triage_body", "str", Place.__name__}
