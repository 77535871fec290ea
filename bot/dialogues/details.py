"""The plain words of how her matter stands: who, where, what, until when; only when she asks."""

from collections.abc import Callable
from typing import Any

from bot import casework
from bot.dialogues import standing
from bot.mail import Option
from bot.turn import Turn
from storage.cases import Case
from storage.people import Receipt
from storage.signatures import Signature
from union import membership, petitions

Facts = dict[str, Any]
Tells = Callable[[Turn, Case, Facts], None]


def ask_code(turn: Turn) -> None:
    """Ask for her code before anything is shown."""
    turn.say("code-ask?", ["code-lost", "person", "menu"])


def tell_receipt(turn: Turn, receipt: Receipt) -> None:
    """Tell everything that stands behind a code; nothing reads alike for withdrawn and made-up."""
    found = standing.standing_signatures(turn.store, receipt)
    for signature, case in found:
        tell_case(turn, case, signature)
    if found:
        return
    if standing.is_draft(turn.store, receipt):
        turn.say(
            "detail-draft?",
            ["go-on-draft", "delete-now", "menu"],
            **_seen(turn, receipt.code),
            draft_end=receipt.draft_until_on,
        )
    else:
        choices: list[Option] = ["sign", "mine", "menu"]
        turn.say("detail-nothing?", choices, **_seen(turn, receipt.code))


def tell_case(turn: Turn, case: Case, signature: Signature) -> None:
    """Tell how one case stands for one who signed it."""
    facts = _seen(turn, signature.code) | _common(turn, case)
    facts["signed_date"] = standing.day_of(signature.confirmed_at)
    if signature.withdraw_asked_at is not None:
        _withdrawing(turn, case, signature, facts)
    elif case.kind == "join":
        _JOIN.get(case.state, _considered)(turn, case, facts)
    else:
        _petition(turn, case)(turn, case, facts)


def is_sent(case: Case) -> bool:
    """Whether a name on this case can be taken back only with an officer."""
    if case.kind == "join":
        return membership.is_sent(case.state)  # type: ignore[arg-type]
    return petitions.is_sent(case.state)  # type: ignore[arg-type]


def _seen(turn: Turn, code: str) -> Facts:
    return {"code": code, "time": turn.now, "today": turn.today}


def _common(turn: Turn, case: Case) -> Facts:
    store = turn.store
    enterprise = store.enterprises.by_id(case.enterprise_id or 0)
    body = standing.body_name(store, case)
    matter = "matter-join" if case.kind == "join" else "matter-start"
    return {
        "enterprise": enterprise.name,
        "matter": turn.words(matter, enterprise=enterprise.name),
        "body": body,
        "receiver": body,
        "upper": standing.upper_body(store, case).name,
        "due": standing.expected_on(store, case),
    }


# --- a petition ----------------------------------------------------------------------------------


def _petition(turn: Turn, case: Case) -> Tells:
    """Return how a petition is told; before the daily run has said so, nobody learns of enough."""
    if case.state in ("open", "ready"):
        band = turn.store.cases.band(case.id)
        if band is None or band.enough_told_on is None:
            return _waiting
        return _enough if band.is_enough else _below
    if case.state == "taken" and case.answered_at is None:
        return _considered if standing.is_told(turn.store, case) else _waiting
    return _PETITION.get(case.state, _considered)


def _waiting(turn: Turn, case: Case, facts: Facts) -> None:
    turn.say(
        "detail-waiting?",
        ["edit-mine", "withdraw", "share", "help-organise", "person"],
        **facts,
        band=turn.words(casework.band_key(turn.store, case.id)),
    )


def _below(turn: Turn, case: Case, facts: Facts) -> None:
    band = turn.words(casework.band_key(turn.store, case.id))
    turn.say("detail-below?", ["withdraw", "person", "menu"], **facts, band=band)


def _enough(turn: Turn, case: Case, facts: Facts) -> None:
    if case.escalated_at is not None:
        _late(turn, case, facts)
    else:
        turn.say("detail-enough?", ["edit-mine", "withdraw", "help-organise", "person"], **facts)


def _considered(turn: Turn, case: Case, facts: Facts) -> None:
    if case.escalated_at is not None:
        _late(turn, case, facts)
    else:
        turn.say("detail-checking?", ["edit-mine", "withdraw", "person", "menu"], **facts)


def _late(turn: Turn, case: Case, facts: Facts) -> None:
    assert case.escalated_at is not None
    escalated = standing.day_of(case.escalated_at)
    turn.say("detail-late?", ["person", "withdraw", "menu"], **facts, escalated_date=escalated)


def _agreed(turn: Turn, case: Case, facts: Facts) -> None:
    del case
    turn.say("detail-start-approved?", ["help-organise", "person", "withdraw", "menu"], **facts)


