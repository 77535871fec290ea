"""The sender and a Zalo that keeps its own account of windows and prices agree about every letter."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from dataclasses import replace
from datetime import date

import pytest
from chat import ABILITIES, Chat, Town
from fakes.zalo_calls import refresh
from fakes.zalo_client import FakeZalo, oa_user

from bot.office import Office
from bot.sender import drain
from bot.speech import Reply, Window
from channels.zalo import ABILITIES as ZALO
from channels.zalo_line import Line
from channels.zalo_speaking import PACE, Template, ZaloMouth
from storage.store import Store
from webhook.settings import read_settings
from webhook.wiring import zalo_window

LAN = 1001
# Clocks are moved by days here: tokens end.
TOKEN = (-216, -220)


class Tokens:
    """Fetches a new pair whenever the old one is refused: clocks are moved by days here."""

    def __init__(self, zalo: FakeZalo) -> None:
        self.zalo = zalo

    async def access(self) -> str:
        return str(self.zalo.tokens()["access_token"])

    async def refused(self, token: str) -> None:
        live = self.zalo.tokens()
        if token == live["access_token"]:
            refresh(self.zalo, live["refresh_token"])


@pytest.fixture
def zalo() -> Iterator[FakeZalo]:
    """A Zalo in which Lan has spoken once."""
    with FakeZalo() as running:
        running.say(LAN, "chào")
        yield running


def window(**how: object) -> Window:
    """Return the window as the delivered terms and these settings make it."""
    settings = read_settings(
        zalo_app_id="1", zalo_app_secret="s", zalo_oa_id="2", zalo_oa_secret="t", **how
    )
    return zalo_window(settings, date(2026, 11, 20))


def office_with(town: Town, **how: object) -> Office:
    """Give the town a channel `zalo` with such a window."""
    can = replace(ZALO, window=window(**how))
    town.office = replace(town.office, abilities=ABILITIES | {"zalo": can})
    return town.office


def lan(town: Town) -> Chat:
    """Return Lan, who has spoken just now here as well."""
    town.deliver = lambda: None  # type: ignore[method-assign]
    chat = Chat(town, "Lan", "zalo", oa_user(LAN))
    chat.says("menu")
    return chat


def later(town: Town, zalo: FakeZalo, **delta: float) -> None:
    """Let time pass on both sides."""
    town.clock.advance(**delta)
    zalo.move_clock(**delta)


def lay(town: Town, chat: Chat, text: str, *, is_template: bool = False) -> None:
    """Lay a letter out for her."""

    def work(store: Store) -> None:
        store.outbox.post(
            key=text,
            conversation_id=chat.conversation_id(),
            channel="zalo",
            reply=Reply(text, is_template=is_template).to_json(),
            is_template=is_template,
        )

    town.write(work)


def send(town: Town, zalo: FakeZalo, template: Template | None = None) -> None:
    """Send all that may go."""

    async def sending() -> None:
        mouth = ZaloMouth(
            Line(Tokens(zalo), zalo.url), pace=replace(PACE, per_second=50), template=template
        )
        try:
            while await drain(town.office, {"zalo": mouth}):
                pass
        finally:
            await mouth.close()

    asyncio.run(sending())


def counts(town: Town) -> dict[str, int]:
    """Return how many letters stand in each state."""
    return town.read(lambda store: store.outbox.counts())


def paid(zalo: FakeZalo) -> list[bool]:
    """Return of each message that Zalo took whether it was billed."""
    return [
        one["paid"] for one in zalo.log() if one["call"] in ("cs", "template") and not one["error"]
    ]


def test_what_is_free_goes_and_what_is_not_is_not_even_asked(town: Town, zalo: FakeZalo) -> None:
    """Zalo bills nothing and refuses nothing: what would cost or come too late stays here."""
    office_with(town)
    chat = lan(town)
    later(town, zalo, hours=47)
    lay(town, chat, "Một")
    send(town, zalo)
    assert paid(zalo) == [False, False]
    for hours in (2, 6 * 24):
        later(town, zalo, hours=hours)
        lay(town, chat, f"sau {hours}")
        send(town, zalo)
    assert paid(zalo) == [False, False]
    assert counts(town) == {"sent": 2, "shut": 2}
    assert zalo.refusals(but=TOKEN) == []


def test_what_is_paid_is_counted_as_zalo_counts_it(town: Town, zalo: FakeZalo) -> None:
    """With a budget for two letters two go after 48 hours, the third does not."""
    office_with(town, zalo_budget=110)
    chat = lan(town)
    send(town, zalo)
    later(town, zalo, hours=72)
    for text in ("Một", "Hai", "Ba"):
        lay(town, chat, text)
    send(town, zalo)
    assert paid(zalo) == [False, True, True]
    assert zalo.stats()["paid"] == 2
    assert town.read(lambda store: store.spending.spent("zalo")) == 110
    assert counts(town) == {"sent": 3, "shut": 1}
    assert zalo.refusals(but=TOKEN) == []


def test_a_window_that_zalo_calls_closed_ends_the_letter_and_bills_nothing(
    town: Town, zalo: FakeZalo
) -> None:
    """Where the two accounts differ Zalo's holds, and nobody is taken for one who blocked us."""
    office_with(town, zalo_budget=1000)
    chat = lan(town)
    send(town, zalo)
    zalo.move_clock(days=8)
    town.clock.advance(days=3)
    lay(town, chat, "Một")
    send(town, zalo)
    known = town.read(lambda store: store.conversations.by_id(chat.conversation_id()))
    assert counts(town) == {"sent": 1, "shut": 1}
    assert (known.gone_at, known.window_shut_at) == (None, town.clock.now)
    assert town.read(lambda store: store.spending.spent("zalo")) == 0
    assert [one["error"] for one in zalo.refusals(but=TOKEN)] == [-230]


def test_the_neutral_template_goes_outside_the_window(town: Town, zalo: FakeZalo) -> None:
    """Its one gap is filled with neutral words; an unknown one is refused and ends there."""
    office_with(town, zalo_budget=1000, zalo_template_id="123456", zalo_template_price=300)
    chat = lan(town)
    send(town, zalo)
    later(town, zalo, days=20)
    lay(town, chat, "Bạn có tin mới.", is_template=True)
    send(town, zalo, Template("123456", "name"))
    assert paid(zalo) == [False, True]
    assert zalo.refusals(but=TOKEN) == []
    assert town.read(lambda store: store.spending.spent("zalo")) == 300
    lay(town, chat, "Bạn có tin mới, lần hai.", is_template=True)
    send(town, zalo, Template("654321", "name"))
    assert counts(town) == {"dead": 1, "sent": 2}
    assert town.read(lambda store: store.spending.spent("zalo")) == 300
    zalo.do("refuse", LAN)
    lay(town, chat, "Bạn có tin mới, lần ba.", is_template=True)
    send(town, zalo, Template("123456", "name"))
    known = town.read(lambda store: store.conversations.by_id(chat.conversation_id()))
    assert counts(town) == {"dead": 1, "gone": 1, "sent": 2}
    assert known.gone_at is None
