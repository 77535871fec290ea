"""The one transaction: something is heard, wholly answered or not at all.

In it: the event is new, the conversation is locked, the dialogue speaks, rules decide, facts are
written, the next step is remembered, letters lie in the outbox. Then, and only then, the channel
gets its 200.
"""

from collections.abc import Callable
from concurrent.futures import Future
from copy import copy
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from time import perf_counter

import structlog

from bot import dialogue, dialogues
from bot.admission import Reader, Visit, admit, did_already
from bot.arriving import Asked, give_code
from bot.mail import Mail
from bot.office import Office
from bot.reach import touch
from bot.speech import WITHDRAWN, Heard, Outcome, Reply
from bot.turn import Prepared, Turn
from storage.conversations import Conversation
from storage.database import NotWritten, TooBusy
from storage.inbox import FailedEvent
from storage.store import Store
from union.refusals import NotAllowed, Unclear

log = structlog.get_logger()
dialogues.load()

_OURS = f"{Path(__file__).parents[1]}/"


def hear(heard: Heard, office: Office) -> Outcome:
    """Answer one thing a person did and return what it came to, after the commit.

    Raises TooBusy and NotWritten: then nothing is kept, and the event may come again.
    """
    return submit(heard, office, prepare(heard, office)).result()


def prepare(heard: Heard, office: Office) -> Prepared:
    """Do the slow reading that a typed line needs (a search), outside any transaction."""
    if heard.text is None:
        return Prepared()
    with office.database.read() as store:
        known = store.conversations.find(heard.channel, heard.address)
        search = dialogue.preparation(known.step) if known else None
        if known is None or search is None:
            return Prepared()
        return search(store, known, heard.text)


def submit(
    heard: Heard, office: Office, prepared: Prepared, *, said_at: datetime | None = None
) -> "Future[Outcome]":
    """Queue the turn; the future ends after its commit. Raises TooBusy, NotWritten.

    *said_at*: when it came, where that was not just now.
    """

    def work(store: Store) -> Outcome:
        return _once(heard, office, store, prepared, said_at=said_at)

    return _submit(Came(heard.channel, heard), office, work)


@dataclass(slots=True)
class Came:
    """What came, as far as it is known by now: who holds a link is found in its turn."""

    channel: str
    heard: Heard | None = None
    reader: Reader | None = None


def submit_page(visit: Visit, office: Office) -> "tuple[Came, Future[Outcome]]":
    """Queue the turn of whoever holds the one-time link whose token the form carries.

    Who it is, is found in the turn's own transaction, since a look before it would cost as much
    again; there is no reader where nobody holds it or this browser may not open it. Raises
    TooBusy, NotWritten.
    """
    came = Came("page")

    def work(store: Store) -> Outcome:
        came.reader = came.heard = None
        admitted = admit(store, visit)
        if admitted is None:
            came.reader = did_already(store, visit)
            return Outcome(is_repeat=came.reader is not None)
        came.reader, known = admitted
        heard = came.heard = Heard(known.channel, known.address, visit.event_id, form=visit.form)
        return _once(heard, office, store, Prepared(), known=known)

    return came, _submit(came, office, work)


def submit_arrival(asked: Asked, office: Office) -> "Future[Outcome]":
    """Queue the giving of a code to a poster's page. Raises TooBusy, NotWritten."""
    return _submit(Came("page"), office, lambda store: give_code(store, asked))


def _submit(came: Came, office: Office, work: Callable[[Store], Outcome]) -> "Future[Outcome]":
    answer: Future[Outcome] = Future()
    began = perf_counter()

    def ended(turn: "Future[Outcome]") -> None:
        error = turn.exception()
        channel = came.heard.channel if came.heard else came.channel
        office.watch.turned(channel, _came_to(turn), perf_counter() - began)
        if error is None:
            office.letters_wait.set()
            answer.set_result(turn.result())
        elif isinstance(error, TooBusy | NotWritten) or came.heard is None:
            answer.set_exception(error)
        else:
            _keep_the_broken(came.heard, office, error, answer)

    try:
        office.database.submit(work).add_done_callback(ended)
    except (TooBusy, NotWritten) as error:
        office.watch.turned(came.channel, _why_not(error), perf_counter() - began)
        raise
    return answer


