"""Both journeys in a real browser, with JavaScript and without it."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest
from chat import CDCS, GIAY, MAY, PHUONG, TINH
from phone import Phone
from playwright.sync_api import Page, expect
from serving import Served

from storage.desk import VIETNAM

pytestmark = [
    pytest.mark.browser,
    pytest.mark.xdist_group("browser"),
    pytest.mark.long_on(
        "postgresql", reason="both journeys run on it by HTTP; pages see no store"
    ),
]

Open = Callable[[], Page]


def come(open_page: Open, served: Served, enterprise: str = MAY) -> Phone:
    """Scan a poster and open the web chat."""
    phone = Phone(open_page())
    phone.scan(f"{served.url}/q/{served.tokens[enterprise]}")
    phone.start()
    return phone


def sign(
    open_page: Open, served: Served, name: str, enterprise: str = MAY, where: str = ""
) -> Phone:
    """Walk from the landing page to the last tap."""
    phone = come(open_page, served, enterprise)
    phone.tap("Ghi tên")
    if where:
        phone.tap(where)
    phone.tap("Thêm nhắn tin (A, B)")
    phone.say(name)
    phone.tap("Không để số")
    phone.tap("Ghi tên")
    return phone


def officer(open_page: Open, served: Served, name: str, body: str, *roles: str) -> Phone:
    """Accept real invitations in the web chat."""
    phone = come(open_page, served)
    for role in roles:
        phone.say(served.invite(body, role, name))
        phone.tap("Nhận lời")
    return phone


def test_from_scan_to_signed_in_at_most_eight_steps(open_page: Open, served: Served) -> None:
    """On the shortest path she taps, types or submits at most eight times."""
    phone = come(open_page, served)
    phone.tap("Ghi tên")
    phone.tap("Chỉ giữ tên (A)")
    phone.say("Nguyễn Thị Mẫu")
    phone.tap("Ghi tên")
    assert "Đã ghi nhận theo ý bạn vừa chọn." in phone.last
    assert phone.steps <= 8


def test_a_petition_is_founded_and_recognised(open_page: Open, served: Served) -> None:
    """Five sign, one takes back and signs again, officers take it to recognition, all are told."""
    thu = officer(open_page, served, "Lê Thị Thử", PHUONG, "receives", "checks")
    tinh = officer(open_page, served, "Trần Văn Tỉnh", TINH, "signs")
    names = [f"Nguyễn Thị Mẫu {letter}" for letter in "ABCDE"]
    signers = [sign(open_page, served, name) for name in names]
    signers[0].say("rút tên")
    signers[0].tap("Rút tên")
    assert "Đã ghi nhận theo ý bạn vừa chọn." in signers[0].last
    signers[0].tap("Về menu")
    signers[0].tap("Ghi tên")
    signers[0].tap("Thêm nhắn tin (A, B)")
    signers[0].say(names[0])
    signers[0].tap("Không để số")
    signers[0].tap("Ghi tên")
    thu.reload()
    thu.say("việc")
    assert "Nguyễn Thị" not in thu.text
    thu.say("1")
    assert "5 người" in thu.last
    thu.tap("Nhận việc")
    names_page(thu, names)
    guide_to_recognition(thu, tinh)
    for phone in signers:
        phone.reload()
        phone.tap("Xem tin")
        phone.say("tới đâu rồi")
        assert "07/QĐ-LĐLĐ" in phone.last


def names_page(thu: Phone, names: list[str]) -> None:
    """Open the names on the one-time page: nothing on GET, a reason first, then the names."""
    thu.tap("Mở trang tên")
    address = thu.link
    page = thu.page.context.new_page()
    page.goto(address)
    assert names[0] not in page.content()
    page.get_by_role("button", name="Mở").click()
    assert names[0] not in page.content()
    page.get_by_label("Chuẩn bị giấy ký").check()
    page.get_by_role("button", name="Mở").click()
    for name in names:
        expect(page.get_by_text(name)).to_be_visible()
    page.goto(address)
    assert names[0] not in page.content()
    page.close()


def guide_to_recognition(thu: Phone, tinh: Phone) -> None:
    """Take a petition from its taking to the decision."""
    now = datetime.now(UTC).astimezone(VIETNAM)
    open_first(thu)
    thu.tap("Đồng ý")
    thu.tap("Đồng ý, báo người gửi")
    open_first(thu)
    thu.tap("Ghi ngày đại hội")
    thu.say(f"{now + timedelta(days=21):%d/%m/%Y} 09:00, Nhà văn hóa phường Mẫu")
    thu.tap("Đúng, ghi lại")
    open_first(thu)
    thu.tap("Kiểm tra hồ sơ")
    thu.tap("Hồ sơ đã đủ")
    open_first(tinh)
    tinh.tap("Ghi quyết định")
    tinh.say(f"07/QĐ-LĐLĐ, {now:%d/%m/%Y}")
    tinh.say("1")


def open_first(desk: Phone) -> None:
    """Open the first case of the queue."""
    desk.reload()
    desk.say("việc")
    desk.say("1")


def test_a_join_goes_above_and_below(open_page: Open, served: Served) -> None:
    """Where a CĐCS exists she chooses who receives her wish, and each desk sees only its own."""
    above = officer(open_page, served, "Lê Thị Thử", PHUONG, "receives", "checks")
    below = officer(open_page, served, "Ngô Văn Nháp", CDCS, "receives", "checks", "signs")
    sign(open_page, served, "Nguyễn Thị Mẫu", GIAY, "Lên cấp trên")
    sign(open_page, served, "Trần Văn Ví Dụ", GIAY, "Tại công ty")
    for desk in (above, below):
        desk.reload()
        desk.say("việc")
        assert "Còn lại 1" in desk.last
        desk.say("1")
        desk.tap("Nhận việc")
