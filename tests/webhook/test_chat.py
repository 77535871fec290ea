"""The web chat: forms and redirects, a script that only makes it live, a machine that others use."""

import re
from concurrent.futures import Future

import pytest
from chat import GIAY, MAY
from httpx import Client

from storage.database import NotWritten, TooBusy
from union.codes import ALPHABET

JSON = {"accept": "application/json"}
BAD_TEXTS = [
    "",
    "\x00",
    "a" * 4000,
    "đ" * 9000,
    "😀" * 50,
    "\u202eniar\u202c",
    "Nguye\u0302\u0303n Thi\u0323 Ma\u0302\u0303u",
    "\u200b\u200b",
    "<script>alert(1)</script>",
    "{{ 7*7 }} {name} %s",
    "\ufffe\uffff",
]


def _said(browser):
    """What the page shows as her own lines."""
    return re.findall(r'class="you".*?<p>(.*?)</p>', browser.page.text, flags=re.DOTALL)


def _address(browser):
    return browser.client.cookies["kd"]


def _talk(town, browser):
    return town.read(lambda store: store.conversations.find("web", _address(browser)))


# --- the cookie -----------------------------------------------------------------------------------


def test_the_cookie_is_an_address_and_nothing_else(browser, town):
    """HttpOnly, SameSite=Lax, 16 letters that can be read aloud, kept for 180 days."""
    browser.goes(f"/q/{town.tokens[MAY]}")
    form = browser.read.forms[0]
    answer = browser.client.post(form.action, data=form.fields)
    said = answer.headers["set-cookie"]
    address = re.match(r"kd=([^;]+)", said)[1]
    assert len(address) == 16
    assert set(address) <= set(ALPHABET)
    for part in ("HttpOnly", "SameSite=lax", "Path=/", "Max-Age=15552000"):
        assert part in said
    assert "Secure" not in said
    assert answer.status_code == 303


def test_over_https_the_cookie_is_secure(door, settings):
    """Reached by https, the cookie is bound to this host and to https."""
    from starlette.responses import Response

    from webhook import cookies

    by_https = settings.model_copy(update={"public_url": "https://ketdoan.example"})
    answer = Response()
    cookies.keep(answer, by_https, "A" * 16)
    said = answer.headers["set-cookie"]
    assert said.startswith("__Host-kd=")
    assert "Secure" in said


def test_the_talk_survives_reload_and_a_second_scan(browser, town):
    """The same browser has the same conversation, also after another scan."""
    browser.scans(town.tokens[MAY])
    first = _address(browser)
    browser.goes("/chat")
    assert "Công ty May Ví Dụ" in browser.words
    browser.scans(town.tokens[GIAY])
    assert _address(browser) == first
    assert "Công ty Giày Thí Nghiệm" in browser.words


def test_an_invented_address_becomes_nobodys(browser, town):
    """An address put into a browser by somebody else is never taken up."""
    for planted in ("A" * 16, "short", "a" * 16, "A" * 17, "'; drop", "0" * 16):
        browser.client.cookies.set("kd", planted, domain="127.0.0.1")
        assert browser.client.get("/chat").headers["location"] == "/"
        answer = browser.client.post(f"/q/{town.tokens[MAY]}/chat", data={})
        assert f"kd={planted};" not in answer.headers["set-cookie"]
        assert town.read(lambda store, p=planted: store.conversations.find("web", p)) is None
        browser.client.cookies.clear()


def test_others_do_not_see_the_talk(browser, another, town):
    """Another browser has no conversation and is led to the neutral page."""
    browser.scans(town.tokens[MAY])
    other = another()
    other.goes("/chat")
    assert other.path == "/"
    assert other.client.get("/chat/letters").status_code == 404


# --- talking --------------------------------------------------------------------------------------


