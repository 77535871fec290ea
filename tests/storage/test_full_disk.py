"""A disk that is full: no turn is acknowledged that is not kept, and all goes on when there is room."""

from __future__ import annotations

import resource
from collections.abc import Callable
from pathlib import Path

import pytest
from chat import KEYS, MAY, Clock, Town
from processes import side_by_side
from stores import file_of

from bot.hear import hear
from bot.office import Office
from bot.speech import Heard
from storage.database import Database, NotWritten

pytestmark = pytest.mark.store("sqlite", reason="a server tells of its own disk, as away")
ROOM = 100_000


def limit(length: int) -> None:
    """Let no file of this process grow beyond so many bytes, as on a disk without room."""
    resource.setrlimit(resource.RLIMIT_FSIZE, (length, resource.RLIM_INFINITY))


def largest(url: str) -> int:
    """Return how long the longest file of a database is."""
    return max(one.stat().st_size for one in Path(file_of(url)).parent.glob("town.db*"))


def test_a_disk_without_room_acknowledges_nothing_and_goes_on_with_room(town: Town) -> None:
    """Turns fail as not written; what was acknowledged is there, what was not is heard again."""
    chat = town.person("Nguyễn Thị Mẫu")
    chat.scans(MAY)
    town.database.close()

    def work(office: Office, meet: Callable[[], None]) -> tuple[list[str], list[str]]:
        kept, refused = [], []
        events = [
            Heard(chat.channel, chat.address, f"full{number}", text="menu") for number in range(60)
        ]
        limit(largest(office.database.url) + ROOM)
        for event in events:
            try:
                hear(event, office)
            except NotWritten:
                refused.append(event.event_id)
            else:
                kept.append(event.event_id)
        # Pages can still be read.
        with office.database.read() as store:
            assert store.conversations.find(chat.channel, chat.address)
        limit(resource.RLIM_INFINITY)
        again = [one for one in events if not hear(one, office).is_repeat]
        assert [one.event_id for one in again] == refused
        return kept, refused

    ((kept, refused),) = side_by_side(town.office, town.clock.now, work)
    assert len(kept) > 3, "there was some room"
    assert len(refused) > 3, "and then there was none"
    opened = Database(town.database.url, KEYS, Clock(town.clock.now))
    with opened.read() as store:
        assert store.inbox.failed() == []
    opened.close()
