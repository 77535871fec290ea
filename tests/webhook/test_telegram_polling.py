"""Fetching: what was fetched is heard and committed before Telegram may forget it."""

import asyncio
from collections.abc import Iterable
from dataclasses import replace

import pytest
from chat import MAY

from bot.office import Office
from bot.speech import TooFast, Unreachable
from channels.telegram_line import Taken, TokenRefused
from storage.database import NotWritten, TooBusy
from webhook import announce, polling
from webhook.polling import MOST_TRIES, Polling
from webhook.settings import read_settings
from webhook.telegram import heard_kinds
from webhook.wiring import abilities

DATE = 1795136400
TOKEN = "123456:secret-of-the-tests"


def said(number, text, who=5550001):
    """Return the update of a line."""
    chat, speaker = {"id": who, "type": "private"}, {"id": who, "is_bot": False, "first_name": "M"}
    return {
        "update_id": number,
        "message": {"message_id": 1, "date": DATE, "chat": chat, "from": speaker, "text": text},
    }


def tapped(number, payload, who=5550001):
    """Return the update of a tap."""
    told = said(number, "x", who)["message"]
    tap = {"id": f"tap{number}", "from": told["from"], "chat_instance": "1", "data": payload}
    return {"update_id": number, "callback_query": tap | {"message": told}}


class Paper:
    """A Telegram that gives batches, or errors, one after the other, and then ends the program."""

    def __init__(self, *batches):
        self.batches = list(batches)
        self.offsets = []
        self.spinners = []
        self.webhooks_taken_away = 0
        self.stop = asyncio.Event()

    async def delete_webhook(self):
        self.webhooks_taken_away += 1

    async def updates(self, offset):
        self.offsets.append(offset)
        if not self.batches:
            self.stop.set()
            return []
        batch = self.batches.pop(0)
        if isinstance(batch, Exception):
            raise batch
        return batch

    def stop_spinner(self, tap):
        self.spinners.append(tap)


@pytest.fixture
def office(office: Office, tmp_path) -> Office:
    """The installation with Telegram as a channel."""
    heard_kinds.clear()
    return replace(
        office, abilities=abilities(read_settings(data_dir=tmp_path, telegram_token=TOKEN))
    )


@pytest.fixture(autouse=True)
def waited(monkeypatch) -> list[float]:
    """Wait in the tests' own time: note for how long it would have been."""
    noted: list[float] = []
    sleep = asyncio.sleep

    async def wait(seconds):
        noted.append(seconds)
        await sleep(0)

    monkeypatch.setattr(polling.asyncio, "sleep", wait)
    monkeypatch.setattr(announce.asyncio, "sleep", wait)
    monkeypatch.setattr(polling, "FIRST_WAIT", 0.001)
    monkeypatch.setattr(polling, "LONGEST_WAIT", 0.002)
    return noted


def fetch(office: Office, *batches: Iterable[object] | Exception) -> Paper:
    """Run until everything was fetched."""

    async def live():
        paper = Paper(*batches)
        await Polling(office, paper, 123456, paper.stop).run()
        return paper

    return asyncio.run(live())


def letters(office: Office, who=5550001) -> int:
    """Return how many letters lie ready for somebody."""
    with office.database.read() as store:
        known = store.conversations.find("telegram", str(who))
        return len(store.outbox.for_page(known.id)) if known else 0


def test_a_batch_is_heard_before_the_next_is_asked_for(office, town):
    """The number that lets Telegram forget a batch goes out after its commits."""
    paper = fetch(
        office,
        [said(10, f"/start {town.tokens[MAY]}"), said(11, "ghi tên")],
        [],
        [said(15, "menu")],
    )
    assert paper.offsets == [None, 12, 12, 16]
    assert paper.webhooks_taken_away == 1
    assert letters(office) == 4
    assert heard_kinds == {"scan": 1, "text": 2, "repeat": 0}


def test_each_person_is_heard_in_her_order(office, town):
    """Many people in one batch are heard side by side, and what each said in its order."""
    people = range(7001, 7013)
    batch = [said(100 + n, f"/start {town.tokens[MAY]}", who) for n, who in enumerate(people)]
    batch += [said(200 + n, "hỏi quyền lợi", who) for n, who in enumerate(people)]
    fetch(office, batch)
    with office.database.read() as store:
        for who in people:
            known = store.conversations.find("telegram", str(who))
            texts = [one.reply for one in store.outbox.for_page(known.id)]
            assert "Công ty May Ví Dụ" in texts[0]
            assert len(texts) == 2