def test_from_the_tap_to_signed_in_six(browser, town):
    """Tap, sign, consent, name, last tap: signed, by forms alone."""
    browser.goes(f"/q/{town.tokens[MAY]}")
    browser.presses("Nhắn tại đây")
    browser.presses("Ghi tên")
    browser.presses("Chỉ giữ tên (A)")
    browser.says("Nguyễn Thị Mẫu")
    browser.presses("Ghi tên")
    assert "Đã ghi nhận theo ý bạn vừa chọn" in browser.words
    assert town.petition(MAY).counted == 1


def test_the_last_tap_and_the_name_leave_no_line(browser, town):
    """What she tapped openly is echoed; her name and the last tap are not."""
    browser.signs(town.tokens[MAY])
    said = _said(browser)
    assert "Ghi tên" in said
    assert said.count("Ghi tên") == 1
    assert not [line for line in said if "Nguyễn Thị Mẫu" in line]


def test_choices_are_understood_by_number_and_by_words(browser, town):
    """A choice typed as its number, or without marks, is the choice."""
    browser.scans(town.tokens[MAY])
    browser.says("1")
    assert "Bạn đồng ý điều nào?" in browser.words
    browser.says("chi giu ten (a)")
    assert "Họ và tên đầy đủ" in browser.words


def test_only_buttons_that_still_work_are_shown(browser, town):
    """The buttons of a question that was answered are gone from the page."""
    browser.scans(town.tokens[MAY])
    browser.presses("Ghi tên")
    live = [
        form for form in browser.read.forms if "choice" in {b[0] for b in form.buttons.values()}
    ]
    assert len(live) == 1
    assert "Chỉ giữ tên (A)" in live[0].buttons


def test_sent_twice_is_once(browser, town):
    """The same form sent again with its hidden number is heard once."""
    browser.scans(town.tokens[MAY])
    form = next(one for one in browser.read.forms if "Gửi" in one.buttons)
    for _ in range(3):
        browser.sends("/chat", form.fields | {"text": "alo"})
    assert _said(browser).count("alo") == 1


def test_going_back_and_saying_something_else_is_heard(browser, town):
    """The browser's back button and another line: not the same message, so it is heard."""
    browser.scans(town.tokens[MAY])
    form = next(one for one in browser.read.forms if "Gửi" in one.buttons)
    browser.sends("/chat", form.fields | {"text": "alo"})
    browser.sends("/chat", form.fields | {"text": "menu"})
    assert _said(browser)[-2:] == ["alo", "menu"]


def test_the_name_of_an_event_tells_nothing(browser, town):
    """What is kept to know an event again shows neither the words nor the hidden number."""
    from sqlalchemy import select

    from storage.tables import inbox

    browser.scans(town.tokens[MAY])
    form = next(one for one in browser.read.forms if "Gửi" in one.buttons)
    browser.sends("/chat", form.fields | {"text": "alo"})
    kept = town.read(
        lambda store: [row.event_id for row in store.connection.execute(select(inbox.c.event_id))]
    )
    nonce = form.fields["nonce"].split(".")[0]
    assert not [one for one in kept if "alo" in one or nonce in one]


def test_whatever_is_typed_the_page_answers(browser, town):
    """Any text is answered with a page of ours, escaped, and the talk goes on."""
    browser.scans(town.tokens[MAY])
    for text in BAD_TEXTS:
        page = browser.says(text)
        assert page.status_code == 200, text[:20]
        assert "<script>alert" not in page.text
        assert not [line for line in _said(browser) if "49" in line]
    browser.says("menu")
    assert "Bạn muốn làm gì?" in browser.words
    assert not town.read(lambda store: store.inbox.failed())


def test_forged_choices_do_nothing(browser, town):
    """A button that was never offered is refused in words, and nobody has signed."""
    browser.scans(town.tokens[MAY])
    for payload in (
        "",
        "1.sign.AAAA",
        "x",
        "0." + "a" * 500,
        "\x00",
        "1.put-name",
        "é.ü.ö",
        "9" * 60,
    ):
        form = next(one for one in browser.read.forms if "Gửi" in one.buttons)
        page = browser.sends("/chat", {"nonce": form.fields["nonce"], "choice": payload})
        assert page.status_code == 200, payload
    assert town.petition(MAY) is None
    assert not town.read(lambda store: store.inbox.failed())


