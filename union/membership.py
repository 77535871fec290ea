"""Joining the grassroots union that exists: who may, and the steps from a wish to a decision."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Literal

from union.bodies import Role
from union.steps import Step, open_acts, taken_step

State = Literal["waiting", "taken", "approved", "decided", "refused", "returned", "withdrawn"]
Act = Literal[
    "take", "release", "hand_on", "approve", "return", "refuse", "decide", "complete", "withdraw"
]
Actor = Literal["receives", "checks", "signs", "worker"]
Position = Literal["worker", "owner", "director", "board", "authorised_signer"]

_RECEIVES = frozenset[Actor]({"receives"})
_CONSIDER = frozenset[Actor]({"receives", "checks"})
_OFFICERS = frozenset[Actor]({"receives", "checks", "signs"})
# The executive committee decides; where it has no officer here, the body above records its
# decision.
_DECIDE = frozenset[Actor]({"receives", "signs"})
_WORKER = frozenset[Actor]({"worker"})

STEPS: Mapping[tuple[State, Act], Step[State, Actor]] = {
    ("waiting", "take"): Step("taken", _RECEIVES),
    ("waiting", "hand_on"): Step("waiting", _RECEIVES),
    ("waiting", "withdraw"): Step("withdrawn", _WORKER),
    ("taken", "approve"): Step("approved", _CONSIDER),
    ("taken", "return"): Step("returned", _CONSIDER),
    ("taken", "refuse"): Step("refused", _OFFICERS),
    ("taken", "release"): Step("waiting", _RECEIVES),
    ("taken", "hand_on"): Step("waiting", _RECEIVES),
    ("taken", "withdraw"): Step("withdrawn", _WORKER),
    ("returned", "complete"): Step("waiting", _WORKER),
    ("returned", "refuse"): Step("refused", _OFFICERS),
    ("returned", "withdraw"): Step("withdrawn", _WORKER),
    ("approved", "decide"): Step("decided", _DECIDE),
    ("approved", "return"): Step("returned", _CONSIDER),
    ("approved", "refuse"): Step("refused", _OFFICERS),
    ("approved", "withdraw"): Step("withdrawn", _WORKER),
}


def step(state: State, act: Act, actor: Actor) -> State:
    """Return the state after an officer's act in her role, or the worker's own.

    Raises NotAllowed: desk-step-not-allowed.
    """
    return taken_step(STEPS, state, act, actor)


def acts_open_to(state: State, roles: Collection[Role]) -> tuple[Act, ...]:
    """List what an officer whose body has *roles* may do in this state, in order of offering."""
    return open_acts(STEPS, state, roles)


def is_sent(state: State) -> bool:
    """Whether the executive committee has decided: taking the wish back then needs an officer."""
    return state == "decided"


@dataclass(frozen=True)
class Eligibility:
    """What a person's position means for her wish to join or to found.

    *may_sign*: it may be recorded. *counts*: towards founding. *apart*: it is shown beside the
    count. *reason*: the key of what she is told, None where there is nothing to say.
    """

    may_sign: bool
    counts: bool
    apart: bool
    reason: str | None


def eligibility(position: Position, *, is_foreign: bool) -> Eligibility:
    """Decide from what she says of herself.

    Owners, members of the board, directors and whoever signs labour contracts for the employer are
    not admitted (Hướng dẫn 38/HD-TLĐ, 1.2). Foreign citizens may join, on a contract of some
    length that the officer checks (Hướng dẫn 38/HD-TLĐ, 1.1), and only Vietnamese citizens found
    (charter XIII, Điều 2): they are recorded apart.
    """
    if position != "worker":
        return Eligibility(may_sign=False, counts=False, apart=False, reason="sign-not-eligible?")
    if is_foreign:
        return Eligibility(
            may_sign=True, counts=False, apart=True, reason="sign-statement-foreign?"
        )
    return Eligibility(may_sign=True, counts=True, apart=False, reason=None)
