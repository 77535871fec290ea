"""How long somebody may be written to, for what price, and when a tip is offered."""

from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from union.consent import QUIET_FROM, QUIET_TO
from union.windows import LEAST_LEFT, MOST_EARLIER, Window, offer_at

VIETNAM = ZoneInfo("Asia/Ho_Chi_Minh")
NOW = datetime(2026, 11, 20, 1, tzinfo=UTC)
HOUR = timedelta(hours=1)
WINDOW = Window(48 * HOUR, 168 * HOUR, price=55, budget=100, template_price=90)


@pytest.mark.parametrize(
    ("hours", "spent", "fare"),
    [
        (0, 0, "free"),
        (47.99, 10**9, "free"),
        (48, 0, "paid"),
        (48, 45, "paid"),
        (48, 46, "shut"),
        (167.9, 0, "paid"),
        (168, 0, "shut"),
        (-5, 0, "free"),
    ],
)
def test_a_letter_is_free_then_paid_then_too_late(hours, spent, fare):
    """The last đồng of the budget may be spent, and not one more; the seventh day is too late."""
    assert WINDOW.fare(NOW, NOW + hours * HOUR, spent) == fare


def test_of_whom_nothing_is_known_nothing_is_presumed():
    """Without an interaction there is no window, and without a price no template."""
    assert WINDOW.fare(None, NOW, 0) == "shut"
    assert Window(48 * HOUR, 168 * HOUR, budget=10**6).template_fare(0) == "shut"
    assert (WINDOW.template_fare(10), WINDOW.template_fare(11)) == ("paid", "shut")


@given(st.integers(0, 10**6))
def test_a_tip_is_offered_by_day_and_before_it_is_too_late(minutes):
    """Whenever a window closes, the tip comes neither at night nor after that."""
    closes_at = NOW.astimezone(VIETNAM) + timedelta(minutes=minutes)
    found = offer_at(closes_at)
    assert QUIET_TO <= found.time() < QUIET_FROM
    assert found <= closes_at - LEAST_LEFT
    assert found >= closes_at - timedelta(hours=4) - MOST_EARLIER


@pytest.mark.parametrize(
    ("closes", "offered"),
    [
        ((22, 20, 0), (22, 16, 0)),
        ((22, 11, 0), (22, 7, 0)),
        ((22, 10, 59), (22, 7, 0)),
        ((22, 7, 30), (22, 7, 0)),
        ((22, 7, 29), (21, 20, 0)),
        ((22, 1, 1), (21, 20, 0)),
        ((22, 0, 59), (21, 20, 59)),
    ],
)
def test_a_night_is_gone_round(closes, offered):
    """In the morning if half an hour is left then, or else at eight on the evening before."""
    day, hour, minute = closes
    found = offer_at(datetime(2026, 11, day, hour, minute, tzinfo=VIETNAM))
    assert (found.day, found.time()) == (offered[0], time(*offered[1:]))
