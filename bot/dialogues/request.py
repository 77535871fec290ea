"""A request to an officer: one text, and whether and how she wants to be reached. No signature."""

from datetime import datetime

from bot.casework import desk_of, tell_desk
from bot.dialogue import opens_on, step
from bot.dialogues.menu import go_on, leave, menu, put_aside, room_of, trail_of, unask
from bot.dialogues.request_sent import (
    END_OF_DAY,
    last_request,
    may_ask_phone,
    open_request,
    phone_and_time,
    set_call,
    tell,
)
from bot.mail import NOT_REACHED, Option
from bot.turn import Turn
from storage import communes
from storage.cases import Case
from storage.desk import VIETNAM
from union.answers import TEXT_LIMIT, free_text
from union.bodies import Body, Place, responsible_for
from union.refusals import Unclear

KINDS = ("kind-wage", "kind-dismissal", "kind-accident", "kind-violence", "kind-other")
LONGEST_PLACE = 120
LONGEST_LABEL = 30

Asked = dict[str, str]


# --- what she wants to say -----------------------------------------------------------------------


@opens_on("person", "talk-person", "talk-officer", "ask-officer")
def person(turn: Turn) -> None:
    """Ask what it is about; a question that the machine could not answer is taken along."""
    asked = turn.memory.pop("asked", "") if turn.choice == "ask-officer" else ""
    leave(turn, "request")
    turn.memory["request"] = {"text": asked} if asked else {}
    cry = last_request(turn) if _is_in_danger(turn) else None
    if cry is None:
        turn.ask("human-kind?", then=kind, choices=KINDS)
    else:
        # In danger nobody is asked what it is about.
        _asked(turn).update(about=cry.about, at_once="yes")
        _ask_words(turn)


@step
def kind(turn: Turn) -> None:
    """Read what it is about; whoever types at once has asked her question."""
    asked = _asked(turn)
    if turn.choice is not None:
        asked["about"] = turn.choice.removeprefix("kind-")
    else:
        asked |= {"about": "question", "text": free_text(turn.text)}
    if asked.get("text"):
        _check(turn)
    else:
        _ask_words(turn)


def _ask_words(turn: Turn) -> None:
    may_call = ["call-me"] if may_ask_phone(turn) else []
    turn.ask(
        "human-ask?",
        then=write,
        choices=["tell-place", *may_call, "stop-here"],
        body=_desk(turn).name,
    )


@step
def write(turn: Turn) -> None:
    """Read her words, or what else she wants to say first."""
    match turn.choice:
        case "tell-place":
            _ask_place(turn)
        case "stop-here":
            _drop(turn)
        case _:
            _asked(turn)["text"] = free_text(turn.text)
            _ask_reach(turn)


def _check(turn: Turn) -> None:
    text = _asked(turn)["text"]
    turn.ask(
        "human-check?",
        then=decide,
        choices=["send", "retype", "drop"],
        body=_desk(turn).name,
        text=text,
    )


@step
def decide(turn: Turn) -> None:
    """Send the words shown, write others, or send nothing."""
    match turn.choice:
        case "send":
            _ask_reach(turn)
        case "retype":
            _asked(turn).pop("text", None)
            unask(turn)
            _ask_words(turn)
        case "drop":
            _drop(turn)
        case _:
            raise Unclear("error-choose?")


def _drop(turn: Turn) -> None:
    leave(turn, "request")
    turn.say("human-dropped", ["person", "menu"])
    go_on(turn)


# --- where she works, if she wants to say so -----------------------------------------------------


def _ask_place(turn: Turn) -> None:
    known = turn.enterprise
    here: list[Option] = []
    if known is not None:
        here = [("place-known", known.name[:LONGEST_LABEL].strip())]
    turn.ask("human-place?", then=read_place, choices=[*here, "stop-here"])


@step
def read_place(turn: Turn) -> None:
    """Read a commune or a place of work; it goes to the officer with her words."""
    asked = _asked(turn)
    if turn.choice == "place-known":
        asked["here"] = "yes"
    elif turn.choice is None:
        asked["place"] = free_text(turn.text, LONGEST_PLACE)
        found = communes.find(asked["place"])
        asked["commune"] = found[0].code if len(found) == 1 else ""
    unask(turn)
    _ask_words(turn)


def _desk(turn: Turn) -> Body:
    """Return the body that answers: of the commune she named, else of the place she came to."""
    named = communes.commune(turn.memory.get("request", {}).get("commune", ""))
    if named is None:
        return desk_of(turn.store, turn.enterprise)
    place = Place(0, commune_code=named.code, province_code=named.province_code)
    jurisdiction = turn.store.bodies.jurisdiction(place)
    return responsible_for(place, "request", "receives", turn.today, jurisdiction).body


# --- how she wants to be reached -----------------------------------------------------------------


def _ask_reach(turn: Turn) -> None:
    if _asked(turn).get("call"):
        _send(turn)
        return
    may_call = ["call-me"] if may_ask_phone(turn) else []
    turn.ask("human-reach?", then=reach, choices=["reach-here", *may_call, "reach-none"])


