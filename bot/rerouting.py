"""Which cases belong to another body today, and how they are handed over."""

from collections.abc import Iterable
from datetime import timedelta

from bot import casework
from bot.mail import Mail
from storage.cases import Case
from storage.store import Store
from union.bodies import Body, CaseKind, Role

MOST_OF_A_BODY = 5000


def every_case(store: Store) -> Iterable[Case]:
    """Give every live case: petitions below their number, and what stands on a desk."""
    after = 0
    while found := store.cases.live_petitions(after, MOST_OF_A_BODY):
        yield from (one for one in found if one.state == "open")
        after = found[-1].id
    for body_id in sorted(_bodies_lately(store)):
        yield from store.cases.queue([body_id], MOST_OF_A_BODY)


def _bodies_lately(store: Store) -> set[int]:
    """Return every body of today, and those that ended in the last weeks: cases may lie there."""
    days = (store.today - timedelta(days=back) for back in (0, 1, 7, 31))
    return {one.id for day in days for one in store.bodies.all(day)}


def new_body(store: Store, case: Case) -> Body | None:
    """Return the body that must have a case now, where it is another than the one that has it.

    What an officer has handed on by hand stays where it was put, unless that body is no more.
    """
    if case.enterprise_id is None:
        return None if _still_exists(store, case.body_id) else store.bodies.triage()
    wanted = _wanted(store, case)
    if case.body_id in {one.id for one in wanted}:
        return None
    if _still_exists(store, case.body_id) and _was_put_there(store, case):
        return None
    return wanted[0]


def _wanted(store: Store, case: Case) -> list[Body]:
    """Return the bodies that may have a case at its step, the one to move it to first."""
    enterprise = store.enterprises.by_id(case.enterprise_id or 0)
    if case.kind == "join":
        return [casework.join_receiver(store, enterprise, wants_cdcs=case.wants_cdcs).body]
    roles: dict[str, tuple[Role, ...]] = {
        "guided": ("receives", "checks"),
        "checked": ("signs",),
        "returned": ("checks", "signs"),
    }
    kind: CaseKind = "petition" if case.kind == "petition" else "request"
    return [
        casework.responsible(store, enterprise, kind, role).body
        for role in roles.get(case.state, ("receives",))
    ]


def _still_exists(store: Store, body_id: int) -> bool:
    try:
        store.bodies.by_id(body_id)
    except LookupError:
        return False
    return True


def _was_put_there(store: Store, case: Case) -> bool:
    acts = store.ledger.of_case(case.id)
    return any(one.act in ("handed_on", "handed_by_hand") for one in acts)


_BACK = {"join": "waiting", "petition": "ready", "request": "waiting"}


def move(mail: Mail, case: Case) -> None:
    """Hand a case over; dates and order stay, and everyone it concerns is told."""
    store = mail.store
    case = store.cases.locked(case.id)
    body = new_body(store, case)
    if body is None or not case.is_live:
        return
    before = store.bodies.by_id(case.body_id).name if _still_exists(store, case.body_id) else ""
    if case.state == "taken" and case.answered_at is None:
        case = store.cases.change(case, state=_BACK[case.kind])
    if case.state == "open":
        # No officer may learn of a petition that is below its number: nobody at the desk is told.
        old = case.body_id
        case = store.cases.change(case, body_id=body.id)
        store.ledger.write("handed_over", case_id=case.id, body_id=body.id, from_body=old)
    else:
        case = casework.hand_over(mail, case, body)
    tell_senders(mail, case, "moved-body", from_body=before)


def tell_senders(mail: Mail, case: Case, key: str, **facts: object) -> None:
    """Lay news out for everyone who is behind a case."""
    if case.kind != "request":
        casework.tell_signers(mail, case, key, **facts)
    elif case.conversation_id is not None:
        mail.news(case.conversation_id, case, key, **facts)
