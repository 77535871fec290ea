"""The one-time page on which name, phone and statement stay out of a foreign chat."""

from bot.dialogue import on_form
from bot.dialogues.one_time import link_of, opens_link
from bot.dialogues.recording import is_outdated, put_down, put_off, say_receipt
from bot.dialogues.statement import begin_anew
from bot.dialogues.wish import NAME_GAP, Wish, statement_facts
from bot.turn import Turn
from storage import phones
from storage.links import Link
from union.answers import full_name
from union.refusals import Unclear


@opens_link("sign")
def open_page(turn: Turn, link: Link) -> None:
    """Show name, phone and the statement; what she had typed in the chat before stands there."""
    del link
    wish = _agreed_wish(turn)
    if wish is None:
        turn.show("expired")
    else:
        _show(turn, wish, wish.name, wish.phone)


@on_form("sign-page")
def submit(turn: Turn) -> None:
    """Take what the page sent; the link is used up only when it is done."""
    link, wish = link_of(turn, "sign"), _agreed_wish(turn)
    if link is None or wish is None:
        turn.show("expired")
        return
    name, phone = turn.fields.get("name", ""), turn.fields.get("phone", "")
    match turn.fields.get("choice"):
        case "put-name":
            _put_name(turn, link, wish)
        case "later":
            _put_off(turn, link, wish)
        case "foreign":
            wish.is_foreign = not wish.is_foreign
            _show(turn, wish, name, phone)
        case _:
            _show(turn, wish, name, phone)


def _agreed_wish(turn: Turn) -> Wish | None:
    wish = Wish.of(turn)
    return wish if wish and wish.is_agreed else None


def _show(turn: Turn, wish: Wish, name: str, phone: str, error: str = "") -> None:
    facts = statement_facts(turn, wish, NAME_GAP)
    wish.keep(turn)
    turn.show(
        "sign",
        token=turn.fields["token"],
        statement=wish.text,
        version=facts["paper_version"],
        version_date=facts["version_date"],
        name=name,
        phone=phone,
        asks_phone=wish.contact,
        error=error,
        is_foreign=wish.is_foreign,
    )


def _put_name(turn: Turn, link: Link, wish: Wish) -> None:
    seen = turn.fields.get("version", wish.version)
    if NAME_GAP not in wish.text or seen != wish.version:  # another text stood on the page
        _show(turn, wish, wish.name, wish.phone)
        return
    if is_outdated(turn, wish, lock=True):
        turn.store.links.use_up(link.id)
        turn.show("expired")
        turn.say("error-stale")
        begin_anew(turn, wish)
        return
    try:
        _read(turn, wish)
    except Unclear as why:
        _refuse(turn, wish, why)
        return
    # Exactly the text that stood on the page, in the language in which it stood there.
    wish.text = wish.text.replace(NAME_GAP, wish.name)
    _done(turn, link, put_down(turn, wish).code, wish)


def _put_off(turn: Turn, link: Link, wish: Wish) -> None:
    try:
        _read(turn, wish)
    except Unclear:
        # Nothing is asked of who puts it off: what cannot be read is left out of the draft.
        wish.short = ""
    _done(turn, link, put_off(turn, wish).code, wish)


def _read(turn: Turn, wish: Wish) -> None:
    """Take name and phone from the fields. Raises Unclear."""
    typed = turn.fields.get("name", "")
    wish.name = full_name(typed, short_is_right=bool(typed) and typed == wish.short)
    number = turn.fields.get("phone", "") if wish.contact else ""
    phone = phones.normal(number) if number else ""
    if phone is None:
        raise Unclear("error-phone?")
    if phone != wish.phone:
        wish.phone, wish.known = phone, "claimed" if phone else "none"
    wish.phone_asked = True


def _refuse(turn: Turn, wish: Wish, why: Unclear) -> None:
    """Show the page again with what stood in the way; a one-word name passes the second time."""
    name, phone = turn.fields.get("name", ""), turn.fields.get("phone", "")
    keys = {"error-unclear?": "error-empty?", "error-name-short?": "error-name-short-page"}
    if why.key == "error-name-short?":
        wish.short = name
    error = turn.words(keys.get(why.key, why.key), **why.facts)
    _show(turn, wish, name, phone, error)


def _done(turn: Turn, link: Link, code: str, wish: Wish) -> None:
    turn.store.links.use_up(link.id)
    say_receipt(turn, code, contact=wish.contact)
    turn.show("sign-done")
