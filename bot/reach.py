"""Whether somebody can be written to now, since when not, and what other ways to her there are."""

from collections.abc import Sequence
from datetime import datetime

import structlog

from bot.mail import NOT_REACHED, Mail
from bot.office import Office
from bot.payloads import ANY_TIME
from bot.speech import Heard, Reply
from bot.windows import can_hear, is_heard_elsewhere, silent_since
from storage.conversations import Conversation
from storage.officers import Officer
from storage.store import Store

log = structlog.get_logger()


# --- her window ----------------------------------------------------------------------------------


def touch(mail: Mail, known: Conversation, heard: Heard) -> None:
    """Note that she did something on her channel: her window counts from then, never from later.

    Where a letter has not reached her meanwhile, the envelope of what still waits comes again.
    """
    if heard.touched_at is None or heard.left:
        return
    at = min(heard.touched_at, mail.store.now)
    if known.window_from_at is None or at > known.window_from_at:
        known.window_from_at = at
    window = mail.office.can(known.channel).window
    is_back = window is not None and window.fare(at, mail.store.now, window.budget) == "free"
    was_away = known.window_shut_at is not None or known.gone_at is not None
    if was_away and is_back:
        known.window_shut_at = None
        if not is_heard_elsewhere(mail.store, mail.office, known):
            _bring_again(mail, known)


def _bring_again(mail: Mail, known: Conversation) -> None:
    key = mail.store.news.first_waiting(known.id)
    if key is None or known.stopped_all_at is not None:
        return
    envelope = "desk-note" if key.startswith("desk-") else "news-envelope"
    text = mail.office.words.text(envelope, known.language)
    mail.lay(known, Reply(text, mail.choices(known, ["open-news", "later"], ANY_TIME)))


# --- other ways to her ---------------------------------------------------------------------------


def other_ways(store: Store, conversation_id: int) -> tuple[str, ...]:
    """Return the keys of the ways to a person that are left where her channel is shut.

    Of a number it is only said that there is one: it stands on the page of names.
    """
    has_number = any(one.phone for one in store.people.at(conversation_id)) or any(
        one.is_live and one.call not in ("", NOT_REACHED)
        for one in store.cases.requests_of(conversation_id)
    )
    return ("way-number", "way-code") if has_number else ("way-code",)


def channel_name(office: Office, channel: str, language: str) -> str:
    """Return what a channel is called among people."""
    try:
        return office.words.text(f"channel-{channel}", language)
    except KeyError:
        return channel


# --- officers ------------------------------------------------------------------------------------


def hearers(
    store: Store, office: Office, wanted: Sequence[int], body_id: int | None = None
) -> list[int]:
    """Return whom to tell of work for the desks *wanted*: those of them that can be reached.

    *body_id*: whose work it is; an officer's colleagues at another body have no part in it. Where
    none can: their colleagues; where the whole body cannot, the body above. Where nobody at all
    can, the letters lie at the desks meant, and the log says so.
    """
    reached = [one for one in wanted if can_hear(store, office, one)]
    if reached or not wanted:
        return reached
    for one in wanted:
        officer = store.officers.at(one)
        instead = stand_ins(store, office, officer, body_id) if officer else []
        if instead:
            return instead
    log.error("no desk can be reached", desks=len(wanted))
    return list(wanted)


def stand_ins(store: Store, office: Office, officer: Officer, of: int | None = None) -> list[int]:
    """Return who is told instead of an officer: her colleagues, or who can be reached above.

    *of*: the body whose work it is, where that is known.
    """
    for body_id in officer.bodies if of is None else (of,):
        seen: set[int] = set()
        body = store.bodies.by_id(body_id)
        while body.id not in seen:
            seen.add(body.id)
            listed = store.officers.of_body(body.id)
            found = [
                one.conversation_id
                for one in listed
                if one.id != officer.id and can_hear(store, office, one.conversation_id)
            ]
            if found:
                return found
            body = store.bodies.above(body)
    return []


def away(store: Store, office: Office, body_ids: Sequence[int]) -> list[tuple[Officer, datetime]]:
    """Return the officers of these bodies whom nothing reaches now, and since when."""
    found: dict[int, tuple[Officer, datetime]] = {}
    for body_id in body_ids:
        for one in store.officers.of_body(body_id):
            since = silent_since(store, office, one.conversation_id)
            if since is not None:
                found[one.id] = (one, since)
    return list(found.values())
