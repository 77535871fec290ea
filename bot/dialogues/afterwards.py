"""After signing: the exact text on a page, the page to share, a question to the body above."""

from bot import casework
from bot.dialogue import opening, opens_on
from bot.dialogues import details, standing
from bot.dialogues.one_time import opens_link, send_link
from bot.turn import Turn
from storage.cases import Case
from storage.links import Link

PAGE_MINUTES = 10


# --- the text she agreed to ----------------------------------------------------------------------


@opens_on("my-text")
def my_text(turn: Turn) -> None:
    """Send a link to the text she agreed to, word for word: it is not written into the chat."""
    if standing.needs_code(turn):
        details.ask_code(turn)
        return
    found = standing.my_signature(turn)
    if found is None:
        opening("status")(turn)
        return
    turn.memory["text"] = found[0].id
    turn.memory["page"] = "my-text"
    send_link(turn, "text", "detail-text-page", PAGE_MINUTES, case_id=found[1].id)


@opens_link("text")
def show_text(turn: Turn, link: Link) -> None:
    """Show the text with its version and fingerprint, once; in a chat locked since, nothing."""
    turn.store.links.use_up(link.id)
    if standing.needs_code(turn):
        turn.show("expired")
        return
    wanted = turn.memory.get("text")
    mine = [one.id for one in turn.store.signatures.at(turn.conversation.id)]
    text = turn.store.signatures.newest_text(int(wanted)) if wanted in mine else None
    if text is None or not text.text:
        turn.show("expired")
        return
    turn.show(
        "text",
        text=text.text,
        version=text.version,
        fingerprint=text.fingerprint,
        signed_at=text.signed_at,
    )


# --- another way to the news ---------------------------------------------------------------------


@opens_on("second-way")
def second_way(turn: Turn) -> None:
    """Say how news comes to her where the channel lets nobody write any more."""
    turn.say("second-way", ["leave-number", "status", "menu"], link=turn.office.page("/s"))


# --- passing the page on -------------------------------------------------------------------------


@opens_on("share")
def share(turn: Turn) -> None:
    """Give a link that opens the ordinary page and names nobody."""
    turn.say("share-link", link=share_address(turn, turn.conversation.enterprise_id))


def share_address(turn: Turn, enterprise_id: int | None) -> str:
    """Return the address of the share link of a place: one for all who share."""
    return turn.office.page(f"/q/{turn.store.posters.share_of(enterprise_id).token}")


# --- a question to the body above ----------------------------------------------------------------


@opens_on("ask-upper")
def ask_upper(turn: Turn) -> None:
    """Bring a refusal before the body above, with a day on which it answers."""
    if standing.needs_code(turn):
        details.ask_code(turn)
        return
    found = standing.my_signature(turn)
    if found is None or found[1].state != "refused":
        opening("status")(turn)
        return
    signature, case = found
    upper = standing.upper_body(turn.store, case)
    words = turn.office.words.text(
        "upper-asked-text",
        "vi",
        code=signature.code,
        receiver=standing.body_name(turn.store, case),
        reason=case.reason,
    )
    asked = request_once(turn, "refusal", upper.id, words, case.enterprise_id)
    due = standing.expected_on(turn.store, asked)
    turn.say("ask-upper-sent", ["status", "menu"], upper=upper.name, code=asked.code, due=due)


def request_once(
    turn: Turn, about: str, body_id: int, text: str, enterprise_id: int | None
) -> Case:
    """Return the request about this that waits already, or open one and tell the officers."""
    here = turn.conversation.id
    for known in turn.store.cases.requests_of(here):
        if known.about == about and known.is_live:
            return known
    case = turn.store.cases.open(
        "request",
        turn.store.people.new_code(),
        "waiting",
        body_id,
        conversation_id=here,
        enterprise_id=enterprise_id,
        about=about,
        text=text,
        due_on=casework.working_days_from_today(turn.store, "request_answer_days"),
    )
    turn.store.ledger.write("opened", case_id=case.id, body_id=body_id, about=about)
    casework.tell_desk(turn.mail, case, "desk-new", ["desk", "later"])
    return case
