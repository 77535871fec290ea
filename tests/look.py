"""Write screenshots of what people see, 360 pixels wide, to a folder: `make look`.

python tests/look.py [FOLDER]
"""

from __future__ import annotations

import os
import shutil
import sys
import tempfile
from pathlib import Path

HERE = Path(__file__).parent
sys.path[:0] = [str(HERE), str(HERE.parent)]

from chat import GIAY, MAY, PHUONG  # noqa: E402
from phone import Phone  # noqa: E402
from playwright.sync_api import Browser, sync_playwright  # noqa: E402
from serving import Served, settle  # noqa: E402
from stores import Founded, Sqlite  # noqa: E402

FLAGS = ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run"]
FLAGS += ["--disable-background-networking", "--disable-component-update", "--disable-sync"]
# An account that nobody answers for: only what stands on our pages is looked at.
ZALO = {
    "KETDOAN_ZALO_APP_ID": "1122334455667788990",
    "KETDOAN_ZALO_APP_SECRET": "app-secret",
    "KETDOAN_ZALO_OA_ID": "3579246801357924680",
    "KETDOAN_ZALO_OA_SECRET": "oa-secret",
    "KETDOAN_ZALO_API_URL": "http://127.0.0.1:9",
    "KETDOAN_ZALO_OAUTH_URL": "http://127.0.0.1:9",
}


class Looker:
    """Opens phones 360 pixels wide and keeps pictures."""

    def __init__(self, browser: Browser, served: Served, folder: Path) -> None:
        self.browser, self.served, self.folder = browser, served, folder
        self.number = 0

    def phone(self, enterprise: str, *, dark: bool = False) -> Phone:
        """Open the landing page of an enterprise."""
        context = self.browser.new_context(
            viewport={"width": 360, "height": 740},
            device_scale_factor=2,
            locale="vi-VN",
            color_scheme="dark" if dark else "light",
        )
        phone = Phone(context.new_page())
        phone.scan(f"{self.served.url}/q/{self.served.tokens[enterprise]}")
        return phone

    def keep(self, phone: Phone, name: str, *, whole: bool = True) -> None:
        """Keep a picture."""
        self.number += 1
        phone.page.wait_for_timeout(150)
        phone.page.screenshot(path=self.folder / f"{self.number:02d}-{name}.png", full_page=whole)


def look(looker: Looker) -> None:
    """Walk both journeys and keep a picture of each kind of screen."""
    worker(looker)
    officer(looker)
    others(looker)


def worker(looker: Looker) -> None:
    """From the landing page to the receipt and the status."""
    phone = looker.phone(MAY)
    looker.keep(phone, "landing")
    looker.keep(looker.phone(MAY, dark=True), "landing-dark")
    code = looker.phone(MAY)
    code.page.get_by_role("button", name="Mở Zalo").click()
    code.page.get_by_role("button", name="Chép mã").click()
    looker.keep(code, "zalo-code")
    phone.start()
    looker.keep(phone, "chat-welcome", whole=False)
    phone.tap("Ghi tên")
    looker.keep(phone, "consent", whole=False)
    looker.keep(phone, "consent-whole")
    phone.tap("Thêm nhắn tin (A, B)")
    phone.say("Nguyễn Thị Mẫu")
    phone.tap("Không để số")
    looker.keep(phone, "statement", whole=False)
    phone.tap("Ghi tên")
    looker.keep(phone, "receipt", whole=False)
    phone.tap("Tới đâu rồi?")
    looker.keep(phone, "status", whole=False)


def officer(looker: Looker) -> None:
    """The desk: an invitation, the queue, a card, and the page of names."""
    desk = looker.phone(GIAY)
    desk.start()
    for role in ("receives", "checks"):
        desk.say(looker.served.invite(PHUONG, role, "Lê Thị Thử"))
        looker.keep(desk, f"invited-{role}", whole=False)
        desk.tap("Nhận lời")
    for letter in "ABCDE":
        sign(looker.phone(MAY), f"Nguyễn Thị Mẫu {letter}")
    desk.say("việc")
    looker.keep(desk, "desk-queue", whole=False)
    desk.say("1")
    looker.keep(desk, "desk-card", whole=False)
    desk.tap("Nhận việc")
    looker.keep(desk, "desk-card-mine", whole=False)
    desk.tap("Mở trang tên")
    looker.keep(desk, "desk-link", whole=False)
    names(looker, desk)


def sign(phone: Phone, name: str) -> None:
    """Walk to the last tap."""
    phone.start()
    phone.tap("Ghi tên")
    phone.tap("Thêm nhắn tin (A, B)")
    phone.say(name)
    phone.tap("Không để số")
    phone.tap("Ghi tên")


def names(looker: Looker, desk: Phone) -> None:
    """The one-time page: a button, a reason, the names."""
    page = Phone(desk.page.context.new_page())
    page.scan(desk.link)
    looker.keep(page, "private-page")
    page.page.get_by_role("button", name="Mở").click()
    looker.keep(page, "names-reason")
    page.page.get_by_label("Chuẩn bị giấy ký").check()
    page.page.get_by_role("button", name="Mở").click()
    looker.keep(page, "names")


def others(looker: Looker) -> None:
    """A place with a CĐCS, the status page, a poster that nobody knows."""
    join = looker.phone(GIAY)
    join.start()
    join.tap("Ghi tên")
    looker.keep(join, "join-where", whole=False)
    join.tap("Hỏi thêm trước")
    looker.keep(join, "who-sees", whole=False)
    join.page.goto(f"{looker.served.url}/s")
    looker.keep(join, "status-by-code")
    join.page.goto(f"{looker.served.url}/q/{'x' * 22}")
    looker.keep(join, "unknown-poster")


def main() -> None:
    """Keep the pictures in the folder that was named, or in ./look."""
    folder = Path(sys.argv[1] if len(sys.argv) > 1 else "look")
    folder.mkdir(parents=True, exist_ok=True)
    chromium = os.environ.get("KETDOAN_CHROMIUM") or shutil.which("chromium")
    if chromium is None:
        sys.exit("no Chromium here: install the system's package chromium, then `make look`")
    with tempfile.TemporaryDirectory() as place:
        served = settle(Founded(Sqlite(Path(place))), Path(place) / "served")
        served.environment |= ZALO
        served.start()
        try:
            with sync_playwright() as playwright:
                browser = playwright.chromium.launch(executable_path=chromium, args=FLAGS)
                look(Looker(browser, served, folder))
                browser.close()
        finally:
            served.stop()
    sys.stdout.write(f"{len(list(folder.glob('*.png')))} pictures in {folder}\n")


if __name__ == "__main__":
    main()