def test_a_choice_of_another_person_is_refused(browser, another, town):
    """A button copied from somebody else's page does nothing here."""
    browser.scans(town.tokens[MAY])
    stolen = next(one for one in browser.read.forms if "Ghi tên" in one.buttons).buttons[
        "Ghi tên"
    ][1]
    other = another()
    other.scans(town.tokens[MAY])
    nonce = other.read.forms[-1].fields["nonce"]
    other.sends("/chat", {"nonce": nonce, "choice": stolen})
    assert "không làm được ở đây" in other.words


def test_missing_and_odd_fields(browser, town):
    """A form without its fields, with too many, in another encoding or kind: a page, never an error."""
    browser.scans(town.tokens[MAY])
    nonce = browser.read.forms[-1].fields["nonce"]
    client = browser.client
    kind = {"content-type": "application/x-www-form-urlencoded"}
    assert client.post("/chat", content=b"").status_code == 400
    assert client.post("/chat", data={"text": "x"}).status_code == 400
    assert client.post("/chat", data={"nonce": nonce[:-1] + "!", "text": "x"}).status_code == 400
    assert client.post("/chat", json={"nonce": nonce, "text": "x"}).status_code == 400
    assert client.post("/chat", files={"text": b"x"}, data={"nonce": nonce}).status_code == 400
    assert (
        client.post("/chat", content="&".join("a=b" for _ in range(500)), headers=kind).status_code
        == 400
    )
    assert (
        client.post("/chat", content=f"nonce={nonce}&text=%ff%fe%00", headers=kind).status_code
        == 303
    )
    assert client.post("/chat", content=f"nonce={nonce}", headers=kind).status_code == 303
    assert client.post("/chat", content=b"\xff\xfe=%%%", headers=kind).status_code == 400
    browser.goes("/chat")
    assert browser.page.status_code == 200


def test_a_nonce_of_another_browser_is_refused(browser, another, town):
    """A form made for somebody else's page cannot be sent from here."""
    browser.scans(town.tokens[MAY])
    other = another()
    other.scans(town.tokens[MAY])
    nonce = other.read.forms[-1].fields["nonce"]
    assert browser.client.post("/chat", data={"nonce": nonce, "text": "x"}).status_code == 400
    assert "x" not in _said(browser)


# --- live -----------------------------------------------------------------------------------------


def test_the_script_gets_what_is_new(browser, town):
    """A sent line is answered with the new letters, the next number, and a fresh hidden number."""
    browser.scans(town.tokens[MAY])
    last = next(said["data-last"] for tag, said in browser.read.tags if tag == "main")
    nonce = browser.read.forms[-1].fields["nonce"]
    sent = browser.client.post(
        "/chat", data={"nonce": nonce, "text": "menu", "after": last}, headers=JSON
    )
    assert sent.status_code == 200
    news = sent.json()
    assert int(news["last"]) > int(last)
    assert "Bạn muốn làm gì?" in news["html"]
    assert "Công ty May Ví Dụ" not in news["html"]
    assert news["nonce"] != nonce
    assert "<html" not in news["html"]
    assert browser.client.get(f"/chat/letters?after={news['last']}").status_code == 204
    assert browser.client.get(f"/chat/letters?after={last}").json()["last"] == news["last"]


def test_a_lost_answer_is_asked_for_again(browser, town):
    """Sent again with the same hidden number, the letters come and nothing was said twice."""
    browser.scans(town.tokens[MAY])
    last = next(said["data-last"] for tag, said in browser.read.tags if tag == "main")
    fields = {"nonce": browser.read.forms[-1].fields["nonce"], "text": "menu", "after": last}
    first = browser.client.post("/chat", data=fields, headers=JSON).json()
    again = browser.client.post("/chat", data=fields, headers=JSON).json()
    assert again["last"] == first["last"]
    browser.goes("/chat")
    assert _said(browser).count("menu") == 1


