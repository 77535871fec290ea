"""The page behind a poster, and the few pages that anybody may read."""

import gzip
import re

import pytest
import zxingcpp
from browsing import serving
from chat import GIAY, MAY, PHUONG
from httpx import Client
from PIL import Image

from storage.database import Database, NotWritten, TooBusy
from storage.store import Store

UNKNOWN = "AAAAAAAAAAAAAAAAAAAAAA"


def _poster(town, **values):
    def make(store: Store):
        enterprise = store.enterprises.by_code(MAY)
        return store.posters.make(enterprise_id=enterprise.id, **values)

    return town.write(make)


def _revoke(town, token):
    town.write(lambda store: store.posters.revoke(store.posters.by_token(token).id))


def test_the_page_says_whose_it_is_and_for_whom(browser, town):
    """A poster that names the enterprise leads to a page that does, with three lines on safety."""
    page = browser.goes(f"/q/{town.tokens[MAY]}")
    assert page.status_code == 200
    assert "Công đoàn phường Mẫu" in browser.words
    assert "Công ty May Ví Dụ" in browser.words
    assert page.text.count("<li>") == 3
    assert "Mã trên tờ dán: " in browser.words
    code = town.read(lambda store: store.posters.by_token(town.tokens[MAY]).code)
    assert f"{code[:3]} {code[3:]}" in browser.words


def test_a_plain_poster_names_no_enterprise(browser, town):
    """Where the poster names nobody, neither page nor source does."""
    made = _poster(town, names_enterprise=False)
    page = browser.goes(f"/q/{made.token}")
    assert "Công đoàn phường Mẫu" in browser.words
    assert "May Ví Dụ" not in page.text


def test_a_poster_of_a_body_names_the_body(browser, town):
    """A poster without an enterprise shows the page of its body."""

    def make(store: Store):
        return store.posters.make(
            enterprise_id=None, body_id=store.bodies.by_code(PHUONG).id, names_enterprise=False
        )

    browser.goes(f"/q/{town.write(make).token}")
    assert "Trang của Công đoàn phường Mẫu." in browser.words


def _without_nonce(text):
    return re.sub(r'name="nonce" value="[^"]+"', "", text)


def test_unknown_and_revoked_tokens_read_alike(browser, town):
    """Unknown, mistyped, revoked and odd tokens: one status, one size, the same words."""
    made = _poster(town, names_enterprise=True)
    _revoke(town, made.token)
    pages = [
        browser.goes(f"/q/{token}")
        for token in (
            made.token,
            UNKNOWN,
            UNKNOWN[:5],
            "0",
            "%00",
            "x" * 900,
            "%F0%9F%98%80",
            "%ff",
        )
    ]
    assert {page.status_code for page in pages} == {200}
    assert len({_without_nonce(page.text) for page in pages}) == 1
    assert len({len(page.content) for page in pages}) == 1
    assert "chưa tìm ra nơi làm" in pages[0].text
    for word in ("thu hồi", "hết hạn", "May Ví Dụ"):
        assert word not in pages[0].text


def test_a_revoked_poster_still_lets_her_ask(browser, town):
    """From the page of an unknown code the chat opens, and asks for the place of work."""
    browser.scans(UNKNOWN)
    assert browser.path == "/chat"
    assert "Chúng tôi chưa tìm ra nơi làm" in browser.words or "tên nơi bạn làm" in browser.words


def test_the_page_is_small_and_asks_nobody_else(browser, town):
    """Page and style together stay under 14 KB compressed; nothing comes from elsewhere."""
    page = browser.goes(f"/q/{town.tokens[MAY]}")
    total = len(gzip.compress(page.content))
    for tag, said in browser.read.tags:
        for name in ("src", "href", "action"):
            address = said.get(name)
            if not address or tag == "a":
                continue
            assert address.startswith(("/", "data:,"))
            if tag == "link" and address.startswith("/static"):
                style = browser.client.get(address)
                assert style.status_code == 200
                assert "immutable" in style.headers["cache-control"]
                assert b"url(" not in style.content
                assert b"@import" not in style.content
                total += len(gzip.compress(style.content))
    assert total < 14_000
    assert not [one for one in browser.read.tags if one[0] == "script"]
    assert page.headers["content-encoding"] == "gzip"


