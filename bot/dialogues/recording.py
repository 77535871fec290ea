"""The last tap: what is kept when somebody puts her name down or puts it off, and her receipt."""

from bot import casework
from bot.dialogues.wish import DRAFT, Wish, keep_draft, kind_of, receiver
from bot.turn import Turn
from storage.cases import Case
from storage.people import Person, Receipt
from storage.signatures import Signature
from union import membership
from union.bodies import Body
from union.cases import deadline_rule
from union.papers import fingerprint


def say_receipt(turn: Turn, code: str, *, contact: bool = True) -> None:
    """Say the one receipt: the same after signing, putting off, taking back and repeating."""
    can = turn.office.can(turn.conversation.channel)
    # Where nothing can be pushed the channel's own line is true for everybody.
    line = can.news_line if contact or not can.pushes else "receipt-no-news"
    # Where letters may stop reaching her she is offered another way, whatever was recorded.
    ways = ["second-way"] if can.window else []
    choices = ["status", "share", *ways, "menu"]
    turn.say("receipt-recorded", choices, code=code, how_news=turn.words(line))


# --- putting it off ------------------------------------------------------------------------------


def put_off(turn: Turn, wish: Wish) -> Receipt:
    """Keep the answers as a draft for some days; return the receipt, which does not say so."""
    store, conversation = turn.store, turn.conversation
    turn.done()
    until = keep_draft(turn, wish)
    known = _corrected(turn, wish)
    if known is not None:
        return _receipt_of(turn, known)
    name = wish.name or None
    found = store.people.receipt_for(conversation.id, name, until)
    if store.signatures.by_receipt(found.id):
        # Her name stands already: what was put off is the repetition, not the name.
        return store.people.receipt_for(conversation.id, name)
    return found


# --- putting the name down -----------------------------------------------------------------------


def is_outdated(turn: Turn, wish: Wish, *, lock: bool = False) -> bool:
    """Whether what she was told has changed: another body would read, or a CĐCS exists now.

    *lock*: her name follows in this turn, so petition and place are held from here on.
    """
    if wish.correcting is not None:
        return False
    places = turn.store.enterprises
    enterprise = places.by_id(wish.enterprise_id)
    if lock:
        # The case before the place, like everybody who locks both.
        turn.store.cases.live_petition(enterprise.id, lock=True)
        places.hold(enterprise.id)
        held = places.by_id(enterprise.id)
        if held.id != enterprise.id:
            return True  # merged into another in this very moment
        enterprise = held
    return kind_of(enterprise) != wish.kind or receiver(turn, wish).id != wish.body_id


def put_down(turn: Turn, wish: Wish) -> Receipt:
    """Keep person, consent and signature; count anew. Return the receipt with her own code."""
    known = _corrected(turn, wish)
    receipt = _correct(turn, wish, known) if known is not None else _sign(turn, wish)
    turn.done()
    turn.memory.pop(DRAFT, None)
    return receipt


def _sign(turn: Turn, wish: Wish) -> Receipt:
    people, here = turn.store.people, turn.conversation.id
    person = people.keep(here, wish.name, wish.phone or None, wish.known)
    receipt = people.receipt_for(here, wish.name)
    consent_id = people.agree(
        here,
        person,
        version=wish.consent_version,
        language=wish.consent_language,
        text=wish.consent_text,
        fingerprint=fingerprint(wish.consent_text),
        handling=True,
        contact=wish.contact,
        statistics=wish.statistics,
        channel=turn.conversation.channel,
    )
    if wish.kind == "start":
        enterprise = turn.store.enterprises.by_id(wish.enterprise_id)
        case = casework.petition_for(turn.store, enterprise)
    else:
        case = _join(turn, wish, person, receipt)
    _keep_signature(turn, wish, case, person, receipt.id, consent_id)
    return receipt


