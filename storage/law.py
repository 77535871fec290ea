"""The law as this installation knows it: dated rules, and Vietnam's holidays."""

import tomllib
from collections.abc import Iterable
from dataclasses import asdict
from datetime import date, timedelta
from pathlib import Path
from typing import Any

from sqlalchemy import delete, select

from storage.desk import Desk
from storage.tables import holiday, rule
from union.rules import Rule, RuleBook

# What stands as source of a day that a calendar package reckoned.
PACKAGE = "package holidays"


class Law(Desk):
    """Rules and holidays, read whole: there are some dozens."""

    def book(self) -> RuleBook:
        """Return every dated rule. Raises ValueError where two periods of one key overlap."""
        return self._kept("book", self._book)

    def _book(self) -> RuleBook:
        columns = [column for column in rule.c if column.name != "id"]
        rows = self.connection.execute(select(*columns).order_by(rule.c.key, rule.c.valid_from))
        return RuleBook(Rule(**row._asdict()) for row in rows)

    def holidays(self) -> frozenset[date]:
        """Return every known public holiday."""
        return self._kept("holidays", lambda: frozenset(row.day_on for row in self._rows(holiday)))

    def uncertain_holidays(self) -> frozenset[date]:
        """Return the holidays that are a prediction until the yearly decision is out."""
        rows = self.connection.execute(
            select(holiday.c.day_on).where(holiday.c.is_certain.is_(False))
        )
        return frozenset(row.day_on for row in rows)

    def holiday_near(self, day: date, days: int, *, ahead: bool = False) -> "Holiday | None":
        """Return the decided holiday nearest to *day*, at most so many *days* away, or None.

        Only one whose law is named: not what a calendar package reckons. *ahead*: after *day*.
        """
        first = day + timedelta(days=1) if ahead else day - timedelta(days=days)
        rows = self.connection.execute(
            select(holiday).where(
                holiday.c.day_on.between(first, day + timedelta(days=days)),
                holiday.c.is_certain,
                holiday.c.source != PACKAGE,
            )
        )
        near = min(rows, key=lambda row: abs(row.day_on - day), default=None)
        if near is None:
            return None
        return Holiday(near.day_on, near.name, is_certain=True, source=near.source)

    def enact(self, rules: Iterable[Rule]) -> int:
        """Replace all rules by *rules*; return how many. Raises ValueError on an overlap."""
        listed = list(rules)
        RuleBook(listed)
        self.known.touched(rule)
        self.connection.execute(delete(rule))
        for one in listed:
            self._add(rule, **asdict(one))
        return len(listed)

    def proclaim(self, days: Iterable["Holiday"]) -> int:
        """Replace all holidays by *days*; return how many."""
        listed = {day.day_on: day for day in days}
        self.known.touched(holiday)
        self.connection.execute(delete(holiday))
        for day in listed.values():
            self._add_once(
                holiday,
                day_on=day.day_on,
                name=day.name,
                is_certain=day.is_certain,
                source=day.source,
            )
        return len(listed)


class Holiday:
    """A public holiday: the day, what it is called, whether it is decided, and by what."""

    def __init__(self, day_on: date, name: str, *, is_certain: bool, source: str) -> None:
        """Hold one day."""
        self.day_on = day_on
        self.name = name
        self.is_certain = is_certain
        self.source = source


def read_rules(folder: Path) -> list[Rule]:
    """Read `figures.toml`. Raises ValueError naming the key and the field that is wrong."""
    text = (folder / "figures.toml").read_text(encoding="utf-8")
    return [Rule.from_row(row) for row in tomllib.loads(text)["figure"]]


def read_terms(folder: Path) -> RuleBook:
    """Read `channels.toml`: on what terms a channel carries letters.

    Raises ValueError naming the key and the field that is wrong.
    """
    text = (folder / "channels.toml").read_text(encoding="utf-8")
    return RuleBook(Rule.from_row(row) for row in tomllib.loads(text)["term"])


def read_holidays(folder: Path, years: range) -> list[Holiday]:
    """Return the holidays of *years*, as `holidays.toml` tells how they are put together.

    What the package computes, then every fixed day, then every override. Days after
    `decided_until` that the moon or a yearly decision moves are marked uncertain.
    """
    listed = tomllib.loads((folder / "holidays.toml").read_text(encoding="utf-8"))
    decided_until: date = listed["decided_until"]
    found = {day.day_on: day for year in years for day in _computed(year, decided_until)}
    for row in listed.get("fixed", []):
        found |= {day.day_on: day for day in _fixed(row, years)}
    for row in listed.get("override", []):
        found.pop(row["day"], None)
        if row["off"]:
            found[row["day"]] = Holiday(
                row["day"],
                row["name"],
                is_certain=row["certainty"] != "unverified",
                source=row["source"],
            )
    return [found[day] for day in sorted(found)]


def _computed(year: int, decided_until: date) -> list[Holiday]:
    import holidays as known_holidays  # 3 MB that only setting up needs

    named = known_holidays.country_holidays("VN", years=year, language="en_US")
    return [
        Holiday(day, name, is_certain=day <= decided_until, source=PACKAGE)
        for day, name in named.items()
    ]


def _fixed(row: dict[str, Any], years: range) -> list[Holiday]:
    days = (date(year, int(row["month"]), int(row["day"])) for year in years)
    ends: date | None = row.get("valid_to")
    return [
        Holiday(
            day,
            str(row["name"]),
            is_certain=row["certainty"] != "unverified",
            source=str(row["source"]),
        )
        for day in days
        if row["valid_from"] <= day and (ends is None or day < ends)
    ]
