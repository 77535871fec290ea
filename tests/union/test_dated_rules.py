"""Dated rules: the right value on the right day."""

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from union.rules import NoRule, Rule, RuleBook

CHANGE = date(2026, 7, 1)


def rule(
    value: str, valid_from: date, valid_to: date | None = None, key: str = "base_salary"
) -> Rule:
    return Rule(key, value, "VND a month", valid_from, valid_to, "Nghị định Mẫu", "seen", None)


BOOK = RuleBook(
    [rule("2530000", CHANGE), rule("2340000", date(2024, 7, 1), CHANGE)],
)


@pytest.mark.parametrize(
    ("on", "value"),
    [
        (date(2024, 7, 1), 2340000),
        (CHANGE - timedelta(days=1), 2340000),
        (CHANGE, 2530000),
        (date(2050, 1, 1), 2530000),
    ],
)
def test_the_boundary_day_belongs_to_the_newer(on: date, value: int) -> None:
    """The old value holds until the day before, the new one from its first day on."""
    assert BOOK.number("base_salary", on) == value


def test_no_rule_names_key_and_day() -> None:
    """A missing row is told by its key and day, before the first row, after the last, and unknown."""
    closed = RuleBook([rule("1", date(2020, 1, 1), date(2021, 1, 1))])
    for book, key, on in (
        (BOOK, "base_salary", date(2024, 6, 30)),
        (closed, "base_salary", date(2021, 1, 1)),
        (BOOK, "unknown", CHANGE),
    ):
        with pytest.raises(NoRule) as missing:
            book.in_force(key, on)
        assert (missing.value.key, missing.value.on) == (key, on)
        assert key in str(missing.value)
        assert on.isoformat() in str(missing.value)


@pytest.mark.parametrize(
    "rows",
    [
        [rule("1", date(2020, 1, 1)), rule("2", date(2021, 1, 1))],
        [rule("1", date(2020, 1, 1), date(2021, 1, 2)), rule("2", date(2021, 1, 1))],
        [rule("1", date(2020, 1, 1)), rule("2", date(2020, 1, 1))],
    ],
)
def test_two_values_on_one_day_are_refused(rows: list[Rule]) -> None:
    """Overlapping periods of one key are found when the book is made, whatever the order of rows."""
    for order in (rows, rows[::-1]):
        with pytest.raises(ValueError, match=r"base_salary.*overlaps"):
            RuleBook(order)


def test_other_keys_do_not_overlap() -> None:
    """Two figures may well hold on the same day."""
    book = RuleBook([rule("1", CHANGE), rule("2", CHANGE, key="founding_min_people")])
    assert book.keys == {"base_salary", "founding_min_people"}


def test_a_period_must_not_end_before_it_begins() -> None:
    """A row without a single day is a mistake."""
    with pytest.raises(ValueError, match="valid_to"):
        rule("1", CHANGE, CHANGE)


def test_values_are_read_as_numbers_or_refused() -> None:
    """A fraction is no whole number, a word is no number at all."""
    book = RuleBook(
        [rule("0.5", CHANGE), rule("ten", CHANGE, key="w"), rule("NaN", CHANGE, key="n")]
    )
    assert book.decimal("base_salary", CHANGE) == Decimal("0.5")
    for key in ("base_salary", "w", "n"):
        with pytest.raises(ValueError, match=key):
            book.number(key, CHANGE)


@pytest.mark.parametrize(
    ("certainty", "review_on", "provisional"),
    [
        ("seen", None, False),
        ("seen", CHANGE, False),
        ("seen", CHANGE - timedelta(days=1), True),
        ("second-hand", None, True),
        ("unverified", date(2099, 1, 1), True),
    ],
)
def test_unseen_or_overdue_values_are_provisional(
    *, certainty: str, review_on: date | None, provisional: bool
) -> None:
    """Only what was read at its source, and is not due for another look, is told as certain."""
    row = ROW | {"certainty": certainty, "review_on": review_on}
    assert RuleBook([Rule.from_row(row)]).is_provisional("recognition_days", CHANGE) is provisional


ROW: dict[str, object] = {
    "key": "recognition_days",
    "value": 10,
    "unit": "working days",
    "valid_from": date(2024, 12, 27),
    "source": "Hướng dẫn 38/HD-TLĐ, 10.4đ",
    "certainty": "second-hand",
}


def test_row_is_read_field_by_field() -> None:
    """A row of the file becomes a rule; what may be left out has its default."""
    rule = Rule.from_row(ROW | {"review_on": "2026-07-01", "checked_by": "desk research"})
    assert rule == Rule(
        "recognition_days",
        "10",
        "working days",
        date(2024, 12, 27),
        None,
        "Hướng dẫn 38/HD-TLĐ, 10.4đ",
        "second-hand",
        CHANGE,
        checked_by="desk research",
    )
    assert rule.kind == "law"


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("value", 0.5),
        ("value", True),
        ("value", ""),
        ("value", None),
        ("unit", None),
        ("unit", "  "),
        ("source", 7),
        ("certainty", "sure"),
        ("kind", "wish"),
        ("valid_from", None),
        ("valid_from", "1/7/2026"),
        ("valid_from", datetime(2026, 7, 1, tzinfo=UTC)),
        ("valid_to", 2026),
        ("valid_to", date(2024, 12, 27)),
        ("review_on", "soon"),
        ("note", 1),
        ("valid_form", date(2024, 12, 27)),
    ],
)
def test_a_wrong_field_is_named(field: str, value: object) -> None:
    """Whoever edits the law is told the key and the field that is wrong."""
    with pytest.raises(ValueError, match=f"recognition_days.*{field}"):
        Rule.from_row(ROW | {field: value})


def test_a_row_without_key_is_named_as_such() -> None:
    """The key itself may be what is missing."""
    with pytest.raises(ValueError, match=r"no key.*key"):
        Rule.from_row({field: value for field, value in ROW.items() if field != "key"})


@given(
    st.lists(st.dates(date(2000, 1, 1), date(2040, 1, 1)), min_size=2, max_size=8, unique=True),
    st.dates(date(2000, 1, 1), date(2045, 1, 1)),
)
def test_on_every_day_at_most_one_row_holds(starts: list[date], on: date) -> None:
    """A chain of periods leaves no gap and no doubt: the row in force is the last one begun."""
    starts.sort()
    ends = [*starts[1:], None]
    book = RuleBook(rule(str(n), a, b) for n, (a, b) in enumerate(zip(starts, ends, strict=True)))
    begun = [n for n, start in enumerate(starts) if start <= on]
    if begun:
        assert book.number("base_salary", on) == begun[-1]
    else:
        with pytest.raises(NoRule):
            book.in_force("base_salary", on)
