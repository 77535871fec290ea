"""The parts of a request: present, known, of the right kind, not too long."""

import re
import unicodedata
from collections.abc import Iterable
from typing import Any
from urllib.parse import urlsplit

from fakes.zaloapi.people import Json
from fakes.zaloapi.refusals import wrong

PHONE = re.compile(r"84\d{8,10}")


def part(value: Any, name: str, needed: Iterable[str], more: Iterable[str] = ()) -> Json:
    """An object with all fields that it needs and none that is not known."""
    if not isinstance(value, dict):
        raise wrong(f"{name} must be an object")
    if missing := set(needed) - set(value):
        raise wrong(f"{name} lacks {sorted(missing)}")
    if unknown := set(value) - set(needed) - set(more):
        raise wrong(f"{name} has unknown fields {sorted(unknown)}")
    return value


def words(value: Any, name: str, at_most: int) -> str:
    """A text of 1 to *at_most* characters, in NFC: decomposed Vietnamese counts double."""
    if not isinstance(value, str):
        raise wrong(f"{name} must be a string")
    if not value.strip():
        raise wrong(f"{name} is empty")
    if len(value) > at_most:
        raise wrong(f"{name} has {len(value)} characters, more than {at_most}")
    try:
        value.encode()
    except UnicodeEncodeError:
        raise wrong(f"{name} holds half a character") from None
    if unicodedata.normalize("NFC", value) != value:
        raise wrong(f"{name} is not in NFC")
    return value


def link(value: Any, name: str, schemes: tuple[str, ...] = ("https", "http")) -> str:
    """An address on the web."""
    if not isinstance(value, str) or any(one.isspace() for one in value):
        raise wrong(f"{name} must be a link")
    try:
        said = urlsplit(value)
    except ValueError:
        raise wrong(f"{name} must be a link") from None
    if said.scheme not in schemes or not said.hostname:
        raise wrong(f"{name} must be a link with {' or '.join(schemes)}")
    return value


def phone(value: Any, name: str) -> str:
    if not isinstance(value, str) or not PHONE.fullmatch(value):
        raise wrong(f"{name} must be digits that begin with 84")
    return value


def whole(value: Any, name: str, low: int, high: int) -> int:
    if not isinstance(value, int) or isinstance(value, bool) or not low <= value <= high:
        raise wrong(f"{name} must be a whole number from {low} to {high}")
    return value


def one_of(value: Any, name: str) -> Any:
    """The element of a list that holds exactly one."""
    if not isinstance(value, list) or len(value) != 1:
        raise wrong(f"{name} must be a list of exactly one element")
    return value[0]
