"""Working days, as the union's deadlines count them; the public holidays are handed in."""

from collections.abc import Collection
from datetime import date, datetime, timedelta

_SATURDAY = 5
_ONE_DAY = timedelta(days=1)


def is_working_day(day: date, holidays: Collection[date]) -> bool:
    """Whether offices of the union work on this local date: not on Saturday, Sunday or one of
    *holidays*.

    Raises TypeError for a moment (datetime), which would silently equal no holiday.
    """
    if isinstance(day, datetime):
        raise TypeError(f"a local date is needed, not a moment: {day!r}")
    return day.weekday() < _SATURDAY and day not in holidays


def add_working_days(start: date, days: int, holidays: Collection[date]) -> date:
    """Return the last of *days* working days, counted from the day after *start*.

    With 0 days: *start* itself, or the next working day where *start* is none. Raises ValueError
    below 0.
    """
    if days < 0:
        raise ValueError(f"working days are counted forward, not {days}")
    day = start
    while days == 0 and not is_working_day(day, holidays):
        day += _ONE_DAY
    while days > 0:
        day += _ONE_DAY
        days -= is_working_day(day, holidays)
    return day


def working_days_between(start: date, end: date, holidays: Collection[date]) -> int:
    """How many working days lie after *start* up to and including *end*.

    Below 0 when *end* comes first.
    """
    if end < start:
        return -working_days_between(end, start, holidays)
    days = (start + timedelta(days=n) for n in range(1, (end - start).days + 1))
    return sum(is_working_day(day, holidays) for day in days)