def test_nothing_tells_from_a_distance(browser, town):
    """The window's title is the product's name and nothing more."""
    page = browser.goes(f"/q/{town.tokens[MAY]}")
    assert re.findall("<title>(.*?)</title>", page.text) == ["Kết Đoàn"]


def test_only_configured_doors_are_shown(browser, door, town):
    """Zalo and Telegram stand on the page only where they are set, Zalo first."""
    page = browser.goes(f"/q/{town.tokens[MAY]}")
    assert "Zalo" not in page.text
    assert "Telegram" not in page.text
    door.office.doors.update(
        zalo="https://zalo.example/oa", telegram="https://telegram.example/bot"
    )
    text = browser.goes(f"/q/{town.tokens[MAY]}").text
    assert 0 < text.index("https://zalo.example/oa") < text.index("https://telegram.example/bot")
    assert text.index("telegram.example") < text.index("Nhắn tại đây")


def test_the_page_speaks_english(browser, town):
    """The switch leads to the same page in English, and the chat goes on in it."""
    browser.goes(f"/q/{town.tokens[MAY]}")
    browser.goes(browser.read.links["English"])
    assert "You have the right to ask" in browser.words
    assert "Công ty May Ví Dụ" in browser.words
    browser.presses("Chat here")
    assert browser.path == "/chat"
    assert 'lang="en"' in browser.page.text
    assert "Put my name down" in browser.words or "name" in browser.words


def test_a_language_nobody_speaks_here_changes_nothing(browser, town):
    """An invented language is answered in Vietnamese."""
    for said in ("zz", "../vi", "", "vi\x00"):
        page = browser.client.get(f"/q/{town.tokens[MAY]}", params={"lang": said})
        assert "Bạn có quyền hỏi" in page.text


def test_scans_are_counted_without_storing_who(door, browser, town):
    """Each opening of a valid page counts one; looks ahead and unknown tokens count nothing."""
    token = town.tokens[MAY]
    poster = town.read(lambda store: store.posters.by_token(token))
    for _ in range(3):
        browser.goes(f"/q/{token}")
    browser.goes(f"/q/{token}", **{"sec-purpose": "prefetch;prerender"})
    browser.goes(f"/q/{UNKNOWN}")
    counted = door.scans.take()
    assert counted == {poster.id: 3}


def test_scans_are_written_at_the_end(app, settings, listening, office, town):
    """What was counted in memory is in the store once the program has ended."""
    token = town.tokens[MAY]
    poster = town.read(lambda store: store.posters.by_token(token))
    with serving(app, listening), Client(base_url=settings.origin) as client:
        client.get(f"/q/{token}")
        client.get(f"/q/{token}")
    again = Database(office.database.url, office.database.keys, office.database.clock)
    with again.read() as store:
        assert store.posters.scans(poster.id) == 2
    again.close()


@pytest.mark.parametrize("trouble", [NotWritten("x"), TooBusy(), RuntimeError("x")])
def test_scans_that_cannot_be_written_are_kept(office, monkeypatch, trouble):
    """A minute in which nothing can be written loses no scan."""
    import asyncio

    from webhook import clockwork
    from webhook.scans import Scans

    def broken(_office, _counted):
        raise trouble

    scans = Scans()
    scans.add(7)
    scans.add(7)
    for name in ("tick", "count_scans"):
        monkeypatch.setattr(clockwork.rounds, name, broken)
    work = clockwork.Clockwork(office, scans)

    async def one_minute():
        running = asyncio.create_task(work.run())
        await asyncio.sleep(0.2)
        scans.add(7)
        work.stop()
        await running

    asyncio.run(one_minute())
    assert scans.take() == {7: 3}


