"""Which body is responsible: the most specific that may, and never nobody."""

from dataclasses import replace
from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from union.bodies import (
    SPECIFICITY,
    Body,
    CaseKind,
    Coverage,
    CoverageKind,
    Jurisdiction,
    Level,
    Place,
    Power,
    Role,
    line_above,
    receives_join,
    responsible_for,
)

ON = date(2026, 11, 20)
PROVINCE = Body(1, "LDLD-MAU", "Liên đoàn Lao động tỉnh Mẫu", "province")
WARD = Body(2, "CD-MAU", "Công đoàn phường Mẫu", "commune", 1)
COMMUNE = Body(3, "CD-THU", "Công đoàn xã Thử", "commune", 1)
ZONE = Body(4, "CD-KCN", "Công đoàn khu công nghiệp Nháp", "special", 1)
CDCS = Body(5, "CDCS-GIAY", "Công đoàn Công ty Giày Thí Nghiệm", "grassroots", 2)
TRIAGE = Body(9, "TRIAGE", "Nơi chia việc tỉnh Mẫu", "province")
BODIES = {body.id: body for body in (PROVINCE, WARD, COMMUNE, ZONE, CDCS, TRIAGE)}
PLACE = Place(77, zone="nhap", sector="giay", commune_code="00001", province_code="99")

KINDS: tuple[CaseKind, ...] = ("join", "petition", "request")
ROLES: tuple[Role, ...] = ("receives", "checks", "signs")
COVERAGE: dict[CoverageKind, Coverage] = {
    "enterprise": Coverage(3, "enterprise", "77"),
    "zone": Coverage(4, "zone", "nhap"),
    "sector": Coverage(1, "sector", "giay"),
    "commune": Coverage(2, "commune", "00001"),
    "province": Coverage(1, "province", "99"),
}
ALL_POWERS = frozenset(
    Power(body, kind, role) for body in BODIES for kind in KINDS for role in ROLES
)


def jurisdiction(*coverage: Coverage, powers: frozenset[Power] = ALL_POWERS) -> Jurisdiction:
    return Jurisdiction(BODIES, coverage, powers, TRIAGE)


@pytest.mark.parametrize("kind", SPECIFICITY)
def test_each_kind_of_coverage_leads_to_its_body(kind: CoverageKind) -> None:
    """A single matching coverage is followed, and the reason names it."""
    found = responsible_for(PLACE, "petition", "receives", ON, jurisdiction(COVERAGE[kind]))
    assert found.body.id == COVERAGE[kind].body_id
    assert found.reason == f"route-by-{kind}"
    assert found.facts["ref"] == COVERAGE[kind].ref
    assert found.facts["body"] == found.body.name
    assert found.facts["on"] == ON


@pytest.mark.parametrize("first", range(len(SPECIFICITY)))
def test_the_most_specific_coverage_decides(first: int) -> None:
    """Enterprise before zone before sector before commune before province, in any order of rows."""
    rows = [COVERAGE[kind] for kind in SPECIFICITY[first:]]
    for order in (rows, rows[::-1]):
        found = responsible_for(PLACE, "request", "receives", ON, jurisdiction(*order))
        assert found.reason == f"route-by-{SPECIFICITY[first]}"


def test_priority_decides_among_equals() -> None:
    """Of two bodies for one commune, the one with the higher priority answers."""
    rows = (Coverage(2, "commune", "00001"), Coverage(3, "commune", "00001", priority=1))
    for order in (rows, rows[::-1]):
        assert responsible_for(PLACE, "join", "receives", ON, jurisdiction(*order)).body == COMMUNE


def test_priority_never_beats_specificity() -> None:
    """A loud province does not override its zone."""
    loud = Coverage(1, "province", "99", priority=100)
    assert (
        responsible_for(PLACE, "join", "signs", ON, jurisdiction(loud, COVERAGE["zone"])).body
        == ZONE
    )


def test_equal_claims_of_two_bodies_go_to_triage() -> None:
    """Nobody guesses between two bodies with equal claim; both are named."""
    rows = (Coverage(2, "commune", "00001"), Coverage(3, "commune", "00001"))
    found = responsible_for(PLACE, "join", "receives", ON, jurisdiction(*rows))
    assert (found.body, found.reason) == (TRIAGE, "route-ambiguous")
    assert found.facts["bodies"] == (WARD.name, COMMUNE.name)


