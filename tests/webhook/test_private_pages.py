"""One-time pages: a look shows nothing, a button opens, and only what belongs to whom."""

import re
from concurrent.futures import ThreadPoolExecutor

import pytest
from chat import MAY, TINH
from sqlalchemy import select
from starlette.responses import Response

from storage import ready
from storage.tables import link
from webhook import cookies

UNKNOWN = "AAAAAAAAAAAAAAAAAAAAAA"
COOKIE = "kd-page"


def _token(browser):
    return re.findall(r"/t/([A-Za-z0-9_-]+)", browser.page.text)[-1]


def _opens(browser, token):
    browser.goes(f"/t/{token}")
    return browser.presses("Mở")


def _asks_page(browser, town):
    """Walk to the one-time page on which she puts her name down."""
    browser.scans(town.tokens[MAY])
    browser.presses("Ghi tên")
    browser.presses("Thêm nhắn tin (A, B)")
    browser.says("trang riêng")
    return _token(browser)


def test_a_look_shows_a_button_and_nothing_else(browser, another, town):
    """Whoever fetches the address, known or not, sees the same page; nothing is used up by it."""
    token = _asks_page(browser, town)
    stranger = another()
    pages = [stranger.goes(f"/t/{one}").text for one in (token, token, token)]
    other = stranger.goes(f"/t/{UNKNOWN}").text
    assert {page.replace(token, UNKNOWN) for page in pages} == {other}
    assert "Ghi tên" not in other
    assert stranger.client.head(f"/t/{token}").status_code in (200, 405)
    _opens(browser, token)
    assert "Họ và tên" in browser.words


def test_the_name_is_put_down_on_the_page(browser, town):
    """Name, phone and statement on the page; the receipt comes to the chat; then it is used up."""
    token = _asks_page(browser, town)
    _opens(browser, token)
    assert "Tôi tự nguyện muốn vào Công đoàn Việt Nam" in browser.words
    browser.presses("Ghi tên", name="Nguyễn Thị Mẫu", phone="0900 000 000")
    assert "Quay lại khung chat" in browser.words
    assert town.petition(MAY).counted == 1
    browser.goes("/chat")
    assert "Đã ghi nhận theo ý bạn vừa chọn" in browser.words
    _opens(browser, token)
    assert "hết hạn" in browser.words


def test_sent_twice_is_signed_once(browser, town):
    """The page's form sent again is told apart from a new one, and nothing is counted twice."""
    token = _asks_page(browser, town)
    _opens(browser, token)
    form = browser.read.forms[0]
    fields = form.fields | {"name": "Nguyễn Thị Mẫu", "choice": "put-name"}
    browser.sends(f"/t/{token}", fields)
    again = browser.sends(f"/t/{token}", fields)
    assert again.status_code == 200
    assert "Phần này bạn đã gửi rồi" in browser.words
    assert town.petition(MAY).counted == 1
    other = browser.sends(f"/t/{token}", fields | {"name": "Nguyễn Thị Mẫu Khác"})
    assert other.status_code == 404, "what was not heard is not called done"


def test_unclear_names_are_asked_again_on_the_page(browser, town):
    """What cannot be a name comes back with a reason; the page stays, nothing is recorded."""
    token = _asks_page(browser, town)
    _opens(browser, token)
    for name in ("", "Mẫu", "12345", "a" * 300, "😀", "\x00", "<b>Mẫu</b>"):
        page = browser.presses("Ghi tên", name=name)
        assert page.status_code == 200, name
        assert 'role="alert"' in page.text, name
        assert "<b>M" not in page.text
        assert town.petition(MAY) is None
    browser.presses("Ghi tên", name="Nguyễn Thị Mẫu")
    assert town.petition(MAY).counted == 1


def test_an_unclear_phone_is_asked_again(browser, town):
    """A number that is none comes back with a reason, and the name is kept in the field."""
    token = _asks_page(browser, town)
    _opens(browser, token)
    page = browser.presses("Ghi tên", name="Nguyễn Thị Mẫu", phone="123")
    assert 'role="alert"' in page.text
    assert 'value="Nguyễn Thị Mẫu"' in page.text


