"""Letters that reached nobody: news of a decision goes another way, and the desk is told."""

from datetime import timedelta
from typing import Any

import structlog

from bot import casework
from bot.addresses import goes_elsewhere
from bot.dialogues.desk_rights import code_of
from bot.mail import NOT_REACHED, Mail
from bot.office import Office
from bot.reach import channel_name, other_ways, stand_ins
from bot.windows import can_hear, ringing, shut_since, silent_since
from storage.cases import Case
from storage.conversations import Conversation
from storage.desk import VIETNAM
from storage.news import Waiting
from storage.officers import Officer
from storage.outbox import Unreached
from storage.store import Store

log = structlog.get_logger()

# Letters ended that long before the last look are looked at again: some are noted late.
OVERLAP = timedelta(minutes=10)
FIRST_LOOK = timedelta(days=1)
# Where nothing is lost the look begins anew from here, so that it stays short.
LONGEST_LOOK = timedelta(hours=1)
# News that is no word of the desk: nobody needs to call her for that.
_NO_DECISION = frozenset({"news-enough?", "news-late?", "moved-body", "erase-done"})
_MOST_CASES = 500


def take_up(mail: Mail, lost: Unreached) -> None:
    """See to it that what a letter was about gets through, or that somebody knows it did not."""
    store = mail.store
    known = store.conversations.by_id(lost.conversation_id)
    if known.window_shut_at is None and shut_since(store, mail.office, known) is None:
        # She has been here since, and what waits came to her with that.
        return
    if can_hear(store, mail.office, known.id):
        # What was not for any address alone has gone on to another of hers.
        return
    officer = store.officers.at(known.id)
    if officer is not None:
        _stand_in(mail, officer)
    for news in store.news.waiting(known.id):
        if news.case_id is None or not _is_decision(news):
            continue
        case = store.cases.by_id(news.case_id)
        # An answer that was lost says nothing of letters that she never agreed to.
        if _expects(store, case, known):
            _tell(mail, case, known, news, lost)


def moves_on(store: Store, office: Office, lost: Unreached) -> bool:
    """Let a letter that ended too late wait again where it may go now, if there is such a place.

    Where it does not arrive there either it is lost anew. A page rings for nobody: what goes
    there is told of like what went nowhere.
    """
    known = store.conversations.by_id(lost.conversation_id)
    moved = goes_elsewhere(store, office, known, lost.id)
    return moved and can_hear(store, office, known.id)


def _is_decision(news: Waiting) -> bool:
    return news.key.startswith("news-") and news.key not in _NO_DECISION


# --- news of a decision --------------------------------------------------------------------------


def _tell(mail: Mail, case: Case, known: Conversation, news: Waiting, lost: Unreached) -> None:
    day = f"{news.made_at.astimezone(VIETNAM):%y%m%d}"
    if not lost.is_template and _goes_as_template(mail, known, day):
        return
    if not mail.store.settings.is_first_run("unreached", f"{case.id}:{day}"):
        return
    if case.kind == "petition":
        # How many, and in a band, stands on the card; who, nowhere.
        casework.tell_desk(mail, case, "desk-unreachable-some", code=case.code)
    elif told := facts(mail.store, mail.office, case):
        casework.tell_desk(mail, case, "desk-unreachable", **told)


def _goes_as_template(mail: Mail, known: Conversation, day: str) -> bool:
    """Write the neutral message, once for what was decided on a day; False where none may go."""
    window = mail.office.can(known.channel).window
    may = known.gone_at is None and known.stopped_all_at is None
    if window is None or not may:
        return False
    if window.template_fare(mail.store.spending.spent(known.channel)) == "shut":
        return False
    if mail.store.settings.is_first_run("template", f"{known.id}:{day}"):
        mail.template(known.row_id)
    return True


def facts(store: Store, office: Office, case: Case) -> dict[str, Any]:
    """Return what an officer is told of a sender whom nothing reaches; nothing where she can be.

    Who agreed to no letters is not missed by any.
    """
    sender = sender_of(store, case)
    if sender is None or not _expects(store, case, sender):
        return {}
    since = silent_since(store, office, sender.id)
    if since is None:
        return {}
    ways = other_ways(store, sender.id)
    channel = ringing(store, office, sender.id)[0].channel
    return {
        "code": code_of(store, case),
        "channel": channel_name(office, channel, "vi"),
        "since": since.astimezone(VIETNAM).date(),
        "other_ways": "; ".join(office.words.text(one, "vi") for one in ways),
    }


def _expects(store: Store, case: Case, sender: Conversation) -> bool:
    is_asked = case.kind == "request" and case.call != NOT_REACHED
    return is_asked or store.people.may_contact(sender.id)


def sender_of(store: Store, case: Case) -> Conversation | None:
    """Return where the one person behind a join or a request speaks from; None for a petition."""
    if case.kind == "petition":
        return None
    if case.kind == "request":
        row_id = case.conversation_id
    else:
        row_id = next(iter(store.signatures.live_addresses(case.id)), None)
    return None if row_id is None else store.conversations.by_id(row_id)


# --- an officer ----------------------------------------------------------------------------------


def _stand_in(mail: Mail, officer: Officer) -> None:
    """Tell others of a desk that its officer was told of something and did not get it.

    What it was nobody knows any more: at most once an hour, and at once where a case is urgent.
    """
    store = mail.store
    if not store.settings.is_first_run("stand-in", f"{officer.id}:{store.now:%y%m%d%H}"):
        return
    is_urgent = any(one.is_urgent for one in store.cases.queue(officer.bodies, _MOST_CASES))
    instead = stand_ins(store, mail.office, officer)
    for one in instead:
        mail.push(one, "desk-stand-in", ["desk", "later"], topic="urgent" if is_urgent else "desk")
    if not instead:
        log.error("no desk can be reached", bodies=len(officer.bodies))


def tell_above(mail: Mail, officer: Officer, day: str) -> None:
    """Tell the body above, once a day, where nobody of a body can be reached."""
    store = mail.store
    for body_id in officer.bodies:
        colleagues = store.officers.of_body(body_id)
        if any(can_hear(store, mail.office, one.conversation_id) for one in colleagues):
            continue
        if store.settings.is_first_run("away", f"{day}:{body_id}"):
            for one in stand_ins(store, mail.office, officer):
                mail.push(one, "desk-stand-in", ["desk", "later"], topic="desk")
