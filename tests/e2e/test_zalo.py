"""Both journeys over Zalo, by an Official Account and by a bot, on each store."""

from __future__ import annotations

import re
import signal
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from chat import MAY
from fakes.zalo_client import FakeZalo, Side
from journeys import (
    WORKERS,
    Comes,
    Person,
    heard,
    joining,
    poster_codes,
    recognition,
    sent,
    together,
)
from serving import Installation, Served, settle
from stores import Founded

# A line of a numbered list: what stands behind the number can be chosen by it.
_NUMBERED = re.compile(r"^(\d+)\. (.+)$", re.MULTILINE)
SENDS = {"zalo": "cs", "zalo-bot": "sendMessage"}


@dataclass
class OnZalo(Person):
    """Somebody with Zalo on her phone, in the chat of an Official Account."""

    zalo: FakeZalo = field(kw_only=True)
    codes: Mapping[str, str] = field(kw_only=True)

    @property
    def side(self) -> Side:
        """Where her chat is."""
        return self.zalo

    def starts(self) -> None:
        """Follow the account."""
        self.zalo.follow(self.number)
        self.looked()

    def comes(self, served: Served, place: str) -> None:
        """Follow the account, and type the code that is printed on the poster."""
        self.starts()
        self.says(self.codes[place])

    def chat(self) -> list[dict[str, Any]]:
        """Return the messages of her chat."""
        return self.side.chat(self.number)

    def types(self, line: str) -> None:
        """Type a line."""
        self.side.say(self.number, line)

    def offered(self, message: Mapping[str, Any]) -> dict[str, str]:
        """Return the buttons under a message."""
        return {one["title"]: one["title"] for one in message["buttons"]}

    def chooses(self, label: str, what: str) -> None:
        """Press the newest button of this name."""
        self.zalo.press(self.number, label)


@dataclass
class WithABot(OnZalo):
    """Somebody with Zalo on her phone, in the chat of a bot: choices are numbers to type."""

    @property
    def side(self) -> Side:
        """Where her chat is."""
        return self.zalo.bot

    def starts(self) -> None:
        """Write to the bot for the first time."""
        self.says("/start")

    def comes(self, served: Served, place: str) -> None:
        """Start with the code that is printed on the poster."""
        self.says(f"/start {self.codes[place]}")

    def offered(self, message: Mapping[str, Any]) -> dict[str, str]:
        """Return the numbers of a message's choices."""
        return {label: number for number, label in _NUMBERED.findall(message["text"])}

    def chooses(self, label: str, what: str) -> None:
        """Type the number."""
        self.types(what)


@pytest.fixture
def zalo() -> Iterator[FakeZalo]:
    """A Zalo of the test's own."""
    with FakeZalo() as made:
        yield made


def install(founded: Founded, zalo: FakeZalo, folder: Path, how: str) -> Installation:
    """Settle an installation with an account ("zalo") or a bot ("zalo-bot", delivered or fetched)."""
    made = settle(founded, folder)
    is_bots = {name: "BOT" in name for name in zalo.environment()}
    channel, _, fetched = how.partition(" ")
    made.environment |= {
        name: value
        for name, value in zalo.environment().items()
        if is_bots[name] == (channel == "zalo-bot")
    }
    if fetched:
        made.environment |= {"KETDOAN_PUBLIC_URL": "", "KETDOAN_SEND_INSIDE": "false"}
    if channel == "zalo":
        zalo.connect(f"{made.url}/zalo")
    return Installation(
        made.url, made.folder, made.tokens, made.environment, fetches=channel if fetched else ""
    )


# How fast it speaks of itself is looked at below; nobody waits for it in a journey.
FAST = {
    "KETDOAN_ZALO_PER_SECOND": "500",
    "KETDOAN_ZALO_BOT_PER_SECOND": "500",
    "KETDOAN_ZALO_BOT_PER_CHAT_SECONDS": "0",
}


@pytest.fixture(params=["zalo", "zalo-bot"])
def served(
    founded: Founded, zalo: FakeZalo, tmp_path: Path, request: pytest.FixtureRequest
) -> Iterator[Installation]:
    """An installation that serves, by an account or by a bot, and may speak fast."""
    made = install(founded, zalo, tmp_path / "served", request.param)
    made.environment |= FAST
    made.start()
    yield made
    made.stop()


def people_of(served: Served, zalo: FakeZalo) -> Comes:
    """Return who comes with Zalo on her phone."""
    kind = WithABot if "KETDOAN_ZALO_BOT_TOKEN" in served.environment else OnZalo
    codes = poster_codes(served)
    return lambda number: kind(number, zalo=zalo, codes=codes)