def _came_to(turn: "Future[Outcome]") -> str:
    """Return in a word, for who watches, what a turn came to."""
    error = turn.exception()
    if error is not None:
        return _why_not(error)
    return "repeat" if turn.result().is_repeat else "answered"


def _why_not(error: BaseException) -> str:
    if isinstance(error, TooBusy):
        return "busy"
    return "not written" if isinstance(error, NotWritten) else "broke"


def _once(
    heard: Heard,
    office: Office,
    store: Store,
    prepared: Prepared,
    known: Conversation | None = None,
    said_at: datetime | None = None,
) -> Outcome:
    if not store.inbox.is_first_time(heard.channel, heard.event_id):
        return Outcome(is_repeat=True)
    return take_turn(heard, office, store, prepared, known=known, said_at=said_at)


def take_turn(
    heard: Heard,
    office: Office,
    store: Store,
    prepared: Prepared,
    *,
    said_at: datetime | None = None,
    known: Conversation | None = None,
) -> Outcome:
    """Let the dialogue answer within the transaction of *store*; *said_at*: now, if not told.

    *known*: the conversation, where this transaction has locked it already.
    """
    if heard.left is not None:
        return _came_or_went(heard, office, store)
    if known is None:
        if _is_of_a_stranger(heard, store):
            log.error("somebody withdraws whom nobody here knows", channel=heard.channel)
            return Outcome()
        known = store.conversations.locked(heard.channel, heard.address, _language(heard, office))
    before = copy(known)
    turn = Turn(heard, known, store, office, prepared, said_at)
    try:
        # A savepoint: a step that finds its answer unclear half-way leaves nothing behind,
        # neither in the store nor in the memory nor in the letters.
        with store.savepoint():
            dialogue.find(turn)(turn)
    except (Unclear, NotAllowed) as why:
        # What was to leave no trace leaves none either when it could not be read.
        is_hidden = turn.is_hidden
        before.memory = before.found_memory()
        if "tries" in turn.memory:
            # A wrong code stays counted, whatever else the line was that nobody understood.
            before.memory["tries"] = turn.memory["tries"]
        turn = Turn(heard, before, store, office, prepared)
        turn.is_hidden = is_hidden
        turn.refuse(why)
    return turn.close()


def _came_or_went(heard: Heard, office: Office, store: Store) -> Outcome:
    """Note that she blocked the channel, or lets it speak again; where the talk stands stays."""
    found = store.conversations.find(heard.channel, heard.address)
    if found is None:
        return Outcome()
    known = store.conversations.locked_by_id(found.row_id)
    if heard.left and _is_back_since(known, heard):
        return Outcome()
    store.conversations.mark_gone(known.row_id, gone=bool(heard.left))
    mail = Mail(store, office, heard.key)
    touch(mail, known, heard)
    store.conversations.keep_window(known)
    mail.post()
    return Outcome()


def _is_back_since(known: Conversation, heard: Heard) -> bool:
    """Whether she has done something since she left: news of that may come late."""
    at, since = heard.touched_at, known.window_from_at
    return at is not None and since is not None and since > at


def _is_of_a_stranger(heard: Heard, store: Store) -> bool:
    """Whether a platform tells that somebody takes back what we never had of her."""
    is_withdrawn = heard.form is not None and heard.form.name == WITHDRAWN
    return is_withdrawn and store.conversations.find(heard.channel, heard.address) is None


def _language(heard: Heard, office: Office) -> str:
    """Return the language in which a conversation begins that is new."""
    languages = office.words.languages
    return heard.language if heard.language in languages else languages[0]


