"""A PostgreSQL that goes away for a while, in every way, loses nothing that was acknowledged."""

from __future__ import annotations

import signal
import threading
import time
from collections.abc import Callable, Iterator

import pytest
from chat import ABILITIES, KEYS, MAY, Chat, Clock, Town
from postgres import Cluster
from sqlalchemy import select
from stores import found

from bot.hear import hear
from bot.office import Office
from bot.speech import Heard
from bot.words import Words
from storage.database import Database, NotWritten, TooBusy
from storage.tables import inbox

pytestmark = pytest.mark.store("postgresql", reason="a file does not go away")
LONGEST = 30.0


@pytest.fixture
def town(own_server: Cluster, words: Words, request: pytest.FixtureRequest) -> Iterator[Town]:
    """The town on that server."""
    name = f"own{abs(hash(request.node.name))}"
    tokens = found(own_server.create(name))
    clock = Clock()
    database = Database(own_server.url(name), KEYS, clock)
    yield Town(Office(database, words, "https://ketdoan.example", ABILITIES), clock, tokens)
    database.close()


def until(is_so: Callable[[], bool]) -> None:
    """Wait until something is so."""
    end = time.monotonic() + LONGEST
    while not is_so():
        assert time.monotonic() < end, "it took too long"
        time.sleep(0.05)


def can_write(database: Database) -> bool:
    """Whether something can be kept now."""
    try:
        database.write(lambda store: store.settings.put("probe", "yes"))
    except (NotWritten, TooBusy):
        return False
    return True


def heard_by(town: Town, chat: Chat) -> tuple[set[str], int]:
    """Return the events heard from somebody, and how many sets of buttons she was offered."""

    def look(store) -> tuple[set[str], int]:
        known = store.conversations.find(chat.channel, chat.address)
        mine = select(inbox.c.event_id).where(inbox.c.event_id.like(f"{chat.name[-1]}-%"))
        return set(store.connection.execute(mine).scalars()), known.offer

    return town.read(look)


def test_while_it_is_away_nothing_is_acknowledged_and_nothing_hangs(
    town: Town, own_server: Cluster
) -> None:
    """A turn fails as not written, at once; after the return the same event is heard, once."""
    chat = town.person("Nguyễn Thị Mẫu")
    chat.scans(MAY)
    event = Heard(chat.channel, chat.address, "while away", text="tới đâu rồi")
    own_server.stop()
    for _ in range(3):
        began = time.monotonic()
        with pytest.raises((NotWritten, TooBusy)):
            hear(event, town.office)
        assert time.monotonic() - began < 10
    own_server.start()
    until(lambda: can_write(town.database))
    assert not hear(event, town.office).is_repeat
    assert hear(event, town.office).is_repeat


@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGQUIT, signal.SIGKILL])
def test_a_server_that_ends_under_load_loses_and_doubles_nothing(
    town: Town, own_server: Cluster, how: signal.Signals
) -> None:
    """Each of many events is brought again until it is acknowledged: each is kept exactly once."""
    people = [town.person(f"Nguyễn Thị Mẫu {letter}") for letter in "ABCD"]
    before = []
    for chat in people:
        chat.scans(MAY)
        before.append(heard_by(town, chat)[1])
    acknowledged: list[str] = []
    troubled: list[str] = []
    stop = threading.Event()

    def talk(chat: Chat) -> None:
        number = 0
        while not stop.is_set():
            number += 1
            event = Heard(chat.channel, chat.address, f"{chat.name[-1]}-{number}", text="menu")
            while not comes_through(event, town, troubled):
                time.sleep(0.02)
            acknowledged.append(event.event_id)

    threads = [threading.Thread(target=talk, args=(chat,)) for chat in people]
    for thread in threads:
        thread.start()
    for _ in range(2):
        wait_for_more(acknowledged)
        own_server.stop(how)
        time.sleep(0.3)
        own_server.start()
        wait_for_more(acknowledged)
    stop.set()
    for thread in threads:
        thread.join(LONGEST)
        assert not thread.is_alive()
    assert troubled, "the server was away"
    for chat, offered in zip(people, before, strict=True):
        events, offers = heard_by(town, chat)
        assert events == {one for one in acknowledged if one.startswith(chat.name[-1])}
        # Each turn offers its buttons anew, once.
        assert offers - offered == len(events)
    assert town.read(lambda store: store.inbox.failed()) == []


def comes_through(event: Heard, town: Town, troubled: list[str]) -> bool:
    """Whether an event is acknowledged, as a platform sees it."""
    try:
        hear(event, town.office)
    except (NotWritten, TooBusy) as error:
        troubled.append(type(error).__name__)
        return False
    return True


def wait_for_more(acknowledged: list[str]) -> None:
    """Wait until some more turns are through."""
    before = len(acknowledged)
    until(lambda: len(acknowledged) > before + 20)


def test_a_reader_comes_back_too(town: Town, own_server: Cluster) -> None:
    """Pages that were read before the server went away can be read again after it."""
    assert town.petition() is None
    own_server.stop()
    with pytest.raises(NotWritten):
        town.petition()
    own_server.start()
    until(lambda: _can_read(town))
    assert town.petition() is None


def _can_read(town: Town) -> bool:
    try:
        town.petition()
    except NotWritten:
        return False
    return True