def test_one_body_named_twice_is_not_ambiguous() -> None:
    """A row imported twice changes nothing."""
    rows = (Coverage(2, "commune", "00001"), Coverage(2, "commune", "00001"))
    assert responsible_for(PLACE, "join", "receives", ON, jurisdiction(*rows)).body == WARD


def test_nothing_known_goes_to_triage() -> None:
    """A place that nobody covers, or of which nothing is known, has an owner all the same."""
    for place, rows in ((PLACE, ()), (Place(78), tuple(COVERAGE.values()))):
        found = responsible_for(place, "petition", "receives", ON, jurisdiction(*rows))
        assert (found.body, found.reason) == (TRIAGE, "route-triage")


def test_a_body_without_the_power_is_climbed_from() -> None:
    """Where the ward receives and the province signs, each role finds its own body."""
    powers = frozenset({Power(2, "petition", "receives"), Power(1, "petition", "signs")})
    here = jurisdiction(COVERAGE["commune"], powers=powers)
    receives = responsible_for(PLACE, "petition", "receives", ON, here)
    signs = responsible_for(PLACE, "petition", "signs", ON, here)
    assert (receives.body, receives.reason) == (WARD, "route-by-commune")
    assert (signs.body, signs.reason) == (PROVINCE, "route-climbed")
    assert signs.facts["from_body"] == WARD.name


def test_power_of_one_kind_is_no_power_of_another() -> None:
    """A body that receives requests does not thereby receive petitions."""
    here = jurisdiction(COVERAGE["commune"], powers=frozenset({Power(2, "request", "receives")}))
    assert responsible_for(PLACE, "request", "receives", ON, here).body == WARD
    assert responsible_for(PLACE, "petition", "receives", ON, here).reason == "route-triage"


def test_a_dead_end_above_goes_on_to_the_wider_coverage() -> None:
    """Where no parent of the zone may sign, the province that covers the place is asked."""
    alone = replace(ZONE, parent_id=None)
    here = Jurisdiction(
        BODIES | {4: alone},
        (COVERAGE["zone"], COVERAGE["province"]),
        frozenset({Power(1, "join", "signs")}),
        TRIAGE,
    )
    assert responsible_for(PLACE, "join", "signs", ON, here).reason == "route-by-province"


def test_a_body_that_ended_is_passed_over() -> None:
    """Coverage of a body that is no longer in force does not count, nor make another ambiguous."""
    ended = Coverage(404, "commune", "00001")
    here = jurisdiction(ended, COVERAGE["commune"])
    assert responsible_for(PLACE, "join", "receives", ON, here).body == WARD


def test_the_line_above_is_climbed_to_its_end() -> None:
    """From the enterprise to the ward to the province, each once, and nobody above the last."""
    assert list(line_above(CDCS, BODIES)) == [WARD, PROVINCE]
    assert list(line_above(PROVINCE, BODIES)) == []
    assert list(line_above(replace(WARD, parent_id=404), BODIES)) == []
    signs = frozenset({Power(1, "join", "signs")})
    here = jurisdiction(Coverage(5, "enterprise", "77"), powers=signs)
    found = responsible_for(PLACE, "join", "signs", ON, here)
    assert (found.body, found.reason) == (PROVINCE, "route-climbed")
    assert found.facts["from_body"] == CDCS.name


def test_parents_in_a_circle_end() -> None:
    """Records in which two bodies stand above each other do not hang the program."""
    circle = {2: replace(WARD, parent_id=3), 3: replace(COMMUNE, parent_id=2)}
    here = Jurisdiction(circle, (COVERAGE["commune"],), frozenset(), TRIAGE)
    assert list(line_above(circle[2], circle)) == [circle[3]]
    assert responsible_for(PLACE, "join", "receives", ON, here).reason == "route-triage"