def test_what_came_twice_is_heard_once(office):
    """After a kill the same updates come again: they are answered by nothing new."""
    fetch(office, [said(10, "menu")])
    fetch(office, [said(10, "menu")])
    assert letters(office) == 1
    assert heard_kinds["repeat"] == 1


def test_a_tap_stops_spinning_after_it_was_heard(office):
    """Taps are answered, in the order of their person, forged ones too."""
    paper = fetch(office, [tapped(1, "1.menu.X"), tapped(2, "1.menu.X")])
    assert paper.spinners == ["tap1", "tap2"]


@pytest.mark.parametrize(
    "garbage", [None, 7, "x", [], {}, {"update_id": "9"}, {"update_id": None}]
)
def test_garbage_does_not_hold_the_rest_up(office, garbage):
    """What is no update is counted and passed, whatever stands in it."""
    paper = fetch(office, [garbage, said(10, "menu"), {"update_id": 11, "new_of_2031": {}}])
    assert paper.offsets == [None, 12]
    assert letters(office) == 1
    assert heard_kinds["not an update"] == 1


@pytest.mark.parametrize("error", [TooBusy(), NotWritten("x"), ZeroDivisionError()])
def test_what_was_not_written_is_said_again(office, monkeypatch, error):
    """A store that is busy or broken is waited for; nothing is let go meanwhile."""
    real, ends = polling.hear, [error, error]

    def hear(heard, at):
        if ends:
            raise ends.pop()
        return real(heard, at)

    monkeypatch.setattr(polling, "hear", hear)
    paper = fetch(office, [said(10, "menu")])
    assert paper.offsets == [None, 11]
    assert letters(office) == 1


def test_a_turn_that_cannot_even_be_kept_is_given_up(office, monkeypatch):
    """One update that breaks everything does not keep everybody else waiting for ever."""
    tries = []

    def hear(heard, at):
        del at
        tries.append(heard)
        raise ZeroDivisionError

    monkeypatch.setattr(polling, "hear", hear)
    paper = fetch(office, [said(10, "menu")])
    assert len(tries) == MOST_TRIES
    assert paper.offsets == [None, 11]
    assert heard_kinds["given up"] == 1


def test_who_stops_while_the_store_is_away_lets_nothing_go(office, monkeypatch):
    """Ended in the middle, it asks for nothing further: Telegram still holds the batch."""

    async def live():
        paper = Paper([said(10, "menu")])

        def hear(heard, at):
            paper.stop.set()
            raise NotWritten("x")

        monkeypatch.setattr(polling, "hear", hear)
        await Polling(office, paper, 123456, paper.stop).run()
        return paper

    assert asyncio.run(live()).offsets == [None]


def test_it_stops_at_once_while_nothing_comes(office):
    """An open question for updates does not hold the end up."""

    class Silent(Paper):
        async def updates(self, offset):
            self.stop.set()
            await asyncio.Event().wait()

    async def live():
        async with asyncio.timeout(5):
            paper = Silent()
            await Polling(office, paper, 123456, paper.stop).run()

    asyncio.run(live())


def test_errors_on_the_line_are_waited_out(office, waited):
    """A line that breaks comes back; a 429 is obeyed to the second."""
    fetch(office, Unreachable(), TooFast(7), ValueError("x"), [said(10, "menu")])
    assert letters(office) == 1
    assert 7 in waited


def test_a_webhook_that_stands_is_taken_away_again(office):
    """Where another program has set the webhook anew, it is taken away; another fetcher is waited for."""
    assert fetch(office, Taken(by_webhook=True), [said(1, "menu")]).webhooks_taken_away == 2
    assert fetch(office, Taken(by_webhook=False), [said(2, "menu")]).webhooks_taken_away == 1


def test_a_token_that_is_refused_ends_it(office):
    """Nothing is tried for ever with a token that Telegram does not know."""
    with pytest.raises(TokenRefused):
        fetch(office, TokenRefused())
