"""Không phải tôi: what was signed from here waits for an officer; from elsewhere it is a note."""

from datetime import datetime, timedelta

from bot import casework
from bot.dialogue import opens_on, step
from bot.dialogues.menu import go_on, leave
from bot.turn import Turn
from storage.cases import Case
from storage.signatures import Signature
from union.answers import full_name, same_name
from union.codes import readings
from union.refusals import Unclear

_CODE_LENGTH = 6
# One person has few names to claim; more is somebody who tries names out, or floods a desk.
_MOST_CLAIMS = 5
_CLAIMS_WITHIN = timedelta(days=1)


@opens_on("not-me")
def not_me(turn: Turn) -> None:
    """Ask whether she wants to say that somebody used her phone, account or number."""
    turn.ask("not-me?", then=report, choices=["not-me-yes", "not-me-mistake"])


@step
def report(turn: Turn) -> None:
    """Stop writing to her, set aside what was signed from here; the same words for everybody."""
    if turn.choice == "not-me-mistake":
        leave(turn, "not_me")
        turn.say("not-me-kept", ["menu"])
        go_on(turn)
        return
    if turn.choice != "not-me-yes":
        raise Unclear("error-choose?")
    turn.hide()
    for one in casework.lock_signed(turn.store, turn.conversation.id):
        if one.state == "valid":
            _set_aside(turn, one)
    turn.conversation.stopped_all_at = turn.now
    turn.done()
    turn.say("not-me-recorded", ["not-me-claim", "menu"])


def _set_aside(turn: Turn, one: Signature) -> None:
    case = turn.store.cases.locked(one.case_id)
    turn.store.signatures.set_aside(one.id)
    turn.store.ledger.write("not_me", case_id=case.id, body_id=case.body_id, code=one.code)
    if case.kind == "petition":
        case = casework.recount(turn.mail, case)
    casework.tell_desk(
        turn.mail, case, "desk-not-me", ["desk", "later"], petition=case.code, code=one.code
    )


# --- a claim about a name that was put down elsewhere --------------------------------------------


@opens_on("not-me-claim")
def claim(turn: Turn) -> None:
    """Take a claim with code and name; the machine compares, nobody here is told the outcome."""
    turn.ask("not-me-code?", then=take_code)


@step
def take_code(turn: Turn) -> None:
    """Take the code that the claim is about; whether it exists is not said."""
    turn.hide()
    typed = readings(turn.text, _CODE_LENGTH)
    if not typed:
        raise Unclear("not-me-code-unclear?")
    turn.memory["claimed"] = list(typed)
    turn.ask("not-me-name?", then=take_name)


@step
def take_name(turn: Turn) -> None:
    """Compare code and name; the desk reads match or no match, and nothing changes by itself."""
    turn.hide()
    name = full_name(turn.text, short_is_right=True)
    if _may_claim(turn):
        for code in turn.memory.get("claimed", []):
            for one in turn.store.signatures.by_code(code):
                _note(turn, one, name)
    turn.memory.pop("claimed", None)
    leave(turn, "not_me")
    turn.say("not-me-recorded", ["menu"])


def _may_claim(turn: Turn) -> bool:
    """Count a claim; False where too many came from here. The words stay the same."""
    since = turn.now - _CLAIMS_WITHIN
    made = [one for one in turn.memory.get("claims", []) if datetime.fromisoformat(one) > since]
    turn.memory["claims"] = [*made, turn.now.isoformat()][-_MOST_CLAIMS:]
    return len(made) < _MOST_CLAIMS


def _note(turn: Turn, one: Signature, name: str) -> None:
    case = turn.store.cases.by_id(one.case_id)
    is_match = same_name(turn.store.people.by_id(one.person_id).name, name)
    turn.store.ledger.write(
        "claimed", case_id=case.id, body_id=case.body_id, code=one.code, match=is_match
    )
    _tell(turn, case, one.code, is_match=is_match)


def _tell(turn: Turn, case: Case, code: str, *, is_match: bool) -> None:
    said = turn.office.words.text(f"match-{'yes' if is_match else 'no'}", "vi")
    casework.tell_desk(turn.mail, case, "desk-claim?", ["desk", "later"], code=code, match=said)
