"""What waits at an officer's desk: kinds of request, when each is due, and which comes first."""

from collections.abc import Collection, Iterable
from datetime import date
from typing import Literal, Protocol, TypeVar, get_args

from union.bodies import CaseKind
from union.calendar import add_working_days, working_days_between

RequestKind = Literal[
    "question", "wage", "dismissal", "accident", "violence", "harassment", "other"
]

REQUEST_KINDS: tuple[RequestKind, ...] = get_args(RequestKind)
URGENT_KINDS: frozenset[RequestKind] = frozenset(
    {"dismissal", "accident", "violence", "harassment"}
)


class Waiting(Protocol):
    """A case as the queue sees it; *due_on* is a local date, None where nothing is promised."""

    @property
    def due_on(self) -> date | None:
        """By when it is to be answered."""

    @property
    def is_urgent(self) -> bool:
        """Whether it comes first."""


W = TypeVar("W", bound=Waiting)


def is_urgent(kind: str) -> bool:
    """Whether a request of this kind comes first and is told to the officer at once."""
    return kind in URGENT_KINDS


def deadline_rule(kind: CaseKind | RequestKind, *, receiver_is_grassroots: bool = False) -> str:
    """Name the dated rule that says in how many working days a case is to be answered.

    A bare "request" is taken as an ordinary one. For a join no deadline of the executive committee
    of a grassroots union was found, only that of the body above (Hướng dẫn 38/HD-TLĐ, 3.1): the
    former is our service target.
    """
    match kind:
        case "petition":
            return "desk_first_answer_days"
        case "join":
            return (
                "join_decision_days_cdcs" if receiver_is_grassroots else "join_decision_days_upper"
            )
        case _:
            return "request_urgent_answer_days" if is_urgent(kind) else "request_answer_days"


def due_on(received_on: date, days: int, holidays: Collection[date]) -> date:
    """Return the local date by which a case is due, *days* working days after its receipt."""
    return add_working_days(received_on, days, holidays)


def is_overdue(due_on: date | None, today: date) -> bool:
    """Whether the day promised has passed."""
    return due_on is not None and due_on < today


def is_due_soon(
    due_on: date | None, today: date, holidays: Collection[date], within: int = 2
) -> bool:
    """Whether the case falls due today or in the next *within* working days."""
    if due_on is None or due_on < today:
        return False
    return working_days_between(today, due_on, holidays) <= within


def order(cases: Iterable[W], today: date) -> list[W]:
    """Put overdue first, then urgent, then what falls due soonest; equals stay as they came."""
    return sorted(cases, key=lambda case: _place(case, today))


def _place(case: Waiting, today: date) -> tuple[bool, bool, date]:
    return not is_overdue(case.due_on, today), not case.is_urgent, case.due_on or date.max