def all_is_well(served: Installation, zalo: FakeZalo) -> None:
    """Make sure that each letter reached its address once, and that Zalo found nothing amiss."""
    is_bot = "KETDOAN_ZALO_BOT_TOKEN" in served.environment
    channel = "zalo-bot" if is_bot else "zalo"
    letters = sent(served, channel)
    arrived = [
        (one["user"], one["message_id"])
        for one in zalo.log(call=SENDS[channel])
        if one["outcome"] == "accepted"
    ]
    assert len(arrived) > 20
    assert Counter(arrived) == Counter(letters)
    assert max(Counter(arrived).values()) == 1
    assert zalo.refusals() == []
    zalo.wait_taken()
    hook = zalo.hook()
    assert (hook["is_on"], hook["given_up"], hook["redelivered"]) == (True, 0, 0), hook
    for secret in (*secrets_of(served), "Mẫu", "912345678", "/t/"):
        assert secret not in served.said
    for person in people_seen(served, zalo):
        assert person not in served.said
    assert '"level": "error"' not in served.said


def secrets_of(served: Served) -> list[str]:
    """Return what must stand in no log: tokens and secrets."""
    return [
        value
        for name, value in served.environment.items()
        if name.startswith("KETDOAN_ZALO") and name.endswith(("SECRET", "TOKEN"))
    ]


def people_seen(served: Served, zalo: FakeZalo) -> set[str]:
    """Return the addresses of everybody who was written to."""
    return {one["user"] for one in zalo.log() if one["user"]}


# --- both journeys ---------------------------------------------------------------------------


def test_a_petition_from_the_first_name_to_recognition(
    served: Installation, zalo: FakeZalo
) -> None:
    """Five put their names down on our page; officers on Zalo open the names and bring it to recognition."""
    recognition(served, people_of(served, zalo))
    all_is_well(served, zalo)


def test_joining_above_and_below(served: Installation, zalo: FakeZalo) -> None:
    """With a CĐCS: one sends it above, one to the committee; officers on Zalo decide both."""
    joining(served, people_of(served, zalo))
    all_is_well(served, zalo)


def test_joining_with_a_bot_that_is_fetched_from(
    founded: Founded, zalo: FakeZalo, tmp_path: Path
) -> None:
    """The same where updates are fetched and letters sent by `ketdoan poll zalo-bot`."""
    served = install(founded, zalo, tmp_path / "served", "zalo-bot fetched")
    served.environment |= FAST
    try:
        served.start()
        comes = people_of(served, zalo)
        joining(served, comes)
        all_is_well(served, zalo)
        # Told to stop it takes what it waits for, and hears that to its end.
        before = heard(served, "zalo-bot")
        assert served.fetching
        served.fetching.send_signal(signal.SIGTERM)
        comes(WORKERS[0]).says("hỏi quyền lợi")
        assert served.fetching.wait(20) in (0, -signal.SIGTERM)
        assert heard(served, "zalo-bot") == before + 1
    finally:
        served.stop()


# --- how fast it speaks of itself ----------------------------------------------------------------


@pytest.mark.parametrize("how", ["zalo", "zalo-bot"])
@pytest.mark.store("sqlite", reason="storage's own tests look at pace on both")
def test_nobody_is_written_to_faster_than_zalo_takes_it(
    founded: Founded, zalo: FakeZalo, tmp_path: Path, how: str
) -> None:
    """Three come at once, nothing is set: letters set out at 1.5 a second, Zalo refuses none."""
    # Three within a second would be one too many.
    zalo.faults(limit={"per_second": 2})
    served = install(founded, zalo, tmp_path / "served", how)
    try:
        served.start()
        comes = people_of(served, zalo)
        people = [comes(number) for number in (1001, 1002, 1003)]

        def asks(who: Person) -> None:
            who.comes(served, MAY)
            who.reads("Chào bạn.")
            who.says("việc khác")

        together(*(lambda who=who: asks(who) for who in people))
        letters = sent(served, how)
        assert len(letters) >= 6
    finally:
        served.stop()
    assert zalo.refusals() == []
    times = [one["at"] for one in zalo.log(call=SENDS[how])]
    for first, begun in enumerate(times):
        for last in range(first + 1, len(times)):
            # Both ends count: so many intervals lie between them. Where the machine is busy a call
            # is noted a third of a second after it came.
            assert last - first <= 1.5 * (times[last] - begun) + 0.5, times
    assert times[-1] - times[0] >= 1.0
