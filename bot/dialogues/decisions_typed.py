"""Reads what officers type on a decision: a day with its hour and place, a number with its day."""

import re
from datetime import date, datetime

from storage.desk import VIETNAM
from union.refusals import Unclear

LONGEST_PLACE = 200
LONGEST_NUMBER = 60
# A congress further away than this is a slip of the finger.
MOST_DAYS_AHEAD = 366

_DAY = re.compile(r"(?<!\d)(\d{1,2})\s?[/.-]\s?(\d{1,2})\s?[/.-]\s?(\d{4})(?!\d)")
_HOUR = re.compile(
    r"(?<![\d/.-])([01]?\d|2[0-3])\s?(?::|h|giờ|gio|g)\s?([0-5]\d)?(?![\d/])", re.IGNORECASE
)
_LEFT_OVER = " ,;.-–—:"
_BEFORE_NUMBER = re.compile(
    r"^(?:quyết định|qđ|decision)?\s*(?:số|no\.?)?\s*[:,]?\s*", re.IGNORECASE
)
_BEFORE_DAY = re.compile(r"[\s,;]*(?:ngày|dated|on|of)?[\s,;:]*$", re.IGNORECASE)


def moment_and_place(text: str, now: datetime) -> tuple[datetime, str]:
    """Return when (in Vietnam's time) and where, "" where no place was typed.

    Understands "06/12/2026 09:00, Nhà văn hóa", "9h30 6.12.2026", "09 giờ 06-12-2026".
    Raises Unclear: error-date?, error-date-past?.
    """
    day = _DAY.search(text)
    rest = f"{text[: day.start()]} {text[day.end() :]}" if day else text
    hour = _HOUR.search(rest)
    if day is None or hour is None:
        raise Unclear("error-date?")
    on = _as_date(day)
    at = datetime(on.year, on.month, on.day, int(hour[1]), int(hour[2] or 0), tzinfo=VIETNAM)
    if at <= now:
        raise Unclear("error-date-past?")
    if (at - now).days > MOST_DAYS_AHEAD:
        raise Unclear("error-date?")
    place = " ".join(f"{rest[: hour.start()]} {rest[hour.end() :]}".split()).strip(_LEFT_OVER)
    return at, place[:LONGEST_PLACE]


def number_and_day(text: str, today: date) -> tuple[str, date]:
    """Return the number of a decision as on the paper, and the day that stands on it.

    Understands "12/QĐ-LĐLĐ, 18/12/2026" and "Quyết định số 12/QĐ-LĐLĐ ngày 18/12/2026".
    Raises Unclear: desk-decision-number?, desk-decision-future?.
    """
    day = _DAY.search(text)
    if day is None:
        raise Unclear("desk-decision-number?")
    on = _as_date(day, "desk-decision-number?")
    if on > today:
        raise Unclear("desk-decision-future?", today=today)
    before = _BEFORE_NUMBER.sub("", _BEFORE_DAY.sub("", text[: day.start()]).strip())
    number = " ".join((before or text[day.end() :]).split()).strip(_LEFT_OVER)
    if not re.search(r"\d", number) or len(number) > LONGEST_NUMBER:
        raise Unclear("desk-decision-number?")
    return number, on


def _as_date(found: re.Match[str], otherwise: str = "error-date?") -> date:
    try:
        return date(int(found[3]), int(found[2]), int(found[1]))
    except ValueError:
        raise Unclear(otherwise) from None
