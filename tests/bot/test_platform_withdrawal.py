"""A platform tells that somebody takes back what it may hand over: all stops, and is erased, in silence."""

from __future__ import annotations

from collections.abc import Callable

from chat import GIAY, MAY, Chat, Town

from bot.mail import Mail
from bot.speech import WITHDRAWN, Reply
from storage.store import Store

NAME = "Nguyễn Thị Mẫu"


def requests(town: Town, chat: Chat):
    """Return the requests from a chat."""
    return town.read(lambda store: store.cases.requests_of(chat.conversation_id()))


def pushed(town: Town, chat: Chat) -> bool:
    """Try to push news about her matter; say whether they came."""
    before = len(chat.received)

    def work(store: Store) -> None:
        mail = Mail(store, town.office, f"news{before}")
        mail.news(chat.conversation_id(), None, "news-late?")
        mail.post()

    town.write(work)
    town.deliver()
    return len(chat.received) > before


def test_in_silence(town: Town, golden: Callable[[str, str], None]) -> None:
    """Nothing is said to her; who asks later reads what was done, as after any erasure."""
    chat = town.person(NAME)
    chat.signs(MAY, phone="0912 345 678")
    town.log.clear()
    chat.submits(WITHDRAWN)
    assert chat.outcome.letters == ()
    chat.says("tới đâu rồi")
    golden("platform_withdrawal", town.transcript(chat))


def test_everything_stops_and_is_gone(town: Town) -> None:
    """Her name counts no more, nothing is pushed, an erasure request with its day is recorded."""
    chat = town.person(NAME)
    chat.signs(MAY, phone="0912 345 678")
    assert town.petition().counted == 1
    chat.submits(WITHDRAWN)
    assert town.petition().counted == 0
    (request,) = requests(town, chat)
    assert (request.about, request.is_live, request.due_on.isoformat()) == (
        "erase",
        False,
        "2026-11-25",
    )
    kept = town.read(lambda store: store.conversations.by_id(chat.conversation_id()))
    assert kept.stopped_all_at is not None
    assert kept.wants_news is None or kept.wants_news is False
    assert town.read(lambda store: store.people.at(chat.conversation_id())) == []
    assert not pushed(town, chat)


def test_letters_that_wait_do_not_go(town: Town) -> None:
    """What lay ready for her is wiped before it is sent."""
    chat = town.person(NAME)
    chat.signs(MAY)
    here = chat.conversation_id()
    letter = Reply(f"Chào {NAME}").to_json()
    town.write(lambda store: store.outbox.post(key="waits", conversation_id=here, channel="paper", reply=letter))  # fmt: skip
    chat.submits(WITHDRAWN)
    assert chat.received[-1].text != f"Chào {NAME}"
    assert town.read(lambda store: store.outbox.for_page(here)) == []


def test_papers_already_sent_are_an_officers(town: Town) -> None:
    """What has gone into a dossier stays with its rule; an officer is told, and still not she."""
    officer = town.officer("Lê Thị Thử")
    chat = town.person(NAME)
    chat.signs(GIAY)

    def decide(store: Store) -> None:
        case = store.cases.by_id(store.signatures.cases_of(chat.conversation_id())[0])
        store.cases.change(
            case, state="decided", decision_no="07/QĐ-CĐCS", decision_on=store.today
        )

    town.write(decide)
    before = len(chat.received)
    chat.submits(WITHDRAWN)
    assert len(chat.received) == before
    assert officer.last == "Có việc mới cần xem."
    (request,) = requests(town, chat)
    assert (request.state, request.is_live) == ("waiting", True)


def test_twice_and_of_a_stranger(town: Town) -> None:
    """Told again it changes nothing more than another record; a stranger leaves no trace at all."""
    chat = town.person(NAME)
    chat.signs(MAY)
    chat.submits(WITHDRAWN, event="same")
    chat.submits(WITHDRAWN, event="same")
    assert len(requests(town, chat)) == 1
    stranger = town.person("Trần Văn Ví Dụ")
    stranger.submits(WITHDRAWN)
    assert (
        town.read(lambda store: store.conversations.find(stranger.channel, stranger.address))
        is None
    )
    assert stranger.received == []


def test_no_page_can_send_it() -> None:
    """It is told by a platform alone: the pages of ours take no form of this name."""
    from webhook.private import FORMS

    assert WITHDRAWN not in FORMS
