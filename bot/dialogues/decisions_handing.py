"""A case is handed on to another body; a name the sender kept from the workplace needs her yes."""

from bot import casework
from bot.dialogue import answers, prepared_by, step
from bot.dialogues import desk_card, desk_facts
from bot.dialogues.decisions import written
from bot.dialogues.desk_card import on_card
from bot.dialogues.desk_late import tell_moved
from bot.dialogues.desk_rights import (
    ELSEWHERE,
    allowed,
    code_of,
    finish,
    with_case,
)
from bot.mail import Option
from bot.turn import Prepared, Turn
from storage.cases import Case
from storage.conversations import Conversation
from storage.officers import Officer
from storage.store import Store
from union.bodies import Body
from union.folding import clean, fold
from union.refusals import Unclear

_MOST = 3
_LONGEST_LABEL = 30
_SHORT = ("Công đoàn ", "Liên đoàn Lao động ")

Suggestion = tuple[Body, str]


# --- where to ------------------------------------------------------------------------------------


@on_card("desk-hand-on")
def ask_where(turn: Turn, officer: Officer, case: Case) -> None:
    """Offer the bodies that the place of work, the day and the order of bodies suggest."""
    if allowed(turn, officer, case, "hand_on") is None:
        return
    _offer(turn, case, suggestions(turn.store, case))


def suggestions(store: Store, case: Case) -> list[Suggestion]:
    """Return where a case may belong, each with the key of why; never where it is."""
    found: list[Suggestion] = []
    if case.enterprise_id is not None:
        enterprise = store.enterprises.by_id(case.enterprise_id)
        kind = case.kind
        routed = casework.responsible(store, enterprise, kind, "receives").body  # type: ignore[arg-type]
        found.append((routed, "why-place"))
        cdcs = casework.grassroots_of(store, enterprise)
        if kind == "join" and cdcs is not None and store.bodies.has_officer(cdcs.id, "receives"):
            found.append((cdcs, "why-cdcs"))
    here = store.bodies.by_id(case.body_id)
    found += [(store.bodies.above(here), "why-above"), (store.bodies.triage(), "why-triage")]
    known: dict[int, Suggestion] = {}
    for body, why in found:
        if body.id != case.body_id:
            known.setdefault(body.id, (body, why))
    return list(known.values())[:_MOST]


def _offer(turn: Turn, case: Case, found: list[Suggestion]) -> None:
    lines = [
        turn.words("desk-body-line", n=n, body=body.name, why=turn.words(why))
        for n, (body, why) in enumerate(found, 1)
    ]
    choices: list[Option] = [
        (f"to-{body.id}", _label(turn, n, body)) for n, (body, _) in enumerate(found, 1)
    ]
    turn.ask(
        "desk-hand-on?",
        then=hand_on,
        choices=[*choices, "desk-find-body", "stop-here"],
        code=code_of(turn.store, case),
        list="\n".join(lines) or turn.words("desk-no-suggestion"),
    )


def _label(turn: Turn, n: int, body: Body) -> str:
    short = body.name
    for start in _SHORT:
        short = short.removeprefix(start)
    return turn.words("place-button", n=n, place=short)[:_LONGEST_LABEL].strip()


@step
@answers("stop-here")
@with_case
def hand_on(turn: Turn, officer: Officer, case: Case) -> None:
    """Hand the case to the body that was picked, or look for another."""
    choice = turn.choice or ""
    if choice == "stop-here":
        turn.done()
        desk_card.show(turn, officer, case)
    elif choice == "desk-find-body":
        turn.ask("desk-find-body?", then=find, choices=["stop-here"])
    elif choice.startswith("to-"):
        _give(turn, officer, case, turn.store.bodies.by_id(int(choice.removeprefix("to-"))))
    else:
        raise Unclear("error-choose?")


def _search(store: Store, known: Conversation, text: str) -> Prepared:
    """Look for bodies by code or name before the transaction: there are thousands."""
    del known
    typed = clean(text)[:100]
    exact = store.bodies.by_code(typed.upper())
    wanted = fold(typed)
    named = [one for one in store.bodies.all() if wanted and wanted in fold(one.name)]
    found = [exact] if exact else sorted(named, key=lambda one: len(one.name))
    return Prepared("decisions_handing.find", text, tuple(one.id for one in found[:_MOST]))


@prepared_by(_search)
@step
@answers("stop-here")
@with_case
def find(turn: Turn, officer: Officer, case: Case) -> None:
    """Offer the bodies of the name or code that was typed."""
    if turn.choice is not None:
        hand_on(turn)
        return
    del officer
    is_mine = turn.prepared.step == "decisions_handing.find"
    ids = turn.prepared.found if is_mine and turn.prepared.text == turn.heard.text else ()
    found = [turn.store.bodies.by_id(one) for one in ids if one != case.body_id]
    if not found:
        raise Unclear("desk-find-body-none?", query=turn.text[:60])
    _offer(turn, case, [(one, "why-found") for one in found])


# --- giving it -----------------------------------------------------------------------------------


def _give(turn: Turn, officer: Officer, case: Case, body: Body) -> None:
    state = allowed(turn, officer, case, "hand_on")
    if state is None:
        return
    if body.level == "grassroots" and not _is_its_union(turn.store, case, body):
        raise Unclear("desk-not-grassroots?")
    if body.level == "grassroots" and not case.wants_cdcs:
        turn.memory["to"] = body.id
        choices = ["desk-ask-sender", "desk-other-body", "stop-here"]
        code = code_of(turn.store, case)
        turn.ask("desk-hand-on-ask?", then=ask_sender, choices=choices, code=code)
        return
    _hand_over(turn, officer, case, state, body)


def _is_its_union(store: Store, case: Case, body: Body) -> bool:
    """Whether a grassroots union may get this: a join of its own place, and somebody reads it."""
    if case.kind != "join" or case.enterprise_id is None:
        return False
    enterprise = store.enterprises.by_id(case.enterprise_id)
    return enterprise.cdcs_id == body.id and store.bodies.has_officer(body.id, "receives")


def _hand_over(turn: Turn, officer: Officer, case: Case, state: str, body: Body) -> None:
    before = case.body_id
    written(turn, officer, case, "handed_by_hand", to_body=body.id)
    case = turn.store.cases.change(case, state=state)
    case = casework.hand_over(turn.mail, case, body)
    tell_moved(turn, case, before)
    finish(turn, case)
    code = code_of(turn.store, case)
    turn.say("desk-handed-on", ELSEWHERE, code=code, other_body=body.name)


@step
@answers("stop-here")
@with_case
def ask_sender(turn: Turn, officer: Officer, case: Case) -> None:
    """Ask the sender whether her name may go to the union of her workplace."""
    match turn.choice:
        case "desk-ask-sender":
            if desk_facts.hand_down_answer(turn.store, case) != "asked":
                written(turn, officer, case, "hand_down_asked", to_body=int(turn.memory["to"]))
                casework.tell_signers(turn.mail, case, "news-question?")
            finish(turn, case)
            turn.say("desk-asked-sender", ELSEWHERE, code=code_of(turn.store, case))
        case "desk-other-body":
            turn.ask("desk-find-body?", then=find, choices=["stop-here"])
        case "stop-here":
            turn.done()
            desk_card.show(turn, officer, case)
        case _:
            raise Unclear("error-choose?")