@pytest.mark.parametrize("kind", ["svg", "png"])
def test_the_code_leads_to_the_page(browser, settings, town, kind, tmp_path):
    """The picture of a poster's code, read as a phone reads it, is the page's address."""
    answer = browser.goes(f"/q/{town.tokens[MAY]}.{kind}")
    assert answer.status_code == 200
    if kind == "svg":
        assert answer.headers["content-type"] == "image/svg+xml"
        assert answer.content.startswith(b"<")
        assert b"<script" not in answer.content
        return
    path = tmp_path / "code.png"
    path.write_bytes(answer.content)
    with Image.open(path) as picture:
        found = zxingcpp.read_barcodes(picture.convert("L"))
    assert [one.text for one in found] == [f"{settings.origin}/q/{town.tokens[MAY]}"]


def test_no_picture_for_a_token_that_opens_nothing(browser, town):
    """Unknown and revoked tokens have no picture, and the same answer."""
    made = _poster(town, names_enterprise=True)
    _revoke(town, made.token)
    answers = [
        browser.goes(f"/q/{token}.png") for token in (made.token, UNKNOWN, "%00", "x" * 400)
    ]
    assert {one.status_code for one in answers} == {404}
    assert len({one.text for one in answers}) == 1


def test_the_neutral_page_takes_a_typed_code(browser, town):
    """A poster's code typed in any spelling leads to its page; a wrong one to the unknown page."""
    code = town.read(lambda store: store.posters.by_token(town.tokens[GIAY]).code)
    browser.goes("/")
    browser.presses("Xem", code=f" #{code[:3].lower()} {code[3:].lower()} ")
    assert browser.path == f"/q/{town.tokens[GIAY]}"
    for wrong in ("", "XXXXXX", "0", "a" * 4000, "😀", "\x00", "\u202e" + code, "K\u0301"):
        browser.goes("/")
        browser.presses("Xem", code=wrong)
        assert "/q/" in browser.path
        assert browser.page.status_code == 200


def test_typed_codes_are_limited(browser, another):
    """Who tries code after code is slowed down."""
    answers = [
        browser.client.post("/", data={"code": "ABCDEF"}, follow_redirects=False).status_code
        for _ in range(80)
    ]
    assert answers[:50] == [303] * 50
    assert answers[-1] == 503


def test_the_chat_begins_without_a_poster(browser):
    """Who has no poster is greeted and asked where she works."""
    browser.goes("/")
    browser.presses("Nhắn tại đây")
    assert browser.path == "/chat"
    assert "Liên đoàn Lao động tỉnh Mẫu" in browser.words


def test_who_made_this_page(browser, town):
    """The page says which body made it, what is kept, and where to ask when in doubt."""
    browser.goes(f"/q/{town.tokens[MAY]}")
    browser.goes(browser.read.links["Ai làm trang này?"])
    assert "Công đoàn phường Mẫu" in browser.words
    assert "Máy chủ đặt tại Việt Nam" not in browser.words
    assert browser.read.links["Về trang trước"].startswith(f"/q/{town.tokens[MAY]}")


def test_where_the_server_stands_is_said_only_when_true(browser, door):
    """The line about the server's place needs the setting."""
    door.settings = door.settings.model_copy(update={"server_in_vietnam": True})
    browser.goes("/about")
    assert "Máy chủ đặt tại Việt Nam" in browser.words


def test_the_employers_page_is_the_same_for_all(browser, town):
    """A company reads its duties, and nothing about itself."""
    browser.goes(f"/q/{town.tokens[MAY]}")
    browser.goes(browser.read.links["Dành cho công ty"])
    mine = browser.words
    browser.goes(f"/q/{town.tokens[GIAY]}")
    browser.goes(browser.read.links["Dành cho công ty"])
    assert browser.words == mine
    assert "Luật Công đoàn" in mine
