"""Counts told in bands."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from union.bands import BANDS, band


def test_the_bands_are_the_six_agreed() -> None:
    """0-4, 5-9, 10-19, 20-49, 50-99, 100 and more."""
    assert [(one.low, one.high) for one in BANDS] == [
        (0, 4),
        (5, 9),
        (10, 19),
        (20, 49),
        (50, 99),
        (100, None),
    ]
    assert [one.key for one in BANDS] == [
        "band-0",
        "band-5",
        "band-10",
        "band-20",
        "band-50",
        "band-100",
    ]


@given(st.integers(0, 10_000))
def test_every_count_has_exactly_one_band(people: int) -> None:
    """Each number lies within the band told, and in no other."""
    holding = [
        one for one in BANDS if one.low <= people and (one.high is None or people <= one.high)
    ]
    assert holding == [band(people)]


def test_under_five_is_never_split() -> None:
    """Nobody, one, or four people look the same."""
    assert {band(people).key for people in range(5)} == {"band-0"}
    assert all(one.high is None or one.high - one.low >= 4 for one in BANDS)


def test_fewer_than_nobody_is_a_mistake() -> None:
    """A negative count is refused instead of told."""
    with pytest.raises(ValueError, match="-1"):
        band(-1)