def test_later_on_the_page(browser, town):
    """Putting it off reads like signing, and nobody is counted."""
    token = _asks_page(browser, town)
    _opens(browser, token)
    browser.presses("Để sau")
    assert "Quay lại khung chat" in browser.words
    assert town.petition(MAY) is None


def test_unknown_expired_and_used_links_read_alike(browser, another, town, clock):
    """One page for a link that opens nothing, whatever the reason."""
    token = _asks_page(browser, town)
    clock.advance(hours=2)
    stranger = another()
    pages = [stranger.sends(f"/t/{one}") for one in (token, UNKNOWN, "x" * 500, "%00", "%ff")]
    assert {page.status_code for page in pages} == {404}
    assert len({page.text for page in pages}) == 1


def test_forms_that_are_none_of_ours(browser, town):
    """A form of another name, without its hidden number, or with another's, is refused."""
    token = _asks_page(browser, town)
    _opens(browser, token)
    nonce = browser.read.forms[0].fields["nonce"]
    client = browser.client
    for fields in (
        {"form": "invite", "nonce": nonce, "body": TINH},
        {"form": "import-bodies", "nonce": nonce},
        {"form": "left", "nonce": nonce},
        {"form": "sign-page", "name": "Nguyễn Thị Mẫu", "choice": "put-name"},
        {"form": "sign-page", "nonce": "x.y", "name": "Nguyễn Thị Mẫu", "choice": "put-name"},
    ):
        assert client.post(f"/t/{token}", data=fields).status_code == 400
    assert town.petition(MAY) is None


def test_what_is_kept_of_her_can_be_read_and_taken_along(browser, town):
    """Her own page shows what is kept, and hands it over as a file."""
    browser.signs(town.tokens[MAY])
    browser.says("thông tin của tôi")
    browser.presses("Xem đang giữ gì")
    browser.presses("Mở trang riêng")
    _opens(browser, _token(browser))
    assert "Nguyễn Thị Mẫu" in browser.words
    answer = browser.presses("Tải bản của tôi")
    assert answer.headers["content-type"].startswith("application/json")
    assert "attachment" in answer.headers["content-disposition"]
    assert "Nguyễn Thị Mẫu" in answer.text
    assert answer.json()["sections"]


def test_her_choices_can_be_changed(browser, town):
    """B and C can be given and taken back on a page; unticked is no."""
    browser.signs(town.tokens[MAY])
    talk = town.read(lambda store: store.conversations.find("web", browser.client.cookies["kd"]))
    browser.says("thông tin của tôi")
    browser.presses("Đổi lựa chọn A, B, C")
    _opens(browser, _token(browser))
    assert "contact" not in browser.read.forms[0].fields
    browser.presses("Lưu lựa chọn", contact="yes")
    assert town.read(lambda store: store.people.may_contact(talk.id))


# --- whose browser --------------------------------------------------------------------------------


@pytest.fixture
def mine(browser, town):
    """The token of the page with all that is kept of her, not opened yet."""
    browser.signs(town.tokens[MAY])
    browser.says("thông tin của tôi")
    browser.presses("Xem đang giữ gì")
    browser.presses("Mở trang riêng")
    return _token(browser)


@pytest.fixture
def sign(browser, town):
    """The token of the page on which she puts her name down, not opened yet."""
    return _asks_page(browser, town)


@pytest.fixture(params=["sign", "mine"])
def token(request):
    """The token of either page."""
    return request.getfixturevalue(request.param)


def _sends(browser, token, **fields):
    """What a form reads like, without the token and what is fresh for each page."""
    answer = browser.sends(f"/t/{token}", fields)
    kept = ("date", "content-length")
    headers = sorted(one for one in answer.headers.items() if one[0] not in kept)
    text = re.sub(r'(name="nonce" value=")[^"]*', r"\1…", answer.text.replace(token, UNKNOWN))
    return answer.status_code, text, headers


