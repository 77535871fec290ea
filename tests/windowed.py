"""A channel that may be spoken on for a while only, for the tests: its office, and time passing."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, time, timedelta

from chat import ABILITIES, GIAY, Chat, Town
from sqlalchemy import select

from bot.office import Office
from bot.speech import Abilities, Window
from storage.conversations import Conversation
from storage.desk import VIETNAM
from storage.tables import letter

DAYS = timedelta(days=1)
WINDOW = Window(free=2 * DAYS, paid=7 * DAYS, price=55)
ZALO = Abilities(
    pushes=True, asks_identity=True, news_line="receipt-news-zalo", most_choices=5, window=WINDOW
)


def with_window(office: Office, **how: int) -> Office:
    """Return the office with a channel that has a window; *how* says what may be spent."""
    zalo = replace(ZALO, window=replace(WINDOW, **how))
    return replace(office, abilities=ABILITIES | {"zalo": zalo})


def at(day: int, hour: int = 8, minute: int = 0, month: int = 11) -> datetime:
    """Return an hour of a day in Vietnam; the story begins on Friday 20/11/2026 at eight."""
    return datetime(2026, month, day, hour, minute, tzinfo=VIETNAM)


def until(town: Town, moment: datetime) -> None:
    """Let time pass and do what it does, three times a day; the log says what came of it."""
    kept, town.log = town.log, []
    first = town.clock.now.astimezone(VIETNAM).date()
    for day in range((moment.date() - first).days + 1):
        for hour in HOURS:
            stop = datetime.combine(first + day * DAYS, hour, tzinfo=VIETNAM)
            if town.clock.now < stop < moment:
                town.clock.now = stop
                kept += _ticked(town)
    town.clock.now = moment
    town.log = [*kept, *_ticked(town)]


def jump(town: Town, moment: datetime) -> None:
    """Go to a moment at once, and do what is due then."""
    town.clock.now = moment
    town.rounds()


HOURS = (time(7), time(9, 30), time(17), time(20))


def _ticked(town: Town) -> list[tuple[str, str]]:
    """Do what time does now; return what that brought, without the digests of each morning."""
    town.log = []
    town.rounds()
    told = [one for one in town.log if "Bản tin" not in one[1]]
    return told if len(told) > 1 else []


def letters(town: Town, channel: str = "zalo") -> list[tuple[str, str]]:
    """Return the states of all letters of a channel with the reasons, oldest first."""
    query = select(letter.c.state, letter.c.error).where(letter.c.channel == channel)
    rows = town.read(lambda store: store.connection.execute(query.order_by(letter.c.id)).all())
    return [(row.state, row.error or "") for row in rows]


def known_of(town: Town, chat: Chat) -> Conversation:
    """Return somebody's conversation."""
    return town.read(lambda store: store.conversations.by_id(chat.conversation_id()))


def spent(town: Town) -> int:
    """Return what has been spent this month."""
    return town.read(lambda store: store.spending.spent("zalo"))


def joins(town: Town, name: str = "Trần Văn Ví Dụ", **how: str) -> Chat:
    """Let somebody put her name down to join, on the channel with a window."""
    worker = town.person(name, "zalo")
    worker.signs(GIAY, **how)
    return worker


def decides(officer: Chat, code: str) -> None:
    """Let an officer take an application and say yes."""
    officer.says(code)
    officer.taps("desk-take")
    officer.taps("desk-approve")
    officer.taps("desk-approve-yes")
