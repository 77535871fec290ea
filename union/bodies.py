"""The bodies of the union, and which of them receives, checks or signs: never nobody."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Literal

Level = Literal["central", "province", "special", "commune", "grassroots"]
CaseKind = Literal["join", "petition", "request"]
Role = Literal["receives", "checks", "signs"]
CoverageKind = Literal["enterprise", "zone", "sector", "commune", "province"]
Reason = Literal[
    "route-by-enterprise",
    "route-by-zone",
    "route-by-sector",
    "route-by-commune",
    "route-by-province",
    "route-by-choice",
    "route-climbed",
    "route-ambiguous",
    "route-triage",
]

# The most specific first: a decision about one enterprise goes before one about its commune.
SPECIFICITY: tuple[CoverageKind, ...] = ("enterprise", "zone", "sector", "commune", "province")

_REASONS: dict[CoverageKind, Reason] = {
    "enterprise": "route-by-enterprise",
    "zone": "route-by-zone",
    "sector": "route-by-sector",
    "commune": "route-by-commune",
    "province": "route-by-province",
}


@dataclass(frozen=True)
class Body:
    """A body of the union as it stood on the day asked about; its id outlives every new name."""

    id: int
    code: str
    name: str
    level: Level
    parent_id: int | None = None


@dataclass(frozen=True)
class Place:
    """Where somebody works, as far as it is known."""

    enterprise_id: int
    zone: str | None = None
    sector: str | None = None
    commune_code: str | None = None
    province_code: str | None = None

    def ref(self, kind: CoverageKind) -> str | None:
        """Say what a coverage of this kind must name to cover the place; None if not known."""
        match kind:
            case "enterprise":
                return str(self.enterprise_id)
            case "zone":
                return self.zone
            case "sector":
                return self.sector
            case "commune":
                return self.commune_code
            case "province":
                return self.province_code


@dataclass(frozen=True)
class Coverage:
    """That a body looks after one enterprise, zone, sector, commune or province.

    Where several look after the same, the higher priority wins.
    """

    body_id: int
    kind: CoverageKind
    ref: str
    priority: int = 0


@dataclass(frozen=True)
class Power:
    """That a body receives, checks or signs cases of one kind."""

    body_id: int
    kind: CaseKind
    role: Role


@dataclass(frozen=True)
class Jurisdiction:
    """What is in force for one place on one day.

    *triage* is the province's queue for what nobody, or more than one body, covers.
    """

    bodies: Mapping[int, Body]
    coverage: Sequence[Coverage]
    powers: Collection[Power]
    triage: Body


@dataclass(frozen=True)
class Responsible:
    """The body found, the key of the sentence that says why, and the facts it names."""

    body: Body
    reason: Reason
    facts: dict[str, object] = field(default_factory=dict)


def responsible_for(
    place: Place, kind: CaseKind, role: Role, on: date, jurisdiction: Jurisdiction
) -> Responsible:
    """Which body has *role* in cases of *kind* for *place*, out of what is in force on the local
    date *on*.

    The most specific coverage decides, among equals the higher priority. A body without the power
    is climbed from, parent by parent; where no parent has it, the next wider coverage is asked.
    Two different bodies with equal claim, or none at all, lead to triage. A grassroots union is
    never chosen here: questions and urgent matters go above it anyway, and a join reaches it only
    by the worker's own choice (see receives_join).
    """
    asked: dict[str, object] = {"kind": kind, "role": role, "on": on}
    for coverage_kind in SPECIFICITY:
        claims = _strongest(place, coverage_kind, jurisdiction)
        if not claims:
            continue
        if len(claims) > 1:
            names = tuple(sorted(body.name for body in claims))
            return Responsible(jurisdiction.triage, "route-ambiguous", asked | {"bodies": names})
        found = _climb(claims[0], kind, role, jurisdiction)
        if found is not None:
            facts = asked | {
                "coverage": coverage_kind,
                "ref": place.ref(coverage_kind),
                "body": found.name,
            }
            if found.id == claims[0].id:
                return Responsible(found, _REASONS[coverage_kind], facts)
            return Responsible(found, "route-climbed", facts | {"from_body": claims[0].name})
    return Responsible(
        jurisdiction.triage, "route-triage", asked | {"body": jurisdiction.triage.name}
    )


def receives_join(
    place: Place,
    wants_cdcs: bool,  # noqa: FBT001
    cdcs: Body | None,
    cdcs_has_officer: bool,  # noqa: FBT001
    on: date,
    jurisdiction: Jurisdiction,
) -> Responsible:
    """Which body receives a worker's wish to join.

    The grassroots union (CĐCS) of her workplace only if she chose it and an active officer of it
    is here to read it; otherwise the body above, which passes the paper on.
    """
    if wants_cdcs and cdcs is not None and cdcs.level == "grassroots" and cdcs_has_officer:
        facts: dict[str, object] = {
            "kind": "join",
            "role": "receives",
            "on": on,
            "body": cdcs.name,
        }
        return Responsible(cdcs, "route-by-choice", facts)
    return responsible_for(place, "join", "receives", on, jurisdiction)


def line_above(body: Body, bodies: Mapping[int, Body]) -> Iterator[Body]:
    """Climb from body to body, nearest first; a circle in the records ends the line."""
    seen = {body.id}
    above = bodies.get(body.parent_id) if body.parent_id is not None else None
    while above is not None and above.id not in seen:
        yield above
        seen.add(above.id)
        above = bodies.get(above.parent_id) if above.parent_id is not None else None


def _strongest(place: Place, kind: CoverageKind, jurisdiction: Jurisdiction) -> list[Body]:
    """Find the bodies in force that cover the place by this kind with the highest priority."""
    ref = place.ref(kind)
    rows = [
        row
        for row in jurisdiction.coverage
        if row.kind == kind and row.ref == ref and row.body_id in jurisdiction.bodies
    ]
    top = max((row.priority for row in rows), default=0)
    ids = dict.fromkeys(row.body_id for row in rows if row.priority == top)
    return [jurisdiction.bodies[body_id] for body_id in ids]


def _climb(body: Body, kind: CaseKind, role: Role, jurisdiction: Jurisdiction) -> Body | None:
    for candidate in (body, *line_above(body, jurisdiction.bodies)):
        if (
            candidate.level != "grassroots"
            and Power(candidate.id, kind, role) in jurisdiction.powers
        ):
            return candidate
    return None
