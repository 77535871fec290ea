"""Two `ketdoan serve` on one PostgreSQL: whoever is asked knows what the other has heard."""

from __future__ import annotations

import signal
import socket
import sys
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from chat import KEYS, MAY, Clock
from httpx import Client
from serving import Served, settle
from stores import Founded

from storage.database import Database

sys.path.insert(0, str(Path(__file__).parents[1] / "webhook"))

from browsing import Browser

pytestmark = pytest.mark.store("postgresql", reason="one process serves a file, and no second")


@pytest.fixture
def both(founded: Founded, tmp_path: Path) -> Iterator[tuple[Served, Served]]:
    """Two servers over one town."""
    one = settle(founded, tmp_path / "served")
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    url = f"http://127.0.0.1:{port}"
    own = {"KETDOAN_PORT": str(port), "KETDOAN_PUBLIC_URL": url}
    two = replace(one, url=url, environment=one.environment | own)
    one.start()
    two.start()
    yield one, two
    one.stop()
    two.stop()


def test_a_talk_goes_on_at_the_other_server(both: tuple[Served, Served]) -> None:
    """She begins at one, goes on at the other, and one of them dies in between: nothing is lost."""
    one, two = both
    with Client(base_url=one.url, timeout=30) as first, Client(base_url=two.url) as second:
        begun = Browser(first)
        begun.scans(one.tokens[MAY])
        begun.presses("Ghi tên")
        second.cookies.update(first.cookies)
        went_on = Browser(second)
        went_on.goes("/chat")
        went_on.presses("Chỉ giữ tên (A)")
        begun.goes("/chat")
        begun.says("Nguyễn Thị Mẫu")
        one.stop(signal.SIGKILL)
        went_on.goes("/chat")
        went_on.presses("Ghi tên")
        assert "Đã ghi nhận theo ý bạn vừa chọn." in went_on.words
        one.start()
        begun.goes("/chat")
        assert "Đã ghi nhận theo ý bạn vừa chọn." in begun.words
    database = Database(one.environment["KETDOAN_DATABASE_URL"], KEYS, Clock())
    with database.read() as store:
        place = store.enterprises.by_code(MAY)
        assert place
        petition = store.cases.live_petition(place.id)
        assert petition
        assert petition.counted == 1
    database.close()


def test_both_end_when_told(both: tuple[Served, Served]) -> None:
    """Each finishes what it does and leaves, and neither log holds an error."""
    for served in both:
        began = time.monotonic()
        assert served.process
        served.process.send_signal(signal.SIGTERM)
        assert served.process.wait(20) in (0, -signal.SIGTERM)
        assert time.monotonic() - began < 15
    log = (both[0].folder / "serve.log").read_text(encoding="utf-8")
    assert '"level": "error"' not in log