def _keep_the_broken(
    heard: Heard, office: Office, error: BaseException, answer: "Future[Outcome]"
) -> None:
    """Keep an event whose turn raised, for replay, and say one apology."""
    where = place_of(error)
    log.error("turn broke", channel=heard.channel, error=where)

    def work(store: Store) -> Outcome:
        if not store.inbox.keep_failed(heard.channel, heard.event_id, heard.to_json(), where):
            return Outcome(is_repeat=True)
        return Outcome((_say_once(heard, office, store, "error-sorry"),))

    def ended(kept: "Future[Outcome]") -> None:
        failure = kept.exception()
        if failure is None:
            office.letters_wait.set()
            answer.set_result(kept.result())
        else:
            answer.set_exception(failure)

    try:
        office.database.submit(work).add_done_callback(ended)
    except (TooBusy, NotWritten) as busy:
        answer.set_exception(busy)


def _say_once(heard: Heard, office: Office, store: Store, key: str, *part: str) -> Reply:
    """Lay one sentence out for whoever said something, beside where her talk stands."""
    known = store.conversations.locked(heard.channel, heard.address, _language(heard, office))
    reply = Reply(office.words.text(key, known.language))
    mail = Mail(store, office, ":".join((heard.key, *part)))
    mail.lay(known, reply)
    touch(mail, known, heard)
    store.conversations.keep_window(known)
    mail.post()
    return reply


def place_of(error: BaseException) -> str:
    """Return where and what an error was, without its message: that may hold words of a person.

    Where it left our own code, and where a library raised it: `KeyError at turn.py:12, x.py:3`.
    """
    spots: dict[bool, str] = {}
    trace = error.__traceback__
    while trace is not None:
        path = trace.tb_frame.f_code.co_filename
        is_ours = path.startswith(_OURS) and "site-packages" not in path
        spots.pop(False, None)
        spots[is_ours] = f"{path.rpartition('/')[2]}:{trace.tb_lineno}"
        trace = trace.tb_next
    return f"{type(error).__name__} at {', '.join(spots.values())}"


def replay(office: Office, limit: int = 1000) -> tuple[int, int, int]:
    """Let kept events take their turn again.

    Returns how many passed, how many broke anew, and how many were laid aside since the person
    has gone on talking. Raises TooBusy, NotWritten.
    """
    with office.database.read() as store:
        kept = store.inbox.failed(limit)
    ends = [_again(one, office) for one in kept]
    office.letters_wait.set()
    return ends.count("passed"), ends.count("broke"), ends.count("aside")


def _again(one: FailedEvent, office: Office) -> str:
    try:
        heard = Heard.from_json(one.event)
        # Its first letter was the apology; letters of the second try need keys of their own.
        again = replace(heard, event_id=f"{heard.event_id}~{one.id}")
        work = _take_up(one, again, office, prepare(again, office))
        return "passed" if office.database.write(work) else "aside"
    except (TooBusy, NotWritten):
        raise
    except Exception as error:  # noqa: BLE001 -- stays kept, and is counted
        log.error("replay broke again", error=place_of(error))
        return "broke"


def _take_up(
    one: FailedEvent, heard: Heard, office: Office, prepared: Prepared
) -> Callable[[Store], bool]:
    def work(store: Store) -> bool:
        if not store.inbox.take_up_again(one.id) or _has_gone_on(store, heard, one.heard_at):
            return False
        outcome = take_turn(heard, office, store, prepared, said_at=one.heard_at)
        if outcome.page is not None and not outcome.letters:
            # Nobody sees that page any more: she is told that it has to be done again.
            _say_once(heard, office, store, "error-page-again", "page")
            return False
        return True

    return work


def _has_gone_on(store: Store, heard: Heard, since: datetime) -> bool:
    """Whether the person spoke since and this would now answer another question than hers.

    Her "1" of yesterday must not take her name back today. A button and a form carry with them
    what they belong to.
    """
    if heard.choice is not None or heard.form is not None:
        return False
    known = store.conversations.find(heard.channel, heard.address)
    return known is not None and known.heard_at > since
