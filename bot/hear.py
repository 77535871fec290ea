"""The one transaction: something is heard, wholly answered or not at all.

In it: the event is new, the conversation is locked, the dialogue speaks, rules decide, facts are
written, the next step is remembered, letters lie in the outbox. Then, and only then, the channel
gets its 200.
"""

from collections.abc import Callable
from concurrent.futures import Future
from copy import deepcopy
from dataclasses import replace

import structlog

from bot import dialogue, dialogues
from bot.mail import Mail
from bot.office import Office
from bot.speech import Heard, Outcome, Reply
from bot.turn import Prepared, Turn
from storage.database import NotWritten, TooBusy
from storage.store import Store
from union.refusals import NotAllowed, Unclear

log = structlog.get_logger()
dialogues.load()


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


def submit(heard: Heard, office: Office, prepared: Prepared) -> "Future[Outcome]":
    """Queue the turn; the future ends after its commit. Raises TooBusy, NotWritten."""
    answer: Future[Outcome] = Future()

    def ended(turn: "Future[Outcome]") -> None:
        error = turn.exception()
        if error is None:
            office.letters_wait.set()
            answer.set_result(turn.result())
        elif isinstance(error, TooBusy | NotWritten):
            answer.set_exception(error)
        else:
            _keep_the_broken(heard, office, error, answer)

    office.database.submit(_turn(heard, office, prepared)).add_done_callback(ended)
    return answer


def _turn(heard: Heard, office: Office, prepared: Prepared) -> Callable[[Store], Outcome]:
    def work(store: Store) -> Outcome:
        if not store.inbox.is_first_time(heard.channel, heard.event_id):
            return Outcome(is_repeat=True)
        return take_turn(heard, office, store, prepared)

    return work


def take_turn(heard: Heard, office: Office, store: Store, prepared: Prepared) -> Outcome:
    """Let the dialogue answer within the transaction of *store*."""
    known = store.conversations.locked(heard.channel, heard.address, _language(heard, office))
    before = deepcopy(known)
    turn = Turn(heard, known, store, office, prepared)
    try:
        # A savepoint: a step that finds its answer unclear half-way leaves nothing behind,
        # neither in the store nor in the memory nor in the letters.
        with store.connection.begin_nested():
            dialogue.find(turn)(turn)
    except (Unclear, NotAllowed) as why:
        # What was to leave no trace leaves none either when it could not be read.
        is_hidden = turn.is_hidden
        turn = Turn(heard, before, store, office, prepared)
        turn.is_hidden = is_hidden
        turn.refuse(why)
    return turn.close()


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
        known = store.conversations.locked(heard.channel, heard.address, _language(heard, office))
        sorry = Reply(office.words.text("error-sorry", known.language))
        mail = Mail(store, office, heard.key)
        mail.lay(known, sorry)
        mail.post()
        return Outcome((sorry,))

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


def place_of(error: BaseException) -> str:
    """Return where and what an error was, without its message: that may hold words of a person."""
    trace = error.__traceback__
    spot = ""
    while trace is not None:
        code = trace.tb_frame.f_code
        spot = f"{code.co_filename.rpartition('/')[2]}:{trace.tb_lineno}"
        trace = trace.tb_next
    return f"{type(error).__name__} at {spot}"


def replay(office: Office, limit: int = 1000) -> tuple[int, int]:
    """Let kept events take their turn again; return how many passed and how many broke anew."""
    with office.database.read() as store:
        kept = store.inbox.failed(limit)
    passed = 0
    for one in kept:
        heard = Heard.from_json(one.event)
        # Its first letter was the apology; letters of the second try need keys of their own.
        again = replace(heard, event_id=f"{heard.event_id}~{one.id}")
        try:
            office.database.write(_take_up(one.id, again, office))
            passed += 1
        except (TooBusy, NotWritten):
            raise
        except Exception as error:  # noqa: BLE001 -- stays kept, and is counted
            log.error("replay broke again", error=place_of(error))
    office.letters_wait.set()
    return passed, len(kept) - passed


def _take_up(row_id: int, heard: Heard, office: Office) -> Callable[[Store], None]:
    def work(store: Store) -> None:
        if store.inbox.take_up_again(row_id):
            take_turn(heard, office, store, Prepared())

    return work
