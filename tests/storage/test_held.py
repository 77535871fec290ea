"""What a transaction has locked it does not read again: it must read like the row itself."""

from contextlib import suppress
from datetime import date

import pytest
from chat import Town

from storage.cases import Case
from storage.store import Store

CHANGES = [
    {"state": "ready", "counted": 5},
    {"reason": "thiếu chữ ký", "text": "xin hẹn", "call": "0900 000 001"},
    {"reason": None, "text": None, "call": None, "congress_place": None},
    {"decision_no": None, "about": None, "due_on": None},
    {"decision_no": "07/QĐ", "decision_on": date(2026, 11, 20), "due_on": date(2026, 12, 4)},
    {"officer_id": None, "taken_at": None, "is_urgent": True},
]


@pytest.mark.parametrize("changes", CHANGES, ids=",".join)
def test_a_held_case_reads_like_its_row(town: Town, changes: dict[str, object]) -> None:
    """Whatever is changed, what the turn goes on with is what the next one will find."""
    town.gather(1)

    def change(store: Store) -> tuple[Case, Case]:
        known = town_petition(store)
        store.cases.change(store.cases.locked(known.id), reason="trước", decision_no="1")
        held = store.cases.change(known, **changes, ready_at=store.now)
        store.known.look_again()
        return held, store.cases.by_id(known.id)

    def town_petition(store: Store) -> Case:
        place = store.enterprises.by_code("DN-MAY")
        assert place is not None
        found = store.cases.live_petition(place.id)
        assert found is not None
        return found

    held, row = town.write(change)
    assert held == row


def test_what_was_undone_is_not_held(town: Town) -> None:
    """After a savepoint is undone the case is read anew."""
    town.gather(1)
    petition = town.petition()

    def work(store: Store) -> int:
        store.cases.locked(petition.id)
        with suppress(ZeroDivisionError), store.savepoint():
            store.cases.change(petition, counted=99)
            raise ZeroDivisionError
        return store.cases.locked(petition.id).counted

    assert town.write(work) == 1
