"""A hostile employer at the door: pages, headers, sizes, links and cookies tell nothing."""

from __future__ import annotations

import re
from collections.abc import Callable
from contextlib import suppress

import pytest
from browsing import Browser
from chat import GIAY, MAY, Town
from httpx import HTTPError, Response
from stores import Store

from bot.dialogues import statement
from webhook import cookies

NAME = "Khuất Thị Oanhvũ"
PHONE = "0931 111 701"
UNKNOWN = "AAAAAAAAAAAAAAAAAAAAAA"
# What is made anew for each visitor, and carries nothing.
_FRESH = re.compile(
    r'(name="nonce" value="|data-last="|data-id="|name="choice" value="|/t/|/q/)[^"/? ]*'
)


def bare(answer: Response, *alike: str) -> tuple[int, str, tuple[tuple[str, str], ...]]:
    """A page with its status and headers, without what is fresh for each visitor."""
    text = _FRESH.sub(r"\1…", answer.text)
    for one in alike:
        text = text.replace(one, "…").replace(f"{one[:3]} {one[3:]}", "…")
    kept = ("date", "set-cookie", "content-length", "location")
    headers = tuple(sorted(item for item in answer.headers.items() if item[0] not in kept))
    return answer.status_code, text, headers


# --- what pages tell of a place -------------------------------------------------------------------


def walks(browser: Browser, token: str) -> list[tuple[int, str, tuple[tuple[str, str], ...]]]:
    """Look at everything that somebody finds who signs nothing."""
    seen = [bare(browser.goes(path)) for path in (f"/q/{token}", "/about", "/employer", "/s")]
    seen.append(bare(browser.scans(token)))
    pressed = ("Ai thấy tên tôi?", "Ghi tên", "Chỉ giữ tên (A)")
    seen += [bare(browser.presses(words)) for words in pressed]
    seen += [bare(browser.says(line)) for line in ("Trần Văn Chủ", "để sau")]
    code = re.findall(r"Mã(?: của bạn)?:? ([A-Z2-9]{6})\b", browser.words)[-1]
    for line in ("tới đâu rồi", "tiến độ", "chia sẻ", "rút tên", "1", "menu"):
        browser.says(line)
        seen.append(bare(browser.page, code))
    return [(status, text.replace(code, "…"), headers) for status, text, headers in seen]


@pytest.fixture
def walk_after(
    town: Town, another: Callable[[], Browser]
) -> Callable[[int], list[tuple[int, str, tuple[tuple[str, str], ...]]]]:
    """Let so many more people sign, then let an outsider walk."""

    def walk(number: int) -> list[tuple[int, str, tuple[tuple[str, str], ...]]]:
        town.gather(number)
        return walks(another(), town.tokens[MAY])

    return walk


def test_signers_change_no_letter_of_any_page(walk_after, town: Town) -> None:
    """Before anybody, after three and after nine have signed an outsider's pages are equal."""
    nobody, some, many = walk_after(0), walk_after(3), walk_after(6)
    assert nobody == some == many
    assert town.petition().counted == 9, "or there was nothing to find"


def test_an_unchecked_name_stands_on_no_page_of_ours(browser, town: Town) -> None:
    """What somebody typed for a new place cannot be shown to others under the union's name."""
    place = town.write(lambda store: store.enterprises.register("Hội giả đừng ký", "đâu đó"))
    shared = town.write(lambda store: store.posters.share_of(place.id))
    browser.goes(f"/q/{shared.token}")
    assert browser.page.status_code == 200
    assert "giả" not in browser.words
    town.write(lambda store: store.enterprises.confirm(place.id))
    browser.goes(f"/q/{shared.token}")
    assert "giả" in browser.words, "an officer has looked: now it is named"


# --- links, codes and cookies of others -----------------------------------------------------------


def test_a_code_on_the_status_page_reads_like_an_invented_one(browser, another, town: Town):
    """The code of somebody who signed, and one made up, bring the same page to the letter."""
    signer = town.person(NAME)
    signer.signs()
    seen = []
    for code in (signer.code, "H4TPN8"):
        visitor = another()
        visitor.goes("/s")
        visitor.sends("/s", {"code": code})
        seen.append(bare(visitor.page, code))
    assert seen[0] == seen[1]


