"""What several dialogues and rounds do with a case: route it, count it, tell whom it concerns."""

from datetime import date

from bot.mail import Mail, Option
from bot.reach import hearers
from storage.cases import Case
from storage.enterprises import Enterprise
from storage.signatures import Signature
from storage.store import Store
from union import bands, petitions
from union.bodies import Body, CaseKind, Responsible, Role, receives_join, responsible_for
from union.calendar import add_working_days

NEEDED = "founding_min_people"


# --- who is responsible ----------------------------------------------------------------------


def responsible(store: Store, enterprise: Enterprise, kind: CaseKind, role: Role) -> Responsible:
    """Return the body that plays *role* for this place today, and why."""
    place = store.bodies.place_of(enterprise.id)
    return responsible_for(place, kind, role, store.today, store.bodies.jurisdiction(place))


def join_receiver(store: Store, enterprise: Enterprise, *, wants_cdcs: bool) -> Responsible:
    """Return the body that receives a wish to join here, by the worker's own choice."""
    place = store.bodies.place_of(enterprise.id)
    cdcs = grassroots_of(store, enterprise)
    has_officer = cdcs is not None and store.bodies.has_officer(cdcs.id, "receives")
    return receives_join(
        place, wants_cdcs, cdcs, has_officer, store.today, store.bodies.jurisdiction(place)
    )


def grassroots_of(store: Store, enterprise: Enterprise) -> Body | None:
    """Return the grassroots union (CĐCS) of a place, or None."""
    return None if enterprise.cdcs_id is None else store.bodies.by_id(enterprise.cdcs_id)


def desk_of(store: Store, enterprise: Enterprise | None) -> Body:
    """Return the body that questions from this place go to; without a place, the triage body."""
    if enterprise is None:
        return store.bodies.triage()
    return responsible(store, enterprise, "request", "receives").body


# --- days ------------------------------------------------------------------------------------


def working_days_from_today(store: Store, rule: str) -> date:
    """Return the day on which a promise of so many working days, by a dated rule, falls due."""
    days = store.law.book().number(rule, store.today)
    return add_working_days(store.today, days, store.law.holidays())


# --- the petition ----------------------------------------------------------------------------


def petition_for(store: Store, enterprise: Enterprise) -> Case:
    """Return the one live petition of a place, opened where there is none, locked either way."""
    while (known := store.cases.live_petition(enterprise.id, lock=True)) is None:
        body = responsible(store, enterprise, "petition", "receives").body
        code = store.people.new_code()
        opened = store.cases.open_once(
            "petition", code, "open", body.id, enterprise_id=enterprise.id
        )
        # None: somebody else has opened it in this very moment; now it can be found.
        if opened is not None:
            place = {"body_id": body.id, "enterprise_id": enterprise.id}
            store.ledger.write("opened", case_id=opened.id, **place)
            return opened
    return known


def lock_signed(store: Store, conversation_id: int) -> list[Signature]:
    """Lock every case signed from an address; return its signatures as they now stand.

    Always in one order, so that two who sign at the same places never wait for each other.
    """
    for case_id in sorted({one.case_id for one in store.signatures.at(conversation_id)}):
        store.cases.locked(case_id)
    return store.signatures.at(conversation_id)


def needed(store: Store) -> int:
    """Return how many people a petition needs today."""
    return store.law.book().number(NEEDED, store.today)


def names_may_open(store: Store, case: Case) -> bool:
    """Whether an officer may open names now: never while too few count, whatever the state."""
    if case.kind != "petition":
        return case.is_live or case.state == "decided"
    return petitions.names_may_open(case.state) and case.counted >= needed(store)  # type: ignore[arg-type]


def recount(mail: Mail, case: Case) -> Case:
    """Count a petition anew after somebody signed or took back; tell the body what changed.

    Reaching the number makes the petition ready and gives it a day; falling below opens it again,
    and names close. What an officer has taken is not reopened, but she is told.
    """
    case = mail.store.cases.locked(case.id)
    return _counted(mail, case, petitions.tally(mail.store.signatures.facts(case.id)).counted)


def count_one_more(mail: Mail, case: Case) -> Case:
    """Count a person's first signature on a petition, which counts; otherwise like `recount`.

    The rows are not looked through: with ten thousand of them each next one would pay for all.
    """
    case = mail.store.cases.locked(case.id)
    return _counted(mail, case, case.counted + 1)


