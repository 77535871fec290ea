"""How a matter stands for whom it concerns: the same for everybody, no finer than promised."""

from collections.abc import Iterable
from datetime import date, datetime, timedelta
from typing import Literal

from bot import casework
from bot.turn import Turn
from storage.cases import Case
from storage.desk import VIETNAM
from storage.people import Receipt
from storage.signatures import Signature
from storage.store import Store
from union.bodies import Body
from union.calendar import add_working_days

Short = Literal["none", "moving", "late", "answered"]

# For how long a code that was typed opens details in a locked chat, or where several share it.
KEY_MINUTES = 15
_STRONGEST: tuple[Short, ...] = ("answered", "late", "moving", "none")


# --- one case ------------------------------------------------------------------------------------


def is_told(store: Store, case: Case) -> bool:
    """Whether the signers have been told, in a daily run, that enough have signed."""
    band = store.cases.band(case.id)
    return band is not None and band.enough_told_on is not None


def short_of_case(store: Store, case: Case) -> Short:
    """Return which of four values tells how a case stands, to her and to whoever types her code.

    "none" as long as nothing moves. That enough have signed shows only after the daily run.
    """
    if case.kind == "petition" and not _moves(store, case):
        return "none"
    if case.kind == "join" and case.state == "waiting" and case.escalated_at is None:
        return "none"
    if _is_answered(case):
        return "answered"
    return "late" if case.escalated_at is not None else "moving"


def _moves(store: Store, case: Case) -> bool:
    if case.state in ("open", "ready"):
        band = store.cases.band(case.id)
        return is_told(store, case) and band is not None and band.is_enough
    return is_told(store, case) or case.state != "taken" or case.answered_at is not None


def _is_answered(case: Case) -> bool:
    if case.kind == "petition" and case.state in ("taken", "returned"):
        # A dossier that came back for papers is the desk's work; its signers have none.
        return case.state == "taken" and case.answered_at is not None
    answers = {"guided", "recognised", "refused", "returned", "approved", "decided", "answered"}
    return case.state in answers


def expected_on(store: Store, case: Case) -> date:
    """Return the day an answer is expected: the one promised, or reckoned from when it began."""
    if case.due_on is not None:
        return case.due_on
    band = store.cases.band(case.id)
    since = (band and band.enough_told_on) or day_of(case.ready_at or case.opened_at)
    days = store.law.book().number("desk_first_answer_days", store.today)
    due = add_working_days(since, days, store.law.holidays())
    if due >= store.today:
        return due
    return add_working_days(store.today, days, store.law.holidays())


def day_of(moment: datetime) -> date:
    """Return the day of a moment in Vietnam."""
    return moment.astimezone(VIETNAM).date()


# --- one code ------------------------------------------------------------------------------------


def standing_signatures(store: Store, receipt: Receipt) -> list[tuple[Signature, Case]]:
    """Return what counts behind a code, with its case: live ones, else the newest that ended."""
    valid = [one for one in store.signatures.by_receipt(receipt.id) if one.state == "valid"]
    found = [(one, store.cases.by_id(one.case_id)) for one in valid]
    found.sort(key=lambda pair: pair[0].confirmed_at, reverse=True)
    return [pair for pair in found if pair[1].is_live] or found[:1]


def is_draft(store: Store, receipt: Receipt) -> bool:
    """Whether something was put off under this code and its days are not over."""
    return receipt.draft_until_on is not None and receipt.draft_until_on >= store.today


def short_of_code(store: Store, code: str) -> Short:
    """Return how the matter behind a code stands; for an unknown code as for a fresh one."""
    receipt = store.people.receipt_by_code(code)
    if receipt is not None:
        cases = [case for _, case in standing_signatures(store, receipt)]
        return strongest(short_of_case(store, case) for case in cases)
    case = store.cases.by_code(code)
    if case is not None and case.kind == "request" and case.conversation_id is not None:
        return short_of_case(store, case)
    return "none"


def strongest(shorts: Iterable[Short]) -> Short:
    """Return the most telling of several values."""
    found = set(shorts)
    return next((one for one in _STRONGEST if one in found), "none")


# --- one address ---------------------------------------------------------------------------------


def alive_receipts(turn: Turn) -> list[Receipt]:
    """Return the codes of this address behind which something stands: a name, or a draft."""
    store = turn.store
    standing = {
        one.receipt_id
        for one in store.signatures.at(turn.conversation.id)
        if one.state != "withdrawn"
    }
    mine = store.people.receipts_at(turn.conversation.id)
    return [one for one in mine if one.id in standing or is_draft(store, one)]


def open_requests(turn: Turn) -> list[Case]:
    """Return the questions asked from here that wait, or were answered in these weeks."""
    since = turn.now - timedelta(days=30)
    mine = turn.store.cases.requests_of(turn.conversation.id)
    # An answer that was erased with the question is none any more.
    fresh = [
        one
        for one in mine
        if one.is_live or (one.answered_at and one.answered_at > since and one.reason)
    ]
    # What she asked about her name or her information shows there, until an officer has written.
    quiet = {"erase", "withdraw"}
    shown = [one for one in fresh if one.about not in quiet or _is_written(one)]
    return shown[-3:]


def _is_written(case: Case) -> bool:
    return case.officer_id is not None and case.answered_at is not None


def needs_code(turn: Turn) -> bool:
    """Whether details are shown only to who types a code: locked, or several share the address."""
    if _typed_lately(turn) is not None:
        return False
    return turn.conversation.is_locked or len(alive_receipts(turn)) > 1


def my_receipt(turn: Turn) -> Receipt | None:
    """Return the code that is looked at: typed lately, the only one, or the newest."""
    every = turn.store.people.receipts_at(turn.conversation.id)
    typed = _typed_lately(turn)
    found = [one for one in every if one.id == typed] or alive_receipts(turn) or every
    return found[-1] if found else None


def note_key(turn: Turn, receipt: Receipt) -> None:
    """Remember for some minutes that her code was typed here."""
    turn.memory["key"] = {"receipt": receipt.id, "at": turn.now.isoformat()}


def _typed_lately(turn: Turn) -> int | None:
    key = turn.memory.get("key")
    if key is None:
        return None
    is_fresh = turn.now - datetime.fromisoformat(key["at"]) <= timedelta(minutes=KEY_MINUTES)
    return int(key["receipt"]) if is_fresh else None


def my_signature(turn: Turn) -> tuple[Signature, Case] | None:
    """Return her newest standing signature with its case, or None."""
    receipt = my_receipt(turn)
    found = standing_signatures(turn.store, receipt) if receipt else []
    return found[0] if found else None


def body_name(store: Store, case: Case) -> str:
    """Return the name of the body that has a case; after one that ended, who divides the work."""
    try:
        return store.bodies.by_id(case.body_id).name
    except LookupError:
        return store.bodies.triage().name


def upper_body(store: Store, case: Case) -> Body:
    """Return the body above the one that has a case."""
    try:
        return store.bodies.above(store.bodies.by_id(case.body_id))
    except LookupError:
        return store.bodies.triage()


def signer_name(store: Store, case: Case) -> str:
    """Return the name of the body that signs the decision on a case."""
    enterprise = store.enterprises.by_id(case.enterprise_id or 0)
    if case.kind == "join":
        cdcs = casework.grassroots_of(store, enterprise)
        return cdcs.name if cdcs else body_name(store, case)
    return casework.responsible(store, enterprise, "petition", "signs").body.name
