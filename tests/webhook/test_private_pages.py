"""One-time pages: a look shows nothing, a button opens, and only what belongs to whom."""

import re

from chat import MAY, TINH

UNKNOWN = "AAAAAAAAAAAAAAAAAAAAAA"


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
    assert again.status_code in (200, 404)
    assert town.petition(MAY).counted == 1


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


def test_a_name_can_be_set_aside_on_the_page(another, town):
    """Set aside, a name no longer counts; the count falls and the page closes below the number."""
    officer, token = _names_link(another, town)
    _opens(officer, token)
    officer.presses("Mở", reason="duplicates")
    officer.presses("Để riêng tên này")
    assert town.petition(MAY).counted == 4