def _guided(turn: Turn, case: Case, facts: Facts) -> None:
    if case.congress_at is None:
        _agreed(turn, case, facts)
        return
    when = turn.office.words.when(case.congress_at, turn.language)
    choices: list[Option] = ["person", "withdraw", "menu"]
    turn.say("detail-congress?", choices, **facts, when=when, where=case.congress_place)


def _checked(turn: Turn, case: Case, facts: Facts) -> None:
    if case.escalated_at is not None:
        _late(turn, case, facts)
        return
    checked = standing.day_of(case.sent_at) if case.sent_at else turn.today
    signer = standing.signer_name(turn.store, case)
    turn.say("detail-checked?", ["person", "menu"], **facts, checked_date=checked, signer=signer)


def _recognised(turn: Turn, case: Case, facts: Facts) -> None:
    turn.say("detail-recognised?", ["person", "rights", "menu"], **facts, **_decision(turn, case))


# --- joining -------------------------------------------------------------------------------------


def _join_approved(turn: Turn, case: Case, facts: Facts) -> None:
    choices: list[Option] = ["person", "withdraw", "menu"]
    turn.say("detail-join-approved?", choices, **facts, decided_date=_answered(turn, case))


def _join_decided(turn: Turn, case: Case, facts: Facts) -> None:
    choices: list[Option] = ["person", "rights", "menu"]
    turn.say("detail-join-decided?", choices, **facts, **_decision(turn, case))


# --- sent back, or not accepted ------------------------------------------------------------------


def _returned(turn: Turn, case: Case, facts: Facts) -> None:
    choices: list[Option] = ["complete", "person", "withdraw"]
    turn.say("detail-returned?", choices, **facts, reason=case.reason)


def _refused(turn: Turn, case: Case, facts: Facts) -> None:
    choices: list[Option] = ["ask-upper", "person", "withdraw", "menu"]
    if case.kind == "join":
        choices = ["resend", "ask-upper", "person", "withdraw"]
    turn.say(
        "detail-refused?",
        choices,
        **facts,
        reason=case.reason,
        next_step=turn.words(_next_step(turn, case)),
        decided_date=_answered(turn, case),
    )


def _next_step(turn: Turn, case: Case) -> str:
    words = turn.office.words
    not_ours = {words.text("reason-not-ours", one) for one in words.languages}
    return "next-choose-right-place" if case.reason in not_ours else "next-send-again"


def _answered(turn: Turn, case: Case) -> Any:
    return standing.day_of(case.answered_at) if case.answered_at else turn.today


def _decision(turn: Turn, case: Case) -> Facts:
    return {
        "signer": standing.signer_name(turn.store, case),
        "decision_no": case.decision_no,
        "decided_date": case.decision_on or _answered(turn, case),
    }


# --- taking back after the dossier has gone ------------------------------------------------------


def _withdrawing(turn: Turn, case: Case, signature: Signature, facts: Facts) -> None:
    asked = [
        one
        for one in turn.store.cases.requests_of(signature.conversation_id)
        if one.about == "withdraw" and one.is_live
    ]
    if asked:
        facts |= {
            "asked_date": standing.day_of(asked[-1].opened_at),
            "due": standing.expected_on(turn.store, asked[-1]),
        }
        turn.say("detail-withdraw-late", ["person", "menu"], **facts)
    else:
        sent = standing.day_of(case.sent_at) if case.sent_at else _answered(turn, case)
        choices: list[Option] = ["withdraw-help", "withdraw-keep", "person"]
        turn.say("withdraw-late?", choices, **facts, sent_date=sent)


# --- a question ----------------------------------------------------------------------------------


def tell_request(turn: Turn, case: Case, answer: str = "") -> None:
    """Tell how a question to the officers stands; *answer* as it came with the news."""
    store = turn.store
    facts = _seen(turn, case.code) | {
        "receiver": standing.body_name(store, case),
        "body": standing.body_name(store, case),
        "upper": standing.upper_body(store, case).name,
        "received_date": standing.day_of(case.opened_at),
        "due": standing.expected_on(store, case),
        "due_time": "17:00",
    }
    said = answer or (case.reason if case.answered_at else "")
    if said:
        turn.say("detail-answer?", ["ask-more", "done", "menu"], **facts, text=said)
    elif not case.is_live:
        turn.say("detail-nothing?", ["sign", "mine", "menu"], **_seen(turn, case.code))
    elif case.escalated_at is not None:
        escalated = standing.day_of(case.escalated_at)
        turn.say("detail-request-late?", ["person", "menu"], **facts, escalated_date=escalated)
    else:
        turn.say("detail-request?", ["person", "menu"], **facts)


_PETITION: dict[str, Tells] = {
    "taken": _agreed,
    "guided": _guided,
    "checked": _checked,
    "recognised": _recognised,
    "refused": _refused,
}
_JOIN: dict[str, Tells] = {
    "approved": _join_approved,
    "decided": _join_decided,
    "refused": _refused,
    "returned": _returned,
}
