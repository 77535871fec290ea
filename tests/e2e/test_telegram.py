"""Both journeys over Telegram, delivered to us and fetched by us, on each store."""

from __future__ import annotations

import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from chat import CDCS, GIAY, MAY, PHUONG, TINH
from fakes.client import FakeTelegram
from httpx import Client
from serving import Served, settle
from stores import Founded

from storage.desk import VIETNAM

sys.path.insert(0, str(Path(__file__).parents[1] / "webhook"))

from browsing import Browser

LINK = re.compile(r"http://127\.0\.0\.1:\d+/t/[A-Za-z0-9_-]+")


@dataclass
class Person:
    """Somebody with Telegram on her phone, and a browser for our own pages."""

    telegram: FakeTelegram
    chat: int
    seen: int = 0

    def starts(self, payload: str | None = None) -> None:
        """Open the door of a poster's page, and press Start."""
        self.telegram.press_start(self.chat, payload)
        self.seen = len(self.telegram.chat(self.chat))

    def says(self, *lines: str) -> None:
        """Type lines, one after the other."""
        for line in lines:
            self.telegram.say(self.chat, line)
        self.seen = len(self.telegram.chat(self.chat))

    def taps(self, label: str, seconds: float = 20) -> None:
        """Tap a button of this name that came after what she did last."""
        self._until(lambda: label in self._new_buttons(), label, seconds)
        self.seen = len(self.telegram.chat(self.chat))
        self.telegram.tap(self.chat, label=label)

    def reads(self, text: str, seconds: float = 30) -> str:
        """Wait for a message with these words; return it."""
        self._until(lambda: any(text in one for one in self.texts), text, seconds)
        return next(one for one in reversed(self.texts) if text in one)

    @contextmanager
    def opens(self) -> Iterator[Browser]:
        """Open the newest one-time page that was sent to her."""
        self._until(lambda: any(LINK.search(one) for one in self.texts), "a link", 20)
        link = next(found[0] for one in reversed(self.texts) if (found := LINK.search(one)))
        place = urlsplit(link)
        with Client(base_url=f"http://{place.netloc}", timeout=30) as client:
            browser = Browser(client)
            browser.goes(place.path)
            browser.presses("Mở")
            yield browser

    @property
    def texts(self) -> list[str]:
        """What the bot has said, oldest first."""
        return [one["text"] for one in self.telegram.chat(self.chat) if one["from_bot"]]

    def _new_buttons(self) -> list[str]:
        return [
            button["text"]
            for one in self.telegram.chat(self.chat)[self.seen :]
            for row in one["buttons"] or []
            for button in row
        ]

    def _until(self, holds: Callable[[], bool], what: str, seconds: float) -> None:
        deadline = time.monotonic() + seconds
        while not holds():
            assert time.monotonic() < deadline, f"{self.chat} waits for {what!r}: {self.texts}"
            time.sleep(0.05)


@pytest.fixture
def telegram() -> Iterator[FakeTelegram]:
    """A Telegram of the test's own."""
    with FakeTelegram() as made:
        yield made


@dataclass
class Installation(Served):
    """An installation with a bot; *fetches*: `ketdoan poll` stands beside the server."""

    fetches: bool = False
    fetching: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Start the server, and beside it what fetches and sends."""
        super().start()
        if self.fetches:
            self.fetch()

    def fetch(self, *more: str) -> None:
        """Start to fetch."""
        with (self.folder / "poll.log").open("ab") as log:
            self.fetching = subprocess.Popen(
                [sys.executable, "-m", "webhook", "poll", *more],
                cwd=Path(__file__).parents[2],
                env=self.environment,
                stdout=log,
                stderr=log,
            )

    def stop(self, how: int = signal.SIGTERM) -> None:
        """Stop both."""
        self.stop_fetching(how)
        super().stop(how)

    def stop_fetching(self, how: int = signal.SIGTERM) -> None:
        """Stop what fetches."""
        if self.fetching is not None and self.fetching.poll() is None:
            self.fetching.send_signal(how)
            self.fetching.wait(20)
        self.fetching = None

    @property
    def said(self) -> str:
        """What was logged."""
        return "".join(one.read_text() for one in sorted(self.folder.glob("*.log")))


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
        made.url, made.folder, made.tokens, made.environment, fetches=how == "fetched"
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


def together(*walks: Callable[[], object]) -> None:
    """Let people do something at the same time: each of them is written to once a second."""
    with ThreadPoolExecutor(len(walks)) as crowd:
        for one in [crowd.submit(walk) for walk in walks]:
            one.result()


def officer(served: Served, person: Person, name: str, body: str, *roles: str) -> None:
    """Type invitations in the chat, like anywhere."""
    person.starts()
    for role in roles:
        person.says(served.invite(body, role, name))
        person.taps("Nhận lời")
        person.reads("Xong. Từ")


def sign(served: Served, person: Person, name: str, place: str = MAY, *where: str) -> None:
    """Walk from the poster's page over our own page to the receipt."""
    person.starts(served.tokens[place])
    person.taps("Ghi tên")
    for one in where:
        person.taps(one)
    person.taps("Thêm nhắn tin (A, B)")
    with person.opens() as page:
        page.presses("Ghi tên", name=name, phone="0912 345 678")
        assert "Quay lại khung chat" in page.words
    person.reads("Đã ghi nhận theo ý bạn vừa chọn.")


