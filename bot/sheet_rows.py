"""What a row of each import table says: a union body, what it covers, a place of work."""

from dataclasses import dataclass
from datetime import date
from typing import Literal

Kind = Literal["bodies", "coverage", "enterprises"]

CASE_KINDS = ("join", "petition", "request")
LEVELS = ("central", "province", "special", "commune", "grassroots")
REFS = ("enterprise", "zone", "sector", "commune", "province")
OWNERSHIPS = ("state", "private", "foreign", "cooperative", "other")


@dataclass(frozen=True)
class BodyRow:
    """A union body with its three roles, each the kinds of case it holds for."""

    line: int
    code: str
    name: str
    level: str
    parent: str | None
    enterprise: str | None
    receives: frozenset[str]
    checks: frozenset[str]
    signs: frozenset[str]
    hotline: str | None
    valid_from: date
    valid_to: date | None
    source: str


@dataclass(frozen=True)
class CoverageRow:
    """One thing that a body covers; *ref* is a code, or the name of a zone or a sector."""

    line: int
    body: str
    kind: str
    ref: str
    priority: int
    valid_from: date
    valid_to: date | None
    source: str


@dataclass(frozen=True)
class EnterpriseRow:
    """A place of work; the commune and the province are official codes."""

    line: int
    code: str
    name: str
    tax_code: str | None
    commune_code: str
    province_code: str
    zone: str | None
    sector: str | None
    ownership: str | None
    workers: int | None
    pays_fee: bool | None
    address: str | None


Row = BodyRow | CoverageRow | EnterpriseRow
