"""Her name and, only where she may be contacted, her number; or a page of ours for both."""

from bot.dialogue import opens_on, step
from bot.dialogues import signing, statement
from bot.dialogues.one_time import send_link
from bot.dialogues.wish import Wish, receiver, under_way
from bot.turn import Turn
from storage import phones
from union.answers import full_name
from union.refusals import Unclear

SIGN_MINUTES = 30


def ask_next(turn: Turn, wish: Wish) -> None:
    """Ask for what is still open: name, phone (only where she may be contacted), the statement."""
    wish.keep(turn)
    can = turn.office.can(turn.conversation.channel)
    if can.asks_contact and wish.contact and not wish.phone_asked:
        ask_contact(turn, wish)
    elif wish.on_page or not can.asks_identity:
        ask_on_page(turn, wish)
    elif not wish.name:
        turn.ask("sign-name?", then=take_name)
    elif wish.contact and not wish.phone_asked:
        turn.ask(
            "sign-phone?",
            then=take_phone,
            choices=["no-phone"],
            receiver=receiver(turn, wish).name,
        )
    else:
        statement.ask_statement(turn, wish)


@step
def take_name(turn: Turn) -> None:
    """Take her name as she writes it; a name of one word is asked about once."""
    turn.hide()
    wish = under_way(turn)
    if turn.choice == "name-is-right" and wish.short:
        name = full_name(wish.short, short_is_right=True)
    else:
        try:
            name = full_name(turn.text)
        except Unclear as why:
            if why.key != "error-name-short?":
                raise
            wish.short = turn.text
            wish.keep(turn)
            turn.ask("error-name-short?", then=take_name, choices=["name-is-right"])
            return
    _refuse_another(turn, wish, name)
    wish.name, wish.short = name, ""
    ask_next(turn, wish)


def _refuse_another(turn: Turn, wish: Wish, name: str) -> None:
    """Let a correction not take the name of somebody else who signed from this phone."""
    if wish.correcting is None:
        return
    people = turn.store.people
    blind = people.name_blind(turn.conversation.id, name)
    mine = next(
        one for one in turn.store.signatures.at(turn.conversation.id) if one.id == wish.correcting
    )
    for other in people.at(turn.conversation.id):
        same = people.name_blind(turn.conversation.id, other.name) == blind
        if same and other.id != mine.person_id:
            raise Unclear("error-name-here?")


@step
def take_phone(turn: Turn) -> None:
    """Take a number in any spelling, or none. What was merely typed proves nothing."""
    turn.hide()
    wish = under_way(turn)
    phone = "" if turn.choice == "no-phone" else phones.normal(turn.text)
    if phone is None:
        raise Unclear("error-phone?", choices=("no-phone",))
    contact = turn.heard.contact
    wish.known = "verified" if contact is not None and contact.is_own else "claimed"
    wish.phone, wish.phone_asked = phone, True
    if not phone:
        wish.known = "none"
    ask_next(turn, wish)


# --- a number that the channel hands over --------------------------------------------------------


def ask_contact(turn: Turn, wish: Wish) -> None:
    """Ask for the number of this account by a button; such a chat is no place to type one."""
    turn.ask(
        "sign-phone-share?" if _vouches(turn) else "sign-phone-form?",
        then=take_contact,
        choices=["share-phone", "no-phone"],
        receiver=receiver(turn, wish).name,
    )


@step
def take_contact(turn: Turn) -> None:
    """Take her own number, or none; a card of somebody else and what was typed are not kept.

    Where the channel does not vouch for what she hands over, it counts as if typed: a claim.
    """
    turn.hide()
    wish = under_way(turn)
    given = turn.heard.contact
    if turn.choice == "no-phone":
        wish.phone, wish.known = "", "none"
    elif given is not None and not given.is_own and _vouches(turn):
        raise Unclear("error-phone-not-own?")
    else:
        phone = phones.normal(given.phone) if given is not None else None
        if phone is None:
            raise Unclear("error-phone-share?")
        is_proven = given is not None and given.is_own
        wish.phone, wish.known = phone, "verified" if is_proven else "claimed"
    wish.phone_asked = True
    ask_next(turn, wish)


def _vouches(turn: Turn) -> bool:
    return turn.office.can(turn.conversation.channel).vouches


# --- the one-time page ---------------------------------------------------------------------------


def ask_on_page(turn: Turn, wish: Wish) -> None:
    """Send a link to our own page, where name, phone and statement are; the talk goes on after."""
    wish.on_page = True
    wish.keep(turn)
    send_link(turn, "sign", "private-page-link", SIGN_MINUTES, then=wait_for_page)


@step
def wait_for_page(turn: Turn) -> None:
    """Say again where to go on: what is typed here is not kept."""
    turn.hide()
    raise Unclear("error-unclear?")


@opens_on("private-page")
def private_page(turn: Turn) -> None:
    """Do the rest on a page of ours, by her wish: from where she is, or from the beginning."""
    wish = Wish.of(turn)
    if wish is None:
        signing.begin_signing(turn, on_page=True)
        return
    wish.on_page = True
    wish.keep(turn)
    if wish.is_agreed:
        ask_on_page(turn, wish)
    else:
        turn.again()
