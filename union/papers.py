"""The texts that people agree to: filled from facts, and known for ever by their fingerprint."""

import hashlib
import re
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from functools import lru_cache

_GAP = re.compile(r"\{([a-z][a-z0-9_]*)\}")
# Changing how a fingerprint is made needs a new prefix, so that old ones can still be recognised
# and checked.
_FINGERPRINT_VERSION = b"ketdoan-paper-1"


@dataclass(frozen=True)
class Paper:
    """One version of a text that is shown and agreed to; *since* is the local date from which it
    is used.
    """

    key: str
    version: str
    since: date
    text: str


@lru_cache(maxsize=1024)
def gaps(template: str) -> frozenset[str]:
    """Name the facts that a template asks for.

    Raises ValueError for a brace that opens no gap.
    """
    stray = _GAP.sub("", template)
    if "{" in stray or "}" in stray:
        raise ValueError("a brace in the template stands outside a {gap}")
    return frozenset(_GAP.findall(template))


def fill(template: str, facts: Mapping[str, object]) -> str:
    """Return the template with every {gap} filled once; braces in a value stay what they are.

    Raises KeyError with the name of a missing fact, ValueError for a malformed template.
    """
    gaps(template)
    parts = _parts(template)
    return "".join(str(facts[part]) if place % 2 else part for place, part in enumerate(parts))


@lru_cache(maxsize=1024)
def _parts(template: str) -> list[str]:
    """Return the words between the gaps and the names of the gaps, in turn."""
    return _GAP.split(template)


def fingerprint(text: str) -> str:
    """SHA-256, in hexadecimal, of exactly this text in composed form, with the version and the
    length before it.
    """
    body = unicodedata.normalize("NFC", text).encode("utf-8")
    head = (
        len(_FINGERPRINT_VERSION).to_bytes(8, "big")
        + _FINGERPRINT_VERSION
        + len(body).to_bytes(8, "big")
    )
    return hashlib.sha256(head + body).hexdigest()