def _bound(town):
    """Return what each link is bound to."""
    return town.read(
        lambda store: list(store.connection.execute(select(link.c.opened_by)).scalars())
    )


def test_another_browser_reads_what_an_unknown_link_shows(browser, another, token):
    """Once it is open here, the link and its forms show another browser what an unknown one does."""
    thief = another()
    looked = thief.goes(f"/t/{token}")
    assert _opens(browser, token).status_code == 200
    fields = browser.read.forms[-1].fields | {"name": "Trần Văn Chủ", "choice": "put-name"}
    unknown = _sends(another(), UNKNOWN)
    assert unknown[0] == 404
    assert looked.text.replace(token, UNKNOWN) == another().goes(f"/t/{UNKNOWN}").text
    for stranger in (thief, another()):
        assert _sends(stranger, token) == unknown
        assert _sends(stranger, token, form="open-link") == unknown
        assert _sends(stranger, token, **fields) == unknown
        stranger.client.cookies.set(COOKIE, cookies.new_visitor(), path=f"/t/{token}")
        assert _sends(stranger, token) == unknown


def test_another_browser_puts_no_name_down(browser, another, town, sign):
    """With the whole form of her page another browser signs nothing, and she signs afterwards."""
    _opens(browser, sign)
    fields = browser.read.forms[0].fields | {"name": "Trần Văn Chủ", "choice": "put-name"}
    assert another().sends(f"/t/{sign}", fields).status_code == 404
    assert town.petition(MAY) is None
    browser.presses("Ghi tên", name="Nguyễn Thị Mẫu")
    assert town.petition(MAY).counted == 1
    assert another().sends(f"/t/{sign}", fields).status_code == 404


def test_what_she_did_is_told_to_her_browser_alone(browser, another, town, sign):
    """A form that was heard and is sent again from another browser reads like an unknown link."""
    _opens(browser, sign)
    fields = browser.read.forms[0].fields | {"name": "Nguyễn Thị Mẫu", "choice": "put-name"}
    browser.sends(f"/t/{sign}", fields)
    assert _sends(another(), sign, **fields) == _sends(another(), UNKNOWN)
    assert browser.sends(f"/t/{sign}", fields).status_code == 200


def test_she_may_come_again(browser, token):
    """Opened and left, looked at again, opened again: the page is hers until it is used up."""
    first = _opens(browser, token).status_code
    cookie = browser.client.cookies[COOKIE]
    assert [first, *(_opens(browser, token).status_code for _ in range(2))] == [200] * 3
    assert browser.client.cookies[COOKIE] == cookie
    assert browser.sends(f"/t/{token}", {"form": "open-link"}).status_code == 200


def test_a_lost_answer_locks_nobody_out(browser, another, client, settings, token):
    """The opening was heard and its answer lost on the way: her browser opens it once more."""
    browser.goes(f"/t/{token}")
    kept = browser.client.cookies[COOKIE]
    lost = browser.client.post(f"/t/{token}", data={"form": "open-link"})
    assert lost.status_code == 200
    assert "set-cookie" not in lost.headers, "or what is lost with the answer would be missed"
    again = another()
    again.client.cookies.set(COOKIE, kept, path=f"/t/{token}")
    assert _opens(again, token).status_code == 200


def test_a_look_binds_nobody(browser, another, town, token):
    """Previews fetch the page before her, and each gets a number of its own: she opens it first."""
    numbers = set()
    for _ in range(3):
        preview = another()
        preview.goes(f"/t/{token}")
        numbers.add(preview.client.cookies[COOKIE])
    assert len(numbers) == 3
    assert not any(_bound(town))
    assert _opens(browser, token).status_code == 200
    assert len([one for one in _bound(town) if one]) == 1


def test_a_browser_without_cookies_is_one_like_any_other(browser, another, town, token):
    """Opened without a cookie, it opens without one again, and not in a browser that has one."""
    bare, late = another(), another()
    for _ in range(2):
        assert bare.sends(f"/t/{token}", {"form": "open-link"}).status_code == 200
        assert COOKIE not in bare.client.cookies
    assert _opens(late, token).status_code == 404
    assert _opens(browser, token).status_code == 404


