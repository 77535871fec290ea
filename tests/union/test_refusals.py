"""A refusal names a sentence and its facts."""

import pytest

from union.refusals import NotAllowed, Refusal, Unclear


@pytest.mark.parametrize("kind", [Refusal, Unclear, NotAllowed])
def test_refusal_carries_key_and_facts(kind: type[Refusal]) -> None:
    """Whoever catches a refusal learns which sentence to say and what fills it, also a fact named key."""
    refusal = kind("error-too-long?", limit=1000, key="K7M2QX")
    assert refusal.key == "error-too-long?"
    assert refusal.facts == {"limit": 1000, "key": "K7M2QX"}


def test_unclear_adds_choices_beside_its_facts() -> None:
    """The choices to add to the question are no facts of the sentence."""
    unclear = Unclear("error-name-short?", choices=("name-is-right",), name="Mẫu")
    assert unclear.choices == ("name-is-right",)
    assert unclear.facts == {"name": "Mẫu"}
    assert Unclear("error-unclear?").choices == ()


def test_unclear_and_not_allowed_are_refusals() -> None:
    """One place may catch both."""
    assert issubclass(Unclear, Refusal)
    assert issubclass(NotAllowed, Refusal)
    assert not issubclass(NotAllowed, Unclear)