def _keep_signature(
    turn: Turn, wish: Wish, case: Case, person: Person, receipt_id: int, consent_id: int
) -> None:
    kept = turn.store.signatures.sign(
        case_id=case.id,
        who=person,
        conversation_id=turn.conversation.id,
        receipt_id=receipt_id,
        consent_id=consent_id,
        is_foreign=wish.is_foreign,
        known=person.known,
        channel=turn.conversation.channel,
        version=wish.version,
        language=wish.language,
        fingerprint=fingerprint(wish.text),
        text=wish.text,
    )
    act = "confirmed" if kept == "confirmed" else "signed"
    turn.store.ledger.write(act, case_id=case.id, body_id=case.body_id, version=wish.version)
    if case.kind == "petition":
        if kept == "first" and not wish.is_foreign:
            casework.count_one_more(turn.mail, case)
        else:
            casework.recount(turn.mail, case)


# --- joining -------------------------------------------------------------------------------------


def _join(turn: Turn, wish: Wish, person: Person, receipt: Receipt) -> Case:
    """Return this person's live join here, renewed, or a new one with the body she chose."""
    store = turn.store
    enterprise = store.enterprises.by_id(wish.enterprise_id)
    body = casework.join_receiver(store, enterprise, wants_cdcs=wish.wants_cdcs).body
    for known in store.cases.live_join(turn.conversation.id, enterprise.id):
        case = store.cases.locked(known.id)
        is_hers = any(one.person_id == person.id for one in store.signatures.of_case(case.id))
        if is_hers and case.is_live:
            return _renewed(turn, wish, case, body)
    code = receipt.code if store.cases.by_code(receipt.code) is None else store.people.new_code()
    rule = deadline_rule("join", receiver_is_grassroots=body.level == "grassroots")
    case = store.cases.open(
        "join",
        code,
        "waiting",
        body.id,
        enterprise_id=enterprise.id,
        conversation_id=turn.conversation.id,
        cdcs_id=enterprise.cdcs_id,
        wants_cdcs=wish.wants_cdcs,
        due_on=casework.working_days_from_today(store, rule),
    )
    store.ledger.write("opened", case_id=case.id, body_id=body.id, enterprise_id=enterprise.id)
    casework.tell_desk(turn.mail, case, "desk-new", ["desk", "later"])
    return case


def _renewed(turn: Turn, wish: Wish, case: Case, body: Body) -> Case:
    """Go on with a join sent before: a returned one is completed, a new choice of body is kept."""
    case = turn.store.cases.change(case, wants_cdcs=wish.wants_cdcs)
    if case.state == "returned":
        case = complete_join(turn, case)
    if case.state == "waiting" and case.body_id != body.id:
        case = casework.hand_over(turn.mail, case, body)
    return case


def complete_join(turn: Turn, case: Case) -> Case:
    """Send a returned join back to its body, with a new day to answer."""
    body = turn.store.bodies.by_id(case.body_id)
    rule = deadline_rule("join", receiver_is_grassroots=body.level == "grassroots")
    state = membership.step("returned", "complete", "worker")
    case = turn.store.cases.change(
        case,
        state=state,
        due_on=casework.working_days_from_today(turn.store, rule),
        answered_at=None,
        escalated_at=None,
        officer_id=None,
        taken_at=None,
    )
    turn.store.ledger.write("completed", case_id=case.id, body_id=case.body_id)
    casework.tell_desk(turn.mail, case, "desk-new", ["desk", "later"])
    return case


# --- correcting what was signed ------------------------------------------------------------------


def _corrected(turn: Turn, wish: Wish) -> Signature | None:
    """Return the signature of hers that this wish corrects, or None."""
    if wish.correcting is None:
        return None
    mine = turn.store.signatures.at(turn.conversation.id)
    return next((one for one in mine if one.id == wish.correcting), None)


def _receipt_of(turn: Turn, known: Signature) -> Receipt:
    found = turn.store.people.receipt_by_code(known.code)
    assert found is not None
    return found


def _correct(turn: Turn, wish: Wish, known: Signature) -> Receipt:
    """Renew name, phone and text of a signature; code, consent and count do not move."""
    store, here = turn.store, turn.conversation.id
    store.people.rename(known.person_id, here, wish.name)
    store.people.set_phone(known.person_id, wish.phone or None, wish.known)
    store.people.rename_receipt(known.receipt_id, here, wish.name)
    case = store.cases.locked(known.case_id)
    if case.kind == "join" and case.state == "returned":
        case = complete_join(turn, case)
    person = store.people.by_id(known.person_id)
    _keep_signature(turn, wish, case, person, known.receipt_id, known.consent_id)
    return _receipt_of(turn, known)
