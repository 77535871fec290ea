"""The petition: every step that is allowed, every other refused, and who counts."""

from itertools import product
from typing import get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st

from union import petitions
from union.bodies import Role
from union.petitions import (
    Act,
    Signature,
    State,
    Tally,
    acts_open_to,
    after_count,
    is_paused,
    is_sent,
    names_may_open,
    step,
    tally,
)
from union.refusals import NotAllowed

STATES: tuple[State, ...] = get_args(State)
ACTS: tuple[Act, ...] = get_args(Act)
ROLES: tuple[Role, ...] = get_args(Role)
CELLS = list(product(STATES, ACTS, ROLES))

# Written out once more, not taken from the code, so that a change of the table is a change here.
ALLOWED: dict[tuple[str, str, str], str] = {
    ("ready", "take", "receives"): "taken",
    ("ready", "hand_on", "receives"): "ready",
    ("taken", "release", "receives"): "ready",
    ("taken", "hand_on", "receives"): "ready",
    ("taken", "guide", "receives"): "guided",
    ("taken", "refuse", "signs"): "refused",
    ("guided", "guide", "receives"): "guided",
    ("guided", "hand_on", "receives"): "guided",
    ("guided", "check", "checks"): "checked",
    ("guided", "return", "checks"): "returned",
    ("checked", "recognise", "signs"): "recognised",
    ("checked", "refuse", "signs"): "refused",
    ("checked", "return", "signs"): "returned",
    ("returned", "check", "checks"): "checked",
    ("returned", "refuse", "signs"): "refused",
}


@pytest.mark.parametrize(("state", "act", "role"), CELLS)
def test_every_step(state: State, act: Act, role: Role) -> None:
    """Each act in each state by each role leads where the table says, or is refused with its facts."""
    if (state, act, role) in ALLOWED:
        assert step(state, act, role) == ALLOWED[state, act, role]
        return
    with pytest.raises(NotAllowed) as refusal:
        step(state, act, role)
    assert refusal.value.key == "desk-step-not-allowed"
    assert refusal.value.facts == {"state": state, "act": act, "actor": role}


def test_the_whole_journey() -> None:
    """From enough signatures to recognition, each step by its own role."""
    state: State = after_count("open", 5, 5)
    for act, role in (
        ("take", "receives"),
        ("guide", "receives"),
        ("check", "checks"),
        ("recognise", "signs"),
    ):
        state = step(state, act, role)  # type: ignore[arg-type]
    assert state == "recognised"


def test_a_decision_is_final() -> None:
    """Nothing can be done to what is recognised or refused, and nothing by an officer before it is ready."""
    for state in ("open", "recognised", "refused"):
        assert acts_open_to(state, ROLES) == ()


@pytest.mark.parametrize("state", STATES)
@pytest.mark.parametrize("role", ROLES)
def test_acts_offered_are_acts_allowed(state: State, role: Role) -> None:
    """The desk offers exactly what pressing it would do."""
    assert set(acts_open_to(state, {role})) == {
        act for act in ACTS if (state, act, role) in ALLOWED
    }
    assert acts_open_to(state, ()) == ()


signatures = st.builds(
    Signature,
    valid=st.booleans(),
    foreign=st.booleans(),
    set_aside=st.booleans(),
    known=st.sampled_from(get_args(petitions.Known)),
)


def test_who_counts() -> None:
    """Citizens count however their phone is known; foreigners, set aside and withdrawn do not."""
    assert tally(
        [
            Signature(known="verified"),
            Signature(known="claimed"),
            Signature(),
            Signature(foreign=True, known="verified"),
            Signature(set_aside=True),
            Signature(foreign=True, set_aside=True),
            Signature(valid=False, known="verified"),
        ]
    ) == Tally(counted=3, foreign=1, set_aside=2, verified=1)


@given(st.lists(signatures))
def test_every_valid_signature_is_told_once(signed: list[Signature]) -> None:
    """Counted, foreign and set aside together are all that were not withdrawn; verified are counted."""
    told = tally(signed)
    assert told.counted + told.foreign + told.set_aside == sum(one.valid for one in signed)
    assert 0 <= told.verified <= told.counted


@given(st.lists(signatures), signatures)
def test_withdrawing_never_raises_the_count(signed: list[Signature], one: Signature) -> None:
    """A signature taken back leaves the others counted as they were."""
    without = tally(signed)
    assert tally([*signed, Signature(valid=False, foreign=one.foreign)]) == without
    assert tally([*signed, one]).counted >= without.counted


@pytest.mark.parametrize(
    ("state", "counted", "after"),
    [
        ("open", 4, "open"),
        ("open", 5, "ready"),
        ("open", 6, "ready"),
        ("ready", 5, "ready"),
        ("ready", 4, "open"),
    ],
)
def test_the_threshold_is_reversible(state: State, counted: int, after: State) -> None:
    """Five make it ready, four open it again."""
    assert after_count(state, counted, needed=5) == after


@given(st.sampled_from(STATES), st.integers(0, 20), st.integers(1, 20))
def test_counting_never_takes_a_case_from_an_officer(
    state: State, counted: int, needed: int
) -> None:
    """Only open and ready change by counting, and names are shut exactly when too few have signed."""
    after = after_count(state, counted, needed)
    if state in ("open", "ready"):
        assert after == ("ready" if counted >= needed else "open")
        assert names_may_open(after) == (counted >= needed)
        assert not is_paused(state, counted, needed)
    else:
        assert after == state
    assert after_count(after, counted, needed) == after


@pytest.mark.parametrize("state", STATES)
def test_a_fallen_count_is_shown_while_an_officer_works(state: State) -> None:
    """Taken, guided, checked and returned petitions are paused below the threshold, never at it."""
    assert is_paused(state, 4, 5) == (state in ("taken", "guided", "checked", "returned"))
    assert not is_paused(state, 5, 5)


def test_a_petition_needs_somebody() -> None:
    """A threshold of nobody would make an empty petition ready."""
    with pytest.raises(ValueError, match="0"):
        after_count("open", 0, 0)


@pytest.mark.parametrize("state", STATES)
def test_names_and_dossier(state: State) -> None:
    """Names stay shut while open; a dossier is gone once it was checked, returned or decided."""
    assert names_may_open(state) == (state != "open")
    assert is_sent(state) == (state in ("checked", "returned", "recognised", "refused"))