def test_forms_on_a_stolen_link_do_nothing(browser, another, town: Town) -> None:
    """With the link to names, another browser reads what an unknown link shows, form by form."""
    officer = town.officer("Lê Thị Thử", channel="web")
    town.gather(5)
    officer.says(town.petition().code)
    officer.taps("desk-take")
    officer.taps("desk-open-names")
    thief = another()
    for form in ("open-link", "open-names", "show-phone", "set-aside"):
        fields = {"form": form, "reason": "papers", "id": "1", "nonce": "x"}
        pages = [thief.sends(f"/t/{one}", fields) for one in (officer.token(), UNKNOWN)]
        assert bare(pages[0]) == bare(pages[1])
        # What was not filled in on a page of ours is no form, whatever the link.
        assert pages[0].status_code == (404 if form == "open-link" else 400)
    acts = town.read(lambda store: {one.act for one in store.ledger.newest()})
    assert "names_opened" not in acts


def test_an_invented_cookie_becomes_nobodys_address(browser, another, settings, town: Town):
    """An address put into somebody's browser is not taken up: she gets a fresh one."""
    planted = cookies.new_address()
    browser.client.cookies.set(cookies.name(settings), planted)
    browser.scans(town.tokens[MAY])
    given = [one.value for one in browser.client.cookies.jar if one.name == cookies.name(settings)]
    assert planted not in given[-1:]
    employer = another()
    employer.client.cookies.set(cookies.name(settings), planted)
    assert employer.goes("/chat").url.path != "/chat"


def test_return_codes_cannot_be_tried_without_end(browser, settings, town: Town) -> None:
    """After some tries the door waits, and before that every wrong code reads the same."""
    seen = set()
    for _ in range(80):
        seen.add(bare(browser.sends("/chat/return", {"code": cookies.new_address()}))[:2])
    assert [status for status, _ in sorted(seen)] == [200, 503]


# --- files and logs -------------------------------------------------------------------------------


def test_names_typed_on_pages_stand_in_no_file_and_no_log(
    browser, another, town: Town, store: Store, door, monkeypatch: pytest.MonkeyPatch, capfd
) -> None:
    """Chat, one-time page, broken turns and broken pages: no name, number, token or address is readable."""
    town.chats.clear()
    browser.scans(town.tokens[GIAY])
    browser.presses("Ghi tên")
    other = another()
    other.scans(town.tokens[MAY])
    other.presses("Ghi tên")
    other.presses("Thêm nhắn tin (A, B)")
    other.says("trang riêng")
    token = re.findall(r"/t/([A-Za-z0-9_-]+)", other.page.text)[-1]
    other.goes(f"/t/{token}")
    other.presses("Mở")
    other.presses("Ghi tên", name=NAME, phone="không phải số")
    other.presses("Ghi tên", name=NAME, phone=PHONE)
    third = another()
    third.scans(town.tokens[MAY])
    third.presses("Ghi tên")
    third.presses("Chỉ giữ tên (A)")

    def breaks(*_: object, **__: object) -> None:
        raise RuntimeError(f"{NAME} {PHONE} {token}")

    with monkeypatch.context() as patched:
        patched.setattr(statement, "ask_statement", breaks)
        third.says(NAME)
    with monkeypatch.context() as patched:
        patched.setattr(door.pages, "show", breaks)
        # Not even a page of failure can be shown here.
        with suppress(HTTPError):
            third.client.get(f"/q/{token}?name={NAME}")
    logged = "".join(capfd.readouterr())
    assert "turn broke" in logged
    held = store.bytes_of(town.database.url) + logged.encode()
    digits = PHONE.replace(" ", "")
    (cookie,) = (one.value for one in other.client.cookies.jar if one.name == "kd")
    for secret in (NAME, NAME.rsplit(maxsplit=1)[-1], PHONE, digits[1:], token, str(cookie)):
        for spelled in (secret, secret.lower(), secret.upper()):
            for encoding in ("utf-8", "utf-16-le", "utf-16-be"):
                assert spelled.encode(encoding) not in held, secret
    assert "May Ví Dụ".encode() in held, "the search is not blind"
