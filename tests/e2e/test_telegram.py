"""Both journeys over Telegram, delivered to us and fetched by us, on each store."""

from __future__ import annotations

import signal
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from chat import MAY
from fakes.client import FakeTelegram
from journeys import Person, joining, recognition, sign
from serving import Installation, Served, settle
from stores import Founded


@dataclass
class OnTelegram(Person):
    """Somebody with Telegram on her phone."""

    telegram: FakeTelegram = field(kw_only=True)

    @property
    def address(self) -> int:
        """The number of her chat."""
        return 771_000_000 + self.number

    def starts(self, payload: str | None = None) -> None:
        """Open the door of a poster's page, and press Start."""
        self.telegram.press_start(self.address, payload)
        self.looked()

    def comes(self, served: Served, place: str) -> None:
        """Press Start with the poster's token."""
        self.starts(served.tokens[place])

    def chat(self) -> list[dict[str, Any]]:
        """Return the messages of her chat."""
        return self.telegram.chat(self.address)

    def types(self, line: str) -> None:
        """Type a line."""
        self.telegram.say(self.address, line)

    def offered(self, message: Mapping[str, Any]) -> dict[str, str]:
        """Return the buttons under a message."""
        return {one["text"]: one["text"] for row in message["buttons"] or [] for one in row}

    def chooses(self, label: str, what: str) -> None:
        """Tap a button."""
        self.telegram.tap(self.address, label=label)


@pytest.fixture
def telegram() -> Iterator[FakeTelegram]:
    """A Telegram of the test's own."""
    with FakeTelegram() as made:
        yield made


def install(founded: Founded, telegram: FakeTelegram, folder: Path, how: str) -> Installation:
    """Settle an installation with a bot. A public address makes `serve` set the webhook."""
    made = settle(founded, folder)
    made.environment |= {
        "KETDOAN_TELEGRAM_TOKEN": telegram.token,
        "KETDOAN_TELEGRAM_API_URL": telegram.url,
        # One a second to each chat is looked at elsewhere; nobody waits for it here.
        "KETDOAN_TELEGRAM_PER_CHAT_SECONDS": "0",
    }
    if how == "fetched":
        made.environment |= {"KETDOAN_PUBLIC_URL": "", "KETDOAN_SEND_INSIDE": "false"}
    return Installation(
        made.url,
        made.folder,
        made.tokens,
        made.environment,
        fetches="telegram" if how == "fetched" else "",
    )


@pytest.fixture(params=["delivered", "fetched"])
def served(
    founded: Founded, telegram: FakeTelegram, tmp_path: Path, request: pytest.FixtureRequest
) -> Iterator[Installation]:
    """An installation that serves, its updates delivered or fetched."""
    made = install(founded, telegram, tmp_path / "served", request.param)
    made.start()
    yield made
    made.stop()


@pytest.fixture
def delivered(founded: Founded, telegram: FakeTelegram, tmp_path: Path) -> Iterator[Installation]:
    """An installation whose updates are delivered; not started."""
    made = install(founded, telegram, tmp_path / "served", "delivered")
    yield made
    made.stop()


# --- both journeys ---------------------------------------------------------------------------


def test_a_petition_from_the_first_name_to_recognition(
    served: Installation, telegram: FakeTelegram
) -> None:
    """Five put their names down on our page; officers on Telegram open the names and bring it to recognition."""
    recognition(served, lambda number: OnTelegram(number, telegram=telegram))
    quiet(served, telegram)


def test_joining_above_and_below(served: Installation, telegram: FakeTelegram) -> None:
    """With a CĐCS: one sends it above, one to the committee; officers on Telegram decide both."""
    joining(served, lambda number: OnTelegram(number, telegram=telegram))
    quiet(served, telegram)


def quiet(served: Installation, telegram: FakeTelegram) -> None:
    """Make sure that nothing was said too fast, twice, or wrongly, and nothing was told to the log."""
    stats = telegram.stats()
    assert (stats["early_after_429"], stats["over_limit"], stats["refused"]) == (0, 0, 0), stats
    assert stats["pending"] == 0
    assert stats["busiest_second"] <= 30
    for secret in (telegram.token, "Mẫu", "912345678", "/t/", "7710010", "7710020"):
        assert secret not in served.said
    assert '"level": "error"' not in served.said


# --- what goes wrong on the way ----------------------------------------------------------------


def test_a_bad_line_loses_and_doubles_nothing(
    delivered: Installation, telegram: FakeTelegram
) -> None:
    """Updates twice and out of order, lost answers, 429, 5xx: she signs once, and is told all of it."""
    delivered.start()
    she = OnTelegram(1001, telegram=telegram)
    telegram.faults(
        duplicate=0.5,
        lose_answer=0.3,
        html_502={"chance": 0.1},
        reset_before={"chance": 0.1},
        **{"429": {"chance": 0.2, "retry_after": 1}},
    )
    sign(delivered, she, "Nguyễn Thị Mẫu")
    she.says("tới đâu rồi")
    assert she.reads("xem lúc").count("Mã ") == 1
    telegram.no_faults()
    telegram.wait_taken()
    stats = telegram.stats()
    assert stats["early_after_429"] == 0, stats
    assert stats["webhook"]["duplicates"] + stats["webhook"]["redelivered"] > 0, stats
    # Every question once, but for those that nobody knew the end of.
    said = [one for one in she.texts if "Bạn đồng ý điều nào?" in one]
    assert 1 <= len(said) <= 3