@pytest.mark.parametrize("kind", KINDS)
def test_a_grassroots_union_is_never_found_by_itself(kind: CaseKind) -> None:
    """Even with coverage and power in the records, the body above the CĐCS is found."""
    here = jurisdiction(Coverage(5, "enterprise", "77", priority=9))
    found = responsible_for(PLACE, kind, "receives", ON, here)
    assert (found.body, found.reason) == (WARD, "route-climbed")


@pytest.mark.parametrize("wants", [True, False])
@pytest.mark.parametrize("cdcs", [CDCS, WARD, None])
@pytest.mark.parametrize("has_officer", [True, False])
def test_a_grassroots_union_receives_only_if_chosen_and_there(
    *, wants: bool, cdcs: Body | None, has_officer: bool
) -> None:
    """Her choice, a grassroots union and an active officer: all three, or the body above receives."""
    here = jurisdiction(COVERAGE["zone"])
    found = receives_join(PLACE, wants, cdcs, has_officer, ON, here)
    if wants and cdcs is CDCS and has_officer:
        assert (found.body, found.reason) == (CDCS, "route-by-choice")
    else:
        assert found == responsible_for(PLACE, "join", "receives", ON, here)


levels: tuple[Level, ...] = ("central", "province", "special", "commune", "grassroots")
bodies_strategy = st.dictionaries(
    st.integers(1, 6),
    st.tuples(st.sampled_from(levels), st.none() | st.integers(1, 6)),
    max_size=6,
).map(
    lambda rows: {
        n: Body(n, f"B{n}", f"Body {n}", level, parent) for n, (level, parent) in rows.items()
    }
)
coverage_strategy = st.lists(
    st.builds(
        Coverage,
        st.integers(1, 7),
        st.sampled_from(SPECIFICITY),
        st.sampled_from(["77", "nhap", "giay", "00001", "99", "other"]),
        st.integers(0, 2),
    ),
    max_size=8,
)
powers_strategy = st.frozensets(
    st.builds(Power, st.integers(1, 6), st.sampled_from(KINDS), st.sampled_from(ROLES)),
    max_size=20,
)
jurisdictions = st.builds(
    Jurisdiction, bodies_strategy, coverage_strategy, powers_strategy, st.just(TRIAGE)
)


@given(jurisdictions, st.sampled_from(KINDS), st.sampled_from(ROLES))
def test_a_case_always_has_an_owner_who_may(
    here: Jurisdiction, kind: CaseKind, role: Role
) -> None:
    """Whatever the records say, the answer is triage, or a body above the workplace with the power."""
    found = responsible_for(PLACE, kind, role, ON, here)
    if found.reason in ("route-triage", "route-ambiguous"):
        assert found.body == TRIAGE
    else:
        assert Power(found.body.id, kind, role) in here.powers
        assert found.body.level != "grassroots"


@given(jurisdictions, st.sampled_from(KINDS), st.sampled_from(ROLES))
def test_the_order_of_records_does_not_matter(
    here: Jurisdiction, kind: CaseKind, role: Role
) -> None:
    """Two servers that read the same records in another order find the same body and reason."""
    mirrored = replace(here, coverage=tuple(reversed(here.coverage)))
    assert responsible_for(PLACE, kind, role, ON, here) == responsible_for(
        PLACE, kind, role, ON, mirrored
    )


@given(coverage_strategy, st.sampled_from(SPECIFICITY))
def test_more_specific_coverage_never_widens_the_answer(
    rows: list[Coverage], kind: CoverageKind
) -> None:
    """Adding a coverage that wins its own kind leads there, unless something more specific matches."""
    bodies = {n: Body(n, f"B{n}", f"Body {n}", "commune") for n in range(1, 9)}
    powers = frozenset(Power(n, "join", "receives") for n in bodies)
    added = Coverage(8, kind, str(PLACE.ref(kind)), priority=99)
    found = responsible_for(
        PLACE, "join", "receives", ON, Jurisdiction(bodies, [*rows, added], powers, TRIAGE)
    )
    finer = SPECIFICITY[: SPECIFICITY.index(kind)]
    if not any(row.kind in finer and row.ref == PLACE.ref(row.kind) for row in rows):
        assert (found.body.id, found.reason) == (8, f"route-by-{kind}")
    else:
        assert found.body.id != 8
