"""Working days."""

from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from union.calendar import add_working_days, is_working_day, working_days_between

FRIDAY = date(2026, 11, 20)
CULTURE_DAY = date(2026, 11, 24)

days = st.dates(date(2024, 1, 1), date(2030, 12, 31))
holiday_sets = st.frozensets(days, max_size=40)


def test_ten_working_days_over_a_holiday() -> None:
    """Ten working days from Friday 20/11/2026 end on 07/12/2026, because 24/11 is a holiday."""
    assert add_working_days(FRIDAY, 10, {CULTURE_DAY}) == date(2026, 12, 7)
    assert add_working_days(FRIDAY, 10, set()) == date(2026, 12, 4)


@pytest.mark.parametrize(
    ("start", "days_on", "end"),
    [
        (FRIDAY, 0, FRIDAY),
        (FRIDAY, 1, date(2026, 11, 23)),
        (FRIDAY, 2, date(2026, 11, 25)),
        (date(2026, 11, 21), 0, date(2026, 11, 23)),
        (date(2026, 11, 21), 1, date(2026, 11, 23)),
        (CULTURE_DAY, 0, date(2026, 11, 25)),
    ],
)
def test_counting_begins_on_the_day_after(start: date, days_on: int, end: date) -> None:
    """The day itself is not counted; no days at all mean that day, or the next one that is worked."""
    assert add_working_days(start, days_on, {CULTURE_DAY}) == end


def test_weekends_and_holidays_are_not_worked() -> None:
    """Saturday, Sunday and the holidays handed in."""
    assert [is_working_day(FRIDAY + timedelta(n), [CULTURE_DAY]) for n in range(5)] == [
        True,
        False,
        False,
        True,
        False,
    ]


def test_wrong_questions_are_refused() -> None:
    """Counting backwards and moments instead of dates are mistakes of the asker."""
    with pytest.raises(ValueError, match="forward"):
        add_working_days(FRIDAY, -1, ())
    with pytest.raises(TypeError, match="local date"):
        is_working_day(datetime(2026, 11, 24, tzinfo=UTC), {CULTURE_DAY})


@given(days, st.integers(0, 60), holiday_sets)
def test_a_deadline_is_a_working_day(start: date, count: int, holidays: frozenset[date]) -> None:
    """Nothing ever falls due on a day off, and never before it was received."""
    end = add_working_days(start, count, holidays)
    assert is_working_day(end, holidays)
    assert end >= start


@given(days, st.integers(1, 60), holiday_sets)
def test_adding_and_counting_agree(start: date, count: int, holidays: frozenset[date]) -> None:
    """As many working days lie up to the deadline as were promised, and one less on the day before."""
    end = add_working_days(start, count, holidays)
    assert working_days_between(start, end, holidays) == count
    assert working_days_between(start, end - timedelta(days=1), holidays) == count - 1


@given(days, st.integers(0, 30), st.integers(0, 30), holiday_sets)
def test_promises_add_up(start: date, one: int, more: int, holidays: frozenset[date]) -> None:
    """Five days and then three more are eight days, when counting starts on a working day."""
    begun = add_working_days(start, 0, holidays)
    twice = add_working_days(add_working_days(begun, one, holidays), more, holidays)
    assert twice == add_working_days(begun, one + more, holidays)


@given(days, st.integers(0, 30), holiday_sets, days)
def test_one_more_holiday_never_shortens(
    start: date, count: int, holidays: frozenset[date], extra: date
) -> None:
    """A holiday decided later can only move a deadline back."""
    assert add_working_days(start, count, holidays | {extra}) >= add_working_days(
        start, count, holidays
    )


@given(days, days, holiday_sets)
def test_counting_back_is_counting_on_reversed(
    one: date, other: date, holidays: frozenset[date]
) -> None:
    """What is late by three working days was due three working days ago."""
    assert working_days_between(one, other, holidays) == -working_days_between(
        other, one, holidays
    )
