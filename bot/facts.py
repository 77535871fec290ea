"""Facts that fill sentences, in a form that can be kept: a date stays a date until it is read."""

from datetime import date, datetime
from typing import Any

Fact = str | int | date | datetime


def to_keep(facts: dict[str, Any]) -> dict[str, Any]:
    """Return facts as JSON can hold them."""
    return {name: _kept(value) for name, value in facts.items()}


def to_use(kept: dict[str, Any]) -> dict[str, Any]:
    """Return what `to_keep` was given."""
    return {name: _used(value) for name, value in kept.items()}


def _kept(value: Fact) -> object:
    if isinstance(value, datetime):
        return {"at": value.isoformat()}
    if isinstance(value, date):
        return {"on": value.isoformat()}
    return value


def _used(value: Any) -> Fact:
    if isinstance(value, dict):
        if "at" in value:
            return datetime.fromisoformat(value["at"])
        return date.fromisoformat(value["on"])
    return value  # type: ignore[no-any-return]
