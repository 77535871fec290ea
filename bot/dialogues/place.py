"""Where she works: found by name, tax code or commune, reported as new, or changed."""

from bot.casework import grassroots_of, responsible
from bot.dialogue import answers, opens_on, prepared_by, step
from bot.dialogues.menu import (
    MENU,
    go_on,
    has_something,
    is_under_way,
    leave,
    menu,
    put_aside,
    resume,
    unask,
)
from bot.mail import Option
from bot.turn import Prepared, Turn
from storage import communes
from storage.conversations import Conversation
from storage.enterprises import Enterprise
from storage.store import Store
from union.answers import free_text
from union.bodies import Body, CaseKind
from union.folding import clean, fold
from union.refusals import Unclear

MOST_SHOWN = 3
LONGEST_LABEL = 30
LONGEST_NAME = 100
LONGEST_PLACE = 120
# Enough to find hers among namesakes once the commune is known.
_NAMESAKES = 60
_FEWEST_LETTERS = 2
_LONGEST_QUERY = 200
_LINK_SIGNS = ("http", "www.", "://", "@")


# --- arriving ------------------------------------------------------------------------------------


def receiving_body(turn: Turn, enterprise: Enterprise) -> Body:
    """Return the body that her name would go to here: what a welcome and its answers name."""
    kind: CaseKind = "petition" if grassroots_of(turn.store, enterprise) is None else "join"
    return responsible(turn.store, enterprise, kind, "receives").body


def welcome(turn: Turn, enterprise: Enterprise) -> None:
    """Say who speaks here, and what is known of a union at this place."""
    if enterprise.state == "waiting":
        # Who checks the place divides work between bodies; her name may go to another one.
        checks = turn.store.bodies.triage().name
        turn.say("welcome-new-place?", MENU, body=checks, enterprise=enterprise.name)
        return
    facts = {"body": receiving_body(turn, enterprise).name, "enterprise": enterprise.name}
    if enterprise.cdcs_id is None:
        turn.say("welcome-start?", MENU, **facts)
    else:
        turn.say("welcome-join?", MENU, **facts)


@opens_on("welcome-again")
def welcome_again(turn: Turn) -> None:
    """Welcome her once more to the place that she is at; without one, show the menu."""
    if turn.enterprise is None:
        turn.say("menu?", MENU)
    else:
        welcome(turn, turn.enterprise)


def arrive(turn: Turn, enterprise: Enterprise) -> None:
    """Come to a place of work. What is under way at another one is not lost without a question."""
    known = turn.enterprise
    is_elsewhere = known is not None and known.id != enterprise.id
    is_sure = bool(turn.memory.get("place", {}).get("is_sure"))
    if known is not None and is_elsewhere and has_something(turn) and not is_sure:
        turn.memory["place"] = {"to": enterprise.id}
        turn.ask("place-change?", then=change, choices=["place", "keep"], enterprise=known.name)
        return
    if is_elsewhere:
        turn.done()
    _settle(turn, enterprise)


def _settle(turn: Turn, enterprise: Enterprise) -> None:
    """Be at this place from now on; a question typed before she came waits for "làm tiếp"."""
    leave(turn, "place")
    put_aside(turn)
    if turn.conversation.enterprise_id != enterprise.id:
        turn.conversation.enterprise_id = enterprise.id
        turn.store.ledger.write("arrived", enterprise_id=enterprise.id)
    welcome(turn, enterprise)


# --- another place -------------------------------------------------------------------------------


@opens_on("place")
def place(turn: Turn) -> None:
    """Change the place of work; whoever has none yet looks for it."""
    known = turn.enterprise
    if known is None:
        find(turn)
        return
    turn.memory["place"] = {}
    turn.ask("place-change?", then=change, choices=["place", "keep"], enterprise=known.name)


@answers("place")
@step
def change(turn: Turn) -> None:
    """Go to the other place, or stay."""
    to = turn.memory.get("place", {}).get("to")
    if turn.choice == "keep":
        _stay(turn)
    elif turn.choice != "place":
        raise Unclear("error-choose?")
    elif to is not None:
        turn.done()
        _settle(turn, turn.store.enterprises.by_id(int(to)))
    else:
        turn.memory["place"] = {"is_sure": True}
        unask(turn)
        turn.ask("find-name?", then=search)


def _stay(turn: Turn) -> None:
    leave(turn, "place")
    if is_under_way(turn):
        resume(turn)
    else:
        menu(turn)


# --- finding -------------------------------------------------------------------------------------


@opens_on("find", "find-again")
def find(turn: Turn) -> None:
    """Ask for the name of the place."""
    turn.ask("find-name?", then=search)


def look(store: Store, known: Conversation, text: str) -> Prepared:
    """Find places before the transaction: over many names this is slow."""
    query = str(known.memory.get("place", {}).get("query", ""))
    return Prepared(known.step, text, _found(store, query, text))


def _found(store: Store, query: str, text: str) -> tuple[int, ...]:
    """Return the ids of places meant; after too many namesakes *text* may be a commune."""
    if len(fold(text)) < _FEWEST_LETTERS or len(text) > _LONGEST_QUERY:
        return ()
    here = {one.code for one in communes.find(clean(text))} if query else set()
    if here:
        namesakes = store.enterprises.find(query, _NAMESAKES)
        near = [one.id for one in namesakes if one.commune_code in here]
        if near:
            return tuple(near[: MOST_SHOWN + 1])
    return tuple(one.id for one in store.enterprises.find(text, MOST_SHOWN + 1))


