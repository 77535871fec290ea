"""Whether the store's moment can be trusted: it is compared with a clock that nobody sets."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.steady import Steady

BEGAN = datetime(2026, 11, 20, tzinfo=UTC)


def at(seconds: float) -> datetime:
    """Return a moment of the store."""
    return BEGAN + timedelta(seconds=seconds)


def test_who_has_watched_long_enough_is_sure() -> None:
    """Not at the first look, and not a second before the time."""
    steady = Steady(90)
    assert not steady.is_sure(1000.0)
    for second in range(90):
        assert not steady.sees(at(second), 1000.0 + second)
        assert not steady.is_sure(1000.0 + second)
    steady.sees(at(90), 1090.0)
    assert steady.is_sure(1090.0)


@pytest.mark.parametrize("jump", [86400, -86400, 1, -3, 90])
def test_a_jump_is_seen_and_watching_begins_anew(jump: int) -> None:
    """Forward or back, whoever saw it is sure of nothing for as long as a lease lasts."""
    steady = Steady(90)
    for second in range(100):
        steady.sees(at(second), float(second))
    assert steady.is_sure(99.0)
    assert steady.sees(at(100 + jump), 100.0)
    assert not steady.is_sure(189.0)
    assert not steady.sees(at(101 + jump), 101.0), "it is one jump"
    assert steady.is_sure(190.0)


@given(st.lists(st.floats(0, 1.5), min_size=10, max_size=100))
def test_a_busy_machine_is_no_jump(delays: list[float]) -> None:
    """The moment is read first and our own clock a little later, or a good deal later."""
    steady = Steady(90)
    # The first look came quickly: it is what the others are compared with for a while.
    steady.sees(at(0), 0.0)
    own = 0.0
    for number, delay in enumerate(delays, 1):
        own = number * 2.0
        moment = at(own)
        quick = number % 4 == 0
        assert not steady.sees(moment, own + (0 if quick else delay))


def test_a_clock_that_goes_a_little_wrong_is_followed() -> None:
    """Half a thousandth fast or slow, as clocks are when they are being corrected."""
    for rate in (1.0005, 0.9995):
        steady = Steady(90)
        for look in range(20_000):
            assert not steady.sees(at(look * 0.25 * rate), look * 0.25)
        own = 19_999 * 0.25
        assert steady.own_clock_at(at(own * rate)) == pytest.approx(own, abs=0.01)


def test_our_own_clock_at_a_moment_is_that_of_the_quickest_look() -> None:
    """A look that took long moves no letter behind its slot."""
    steady = Steady(90)
    steady.sees(at(0), 100.0)
    steady.sees(at(1), 101.4)
    assert steady.own_clock_at(at(2)) == pytest.approx(102.0)


def test_who_could_not_look_for_a_while_watches_anew() -> None:
    """A store that has just come back may hold leases that are only about to be ended."""
    steady = Steady(10)
    for second in range(20):
        steady.sees(at(second), float(second))
    steady.lost()
    assert not steady.is_sure(20.0)
    assert not steady.sees(at(80), 80.0)
    assert not steady.is_sure(89.0)
    assert steady.is_sure(90.0)
