"""The demo: both journeys through the real code, and a timeline that names nobody."""

import shutil
import socket

import pytest
from browsing import Browser, serving
from httpx import Client

from webhook.app import create_app
from webhook.counter import open_office
from webhook.staging import demo_settings, stage

VISITOR = "Nguyễn Thị Mẫu"


@pytest.fixture(scope="module")
def staged(tmp_path_factory):
    """A demo's folder, set up once by the real imports."""
    folder = tmp_path_factory.mktemp("staged") / "demo"
    stage(demo_settings(folder, 8000, lan=False))
    return folder


@pytest.fixture
def visitor(staged, tmp_path, listening: socket.socket):
    """A visitor's browser on a running demo."""
    shutil.copytree(staged, tmp_path / "demo")
    settings = demo_settings(tmp_path / "demo", listening.getsockname()[1], lan=False)
    with open_office(settings) as (_, office):
        app = create_app(settings, office, is_demo=True)
        with serving(app, listening), Client(base_url=settings.origin, timeout=30) as client:
            yield Browser(client)


def _be(visitor, words):
    visitor.goes("/demo")
    visitor.presses(words)


def _worker(visitor, place="Nơi chưa có công đoàn Công ty May Ví Dụ"):
    _be(visitor, place)
    visitor.presses("Nhắn tại đây")


def test_the_first_page_offers_both_journeys(visitor):
    """Be a worker at two places, be an officer of three bodies, see what happened."""
    page = visitor.goes("/")
    assert visitor.path == "/demo"
    assert page.status_code == 200
    buttons = [words for form in visitor.read.forms for words in form.buttons]
    assert len([one for one in buttons if one.startswith("Nơi ")]) == 2
    assert len([one for one in buttons if one.startswith("Cán bộ ")]) == 3
    assert "đều là giả định" in visitor.words
    assert 'class="qr"' not in page.text
    assert "Be a worker" in visitor.goes("/demo?lang=en").text


def test_a_phone_finds_the_door_only_when_asked(staged, tmp_path, listening):
    """With --lan the page shows a QR code for each place; otherwise it listens to nobody else."""
    shutil.copytree(staged, tmp_path / "demo")
    alone = demo_settings(tmp_path / "demo", listening.getsockname()[1], lan=False)
    assert alone.host == "127.0.0.1"
    open_to_all = alone.model_copy(update={"host": "0.0.0.0"})  # noqa: S104 -- not bound here
    with open_office(alone) as (_, office):
        app = create_app(open_to_all, office, is_demo=True)
        with serving(app, listening), Client(base_url=alone.origin, timeout=30) as client:
            assert client.get("/demo").text.count('class="qr"') == 2


def test_each_worker_is_a_new_person(visitor):
    """Pressed again, somebody else stands before the poster; the first can be taken up again."""
    _worker(visitor)
    first = visitor.client.cookies["kd"]
    _worker(visitor)
    assert visitor.client.cookies["kd"] != first
    _be(visitor, "Làm người lao động 1")
    assert visitor.client.cookies["kd"] == first
    assert visitor.path == "/chat"


def test_from_a_scan_to_an_officer_and_back(visitor):
    """She signs, colleagues sign, the officer takes it and opens names, time passes, she is told."""
    _worker(visitor)
    for step in ("Ghi tên", "Thêm nhắn tin (A, B)"):
        visitor.presses(step)
    visitor.says(VISITOR)
    visitor.presses("Không để số")
    visitor.presses("Ghi tên")
    _be(visitor, "Thêm 4 người ghi tên")
    assert "đủ người" in visitor.words

    _be(visitor, "Cán bộ nhận hồ sơ, Công đoàn phường Mẫu")
    assert "Lê Thị Thử" not in visitor.words
    visitor.presses("Xem việc")
    visitor.says("1")
    visitor.presses("Nhận việc")
    assert "Bạn đã nhận" in visitor.words

    _be(visitor, "Cho thời gian trôi 1 ngày")
    assert visitor.path == "/demo/timeline"
    assert "nhận hồ sơ" in visitor.words
    for name in (VISITOR, "Lê Thị Thử", "Trần Văn Ví Dụ"):
        assert name not in visitor.words
    _be(visitor, "Làm người lao động 1")
    assert "Bạn có tin mới" in visitor.words


def test_the_other_journey(visitor):
    """Where a CĐCS exists she chooses where to send it, and the CĐCS's officer finds it."""
    _be(visitor, "Cán bộ nhận hồ sơ, Công đoàn Công ty Giày Thí Nghiệm")
    officer = visitor.client.cookies["kd"]
    _worker(visitor, "Nơi đã có công đoàn Công ty Giày Thí Nghiệm")
    for step in ("Ghi tên", "Tại công ty", "Chỉ giữ tên (A)"):
        visitor.presses(step)
    visitor.says(VISITOR)
    visitor.presses("Ghi tên")
    assert "Đã ghi nhận" in visitor.words
    _be(visitor, "Làm cán bộ 1")
    assert visitor.client.cookies["kd"] == officer
    visitor.says("việc")
    assert "xin vào công đoàn" in visitor.words


def test_the_demo_in_english_stays_english(visitor):
    """Who chose English reads English at the desk, after time has passed, and on the timeline."""
    visitor.goes("/demo?lang=en")
    visitor.presses("Officer who receives, Công đoàn phường Mẫu")
    assert "You are invited" in visitor.words
    assert "Chào bạn" not in visitor.words
    for words in ("Add 4 people who put their names down", "Let time pass, days: 1"):
        visitor.goes("/demo?lang=en")
        visitor.presses(words)
        assert "Somebody put a name down" in visitor.words


def test_the_daily_news_is_on_the_timeline(visitor):
    """That enough have signed is told by the daily run, and the timeline says so once."""
    for _ in range(2):
        _be(visitor, "Thêm 4 người ghi tên")
    assert "Tin mỗi ngày: người đã ghi tên biết là đủ người" not in visitor.words
    for _ in range(2):
        _be(visitor, "Cho thời gian trôi 1 ngày")
    assert visitor.words.count("Tin mỗi ngày: người đã ghi tên biết là đủ người") == 1


def test_time_only_goes_forward_by_mornings(visitor):
    """A day brings the next morning, a week seven; the moment is kept for commands beside it."""
    before = visitor.goes("/demo").text
    _be(visitor, "Cho thời gian trôi 7 ngày")
    visitor.goes("/demo")
    assert "08:05" in visitor.words
    assert visitor.page.text != before


def test_odd_forms_of_the_demo(visitor):
    """A place, a body, a role that is not offered: refused in words."""
    for path, fields in (
        ("/demo/worker", {"enterprise": "NOPE"}),
        ("/demo/worker", {}),
        ("/demo/officer", {"body": "\x00"}),
        ("/demo/as", {"role": "w" + "A" * 16}),
        ("/demo/as", {}),
    ):
        assert visitor.client.post(path, data=fields).status_code == 400
    visitor.client.cookies.set("kd_demo", "x.y." + "w" * 4000, domain="127.0.0.1", path="/demo")
    assert visitor.goes("/demo").status_code == 200
