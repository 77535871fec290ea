"""Places of work that somebody registered: the triage desk says whether they are new."""

from bot.dialogue import answers, opens_on, prepared_by, step
from bot.dialogues.desk_rights import officers_only
from bot.mail import Option
from bot.turn import Prepared, Turn
from storage.bodies import NoTriage
from storage.conversations import Conversation
from storage.enterprises import Enterprise
from storage.officers import Officer
from storage.store import Store
from union.folding import clean
from union.refusals import Unclear

_MOST = 50
_FOUND = 4


def waiting_places(store: Store, officer: Officer, limit: int = _MOST) -> list[Enterprise]:
    """Return registered places that nobody has checked, for officers of the triage body."""
    try:
        triage = store.bodies.triage()
    except NoTriage:
        return []
    return store.enterprises.waiting(limit) if officer.may("receives", triage.id) else []


@opens_on("desk-places")
@officers_only
def see(turn: Turn, officer: Officer) -> None:
    """Show a registered place, one after the other."""
    before = turn.memory.get("place", 0)
    turn.done()
    found = waiting_places(turn.store, officer)
    if not found:
        turn.say("desk-places-none", ["desk-queue"])
        return
    ids = [one.id for one in found]
    place = found[(ids.index(before) + 1) % len(found) if before in ids else 0]
    turn.memory["place"] = place.id
    choices = ["desk-place-true", "desk-place-merge", "desk-place-drop"]
    turn.ask(
        "desk-place-new?",
        then=decide,
        choices=[*choices, "desk-places", "desk-queue"]
        if len(found) > 1
        else [*choices, "desk-queue"],
        enterprise=place.name,
        place=place.where or turn.words("workplace-unknown"),
    )


def _in_hand(turn: Turn, officer: Officer) -> Enterprise | None:
    """Return the place in her hand while it still waits; None (and told) where it does not."""
    row_id = turn.memory.get("place")
    known = {one.id: one for one in waiting_places(turn.store, officer)}
    if row_id not in known:
        turn.done()
        turn.say("error-stale", ["desk-places", "desk-queue"])
        return None
    return known[row_id]


@step
@officers_only
def decide(turn: Turn, officer: Officer) -> None:
    """Confirm the place, or ask which known one it is."""
    place = _in_hand(turn, officer)
    if place is None:
        return
    match turn.choice:
        case "desk-place-true":
            turn.store.enterprises.confirm(place.id)
            _written(turn, officer, "place_confirmed", place.id)
            turn.done()
            turn.say("desk-place-confirmed", ["desk-places", "desk-queue"], enterprise=place.name)
        case "desk-place-merge":
            turn.ask("desk-place-which?", then=which, choices=["stop-here"], enterprise=place.name)
        case "desk-place-drop":
            _drop(turn, officer, place)
        case _:
            raise Unclear("error-choose?")


def _drop(turn: Turn, officer: Officer, place: Enterprise) -> None:
    turn.done()
    if not turn.store.enterprises.drop(place.id):
        turn.say("desk-place-in-use", ["desk-places", "desk-queue"], enterprise=place.name)
        return
    _written(turn, officer, "place_dropped", place.id)
    turn.say("desk-place-dropped", ["desk-places", "desk-queue"], enterprise=place.name)


def _search(store: Store, known: Conversation, text: str) -> Prepared:
    """Look the name up before the transaction: it is slow over many places."""
    del known
    typed = clean(text)[:200]
    exact = store.enterprises.by_code(typed.upper())
    found = [exact] if exact else store.enterprises.find(typed, _FOUND)
    return Prepared("desk_places.which", text, tuple(one.id for one in found))


@prepared_by(_search)
@step
@answers("stop-here")
@officers_only
def which(turn: Turn, officer: Officer) -> None:
    """Read which known place it is, by code or name, and offer what was found."""
    place = _in_hand(turn, officer)
    if place is None:
        return
    choice = turn.choice or ""
    if choice == "stop-here":
        turn.done()
        turn.say("desk-place-kept", ["desk-places", "desk-queue"])
    elif choice.startswith("into-"):
        _merge(turn, officer, place, int(choice.removeprefix("into-")))
    else:
        _offer(turn, place)


def _offer(turn: Turn, place: Enterprise) -> None:
    is_mine = turn.prepared.step == "desk_places.which" and turn.prepared.text == turn.heard.text
    ids = [one for one in turn.prepared.found if one != place.id] if is_mine else []
    if not ids:
        raise Unclear("desk-place-not-found?")
    found = [turn.store.enterprises.by_id(one) for one in ids]
    lines = [
        turn.words("find-line", n=n, enterprise=one.name, place=one.where)
        for n, one in enumerate(found, 1)
    ]
    choices: list[Option] = [
        (f"into-{one.id}", turn.words("place-button", n=n, place=one.where)[:30])
        for n, one in enumerate(found, 1)
    ]
    turn.ask(
        "desk-place-found?", then=which, choices=[*choices, "stop-here"], list="\n".join(lines)
    )


def _merge(turn: Turn, officer: Officer, place: Enterprise, into: int) -> None:
    known = turn.store.enterprises.by_id(into)
    turn.done()
    if known.id == place.id or not turn.store.enterprises.merge(place.id, known.id):
        turn.say("desk-place-two-petitions", ["desk-places", "desk-queue"], enterprise=known.name)
        return
    _written(turn, officer, "place_merged", known.id)
    turn.say("desk-place-merged", ["desk-places", "desk-queue"], enterprise=known.name)


def _written(turn: Turn, officer: Officer, act: str, enterprise_id: int) -> None:
    turn.store.ledger.write(act, officer_id=officer.id, enterprise_id=enterprise_id)