def _counted(mail: Mail, case: Case, counted: int) -> Case:
    store = mail.store
    enough = needed(store)
    before, after = case.state, petitions.after_count(case.state, counted, enough)  # type: ignore[arg-type]
    fell = counted < enough <= case.counted
    case = store.cases.change(case, counted=counted, state=after)
    if before == "open" and after == "ready":
        return _became_ready(mail, case)
    if before == "ready" and after == "open":
        store.ledger.write("fell", case_id=case.id, body_id=case.body_id)
        case = store.cases.change(case, ready_at=None, due_on=None, officer_id=None)
    if fell and before != "open":
        tell_desk(
            mail,
            case,
            "desk-count-fell",
            code=case.code,
            count=counted,
            threshold=enough,
        )
    return case


def _became_ready(mail: Mail, case: Case) -> Case:
    store = mail.store
    due = working_days_from_today(store, "desk_first_answer_days")
    case = store.cases.change(case, ready_at=store.now, due_on=due)
    store.ledger.write("ready", case_id=case.id, body_id=case.body_id)
    tell_desk(mail, case, "desk-new", ["desk", "later"])
    return case


def band_key(store: Store, case_id: int) -> str:
    """Return the key of the band that may be told of a petition: as the last daily run left it."""
    known = store.cases.band(case_id)
    return bands.band(known.low if known else 0).key


# --- telling ---------------------------------------------------------------------------------


def tell_desk(
    mail: Mail,
    case: Case,
    key: str,
    choices: list[Option] | None = None,
    *,
    role: str = "receives",
    urgent: bool = False,
    **facts: object,
) -> int:
    """Tell the officers who handle a case: who holds it, or else all of the body in this role.

    Where the body has nobody, the body above is told, so that somebody surely is; where nobody
    who would hear it can be reached now, whoever can be beside or above her. Return how many.
    What has *facts* (a code, a count) lies behind a neutral line until she taps it.
    """
    store = mail.store
    if case.officer_id is not None:
        listeners = [store.officers.by_id(case.officer_id).conversation_id]
    else:
        listeners = _listeners(store, case.body_id, role)
    listeners = hearers(store, mail.office, listeners, case.body_id)
    for one in listeners:
        if facts:
            mail.note(one, case, key, **facts)
        else:
            mail.push(one, key, choices, topic="urgent" if urgent else "desk")
    return len(listeners)


def _listeners(store: Store, body_id: int, role: str) -> list[int]:
    """Return who listens for a body, or for the nearest one above that has somebody."""
    seen: set[int] = set()
    body = store.bodies.by_id(body_id)
    while body.id not in seen:
        seen.add(body.id)
        found = store.officers.of_body(body.id, role) or store.officers.of_body(body.id)
        if found:
            return [one.conversation_id for one in found]
        body = store.bodies.above(body)
    return [one.conversation_id for one in store.officers.of_body(store.bodies.triage().id)]


def tell_signers(mail: Mail, case: Case, key: str, **facts: object) -> int:
    """Lay news out for everyone whose name counts on a case; return how many addresses.

    The words behind *key* reveal nothing on a lock screen: only an envelope is pushed. That a
    petition has moved is not told before the daily run has told that enough have signed.
    """
    if key == "moved-body" and not _may_know_of_desk(mail.store, case):
        return 0
    addresses = mail.store.signatures.live_addresses(case.id)
    for one in addresses:
        mail.news(one, case, key, **facts)
    mail.store.ledger.write("told", case_id=case.id, key=key)
    return len(addresses)


def _may_know_of_desk(store: Store, case: Case) -> bool:
    """Whether signers may learn that officers handle their petition: an open one says nothing."""
    if case.kind != "petition" or case.state == "open":
        return True
    known = store.cases.band(case.id)
    return known is not None and known.enough_told_on is not None


def hand_over(mail: Mail, case: Case, body: Body) -> Case:
    """Give a case to another body: history, dates and order stay, nobody holds it any more."""
    store = mail.store
    before = case.body_id
    case = store.cases.change(case, body_id=body.id, officer_id=None, taken_at=None)
    store.ledger.write("handed_over", case_id=case.id, body_id=body.id, from_body=before)
    tell_desk(mail, case, "desk-new", ["desk", "later"])
    return case