def test_a_link_opened_before_links_were_bound_binds_at_the_next_opening(
    browser, another, town, sign
):
    """A form of such a page is heard; who opens it next has it for herself."""
    _opens(browser, sign)
    town.write(lambda store: store.connection.execute(link.update().values(opened_by=None)))
    browser.presses("Ghi tên", name="")
    assert browser.page.status_code == 200
    assert not any(_bound(town))
    second = another()
    assert _opens(second, sign).status_code == 200
    assert _opens(browser, sign).status_code == 404


def test_two_browsers_at_once_never_both_open_it(browser, another, town, token):
    """However the openings of two browsers meet, one of them has the page."""
    for one in (visitors := [browser, another(), another(), another()]):
        one.goes(f"/t/{token}")
    with ThreadPoolExecutor(len(visitors)) as crowd:
        opened = [crowd.submit(one.presses, "Mở") for one in visitors]
        statuses = sorted(one.result().status_code for one in opened)
    assert statuses == [200, 404, 404, 404]


def test_tapped_twice_at_once_is_done_once(browser, town, sign):
    """Two taps that meet are one signature, and neither of them reads that it failed."""
    _opens(browser, sign)
    fields = browser.read.forms[0].fields | {"name": "Nguyễn Thị Mẫu", "choice": "put-name"}
    with ThreadPoolExecutor(4) as finger:
        taps = [finger.submit(browser.client.post, f"/t/{sign}", data=fields) for _ in range(4)]
        pages = [tap.result() for tap in taps]
    assert {page.status_code for page in pages} == {200}
    assert town.petition(MAY).counted == 1


def test_being_bound_costs_a_form_no_statement(browser, town, sign, monkeypatch):
    """Of the link a form reads what it read before, and writes nothing but that it is used up."""
    _opens(browser, sign)
    ran = []
    really = ready.run

    def note(line, sql, bound):
        ran.append(" ".join(sql.split()))
        return really(line, sql, bound)

    monkeypatch.setattr(ready, "run", note)
    browser.presses("Ghi tên", name="Nguyễn Thị Mẫu")
    # A server has more writers than one: there it is looked up to find whose it is, then locked.
    assert sum("FROM link" in one for one in ran) == (1 if town.office.database.is_file else 2)
    (changed,) = [one for one in ran if one.startswith("UPDATE link")]
    assert "used_at" in changed
    assert "opened_by" not in changed
    assert not [one for one in ran if "FROM inbox" in one]


def test_the_cookie_of_a_page_is_a_number_for_this_page(browser, door, settings, town, token):
    """It is sent to this page alone, ends within the hour, no script reads it, others get none."""
    said = browser.goes(f"/t/{token}").headers["set-cookie"]
    assert re.fullmatch(
        rf"{COOKIE}=[A-Za-z0-9_-]{{22}}; HttpOnly; Max-Age=3600; Path=/t/{token}; SameSite=lax",
        said,
    )
    assert COOKIE not in browser.goes("/chat").request.headers.get("cookie", "")
    by_https = settings.model_copy(update={"public_url": "https://ketdoan.example"})
    answer = Response()
    cookies.keep_visitor(answer, by_https, "A" * 22, path="/t/x")
    assert answer.headers["set-cookie"].startswith("__Secure-kd-page=")
    assert "; Secure" in answer.headers["set-cookie"]


def test_a_planted_cookie_is_not_taken_up(browser, another, token):
    """What is no number of ours is replaced by one, and counts as none."""
    for planted in ("x", "A" * 23, "A" * 21 + "%", "a,b", "A" * 4000):
        visitor = another()
        visitor.client.cookies.set(COOKIE, planted, path=f"/t/{token}")
        answer = visitor.client.get(f"/t/{token}")
        assert re.match(rf"{COOKIE}=[A-Za-z0-9_-]{{22}};", answer.headers["set-cookie"]), planted


