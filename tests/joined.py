"""How people join two conversations of theirs, for the tests: the same walk everywhere."""

from __future__ import annotations

import re

from chat import Chat, Town

from bot.mail import Mail
from storage.store import Store

NAME = "Nguyễn Thị Mẫu"
_SHOWN = re.compile(r"Mã nối: ([A-Z2-9]{3} [A-Z2-9]{3})")


def code_of(chat: Chat) -> str:
    """Let somebody show a code for joining; return it as she reads it."""
    chat.says("nối kênh")
    chat.taps("joining-code")
    found = _SHOWN.search(chat.last)
    assert found, chat.last
    return found[1]


def join(shows: Chat, types: Chat) -> None:
    """Walk the whole way: a code, typed, agreed to there and here."""
    types.says(code_of(shows))
    types.taps("joining-same")
    shows.taps("joining-yes")


def neutral(text: str) -> str:
    """Return a transcript with the codes of joining made alike."""
    for number, code in enumerate(dict.fromkeys(_SHOWN.findall(text)), 1):
        text = text.replace(code, f"NỐI-{number}")
    return text


def who(town: Town, chat: Chat) -> tuple[int, int]:
    """Return whose talk this is and which address."""
    known = town.read(lambda store: store.conversations.find(chat.channel, chat.address))
    assert known is not None
    return known.id, known.row_id


def are_one(town: Town, *chats: Chat) -> bool:
    """Whether these are all one person's."""
    return len({who(town, one)[0] for one in chats}) == 1


def push(town: Town, chat: Chat, key: str = "news-late?") -> None:
    """Lay news out for a person, as an officer or a round does, and bring what goes out."""
    owner = who(town, chat)[0]

    def work(store: Store) -> None:
        mail = Mail(store, town.office, f"push{next(town.events)}")
        mail.news(owner, None, key)
        mail.post()

    town.write(work)
    town.deliver()


def heard_anew(*chats: Chat) -> list[int]:
    """Return how many replies each has by now."""
    return [len(one.received) for one in chats]