def is_day() -> bool:
    """Whether letters that nobody asked for go out at this hour."""
    return 7 < datetime.now(UTC).astimezone(VIETNAM).hour < 20


def look_for_news(person: Person, words: str) -> None:
    """Be told that there is news, at a decent hour, and read it."""
    if is_day():
        person.reads("Bạn có tin mới.")
    person.says("xem tin", "tới đâu rồi")
    person.reads(words)


# --- both journeys ---------------------------------------------------------------------------


def test_a_petition_from_the_first_name_to_recognition(
    served: Installation, telegram: FakeTelegram
) -> None:
    """Five put their names down on our page; officers on Telegram open the names and bring it to recognition."""
    thu, tinh = Person(telegram, 771002001), Person(telegram, 771002002)
    people = {chr(65 + n): Person(telegram, 771001001 + n) for n in range(5)}
    together(
        lambda: officer(served, thu, "Lê Thị Thử", PHUONG, "receives", "checks"),
        lambda: officer(served, tinh, "Trần Văn Tỉnh", TINH, "signs"),
        *(
            lambda letter=letter, who=who: sign(served, who, f"Nguyễn Thị Mẫu {letter}")
            for letter, who in people.items()
        ),
    )
    thu.says("việc", "1")
    thu.taps("Nhận việc")
    assert "Nguyễn Thị" not in thu.reads("Đủ điều kiện tính: 5 người.")
    thu.taps("Mở trang tên")
    with thu.opens() as names:
        names.presses("Mở", reason="papers")
        assert all(f"Nguyễn Thị Mẫu {letter}" in names.words for letter in people)
    today = datetime.now(UTC).astimezone(VIETNAM)
    thu.says("việc", "1", "Đồng ý", "1", "việc", "1", "Ghi ngày đại hội")
    thu.says(f"09:00 {today + timedelta(days=21):%d/%m/%Y}, Nhà văn hóa phường Mẫu", "1")
    thu.reads("Đã ghi ngày đại hội")
    thu.says("việc", "1", "Kiểm tra hồ sơ", "1")
    assert "Liên đoàn Lao động tỉnh Mẫu" in thu.reads("Đã ghi: hồ sơ")
    tinh.says("việc", "1", "Ghi quyết định", f"07/QĐ-LĐLĐ, {today:%d/%m/%Y}", "1")
    tinh.reads("có quyết định công nhận số 07/QĐ-LĐLĐ")
    together(*(lambda who=who: look_for_news(who, "07/QĐ-LĐLĐ") for who in people.values()))
    quiet(served, telegram)


def test_joining_above_and_below(served: Installation, telegram: FakeTelegram) -> None:
    """With a CĐCS: one sends it above, one to the committee; officers on Telegram decide both."""
    thu, bch = Person(telegram, 771002001), Person(telegram, 771002002)
    above, below = Person(telegram, 771001001), Person(telegram, 771001002)
    together(
        lambda: officer(served, thu, "Lê Thị Thử", PHUONG, "receives", "checks"),
        lambda: officer(served, bch, "Ngô Văn Nháp", CDCS, "receives", "checks", "signs"),
    )
    together(
        lambda: sign(served, above, "Nguyễn Thị Mẫu", GIAY, "Lên cấp trên"),
        lambda: sign(served, below, "Trần Văn Ví Dụ", GIAY, "Tại công ty"),
    )

    def decides(desk: Person) -> None:
        desk.says("việc", "1", "Nhận việc", "việc", "1", "Đồng ý", "1")
        desk.reads("Đã ghi: bạn đồng ý")

    together(lambda: decides(thu), lambda: decides(bch))
    together(*(lambda who=who: look_for_news(who, "đã đồng ý, ngày") for who in (above, below)))
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
    she = Person(telegram, 771001001)
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
    she = Person(telegram, 771001001)
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
    she, other = Person(telegram, 771001001), Person(telegram, 771001002)
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
    she = Person(telegram, 771001001)
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
    served.fetches = False
    people = [Person(telegram, 771003001 + n) for n in range(40)]
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