@step
def reach(turn: Turn) -> None:
    """Read whether she wants a letter here, a call, or neither."""
    if turn.choice is None:
        _note_call(turn)
    else:
        _asked(turn)["call"] = "" if turn.choice == "reach-here" else NOT_REACHED
    _send(turn)


@opens_on("call-me")
def call_me(turn: Turn) -> None:
    """Ask for a number and a time: for what she is writing, or for what she has sent last."""
    if _is_writing(turn):
        turn.ask("human-call?", then=call, choices=["only-write"])
    elif last_request(turn) is None:
        person(turn)
    else:
        turn.ask("human-call?", then=add_call, choices=["only-write"])


@step
def call(turn: Turn) -> None:
    """Read the number for the request being written."""
    if turn.choice is None:
        _note_call(turn)
    asked = _asked(turn)
    if asked.get("text"):
        asked.setdefault("call", "")
        _send(turn)
        return
    unask(turn)
    if asked.get("about"):
        _ask_words(turn)
    else:
        turn.again()


@step
def add_call(turn: Turn) -> None:
    """Read the number for a request that has been sent."""
    case = last_request(turn)
    if turn.choice is not None or case is None:
        leave(turn, "request")
        menu(turn)
        return
    set_call(turn, case, phone_and_time(turn.text))
    was_danger = _end(turn)
    turn.say("human-call-set", ["status"])
    if not was_danger:
        go_on(turn)


def _note_call(turn: Turn) -> None:
    _asked(turn)["call"] = phone_and_time(turn.text)
    turn.hide()


# --- sending -------------------------------------------------------------------------------------


def _send(turn: Turn) -> None:
    asked = _asked(turn)
    text = asked["text"]
    if asked.get("place"):
        text = f"{turn.words('request-place', place=asked['place'])}\n{text}"
    enterprise_id = turn.conversation.enterprise_id if asked.get("here") else None
    case = open_request(
        turn,
        asked["about"],
        text,
        _desk(turn),
        enterprise_id,
        call=asked.get("call", ""),
        at_once="at_once" in asked,
    )
    _hand_in(turn, case)


def _hand_in(turn: Turn, case: Case) -> None:
    turn.store.ledger.write("question", case_id=case.id, body_id=case.body_id)
    tell(turn, case)
    was_danger = _end(turn)
    _say_waiting(turn, case)
    if not was_danger:
        go_on(turn)


def _end(turn: Turn) -> bool:
    """End the request, and danger with it; whoever was in danger is not asked to sign at once."""
    was_danger = _is_in_danger(turn)
    leave(turn, "request")
    leave(turn, "danger")
    if was_danger:
        put_aside(turn)
    return was_danger


def _is_in_danger(turn: Turn) -> bool:
    return any(room_of(one) == "danger" for one in trail_of(turn))


def _say_waiting(turn: Turn, case: Case) -> None:
    due = case.due_on or turn.today
    may_call = [] if case.call or not may_ask_phone(turn) else ["call-me"]
    turn.say(
        "human-waiting",
        ["status", *may_call, "menu"],
        body=turn.store.bodies.by_id(case.body_id).name,
        code=case.code,
        due=due,
        due_time=datetime.combine(due, END_OF_DAY, tzinfo=VIETNAM),
    )


# --- afterwards ----------------------------------------------------------------------------------


@opens_on("ask-more")
def ask_more(turn: Turn) -> None:
    """Ask for more words to the body that has answered."""
    turn.ask("human-more?", then=write_more, choices=["stop-here"])


@step
def write_more(turn: Turn) -> None:
    """Send more words: a new request at the body of the last one."""
    if turn.choice == "stop-here":
        _drop(turn)
        return
    text = free_text(turn.text, TEXT_LIMIT)
    sent = turn.store.cases.requests_of(turn.conversation.id)
    if not sent:
        _asked(turn).update(about="question", text=text)
        _ask_reach(turn)
        return
    last = sent[-1]
    body = turn.store.bodies.by_id(last.body_id)
    case = open_request(
        turn, last.about or "question", text, body, last.enterprise_id, call=last.call
    )
    _hand_in(turn, case)


@opens_on("done")
def done(turn: Turn) -> None:
    """Close her newest request: she says that it is settled."""
    case = last_request(turn)
    if case is not None:
        turn.store.cases.change(case, state="closed", is_live=False)
        turn.store.ledger.write("closed", case_id=case.id, body_id=case.body_id)
        if case.officer_id is not None:
            tell_desk(turn.mail, case, "desk-told-step", ["desk", "later"])
    was_danger = _end(turn)
    turn.say("human-closed", ["menu"])
    if not was_danger:
        go_on(turn)


def how_to_reach(case: Case) -> str:
    """Return the key of how she wants to be reached: in the chat, by a call, or not at all."""
    if case.call == NOT_REACHED:
        return "reach-words-none"
    return "reach-words-call" if case.call else "reach-words-here"


def _asked(turn: Turn) -> Asked:
    found: Asked = turn.memory.setdefault("request", {})
    return found


def _is_writing(turn: Turn) -> bool:
    """Whether a request is being written that has not been sent."""
    mine = [one for one in trail_of(turn) if room_of(one) == "request"]
    return any(one["then"] != "request.add_call" for one in mine)
