"""What the rules hand out stays as it was."""

from dataclasses import fields, is_dataclass

import pytest

from union import bodies, consent, membership, papers, petitions, rules, steps

KINDS = [
    *(bodies.Body, bodies.Place, bodies.Coverage, bodies.Power, bodies.Jurisdiction),
    *(bodies.Responsible, consent.Consent, membership.Eligibility, papers.Paper),
    *(petitions.Signature, petitions.Tally, rules.Rule, steps.Step),
]


@pytest.mark.parametrize("kind", KINDS)
def test_facts_and_decisions_cannot_be_changed(kind: type) -> None:
    """A fact handed in, or a decision handed out, is the same for everyone who holds it."""
    assert is_dataclass(kind)
    assert fields(kind)
    assert kind.__dataclass_params__.frozen  # type: ignore[attr-defined]
