"""How a case moves: which act leads from which state to which, and who may do it."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Generic, TypeVar

from union.refusals import NotAllowed

State = TypeVar("State", bound=str)
Act = TypeVar("Act", bound=str)
Actor = TypeVar("Actor", bound=str)


@dataclass(frozen=True)
class Step(Generic[State, Actor]):
    """Where an act leads, and who may do it."""

    to: State
    by: frozenset[Actor]


def taken_step(
    steps: Mapping[tuple[State, Act], Step[State, Actor]], state: State, act: Act, actor: Actor
) -> State:
    """Return the state after the act.

    Raises NotAllowed, desk-step-not-allowed, where the table has no such step.
    """
    step = steps.get((state, act))
    if step is None or actor not in step.by:
        raise NotAllowed("desk-step-not-allowed", state=state, act=act, actor=actor)
    return step.to


def open_acts(
    steps: Mapping[tuple[State, Act], Step[State, Actor]], state: State, actors: Collection[Actor]
) -> tuple[Act, ...]:
    """List the acts that one of *actors* may do in this state, in the order of the table."""
    return tuple(
        act
        for (of_state, act), step in steps.items()
        if of_state == state and not step.by.isdisjoint(actors)
    )