def found_places(turn: Turn) -> tuple[int, ...]:
    """Return what was found for the typed line: prepared, or looked up now."""
    heard = turn.heard.text or ""
    prepared = turn.prepared
    if prepared.text == heard and prepared.step == turn.conversation.step:
        return prepared.found
    return _found(turn.store, str(turn.memory.get("place", {}).get("query", "")), heard)


@step
@prepared_by(look)
def search(turn: Turn) -> None:
    """Read a name, or which of the places shown is hers."""
    noted = turn.memory.setdefault("place", {})
    if turn.choice is not None:
        number = int(turn.choice.removeprefix("pick-"))
        arrive(turn, turn.store.enterprises.by_id(int(noted["shown"][number - 1])))
        return
    if len(fold(turn.text)) < _FEWEST_LETTERS:
        raise Unclear("error-enterprise-name?", choices=("register", "person", "menu"))
    show(turn, found_places(turn))


def show(turn: Turn, found: tuple[int, ...]) -> None:
    """Show the places found, at most three; with more, a commune typed next tells them apart."""
    noted = turn.memory.setdefault("place", {})
    if not found:
        noted.pop("query", None)
        turn.ask(
            "find-none?",
            then=search,
            choices=["find-again", "register", "rights"],
            query=_cut(turn.text, LONGEST_NAME),
        )
        return
    shown = [turn.store.enterprises.by_id(one) for one in found[:MOST_SHOWN]]
    noted["shown"] = [one.id for one in shown]
    choices: list[Option] = [
        *((f"pick-{n}", _button(turn, n, one)) for n, one in enumerate(shown, 1)),
        "find-again",
        "register",
    ]
    lines = [_line(turn, n, one) for n, one in enumerate(shown, 1)]
    is_many = len(found) > MOST_SHOWN
    if is_many:
        noted["query"] = turn.text
    turn.ask(
        "find-many?" if is_many else "find-results?",
        then=search,
        choices=choices,
        n=len(shown),
        list="\n".join(lines),
    )


def _line(turn: Turn, n: int, one: Enterprise) -> str:
    return turn.words("find-line", n=n, enterprise=one.name, place=one.where)


def _button(turn: Turn, n: int, one: Enterprise) -> str:
    return _cut(turn.words("place-button", n=n, place=one.where), LONGEST_LABEL)


def _cut(text: str, longest: int) -> str:
    return text if len(text) <= longest else text[: longest - 1].rstrip(" ,") + "…"


# --- a new place ---------------------------------------------------------------------------------


@opens_on("register")
def register(turn: Turn) -> None:
    """Take down a place that nobody found."""
    turn.memory.setdefault("place", {}).pop("query", None)
    turn.ask("register-name?", then=read_name)


@step
def read_name(turn: Turn) -> None:
    """Read what the new place is called."""
    turn.memory.setdefault("place", {})["name"] = place_name(turn.text)
    turn.ask("register-commune?", then=read_commune)


def place_name(text: str) -> str:
    """Return the name of a place of work as typed.

    Raises Unclear: error-enterprise-name?, error-too-long?, error-empty?.
    """
    name = clean(text)
    if not name:
        raise Unclear("error-empty?")
    if len(name) > LONGEST_NAME:
        raise Unclear("error-too-long?", limit=LONGEST_NAME)
    is_link = any(sign in name.casefold() for sign in _LINK_SIGNS)
    if is_link or sum(char.isalpha() for char in name) < _FEWEST_LETTERS:
        raise Unclear("error-enterprise-name?")
    return name


@step
def read_commune(turn: Turn) -> None:
    """Read where the new place is."""
    noted = turn.memory.setdefault("place", {})
    noted["commune"] = free_text(turn.text, LONGEST_PLACE)
    turn.ask(
        "register-check?",
        then=confirm,
        choices=["yes-go-on", "edit", "drop"],
        enterprise=noted["name"],
        commune=noted["commune"],
    )


@answers("edit")
@step
def confirm(turn: Turn) -> None:
    """Keep the new place, correct it, or drop it."""
    match turn.choice:
        case "yes-go-on":
            _keep(turn)
        case "edit":
            unask(turn)
            unask(turn)
            turn.ask("register-name?", then=read_name)
        case "drop":
            leave(turn, "place")
            turn.say("cancel-done?", ["menu", "find"])
            go_on(turn)
        case _:
            raise Unclear("error-choose?")


def _keep(turn: Turn) -> None:
    noted = turn.memory["place"]
    waiting = {one.id for one in turn.store.enterprises.waiting(limit=1000)}
    made = turn.store.enterprises.register(noted["name"], noted["commune"])
    if made.id not in waiting:
        turn.store.ledger.write("place_registered", enterprise_id=made.id)
        _tell_triage(turn)
    arrive(turn, made)


def _tell_triage(turn: Turn) -> None:
    triage = turn.store.bodies.triage()
    officers = turn.store.officers.of_body(triage.id)
    turn.tell([one.conversation_id for one in officers], "desk-told-place", ["desk", "later"])
