"""Correcting after signing: name or phone anew, text confirmed anew; sending again elsewhere."""

from bot.dialogue import opening, opens_on
from bot.dialogues import details, standing
from bot.dialogues.naming import ask_next, private_page, take_name
from bot.dialogues.signing import start
from bot.dialogues.statement import ask_edit
from bot.dialogues.wish import Wish, kind_of, receiver
from bot.turn import Turn
from storage.cases import Case
from storage.signatures import Signature


@opens_on("edit-mine", "leave-number")
def edit_mine(turn: Turn) -> None:
    """Ask what to correct in what she signed; in a dossier already sent only an officer does."""
    wish = _of_signed(turn)
    if wish is not None:
        wish.keep(turn)
        ask_edit(turn, wish)


@opens_on("complete")
def complete(turn: Turn) -> None:
    """Ask for the full name anew, where a join came back for it."""
    wish = _of_signed(turn)
    if wish is None:
        return
    wish.keep(turn)
    if turn.office.can(turn.conversation.channel).asks_identity:
        turn.ask("edit-name?", then=take_name)
    else:
        ask_next(turn, wish)


@opens_on("resend")
def resend(turn: Turn) -> None:
    """Send again what was not accepted; name and number need not be typed again."""
    found = _open_to_her(turn)
    if found is None:
        return
    wish = _filled(turn, *found)
    enterprise = turn.enterprise or turn.store.enterprises.by_id(wish.enterprise_id)
    wish.enterprise_id, wish.kind = enterprise.id, kind_of(enterprise)
    wish.correcting, wish.is_agreed = None, False
    turn.done()
    start(turn, wish)


def _open_to_her(turn: Turn) -> tuple[Signature, Case] | None:
    """Return what she signed, if it may be shown here; otherwise say what is in the way."""
    if standing.needs_code(turn):
        details.ask_code(turn)
        return None
    found = standing.my_signature(turn)
    if found is None:
        opening("status")(turn)
    return found


def _of_signed(turn: Turn) -> Wish | None:
    """Return a wish that corrects her signature, or None after saying why not."""
    found = _open_to_her(turn)
    if found is None:
        return None
    if details.is_sent(found[1]):
        opening("status")(turn)
        return None
    wish = _filled(turn, *found)
    turn.done()
    return wish


def _filled(turn: Turn, signature: Signature, case: Case) -> Wish:
    person = turn.store.people.by_id(signature.person_id)
    agreed = next(
        (
            one
            for one in turn.store.people.agreed(turn.conversation.id)
            if one.id == signature.consent_id
        ),
        None,
    )
    wish = Wish(
        case.enterprise_id or 0,
        "join" if case.kind == "join" else "start",
        wants_cdcs=case.wants_cdcs,
        is_agreed=True,
        contact=agreed is not None and agreed.contact,
        statistics=agreed is not None and agreed.statistics,
        name=person.name,
        phone=person.phone,
        known=person.known,
        phone_asked=True,
        is_foreign=signature.is_foreign,
        correcting=signature.id,
    )
    wish.body_id = receiver(turn, wish).id
    return wish


# --- a fresh link --------------------------------------------------------------------------------


@opens_on("new-link")
def new_link(turn: Turn) -> None:
    """Send a fresh one-time link for what she was at."""
    wish = Wish.of(turn)
    if wish is not None:
        private_page(turn)
        return
    wanted = turn.memory.get("page")
    opening(wanted if wanted in ("my-text", "open-private", "change-consent") else "status")(turn)
