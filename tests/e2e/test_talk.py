"""Both journeys by `ketdoan talk`, one process a person, on one store."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from chat import CDCS, GIAY, KEYS, MAY, PHUONG, TINH
from serving import Served, settle
from stores import Founded

from storage.database import Database
from storage.desk import VIETNAM
from webhook.demo_clock import DemoClock
from webhook.setup import set_demo_ahead


@pytest.fixture
def served(founded: Founded, tmp_path: Path) -> Iterator[Served]:
    """An installation whose server is not started: `talk` drains its own address."""
    made = settle(founded, tmp_path / "served")
    _on_a_morning(made.environment["KETDOAN_DATABASE_URL"])
    yield made
    made.stop()


def _on_a_morning(url: str) -> None:
    """Let it be the next morning there: at night nobody is told anything before seven."""
    clock = DemoClock()
    clock.next_morning()
    database = Database(url, KEYS)
    try:
        database.write(lambda store: store.settings.put("demo", "yes"))
        set_demo_ahead(database, int(clock.ahead.total_seconds()))
    finally:
        database.close()


def this_morning() -> datetime:
    """Return the moment as the installation lives it."""
    clock = DemoClock()
    clock.next_morning()
    return clock().astimezone(VIETNAM)


def officer(served: Served, who: str, name: str, body: str, *roles: str) -> None:
    """Type invitations in the terminal, like anywhere."""
    for role in roles:
        said = served.talk(who, served.invite(body, role, name), "Nhận lời")
        assert "Xong. Từ" in said, said


def sign(served: Served, who: str, name: str, enterprise: str = MAY, *where: str) -> str:
    """Walk from the scan to the last choice, by numbers."""
    return served.talk(who, "1", *where, "2", name, "1", "1", scan=enterprise)


def test_a_petition_from_the_first_name_to_recognition(served: Served) -> None:
    """Six sign, one withdraws and signs again, the right body takes it to recognition, all are told."""
    officer(served, "thu", "Lê Thị Thử", PHUONG, "receives", "checks")
    officer(served, "tinh", "Trần Văn Tỉnh", TINH, "signs")
    for letter in "ABCDEF":
        said = sign(served, letter, f"Nguyễn Thị Mẫu {letter}")
        assert "Đã ghi nhận theo ý bạn vừa chọn." in said
    said = served.talk("A", "rut ten", "1", "toi dau roi")
    assert "Hiện không có tên nào của bạn được tính." in said
    said = served.talk("A", "ghi ten", "2", "Nguyễn Thị Mẫu A", "1", "1", "tới đâu rồi")
    assert "Việc: muốn có công đoàn ở Công ty May Ví Dụ." in said
    said = served.talk("thu", "việc", "1", "Nhận việc")
    assert said.startswith("bot> Có việc mới cần xem.")
    assert "Đủ điều kiện tính: 6 người." in said
    assert "Nguyễn Thị" not in said
    served.talk("thu", "việc", "1", "Đồng ý", "1")
    today = this_morning()
    meeting = f"09:00 {today + timedelta(days=21):%d/%m/%Y}, Nhà văn hóa phường Mẫu"
    said = served.talk("thu", "việc", "1", "Ghi ngày đại hội", meeting, "1")
    assert "Đã ghi ngày đại hội" in said
    said = served.talk("thu", "việc", "1", "Kiểm tra hồ sơ", "1")
    assert "Liên đoàn Lao động tỉnh Mẫu" in said
    today = this_morning()
    said = served.talk("tinh", "việc", "1", "Ghi quyết định", f"07/QĐ-LĐLĐ, {today:%d/%m/%Y}", "1")
    for letter in "ABCDEF":
        said = served.talk(letter, "xem tin", "tới đâu rồi")
        assert "bot> Bạn có tin mới." in said
        assert "07/QĐ-LĐLĐ" in said, said
    events = served.run("doctor")
    assert "dead 0" in events or "dead" not in events


def test_a_join_is_received_above_and_below(served: Served) -> None:
    """With a CĐCS: one sends it above, one to the committee; each is decided where it was sent."""
    officer(served, "thu", "Lê Thị Thử", PHUONG, "receives", "checks")
    officer(served, "bch", "Ngô Văn Nháp", CDCS, "receives", "checks", "signs")
    sign(served, "A", "Nguyễn Thị Mẫu", GIAY, "Lên cấp trên")
    sign(served, "B", "Trần Văn Ví Dụ", GIAY, "Tại công ty")
    for desk in ("thu", "bch"):
        said = served.talk(desk, "việc", "1", "Nhận việc")
        assert "Còn lại 1." in said
        said = served.talk(desk, "việc", "1", "Đồng ý", "1")
        assert "Đã ghi: bạn đồng ý" in said, said
    for person in ("A", "B"):
        said = served.talk(person, "xem tin", "tới đâu rồi")
        assert "Bạn có tin mới." in said
        assert "đã đồng ý, ngày" in said


def test_what_came_while_away_is_printed_first_and_once(served: Served) -> None:
    """`talk` begins with letters that waited, and does not print them again."""
    officer(served, "thu", "Lê Thị Thử", PHUONG, "receives")
    served.talk("A", "gặp cán bộ", scan=MAY)
    served.talk("A", "quản đốc đang đánh bạn em")
    first = served.talk("thu")
    assert "Có việc gấp cần xem." in first
    assert served.talk("thu") == ""


def test_a_line_that_is_not_text_never_ends_in_a_trace(served: Served) -> None:
    """Whatever is piped in, the terminal answers."""
    said = served.talk("A", "x" * 5000, "\x00\x01", "\u202e", "😀", scan="no-such-code")
    assert "Traceback" not in said
    assert said.count("bot>") >= 4