def test_an_odd_address_sets_no_cookie(client):
    """What is in an address cannot reach a header: such a link is nobody's, and gets no cookie."""
    for odd in (
        "a;Domain=x",
        "a%3B%20Domain=x",
        "a%0d%0aset-cookie:%20kd=x",
        "%ff",
        "ữ",
        "x" * 65,
    ):
        answer = client.get(f"/t/{odd}")
        assert answer.status_code == 200, odd
        assert "set-cookie" not in answer.headers, odd


# --- names ----------------------------------------------------------------------------------------


def _officer(another, town):
    officer = another()
    officer.goes("/")
    officer.presses("Nhắn tại đây")
    for role in ("receives", "checks"):
        officer.says(town.invitation("CD-MAU", role, "Lê Thị Thử"))
        officer.presses("Nhận lời")
    return officer


def _names_link(another, town):
    """An officer in the web chat who has asked for the page of names of a full petition."""
    officer = _officer(another, town)
    for number in range(5):
        another().signs(town.tokens[MAY], f"Trần Văn Ví Dụ {'ABCDE'[number]}")
    officer.says("việc")
    officer.says("1")
    officer.presses("Nhận việc")
    officer.presses("Mở trang tên")
    return officer, _token(officer)


def test_names_open_with_a_reason_and_each_look_is_written_down(another, town):
    """First the reason, then the names; the ledger knows who looked and why."""
    officer, token = _names_link(another, town)
    _opens(officer, token)
    assert "Trần Văn" not in officer.page.text
    officer.presses("Mở", reason="duplicates")
    assert officer.page.text.count("Trần Văn Ví Dụ") == 5
    assert officer.page.headers["cache-control"] == "no-store"
    acts = town.read(lambda store: [one.act for one in store.ledger.newest()])
    assert acts.count("names_opened") == 1


def test_without_a_reason_nothing_opens(another, town):
    """A reason is asked for again, and no name is shown."""
    officer, token = _names_link(another, town)
    _opens(officer, token)
    officer.presses("Mở")
    assert 'role="alert"' in officer.page.text
    assert "Trần Văn" not in officer.page.text


def test_the_page_of_names_is_bound_to_her_browser(another, town):
    """The link passed on opens nothing in another browser, also in a colleague's."""
    _, token = _names_link(another, town)
    for other in (another(), _officer(another, town)):
        page = _opens(other, token)
        assert page.status_code == 404
        assert "Trần Văn" not in page.text


def test_a_revoked_officer_sees_no_names(another, town):
    """Revoked between the link and the button, and between two pages: nothing opens."""
    officer, token = _names_link(another, town)
    _opens(officer, token)
    talk = town.read(lambda store: store.conversations.find("web", officer.client.cookies["kd"]))

    def revoke(store):
        body = store.bodies.by_code("CD-MAU")
        store.officers.set_state(store.officers.at(talk.id).id, body.id, None, "revoked")

    town.write(revoke)
    officer.presses("Mở", reason="duplicates")
    assert "Trần Văn" not in officer.page.text


def test_who_has_left_the_chat_reads_no_more_of_the_page_of_names(another, town):
    """Sent twice, the form that closed the page is "done already", yet not where she has left."""
    officer, token = _names_link(another, town)
    _opens(officer, token)
    officer.presses("Mở", reason="duplicates")
    form = officer.read.forms[-1]
    fields = form.fields | dict([form.buttons["Để riêng tên này"]])
    officer.sends(f"/t/{token}", fields)
    assert officer.page.status_code == 404, "below the number the page closes"
    assert officer.sends(f"/t/{token}", fields).status_code == 200
    officer.client.cookies.delete("kd")
    assert officer.sends(f"/t/{token}", fields).status_code == 404


def test_a_name_can_be_set_aside_on_the_page(another, town):
    """Set aside, a name no longer counts; the count falls and the page closes below the number."""
    officer, token = _names_link(another, town)
    _opens(officer, token)
    officer.presses("Mở", reason="duplicates")
    officer.presses("Để riêng tên này")
    assert town.petition(MAY).counted == 4
