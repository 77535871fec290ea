"""The officer's queue: what is due when, and what comes first."""

from dataclasses import dataclass
from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from union.cases import (
    REQUEST_KINDS,
    URGENT_KINDS,
    deadline_rule,
    due_on,
    is_due_soon,
    is_overdue,
    is_urgent,
    order,
)

MONDAY = date(2026, 11, 23)
HOLIDAYS = frozenset({date(2026, 11, 24)})


@dataclass(frozen=True)
class Waiting:
    code: str
    due_on: date | None
    is_urgent: bool = False


def test_overdue_then_urgent_then_soonest() -> None:
    """The queue of the morning, with what has no day at its end and equals as they came."""
    late = Waiting("Q2HV7D", MONDAY - timedelta(days=1))
    urgent = Waiting("R9XD5C", MONDAY, is_urgent=True)
    urgent_later = Waiting("T8VX3M", MONDAY + timedelta(days=9), is_urgent=True)
    today = Waiting("PH6T4W", MONDAY)
    also_today = Waiting("K7M2QX", MONDAY)
    dayless = Waiting("M3RT8V", None)
    mixed = [dayless, today, urgent_later, also_today, urgent, late]
    assert order(mixed, MONDAY) == [late, urgent, urgent_later, today, also_today, dayless]


def test_an_urgent_case_that_is_late_comes_before_everything() -> None:
    """Among the overdue, urgent ones come first even if others are later still."""
    worst = Waiting("A", MONDAY - timedelta(days=9))
    urgent = Waiting("B", MONDAY - timedelta(days=1), is_urgent=True)
    assert order([worst, urgent], MONDAY) == [urgent, worst]


waiting = st.builds(
    Waiting,
    st.text(max_size=3),
    st.none() | st.dates(date(2026, 11, 1), date(2026, 12, 31)),
    st.booleans(),
)


@given(st.lists(waiting))
def test_the_queue_loses_nobody_and_keeps_its_promise(cases: list[Waiting]) -> None:
    """Everything in it comes out once; nothing overdue stands behind what is not."""
    queue = order(cases, MONDAY)
    assert sorted(map(repr, queue)) == sorted(map(repr, cases))
    late = [is_overdue(case.due_on, MONDAY) for case in queue]
    assert late == sorted(late, reverse=True)


@pytest.mark.parametrize(
    ("days", "soon"), [(-1, False), (0, True), (2, True), (3, True), (4, False), (14, False)]
)
def test_due_soon_counts_working_days(*, days: int, soon: bool) -> None:
    """Two working days from Monday end on Thursday, because Tuesday is a holiday."""
    assert is_due_soon(MONDAY + timedelta(days=days), MONDAY, HOLIDAYS) is soon


def test_what_has_no_day_is_neither_due_nor_overdue() -> None:
    """Nothing is promised, so nothing is late; what is due today is not late yet."""
    assert not is_due_soon(None, MONDAY, HOLIDAYS)
    assert not is_overdue(None, MONDAY)
    assert not is_overdue(MONDAY, MONDAY)
    assert is_overdue(MONDAY - timedelta(days=1), MONDAY)


def test_due_dates_are_working_days_on() -> None:
    """A petition of Friday 20/11/2026 is due on 07/12/2026; a question on Monday."""
    friday = date(2026, 11, 20)
    assert due_on(friday, 10, HOLIDAYS) == date(2026, 12, 7)
    assert due_on(friday, 1, HOLIDAYS) == MONDAY
    assert due_on(friday, 0, HOLIDAYS) == friday


@pytest.mark.parametrize("kind", REQUEST_KINDS)
def test_urgent_kinds_have_the_urgent_deadline(kind: str) -> None:
    """Dismissal, accident, violence and harassment come first and are due the same day."""
    urgent = kind in {"dismissal", "accident", "violence", "harassment"}
    assert is_urgent(kind) == (kind in URGENT_KINDS) == urgent
    expected = "request_urgent_answer_days" if urgent else "request_answer_days"
    assert deadline_rule(kind) == expected  # type: ignore[arg-type]


def test_joins_and_petitions_have_their_own_deadlines() -> None:
    """The body above answers by the guidance, the grassroots union and the desk by our own target."""
    assert deadline_rule("join") == "join_decision_days_upper"
    assert deadline_rule("join", receiver_is_grassroots=True) == "join_decision_days_cdcs"
    assert deadline_rule("petition") == "desk_first_answer_days"
    assert deadline_rule("request") == "request_answer_days"
