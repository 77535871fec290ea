"""The petition to found a grassroots union: its steps, who takes them, and who counts."""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from typing import Literal

from union.bodies import Role
from union.steps import Step, open_acts, taken_step

State = Literal["open", "ready", "taken", "guided", "checked", "recognised", "refused", "returned"]
Act = Literal["take", "release", "hand_on", "guide", "check", "return", "recognise", "refuse"]
Known = Literal["verified", "claimed", "none"]

_RECEIVES = frozenset[Role]({"receives"})
_CHECKS = frozenset[Role]({"checks"})
_SIGNS = frozenset[Role]({"signs"})

# The body that receives guides the committee to its congress; the one that checks reads the
# dossier; the one that signs decides. "check" also takes up a dossier that came back completed.
STEPS: Mapping[tuple[State, Act], Step[State, Role]] = {
    ("ready", "take"): Step("taken", _RECEIVES),
    ("ready", "hand_on"): Step("ready", _RECEIVES),
    ("taken", "guide"): Step("guided", _RECEIVES),
    ("taken", "refuse"): Step("refused", _SIGNS),
    ("taken", "release"): Step("ready", _RECEIVES),
    ("taken", "hand_on"): Step("ready", _RECEIVES),
    ("guided", "guide"): Step("guided", _RECEIVES),  # another date for the congress
    ("guided", "check"): Step("checked", _CHECKS),
    ("guided", "return"): Step("returned", _CHECKS),
    ("guided", "hand_on"): Step("guided", _RECEIVES),
    ("checked", "recognise"): Step("recognised", _SIGNS),
    ("checked", "return"): Step("returned", _SIGNS),
    ("checked", "refuse"): Step("refused", _SIGNS),
    ("returned", "check"): Step("checked", _CHECKS),
    ("returned", "refuse"): Step("refused", _SIGNS),
}

_SENT: frozenset[State] = frozenset({"checked", "returned", "recognised", "refused"})
_AT_THE_DESK: frozenset[State] = frozenset({"taken", "guided", "checked", "returned"})


def step(state: State, act: Act, role: Role) -> State:
    """Return the state after an officer's act. Raises NotAllowed: desk-step-not-allowed."""
    return taken_step(STEPS, state, act, role)


def acts_open_to(state: State, roles: Collection[Role]) -> tuple[Act, ...]:
    """List what an officer whose body has *roles* may do in this state, in order of offering."""
    return open_acts(STEPS, state, roles)


@dataclass(frozen=True)
class Signature:
    """What counting needs to know of one signature; no name and no phone.

    *valid*: not withdrawn. *set_aside*: by an officer, or after "không phải tôi". *known*: how the
    phone is known; a number that was merely typed ("claimed") proves nothing, and the signature
    counts all the same. *times*: how many signatures are like this one.
    """

    valid: bool = True
    foreign: bool = False
    set_aside: bool = False
    known: Known = "none"
    times: int = 1


@dataclass(frozen=True)
class Tally:
    """*counted* towards founding; *foreign* and *set_aside* beside it; *verified* tells how many
    of the counted.
    """

    counted: int
    foreign: int
    set_aside: int
    verified: int


def tally(signatures: Iterable[Signature]) -> Tally:
    """Who counts. Only Vietnamese citizens found a grassroots union (charter XIII, Điều 2):
    foreigners stand apart.
    """
    valid = [signature for signature in signatures if signature.valid]
    standing = [signature for signature in valid if not signature.set_aside]
    counted = [signature for signature in standing if not signature.foreign]
    return Tally(
        counted=_number(counted),
        foreign=_number(standing) - _number(counted),
        set_aside=_number(valid) - _number(standing),
        verified=_number(one for one in counted if one.known == "verified"),
    )


def _number(signatures: Iterable[Signature]) -> int:
    return sum(one.times for one in signatures)


def after_count(state: State, counted: int, needed: int) -> State:
    """Return the state after somebody signed or withdrew, when *needed* people are required.

    Enough make it ready, and too few open it again. What an officer has taken is never reopened
    behind her back: see is_paused. Raises ValueError when nobody would be needed.
    """
    if needed < 1:
        raise ValueError(f"a petition cannot need {needed} people")
    if state == "open" and counted >= needed:
        return "ready"
    if state == "ready" and counted < needed:
        return "open"
    return state


def is_paused(state: State, counted: int, needed: int) -> bool:
    """Whether a petition in an officer's hands has fallen below *needed*: she must be shown it."""
    return state in _AT_THE_DESK and counted < needed


def names_may_open(state: State) -> bool:
    """Whether an officer may open names at all: never before enough people have signed, nor once
    too few are left.
    """
    return state != "open"


def is_sent(state: State) -> bool:
    """Whether the dossier has gone, so that taking a name back needs an officer."""
    return state in _SENT