def test_odd_numbers_of_letters(browser, town):
    """Whatever stands for the number of the last letter, the answer is one of ours."""
    browser.scans(town.tokens[MAY])
    for after in ("", "x", "-1", "9" * 30, "1e5", "\x00", "²"):
        answer = browser.client.get("/chat/letters", params={"after": after})
        assert answer.status_code in (200, 204), after


def test_news_of_others_come_live(browser, another, town):
    """What somebody else's turn brings is there at the next look: an officer hears of a petition."""
    officer = another()
    officer.goes("/")
    officer.presses("Nhắn tại đây")
    for role in ("receives", "checks"):
        officer.says(town.invitation("CD-MAU", role, "Lê Thị Thử"))
        officer.presses("Nhận lời")
    last = next(said["data-last"] for tag, said in officer.read.tags if tag == "main")
    for number in range(5):
        other = another()
        other.signs(town.tokens[MAY], f"Trần Văn Ví Dụ {'ABCDE'[number]}")
    found = officer.client.get(f"/chat/letters?after={last}")
    assert found.status_code == 200
    assert "Về bàn làm việc" in found.json()["html"]


# --- busy -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("trouble", [TooBusy(), NotWritten("x")])
def test_too_busy_is_said_and_nothing_is_lost(browser, town, door, monkeypatch, trouble):
    """A full queue or a failed commit: 503 with Retry-After, and sent again it is heard once."""
    browser.scans(town.tokens[MAY])
    form = next(one for one in browser.read.forms if "Gửi" in one.buttons)
    submit = door.office.database.submit

    def refused(work):
        if isinstance(trouble, TooBusy):
            raise trouble
        failed: Future[object] = Future()
        failed.set_exception(trouble)
        return failed

    monkeypatch.setattr(door.office.database, "submit", refused)
    page = browser.sends("/chat", form.fields | {"text": "alo"})
    assert page.status_code == 503
    assert page.headers["retry-after"] == "5"
    assert "Chưa có gì bị mất" in browser.words
    assert (
        browser.client.post("/chat", data=form.fields | {"text": "alo"}, headers=JSON).status_code
        == 503
    )
    monkeypatch.setattr(door.office.database, "submit", submit)
    browser.sends("/chat", form.fields | {"text": "alo"})
    assert _said(browser) == ["alo"]


def test_a_turn_that_breaks_says_sorry(browser, town, monkeypatch):
    """A turn that raises is kept for replay and answered with one apology, not an error page."""
    from bot import dialogue

    browser.scans(town.tokens[MAY])

    def broken(turn):
        raise RuntimeError("Nguyễn Thị Mẫu")

    monkeypatch.setitem(dialogue._openings, "menu", broken)
    page = browser.says("menu")
    assert page.status_code == 200
    assert "máy đang trục trặc" in browser.words
    assert len(town.read(lambda store: store.inbox.failed())) == 1


def test_one_conversation_is_slowed_down_not_the_factory(browser, another, town):
    """Who sends without end waits; a colleague behind the same network address does not."""
    browser.scans(town.tokens[MAY])
    nonce = browser.read.forms[-1].fields["nonce"]
    codes = [
        browser.client.post("/chat", data={"nonce": nonce, "text": f"a{n}"}).status_code
        for n in range(75)
    ]
    assert 503 in codes
    other = another()
    other.scans(town.tokens[MAY])
    assert other.page.status_code == 200
    other.says("menu")
    assert "Bạn muốn làm gì?" in other.words


# --- leaving --------------------------------------------------------------------------------------