def test_who_blocks_is_left_alone_until_she_comes_back(
    delivered: Installation, telegram: FakeTelegram
) -> None:
    """After blocking nothing is sent to her; who comes back finds the talk where it was."""
    delivered.start()
    she = OnTelegram(1001, telegram=telegram)
    she.starts(delivered.tokens[MAY])
    she.taps("Ghi tên")
    she.reads("Bạn đồng ý điều nào?")
    telegram.block(771001001)
    telegram.wait_taken()
    before = telegram.stats()["sends"]
    telegram.unblock(771001001)
    telegram.wait_taken()
    assert telegram.stats()["sends"] == before
    she.says("1")
    she.reads("Bước này làm trên trang riêng")


def test_strangers_and_forgeries(delivered: Installation, telegram: FakeTelegram) -> None:
    """Groups, channels and edits are not answered; forged and old things are, and change nothing."""
    delivered.start()
    she, other = OnTelegram(1001, telegram=telegram), OnTelegram(1002, telegram=telegram)
    for one in (she, other):
        one.starts(delivered.tokens[MAY])
        one.reads("Chào bạn.")
    foreign = telegram.chat(771001002)[-1]["buttons"][0][0]["callback_data"]
    written = telegram.say(771001001, "việc khác")["message_id"]
    before = telegram.stats()["sends"]
    telegram.group(-100777, "1")
    telegram.channel(-100778, "1")
    telegram.edit(771001001, written, "ghi tên")
    telegram.tap(771001001, foreign)
    she.reads("không")
    telegram.say(771001001, "ghi tên", date=int(time.time()) - 7 * 86400)
    assert "Không có gì thay đổi." in she.reads("muộn hơn một ngày")
    telegram.photo(771001001, caption="ghi tên")
    she.reads("Chúng tôi chỉ đọc được chữ.")
    telegram.wait_taken()
    assert telegram.stats()["sends"] - before <= 4
    assert telegram.chat(-100777) == [one for one in telegram.chat(-100777) if not one["from_bot"]]


def test_her_own_number_where_that_is_allowed(
    delivered: Installation, telegram: FakeTelegram
) -> None:
    """A card of somebody else is refused, her own stands on the page, and the keyboard goes away."""
    delivered.environment["KETDOAN_TELEGRAM_ASK_CONTACT"] = "true"
    delivered.start()
    she = OnTelegram(1001, telegram=telegram)
    she.starts(delivered.tokens[MAY])
    she.taps("Ghi tên")
    she.taps("Thêm nhắn tin (A, B)")
    she.reads("Bấm nút để gửi số của tài khoản này")
    keyboard = telegram.view(771001001)["keyboard"]
    assert [row[0]["text"] for row in keyboard] == ["Gửi số của tôi", "Không để số"]
    telegram.contact(771001001, "84987654321", own=False)
    she.reads("Số vừa gửi không phải số của tài khoản")
    telegram.contact(771001001, "84912345678", own=True)
    with she.opens() as page:
        assert page.read.forms[-1].fields["phone"] == "+84912345678"
        page.presses("Ghi tên", name="Nguyễn Thị Mẫu")
    she.reads("Đã ghi nhận theo ý bạn vừa chọn.")
    assert telegram.view(771001001)["keyboard"] is None


def test_a_killed_fetcher_loses_and_doubles_nothing(
    founded: Founded, telegram: FakeTelegram, tmp_path: Path
) -> None:
    """Killed in the middle and started again: every line is answered, none twice."""
    served = install(founded, telegram, tmp_path / "served", "fetched")
    served.environment["KETDOAN_SEND_INSIDE"] = "true"
    served.fetches = ""
    people = [OnTelegram(3001 + n, telegram=telegram) for n in range(40)]
    try:
        served.start()
        served.fetch("--no-send")
        for one in people:
            one.starts(served.tokens[MAY])
        people[0].reads("Chào bạn.")
        served.stop_fetching(signal.SIGKILL)
        for one in people:
            one.says("hỏi quyền lợi")
        served.fetch("--no-send")
        for one in people:
            one.reads("Bạn hỏi về gì?")
        telegram.wait_taken()
    finally:
        served.stop()
    assert {len(one.texts) for one in people} == {2}


def test_a_database_belongs_to_one_bot(delivered: Installation, telegram: FakeTelegram) -> None:
    """Another bot's token is refused at start by a clear line; a command hands the database over."""
    assert "belongs to bot 123456" in delivered.run("bot")
    telegram.register("777:another-bot-of-the-tests-0000000000", "another_bot")
    delivered.environment["KETDOAN_TELEGRAM_TOKEN"] = "777:another-bot-of-the-tests-0000000000"
    for command in ("serve", "poll", "bot"):
        refused = delivered.run(command, ok=False)
        assert "it is of bot 777, but this database belongs to bot 123456" in refused
        assert "another-bot-of-the-tests" not in refused
    assert "belongs to bot 777" in delivered.run("bot", "--replace")
    delivered.start()


def test_a_token_that_telegram_does_not_know(
    delivered: Installation, telegram: FakeTelegram
) -> None:
    """To fetch with a wrong token ends at once, by one line that does not repeat it."""
    delivered.environment["KETDOAN_TELEGRAM_TOKEN"] = "123456:wrong-token"
    refused = delivered.run("poll", ok=False)
    assert "KETDOAN_TELEGRAM_TOKEN: Telegram does not know it" in refused
    assert "wrong-token" not in refused
    delivered.environment["KETDOAN_TELEGRAM_TOKEN"] = ""
    assert "must be set" in delivered.run("poll", ok=False)
