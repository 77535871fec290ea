"""The dated law as it lies in its folder."""

import tomllib
from datetime import date, timedelta
from pathlib import Path
from typing import Any, get_args

import pytest

from union.bodies import CaseKind
from union.calendar import add_working_days
from union.cases import REQUEST_KINDS, RequestKind, deadline_rule
from union.rules import Rule, RuleBook

LAW = Path(__file__).parents[2] / "law"
TODAY = date(2026, 11, 20)
REVIEW = date(2027, 1, 31)  # by when the guidance to charter XIV is expected


def rows(file: str, table: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = tomllib.loads((LAW / file).read_text("utf-8")).get(table, [])
    return found


@pytest.fixture(scope="module")
def book() -> RuleBook:
    return RuleBook(Rule.from_row(row) for row in rows("figures.toml", "figure"))


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("founding_min_people", 5),
        ("campaign_committee_min", 3),
        ("join_decision_days_upper", 10),
        ("recognition_days", 10),
        ("dossier_days_after_congress", 10),
        ("dsr_ack_days", 2),
        ("dues_cap_ratio", 10),
        ("base_salary", 2530000),
        ("union_fee_rate", 2),
        ("public_holidays_count", 12),
        ("planning_threshold", 25),
        ("desk_first_answer_days", 10),
        ("request_answer_days", 1),
        ("request_urgent_answer_days", 0),
    ],
)
def test_figures_in_force_today(book: RuleBook, key: str, value: int) -> None:
    """Every figure that the rules ask for has a value on the day this was checked."""
    assert book.number(key, TODAY) == value


@pytest.mark.parametrize(
    ("key", "on", "value"),
    [
        ("base_salary", date(2026, 6, 30), 2340000),
        ("base_salary", date(2026, 7, 1), 2530000),
        ("public_holidays_count", date(2026, 6, 30), 11),
        ("public_holidays_count", date(2026, 7, 1), 12),
        ("recognition_days", date(2024, 12, 26), 15),
        ("recognition_days", date(2024, 12, 27), 10),
        ("planning_threshold", date(2016, 12, 31), 30),
    ],
)
def test_figures_of_their_day(book: RuleBook, key: str, on: date, value: int) -> None:
    """The day before a change still has the old value."""
    assert book.number(key, on) == value


@pytest.mark.parametrize(
    "key",
    [
        "founding_min_people",
        "join_decision_days_upper",
        "campaign_committee_min",
        "recognition_days",
        "dossier_days_after_congress",
    ],
)
def test_what_was_not_read_is_provisional(book: RuleBook, key: str) -> None:
    """A figure that nobody has verified as in force is never told as certain."""
    assert book.is_provisional(key, TODAY)


@pytest.mark.parametrize("key", ["planning_threshold"])
def test_what_was_read_is_provisional_after_its_review_day(book: RuleBook, key: str) -> None:
    """What was read but may soon be replaced counts until its review day, and not a day longer."""
    assert not book.is_provisional(key, TODAY)
    assert not book.is_provisional(key, REVIEW)
    assert book.is_provisional(key, REVIEW + timedelta(days=1))


def test_nothing_just_compared_is_overdue() -> None:
    """A review day lies after the day on which the row was last compared."""
    reviewed = [row for row in rows("figures.toml", "figure") if "review_on" in row]
    assert reviewed
    assert [row["key"] for row in reviewed if row["review_on"] <= row["checked_on"]] == []


def test_law_service_and_plan_are_told_apart(book: RuleBook) -> None:
    """Our own promises and union plans are marked as such."""
    assert book.in_force("desk_first_answer_days", TODAY).kind == "service"
    assert book.in_force("planning_threshold", TODAY).kind == "planning"
    assert book.in_force("founding_min_people", TODAY).kind == "law"


def test_every_deadline_has_its_rule(book: RuleBook) -> None:
    """No kind of case can arrive for which no deadline is in force."""
    kinds: tuple[CaseKind | RequestKind, ...] = (*get_args(CaseKind), *REQUEST_KINDS)
    for kind in kinds:
        for is_grassroots in (False, True):
            rule = book.in_force(deadline_rule(kind, receiver_is_grassroots=is_grassroots), TODAY)
            assert rule.unit == "working days"


def test_every_row_says_who_looked_and_when() -> None:
    """A figure without the day and hand of its checking is not to be trusted."""
    for row in rows("figures.toml", "figure"):
        rule = Rule.from_row(row)
        assert rule.checked_on is not None, rule.key
        assert rule.checked_by, rule.key
        assert rule.checked_on >= rule.valid_from, rule.key
        assert rule.certainty == "seen" or rule.note or rule.review_on, rule.key


def test_fixed_holidays_are_dates_with_sources() -> None:
    """Each fixed day is a real day with a first year and a source; 24/11 counts from 2026 on."""
    fixed = rows("holidays.toml", "fixed")
    for row in fixed:
        date(2028, row["month"], row["day"])
        assert row["source"]
        assert isinstance(row["valid_from"], date)
    culture = next(row for row in fixed if row["key"] == "culture-day")
    assert culture["valid_from"] == date(2026, 7, 1)
    holidays = {date(2026, row["month"], row["day"]) for row in fixed}
    assert add_working_days(TODAY, 10, holidays) == date(2026, 12, 7)


def test_overrides_are_dated_and_sourced() -> None:
    """What has the last word on a day says whether it is off, and by which decision."""
    for row in rows("holidays.toml", "override"):
        assert isinstance(row["day"], date)
        assert isinstance(row["off"], bool)
        assert row["source"]
