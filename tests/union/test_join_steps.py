"""Joining: every step that is allowed, every other refused, and who may join."""

from itertools import product
from typing import get_args

import pytest

from union.membership import (
    Act,
    Actor,
    Position,
    State,
    acts_open_to,
    eligibility,
    is_sent,
    step,
)
from union.refusals import NotAllowed

STATES: tuple[State, ...] = get_args(State)
ACTS: tuple[Act, ...] = get_args(Act)
ACTORS: tuple[Actor, ...] = get_args(Actor)
CELLS = list(product(STATES, ACTS, ACTORS))

CONSIDER = ("receives", "checks")
OFFICERS = ("receives", "checks", "signs")
# Written out once more, not taken from the code, so that a change of the table is a change here.
ALLOWED: dict[tuple[str, str], tuple[str, tuple[str, ...]]] = {
    ("waiting", "take"): ("taken", ("receives",)),
    ("waiting", "hand_on"): ("waiting", ("receives",)),
    ("waiting", "withdraw"): ("withdrawn", ("worker",)),
    ("taken", "release"): ("waiting", ("receives",)),
    ("taken", "hand_on"): ("waiting", ("receives",)),
    ("taken", "approve"): ("approved", CONSIDER),
    ("taken", "return"): ("returned", CONSIDER),
    ("taken", "refuse"): ("refused", OFFICERS),
    ("taken", "withdraw"): ("withdrawn", ("worker",)),
    ("returned", "complete"): ("waiting", ("worker",)),
    ("returned", "refuse"): ("refused", OFFICERS),
    ("returned", "withdraw"): ("withdrawn", ("worker",)),
    ("approved", "decide"): ("decided", ("receives", "signs")),
    ("approved", "return"): ("returned", CONSIDER),
    ("approved", "refuse"): ("refused", OFFICERS),
    ("approved", "withdraw"): ("withdrawn", ("worker",)),
}


@pytest.mark.parametrize(("state", "act", "actor"), CELLS)
def test_every_step(state: State, act: Act, actor: Actor) -> None:
    """Each act in each state by each person leads where the table says, or is refused."""
    to, by = ALLOWED.get((state, act), ("", ()))
    if actor in by:
        assert step(state, act, actor) == to
        return
    with pytest.raises(NotAllowed) as refusal:
        step(state, act, actor)
    assert refusal.value.key == "desk-step-not-allowed"
    assert refusal.value.facts == {"state": state, "act": act, "actor": actor}


def test_a_worker_takes_her_wish_back_until_it_is_decided() -> None:
    """Withdrawing is hers alone and open in every state before a decision."""
    for state in STATES:
        may = (state, "withdraw") in ALLOWED
        assert may == (state in ("waiting", "taken", "returned", "approved"))
        assert is_sent(state) == (state == "decided")


@pytest.mark.parametrize("state", STATES)
def test_the_desk_never_offers_a_worker_s_act(state: State) -> None:
    """Officers are offered what they may do, and never to withdraw or complete for her."""
    offered = set(acts_open_to(state, ("receives", "checks", "signs")))
    assert offered == {
        act for act in ACTS if set(ALLOWED.get((state, act), ("", ()))[1]) & set(OFFICERS)
    }
    assert not offered & {"withdraw", "complete"}


@pytest.mark.parametrize("position", get_args(Position))
@pytest.mark.parametrize("is_foreign", [True, False])
def test_who_may_join(*, position: Position, is_foreign: bool) -> None:
    """Workers may, foreigners are recorded apart, employers and whoever signs for them may not."""
    found = eligibility(position, is_foreign=is_foreign)
    is_worker = position == "worker"
    assert found.may_sign == is_worker
    assert found.counts == (is_worker and not is_foreign)
    assert found.apart == (is_worker and is_foreign)
    assert (found.reason == "sign-not-eligible?") == (not is_worker)
    assert (found.reason is None) == found.counts
