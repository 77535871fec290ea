"""Putting one's name down: to found a union or to join the one there is, in the same steps."""

from bot.dialogue import answers, opening, opens_on, step
from bot.dialogues.one_time import send_link
from bot.dialogues.recording import is_outdated, put_down, put_off, say_receipt
from bot.dialogues.wish import (
    DRAFT,
    Wish,
    consent_facts,
    draft_of,
    facts_of,
    keep_draft,
    kind_of,
    moving_draft,
    receiver,
    statement_facts,
    statement_key,
)
from bot.turn import Turn
from storage import phones
from union.answers import consent_choice, full_name
from union.refusals import Unclear

SIGN_MINUTES = 30

_CONSENTS = {
    "consent-a": (True, False, False),
    "consent-ab": (True, True, False),
    "consent-ac": (True, False, True),
    "consent-abc": (True, True, True),
}


# --- the way in ----------------------------------------------------------------------------------


@opens_on("sign")
def sign(turn: Turn) -> None:
    """Begin anew; typed under the statement itself, it is the answer to it."""
    if turn.conversation.step == "signing.decide" and turn.heard.text is not None:
        put_name(turn)
        return
    begin(turn)


def begin(turn: Turn, *, on_page: bool = False) -> None:
    """Ask the first question. Name and phone come along only from another place of work."""
    before = moving_draft(turn)
    turn.done()
    enterprise = turn.enterprise
    if enterprise is None:
        opening("find")(turn)
        return
    wish = Wish(enterprise.id, kind_of(enterprise), on_page=on_page)
    if before is not None:
        wish.name, wish.phone, wish.known = before.name, before.phone, before.known
        wish.phone_asked = before.phone_asked
        wish.on_page = wish.on_page or before.on_page
    start(turn, wish)


def start(turn: Turn, wish: Wish) -> None:
    """Ask where to send it, where that can be chosen, and then for consent."""
    if wish.kind == "join":
        wish.keep(turn)
        above = Wish(wish.enterprise_id, "join")
        turn.ask(
            "join-where?",
            then=take_where,
            choices=["to-above", "to-cdcs", "ask-first"],
            **_named(facts_of(turn, above), "body", "cdcs"),
        )
    else:
        ask_consent(turn, wish)


@opens_on("go-on-draft")
def go_on_draft(turn: Turn) -> None:
    """Take up what was put off: the text is shown again, in full."""
    draft = draft_of(turn)
    if draft is None or not draft.is_agreed:
        begin(turn)
        return
    turn.done()
    if is_outdated(turn, draft):
        turn.say("error-stale")
        start(turn, draft)
    else:
        ask_next(turn, draft)


# --- where to, and consent -----------------------------------------------------------------------


@step
def take_where(turn: Turn) -> None:
    """Take her choice of receiver: it binds everybody after her."""
    wish = under_way(turn)
    if turn.choice == "ask-first":
        above = Wish(wish.enterprise_id, "join")
        named = _named(facts_of(turn, above), "body", "cdcs")
        turn.say("who-sees-join", ["sign", "rights", "person", "menu"], **named)
        return
    if turn.choice not in ("to-above", "to-cdcs"):
        raise Unclear("error-choose?")
    wish.wants_cdcs = turn.choice == "to-cdcs"
    ask_consent(turn, wish)


def ask_consent(turn: Turn, wish: Wish) -> None:
    """Say who will read it, what it is and is not, and the risk; then ask for three answers."""
    key, facts = consent_facts(turn, wish)
    wish.is_agreed = False
    wish.keep(turn)
    turn.say(key, **facts)
    turn.ask(
        "consent?",
        then=take_consent,
        choices=["consent-a", "consent-ab", "consent-ac", "consent-abc", "consent-none"],
        receiver=receiver(turn, wish).name,
    )


@step
def take_consent(turn: Turn) -> None:
    """Take A, B and C; without A nothing is kept."""
    if turn.choice == "consent-none":
        _keep_nothing(turn)
        turn.say("consent-declined?", ["rights", "person", "menu"])
        return
    given = _CONSENTS.get(turn.choice or "") or consent_choice(turn.text)
    if given is None or not given[0]:
        raise Unclear("error-choose?")
    wish = under_way(turn)
    wish.is_agreed, wish.contact, wish.statistics = given
    if not wish.contact:
        wish.phone, wish.known, wish.phone_asked = "", "none", False
    ask_next(turn, wish)


def _keep_nothing(turn: Turn) -> None:
    turn.done()
    if turn.memory.pop(DRAFT, None) is not None:
        turn.store.people.end_drafts(turn.conversation.id)


# --- name and phone ------------------------------------------------------------------------------