def test_leaving_is_always_on_the_page(browser, town):
    """The way out stands on every page of the chat."""
    browser.scans(town.tokens[MAY])
    for step in ("Ghi tên", "Chỉ giữ tên (A)"):
        browser.presses(step)
        assert any("Rời khỏi máy này" in form.buttons for form in browser.read.forms)


def test_leaving_with_a_code_and_coming_back(browser, another, town):
    """The code is shown once, on a page; it opens the talk elsewhere and then opens nothing more."""
    browser.signs(town.tokens[MAY])
    before = _talk(town, browser)
    browser.presses("Rời khỏi máy này")
    browser.presses("Xem mã, rồi rời")
    code = re.search(r"[A-Z2-9]{4}(-[A-Z2-9]{4}){3}", browser.page.text)[0]
    assert browser.page.headers["cache-control"] == "no-store"
    browser.presses("Đã chép, rời máy")
    assert "không còn giữ gì" in browser.words
    assert "kd" not in browser.client.cookies
    browser.goes("/chat")
    assert browser.path == "/"

    other = another()
    other.goes("/chat/return")
    other.presses("Mở", code=code.lower().replace("-", " "))
    assert other.path == "/chat"
    assert _talk(town, other).id == before.id
    assert "Nguyễn Thị Mẫu" not in other.page.text

    third = another()
    third.goes("/chat/return")
    third.presses("Mở", code=code)
    assert "chưa mở được" in third.words
    assert "kd" not in third.client.cookies


def test_leaving_for_good(browser, town):
    """Without a code nobody comes back: the old address opens nothing, what was recorded stays."""
    browser.signs(town.tokens[MAY])
    address = _address(browser)
    browser.presses("Rời khỏi máy này")
    browser.presses("Rời luôn")
    assert "không còn giữ gì" in browser.words
    assert "kd" not in browser.client.cookies
    assert town.read(lambda store: store.conversations.find("web", address)) is None
    assert town.petition(MAY).counted == 1


def test_the_code_is_never_in_the_chat(browser, town):
    """The return code stands on its page only, not in any letter."""
    browser.scans(town.tokens[MAY])
    address = _address(browser)
    talk = _talk(town, browser)
    browser.presses("Rời khỏi máy này")
    browser.presses("Xem mã, rồi rời")
    letters = town.read(lambda store: [one.reply for one in store.outbox.for_page(talk.id)])
    assert not [one for one in letters if address in one.replace("-", "")]


def test_wrong_return_codes(browser, town):
    """A wrong code says so in the same words, sets no cookie and makes no conversation."""
    for code in ("", "AAAA-AAAA-AAAA-AAAA", "x" * 4000, "\x00", "😀", "2222"):
        browser.goes("/chat/return")
        browser.presses("Mở", code=code)
        assert browser.page.status_code == 200
        assert "chưa mở được" in browser.words
        assert "kd" not in browser.client.cookies
    assert town.read(lambda store: store.conversations.find("web", "A" * 16)) is None


def test_a_page_instead_of_letters_for_the_script(browser, town):
    """When a turn shows a page, the script gets that page, and it is never stored."""
    browser.scans(town.tokens[MAY])
    browser.presses("Rời khỏi máy này")
    nonce = browser.read.forms[-1].fields["nonce"]
    answer = browser.client.post("/chat/leave-code", data={"nonce": nonce}, headers=JSON)
    assert answer.headers["content-type"].startswith("text/html")
    assert "Mã quay lại" in answer.text
    assert answer.headers["cache-control"] == "no-store"


def test_without_a_conversation_every_form_leads_away(client: Client):
    """Forms of a chat that is not there lead to the neutral page, or tell the script so."""
    for path in ("/chat", "/chat/leave", "/chat/leave-code", "/chat/left"):
        answer = client.post(path, data={"text": "x"})
        assert answer.status_code == 303
        assert answer.headers["location"] == "/"
        assert client.post(path, data={"text": "x"}, headers=JSON).status_code == 404
