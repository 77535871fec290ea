"""Figures of law and of service as dated rows: which held on which day, and how sure we are."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal, InvalidOperation
from itertools import pairwise
from typing import Literal, cast, get_args

Certainty = Literal["seen", "second-hand", "unverified"]
RuleKind = Literal["law", "service", "planning", "channel"]


class NoRule(LookupError):
    """No value of this key is in force on this day: a row is missing in the dated law."""

    def __init__(self, key: str, on: date) -> None:
        super().__init__(f"no rule {key!r} is in force on {on.isoformat()}")
        self.key = key
        self.on = on


@dataclass(frozen=True)
class Rule:
    """One value of one figure, for one period.

    It holds from *valid_from* on, and no longer on *valid_to*: that day belongs to the row which
    follows. *certainty* says how the source was read: the provision itself, somebody's account of
    it, or neither. After *review_on* the value has to be looked up again and is provisional until
    then. *kind* tells law from our own service targets, figures of union plans, a channel's terms.
    """

    key: str
    value: str
    unit: str
    valid_from: date
    valid_to: date | None
    source: str
    certainty: Certainty
    review_on: date | None = None
    note: str = ""
    kind: RuleKind = "law"
    checked_on: date | None = None
    checked_by: str = ""

    def __post_init__(self) -> None:
        if self.valid_to is not None and self.valid_to <= self.valid_from:
            raise ValueError(f"rule {self.key!r}, valid_to: must come after valid_from")

    def holds(self, on: date) -> bool:
        """Whether this row is in force on the local date *on*."""
        return self.valid_from <= on and (self.valid_to is None or on < self.valid_to)

    def is_provisional(self, on: date) -> bool:
        """Whether the value may only be shown as expected ("dự kiến")."""
        return self.certainty != "seen" or (self.review_on is not None and self.review_on < on)

    @classmethod
    def from_row(cls, row: Mapping[str, object]) -> "Rule":
        """One row of the dated law, as read from its file. Raises ValueError that names the key
        and the field.
        """
        reader = _Row(row)
        return cls(
            key=reader.text("key"),
            value=reader.value(),
            unit=reader.text("unit"),
            valid_from=reader.day("valid_from"),
            valid_to=reader.day_or_none("valid_to"),
            source=reader.text("source"),
            certainty=cast(Certainty, reader.one_of("certainty", get_args(Certainty))),
            review_on=reader.day_or_none("review_on"),
            note=reader.text("note", default=""),
            kind=cast(RuleKind, reader.one_of("kind", get_args(RuleKind), default="law")),
            checked_on=reader.day_or_none("checked_on"),
            checked_by=reader.text("checked_by", default=""),
        )


class RuleBook:
    """Every dated row, asked by key and day. Raises ValueError when two rows of one key hold on
    the same day.
    """

    def __init__(self, rules: Iterable[Rule]) -> None:
        self._rules: dict[str, list[Rule]] = {}
        for rule in sorted(rules, key=lambda rule: rule.valid_from):
            self._rules.setdefault(rule.key, []).append(rule)
        for rows in self._rules.values():
            _refuse_overlap(rows)

    @property
    def keys(self) -> frozenset[str]:
        """The keys of which at least one row is known."""
        return frozenset(self._rules)

    def in_force(self, key: str, on: date) -> Rule:
        """Find the row of *key* that holds on the local date *on*. Raises NoRule."""
        for rule in reversed(self._rules.get(key, [])):
            if rule.holds(on):
                return rule
        raise NoRule(key, on)

    def number(self, key: str, on: date) -> int:
        """Return the value as a whole number, in the row's unit.

        Raises NoRule, and ValueError for a value that is none.
        """
        value = self.decimal(key, on)
        if value != value.to_integral_value():
            raise ValueError(f"rule {key!r}: {value} is no whole number")
        return int(value)

    def decimal(self, key: str, on: date) -> Decimal:
        """Return the value as an exact decimal number, in the row's unit.

        Raises NoRule, and ValueError for a text.
        """
        rule = self.in_force(key, on)
        try:
            value = Decimal(rule.value)
        except InvalidOperation:
            raise ValueError(f"rule {key!r}: {rule.value!r} is no number") from None
        if not value.is_finite():
            raise ValueError(f"rule {key!r}: {rule.value!r} is no number")
        return value

    def is_provisional(self, key: str, on: date) -> bool:
        """Whether the value in force on *on* may only be shown as expected: unseen source, or
        review overdue.
        """
        return self.in_force(key, on).is_provisional(on)


def _refuse_overlap(rows: list[Rule]) -> None:
    for older, newer in pairwise(rows):
        if older.valid_to is None or older.valid_to > newer.valid_from:
            raise ValueError(
                f"rule {newer.key!r}: the row from {newer.valid_from} "
                f"overlaps the one from {older.valid_from}"
            )


class _Row:
    """Reads one row field by field, so that whoever edits the law is told which field of which key
    is wrong.
    """

    def __init__(self, row: Mapping[str, object]) -> None:
        self._row = row
        self._key = row.get("key", "(no key)")
        unknown = set(row) - set(Rule.__dataclass_fields__)
        if unknown:
            raise self._wrong(min(unknown), "is not a field of a rule")

    def _wrong(self, field: str, complaint: str) -> ValueError:
        return ValueError(f"rule {self._key!r}, {field}: {complaint}")

    def text(self, field: str, default: str | None = None) -> str:
        found = self._row.get(field, default)
        if not isinstance(found, str):
            raise self._wrong(field, "text is missing")
        if not found.strip() and default is None:
            raise self._wrong(field, "must not be empty")
        return found

    def value(self) -> str:
        found = self._row.get("value")
        # A decimal fraction must be written as text: TOML would hand it over already rounded.
        if isinstance(found, int) and not isinstance(found, bool):
            return str(found)
        return self.text("value")

    def one_of(self, field: str, words: tuple[str, ...], default: str | None = None) -> str:
        word = self.text(field, default)
        if word not in words:
            raise self._wrong(field, f"must be one of {', '.join(words)}")
        return word

    def day(self, field: str) -> date:
        day = self.day_or_none(field)
        if day is None:
            raise self._wrong(field, "a date is missing")
        return day

    def day_or_none(self, field: str) -> date | None:
        found = self._row.get(field)
        if isinstance(found, str):
            try:
                return date.fromisoformat(found)
            except ValueError:
                raise self._wrong(field, f"{found!r} is no date like 2026-11-24") from None
        if found is not None and (not isinstance(found, date) or isinstance(found, datetime)):
            raise self._wrong(field, "must be a date without time")
        return found