def ask_next(turn: Turn, wish: Wish) -> None:
    """Ask for what is still open: name, phone (only where she may be contacted), the statement."""
    wish.keep(turn)
    can_ask = turn.office.can(turn.conversation.channel).asks_identity
    if wish.on_page or not can_ask:
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
        ask_statement(turn, wish)


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
    with_phone(turn, wish, phone, "claimed" if phone else "none")


def with_phone(turn: Turn, wish: Wish, phone: str, known: str) -> None:
    """Keep a number with how well it is known, and go on."""
    wish.phone, wish.known, wish.phone_asked = phone, known, True
    ask_next(turn, wish)


def take_contact(turn: Turn) -> bool:
    """Take a number that the channel vouches for, where one was asked; False where none was."""
    wish, contact = Wish.of(turn), turn.heard.contact
    if wish is None or contact is None or turn.conversation.step != "signing.take_phone":
        return False
    phone = phones.normal(contact.phone)
    if phone is None:
        raise Unclear("error-phone?", choices=("no-phone",))
    with_phone(turn, wish, phone, "verified" if contact.is_own else "claimed")
    return True


# --- the statement -------------------------------------------------------------------------------


def ask_statement(turn: Turn, wish: Wish) -> None:
    """Show the exact text that the last tap will agree to."""
    facts = statement_facts(turn, wish, wish.name)
    wish.keep(turn)
    choices = ["put-name", "edit", "foreign", "owner", "later"]
    if wish.is_foreign or wish.correcting is not None:
        choices = ["put-name", "edit", "later"]
    turn.ask(f"sign-statement-{statement_key(wish)}?", then=decide, choices=choices, **facts)


@step
@answers("later")
def decide(turn: Turn) -> None:
    """Do what she chose under the statement."""
    wish = under_way(turn)
    match turn.choice:
        case "put-name":
            put_name(turn)
        case "later":
            put_aside(turn)
        case "edit":
            ask_edit(turn, wish)
        case "foreign":
            wish.is_foreign = True
            ask_statement(turn, wish)
        case "owner":
            turn.hide()
            _keep_nothing(turn)
            turn.say("sign-not-eligible?", ["person", "rights", "menu"])
        case _:
            raise Unclear("error-choose?")


def put_name(turn: Turn) -> None:
    """Record what she agreed to, unless what she was told has changed meanwhile."""
    turn.hide()
    wish = under_way(turn)
    if is_outdated(turn, wish):
        turn.say("error-stale")
        begin_anew(turn, wish)
        return
    say_receipt(turn, put_down(turn, wish).code, contact=wish.contact)


def put_aside(turn: Turn) -> None:
    """Keep a draft; the receipt is the same as after signing."""
    turn.hide()
    wish = under_way(turn)
    say_receipt(turn, put_off(turn, wish).code, contact=wish.contact)


def begin_anew(turn: Turn, wish: Wish) -> None:
    """Ask again for what depends on the place; name and phone stay."""
    enterprise = turn.store.enterprises.by_id(wish.enterprise_id)
    wish.kind, wish.wants_cdcs = kind_of(enterprise), False
    start(turn, wish)


# --- correcting before the last tap --------------------------------------------------------------


def ask_edit(turn: Turn, wish: Wish) -> None:
    """Ask what to correct."""
    fields = ["edit-name", "edit-phone", "edit-place", "edit-consent", "edit-nothing"]
    if not wish.contact:
        fields.remove("edit-phone")
    if wish.correcting is not None:
        fields = [one for one in fields if one not in ("edit-place", "edit-consent")]
    turn.ask("edit?", then=take_edit, choices=fields)


@step
def take_edit(turn: Turn) -> None:
    """Go back to one answer; the others stay."""
    wish = under_way(turn)
    match turn.choice:
        case "edit-name":
            turn.ask("edit-name?", then=take_name)
        case "edit-phone":
            wish.phone_asked = False
            ask_next(turn, wish)
        case "edit-place":
            keep_draft(turn, wish, moves=True)
            opening("place")(turn)
        case "edit-consent":
            ask_consent(turn, wish)
        case "edit-nothing":
            ask_next(turn, wish)
        case _:
            raise Unclear("error-choose?")


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
        begin(turn, on_page=True)
        return
    wish.on_page = True
    wish.keep(turn)
    if wish.is_agreed:
        ask_on_page(turn, wish)
    else:
        turn.again()


def under_way(turn: Turn) -> Wish:
    """Return the answers so far. Raises Unclear where they are gone."""
    wish = Wish.of(turn)
    if wish is None:
        raise Unclear("error-old-button?")
    return wish


def _named(facts: dict[str, str], *names: str) -> dict[str, str]:
    return {name: facts[name] for name in names}
