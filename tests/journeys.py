"""Both journeys as people walk them over any channel: what they do, see and read, to the end.

A `Person` holds a phone with one channel on it; each channel says how its phone shows and sends
things. The journeys ask for nothing that is one channel's alone.
"""

from __future__ import annotations

import re
import sys
import time
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from chat import CDCS, GIAY, KEYS, MAY, PHUONG, TINH
from httpx import Client
from serving import Served
from sqlalchemy import func, select

from storage.database import Database
from storage.desk import VIETNAM
from storage.store import Store
from storage.tables import body, case_file, inbox, letter, signature

sys.path.insert(0, str(Path(__file__).parent / "webhook"))

from browsing import Browser

LINK = re.compile(r"http://127\.0\.0\.1:\d+/t/[A-Za-z0-9_-]+")
# Numbers of people; each channel makes an address of one.
THU, SECOND = 2001, 2002
WORKERS = (1001, 1002, 1003, 1004, 1005)


@dataclass
class Person(ABC):
    """Somebody with a channel on her phone, and a browser for our own pages."""

    number: int
    seen: int = 0

    @abstractmethod
    def starts(self) -> None:
        """Open the chat for the first time."""

    @abstractmethod
    def comes(self, served: Served, place: str) -> None:
        """Come from the poster of a place, by what the channel has for that."""

    @abstractmethod
    def chat(self) -> list[dict[str, Any]]:
        """Return the messages of the chat, oldest first, with "text" and "from_bot"."""

    @abstractmethod
    def types(self, line: str) -> None:
        """Type one line."""

    @abstractmethod
    def offered(self, message: Mapping[str, Any]) -> dict[str, str]:
        """Return what a message offers: what is pressed or typed, by its words."""

    @abstractmethod
    def chooses(self, label: str, what: str) -> None:
        """Choose what was offered."""

    def says(self, *lines: str) -> None:
        """Type lines, one after the other."""
        for line in lines:
            self.types(line)
        self.looked()

    def looked(self) -> None:
        """Have seen all that stands in the chat by now."""
        self.seen = len(self.chat())

    def taps(self, label: str, seconds: float = 20) -> None:
        """Choose something of this name that came after what she did last."""
        self._until(lambda: label in self._before_her(), label, seconds)
        what = self._before_her()[label]
        self.looked()
        self.chooses(label, what)

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
        return [one["text"] for one in self.chat() if one["from_bot"]]

    def _before_her(self) -> dict[str, str]:
        new = [one for one in self.chat()[self.seen :] if one["from_bot"]]
        return {label: what for one in new for label, what in self.offered(one).items()}

    def _until(self, holds: Callable[[], bool], what: str, seconds: float) -> None:
        deadline = time.monotonic() + seconds
        while not holds():
            assert time.monotonic() < deadline, f"{self.number} waits for {what!r}: {self.texts}"
            time.sleep(0.05)


Comes = Callable[[int], Person]


def together(*walks: Callable[[], object]) -> None:
    """Let people do something at the same time."""
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
    person.comes(served, place)
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


def recognition(served: Served, comes: Comes) -> None:
    """Five put their names down; officers on the same channel bring it to recognition."""
    thu, tinh = comes(THU), comes(SECOND)
    people = {chr(65 + n): comes(number) for n, number in enumerate(WORKERS)}
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
    found = outcomes(served)
    assert found == [("petition", "recognised", TINH, "07/QĐ-LĐLĐ", 5)], found


def joining(served: Served, comes: Comes) -> None:
    """With a CĐCS: one sends it above, one to the committee; officers decide both."""
    thu, bch = comes(THU), comes(SECOND)
    above, below = (comes(number) for number in WORKERS[:2])
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
    found = outcomes(served)
    assert found == [("join", "approved", one, None, 1) for one in (PHUONG, CDCS)], found


# --- what is kept ------------------------------------------------------------------------------


@contextmanager
def kept(served: Served) -> Iterator[Store]:
    """Look into the database beside the server."""
    database = Database(served.environment["KETDOAN_DATABASE_URL"], KEYS)
    try:
        with database.read() as store:
            yield store
    finally:
        database.close()


def outcomes(served: Served) -> list[tuple[Any, ...]]:
    """Return kind, state, body, number of the decision and names of each case, in order."""
    valid = select(func.count()).where(
        signature.c.case_id == case_file.c.id, signature.c.state == "valid"
    )
    wanted = select(
        case_file.c.kind, case_file.c.state, body.c.code, case_file.c.decision_no,
        valid.scalar_subquery(),
    ).join(body, body.c.id == case_file.c.body_id)  # fmt: skip
    with kept(served) as store:
        return sorted(tuple(row) for row in store.connection.execute(wanted))


def poster_codes(served: Served) -> dict[str, str]:
    """Return the codes that are printed on the posters, by their places.

    To be asked before people do things at the same time: a command of the operator is forked.
    """
    with kept(served) as store:
        places = {place: store.enterprises.by_code(place) for place in served.tokens}
        return {
            place: store.posters.of_enterprise(found.id)[0].code
            for place, found in places.items()
            if found
        }


def heard(served: Served, channel: str) -> int:
    """Return how much was heard on a channel."""
    with kept(served) as store:
        mine = select(func.count()).where(inbox.c.channel == channel)
        return int(store.connection.execute(mine).scalar() or 0)


def sent(served: Served, channel: str, seconds: float = 20) -> list[tuple[str, str]]:
    """Wait until all that may go has gone; return address and message of each letter."""
    deadline = time.monotonic() + seconds
    while True:
        with kept(served) as store:
            rows = store.connection.execute(select(letter).where(letter.c.channel == channel))
            letters = rows.all()
            # What nobody asked for waits for the morning.
            late = [row for row in letters if row.not_before_at > store.now]
            found = [
                (store.conversations.by_id(row.conversation_id).address, row.sent_ref)
                for row in letters
                if row.state == "sent"
            ]
        if len(found) + len(late) == len(letters):
            return found
        told = {(row.state, row.error) for row in letters}
        assert time.monotonic() < deadline, f"letters have not ended: {told}"
        time.sleep(0.05)
