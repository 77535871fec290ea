"""Long letters over a real line to Telegram: each part is paced, halted and kept like a letter."""

from __future__ import annotations

import asyncio
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from itertools import pairwise
from pathlib import Path

import pytest
from chat import ABILITIES, KEYS
from fakes.client import FakeTelegram
from stores import Founded

from bot.mail import Mail
from bot.office import Office
from bot.sender import Sender
from bot.speech import Choice, Pace, Reply
from bot.words import Words
from channels.telegram import ABILITIES as TELEGRAM
from channels.telegram_speaking import PACE, Telegram
from storage.database import Database
from storage.store import Store

ROOT = Path(__file__).parents[2]
LONG = " ".join(f"Đây là câu số {n} mà thôi." for n in range(450))
BUTTON = Choice("menu", "Menu", "0.menu.X")
FIRST = 771004001

# A sender as a process of its own, with so many seconds between two letters to one person.
PROCESS = """
import asyncio, sys
from bot.office import Office
from bot.sender import Sender
from bot.speech import Pace
from channels.telegram_speaking import Telegram
from storage.database import Database
from storage.sealed import Keyring

url, token, api, seconds = sys.argv[1:]

async def work():
    database = Database(url, Keyring({1: b"0123456789abcdef0123456789abcdef"}))
    office = Office(database, None, "https://ketdoan.example", {})
    mouth = Telegram(token, api, pace=Pace(30, float(seconds)))
    await Sender(office, {"telegram": mouth}, lease_seconds=3.0).work(asyncio.Event())

asyncio.run(work())
"""


@pytest.fixture
def telegram() -> Iterator[FakeTelegram]:
    """A Telegram of the test's own."""
    with FakeTelegram() as made:
        yield made


@pytest.fixture
def office(founded: Founded, words: Words, tmp_path: Path) -> Iterator[Office]:
    """An office whose time goes on, with Telegram."""
    database = Database(founded.fresh(tmp_path), KEYS)
    able = ABILITIES | {"telegram": TELEGRAM}
    yield Office(database, words, "https://ketdoan.example", able)
    database.close()


def lay(office: Office, *chats: int) -> None:
    """Lay a letter of three parts out for each."""

    def work(store: Store) -> None:
        for chat in chats:
            mail = Mail(store, office, f"long:{chat}")
            known = store.conversations.locked("telegram", str(chat), "vi")
            mail.lay(known, Reply(LONG, (BUTTON,)))
            mail.post()

    office.database.write(work)


def counts(office: Office) -> dict[str, int]:
    """Return how many letters stand in each state."""
    with office.database.read() as store:
        return store.outbox.counts()


def said(telegram: FakeTelegram, chat: int) -> list[str]:
    """Return what the bot has said to somebody."""
    return [one["text"] for one in telegram.chat(chat) if one["from_bot"]]


def times(telegram: FakeTelegram, chat: int) -> list[float]:
    """Return when letters to somebody arrived, those refused too."""
    return [
        one["at"]
        for one in telegram.log()
        if one["chat"] == chat and one["method"] == "sendMessage"
    ]


async def until(is_so: Callable[[], bool], seconds: float = 40) -> None:
    """Wait until something is so."""
    end = time.monotonic() + seconds
    while not await asyncio.to_thread(is_so):
        assert time.monotonic() < end, "it has not come"
        await asyncio.sleep(0.02)


def send(
    office: Office,
    telegram: FakeTelegram,
    letters: int,
    meanwhile: Callable[[], None] | None = None,
) -> None:
    """Let a sender work until all letters are sent; once the first has come, do something."""

    async def work() -> None:
        stop = asyncio.Event()
        mouth = Telegram(telegram.token, telegram.url)
        working = asyncio.create_task(Sender(office, {"telegram": mouth}).work(stop))
        try:
            if meanwhile is not None:
                await until(lambda: telegram.stats()["accepted"] > 0)
                await asyncio.to_thread(meanwhile)
            await until(lambda: counts(office) == {"sent": letters})
        finally:
            stop.set()
            await asyncio.wait_for(working, 20)
            await mouth.close()

    asyncio.run(work())


def test_parts_keep_a_second_from_each_other(office: Office, telegram: FakeTelegram) -> None:
    """To each person the parts come whole, in order, a second apart, the button under the last."""
    people = [FIRST, FIRST + 1]
    telegram.crowd(FIRST, len(people))
    lay(office, *people)
    send(office, telegram, 3 * len(people))
    for one in people:
        assert len(said(telegram, one)) == 3
        assert " ".join(said(telegram, one)) == LONG
        assert [bool(it["buttons"]) for it in telegram.chat(one)] == [False, False, True]
        came = times(telegram, one)
        assert min(b - a for a, b in pairwise(came)) >= 1.0
    assert Pace(28, 1.0) == PACE


def test_no_part_goes_while_telegram_wants_silence(office: Office, telegram: FakeTelegram) -> None:
    """A 429 in the middle of long letters silences every part of all of them, and none is lost."""
    people = range(FIRST, FIRST + 8)
    telegram.crowd(FIRST, len(people))
    lay(office, *people)

    def silence() -> None:
        telegram.wait_until(lambda stats: stats["accepted"] == len(people), 30)
        telegram.faults(**{"429": {"next": 1, "retry_after": 3, "scope": "bot"}})

    send(office, telegram, 3 * len(people), silence)
    stats = telegram.stats()
    # What was on its way when the first was refused is refused as well, and nothing else.
    assert stats["answered_429"] - stats["in_flight_at_429"] == 1, stats
    assert stats["early_after_429"] == 0, stats
    assert stats["duplicates_sent"] == 0, stats
    for one in people:
        assert " ".join(said(telegram, one)) == LONG
        came = times(telegram, one)
        assert min(b - a for a, b in pairwise(came)) >= 1.0


def test_killed_between_two_parts_nothing_is_lost_or_doubled(
    office: Office, telegram: FakeTelegram
) -> None:
    """The first part has gone, its process dies, another process says the rest and only that."""
    telegram.crowd(FIRST, 1)
    lay(office, FIRST)

    def start(seconds: float) -> subprocess.Popen[bytes]:
        words = [office.database.url, telegram.token, telegram.url, str(seconds)]
        return subprocess.Popen([sys.executable, "-c", PROCESS, *words], cwd=ROOT)

    running = start(600)
    try:
        asyncio.run(until(lambda: counts(office) == {"sent": 1, "waiting": 2}))
        running.send_signal(signal.SIGKILL)
        running.wait()
        assert len(said(telegram, FIRST)) == 1
        running = start(1)
        asyncio.run(until(lambda: counts(office) == {"sent": 3}))
    finally:
        running.kill()
        running.wait()
    assert " ".join(said(telegram, FIRST)) == LONG
    assert len(times(telegram, FIRST)) == 3
