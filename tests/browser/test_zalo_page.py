"""The way from a poster to Zalo in a real browser, with JavaScript and without it."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from chat import MAY
from phone import Phone
from playwright.sync_api import Browser, Page, expect
from serving import Served, settle
from stores import Founded

pytestmark = [
    pytest.mark.browser,
    pytest.mark.xdist_group("browser"),
    pytest.mark.long_on(
        "postgresql", reason="both journeys run on it by HTTP; pages see no store"
    ),
]

Open = Callable[[], Page]
OA = "3579246801357924680"
NOBODY = "http://127.0.0.1:9"


@pytest.fixture
def served(founded: Founded, tmp_path: Path) -> Iterator[Served]:
    """A server that is on Zalo, as far as its settings go."""
    made = settle(founded, tmp_path / "served")
    made.environment |= {
        "KETDOAN_ZALO_APP_ID": "1122334455667788990",
        "KETDOAN_ZALO_APP_SECRET": "app-secret",
        "KETDOAN_ZALO_OA_ID": OA,
        "KETDOAN_ZALO_OA_SECRET": "oa-secret",
        "KETDOAN_ZALO_API_URL": NOBODY,
        "KETDOAN_ZALO_OAUTH_URL": NOBODY,
    }
    made.start()
    yield made
    made.stop()


def arrive(page: Page, served: Served) -> str:
    """Scan the poster, tap the door to Zalo, and return the code in large type."""
    Phone(page).scan(f"{served.url}/q/{served.tokens[MAY]}")
    page.get_by_role("button", name="Mở Zalo").click()
    code = page.locator(".big strong")
    expect(code).to_be_visible()
    return code.inner_text()


def test_a_code_and_the_way_in_two_taps(open_page: Open, served: Served) -> None:
    """The code fits a small phone in large type, and the link to Zalo carries it."""
    page = open_page()
    code = arrive(page, served)
    assert re.fullmatch("[2-9A-Z]{3} [2-9A-Z]{3}", code)
    door = page.get_by_role("link", name="Mở Zalo")
    assert door.get_attribute("href") == f"https://zalo.me/{OA}?text=%23{code.replace(' ', '')}"
    assert page.evaluate("document.documentElement.scrollWidth") <= 360
    box = page.locator(".big strong").bounding_box()
    assert box is not None
    assert box["height"] >= 40
    assert page.locator(".big strong").evaluate("one => one.getClientRects().length") == 1
    page.reload()
    assert page.locator(".big strong").inner_text() == code


def test_copying_is_offered_only_where_it_works(browser: Browser, served: Served) -> None:
    """Without a script there is no button that does nothing; with one, a tap copies and says so."""
    bare = browser.new_context(java_script_enabled=False).new_page()
    arrive(bare, served)
    expect(bare.get_by_text("Chép mã", exact=True)).to_be_hidden()
    bare.context.close()
    context = browser.new_context(permissions=["clipboard-read", "clipboard-write"])
    page = context.new_page()
    code = arrive(page, served).replace(" ", "")
    page.get_by_role("button", name="Chép mã").click()
    expect(page.get_by_role("status")).to_have_text(re.compile("^Đã chép mã"))
    assert page.evaluate("navigator.clipboard.readText()") == code
    context.close()


def test_the_tap_that_opens_zalo_copies_too(browser: Browser, served: Served) -> None:
    """On the way out the code is copied; leaving waits for nothing."""
    context = browser.new_context(permissions=["clipboard-read", "clipboard-write"])
    context.route("https://zalo.me/**", lambda route: route.fulfill(body="zalo"))
    page = context.new_page()
    code = arrive(page, served).replace(" ", "")
    page.evaluate("navigator.clipboard.writeText('before')")
    page.get_by_role("link", name="Mở Zalo").click()
    page.wait_for_url("https://zalo.me/**")
    page.go_back()
    expect(page.locator(".big strong")).to_be_visible()
    assert page.evaluate("navigator.clipboard.readText()") == code
    context.close()


def test_where_copying_is_refused_the_code_is_marked(browser: Browser, served: Served) -> None:
    """A browser that lets nobody copy shows how to do it by hand, with the code selected."""
    context = browser.new_context()
    context.add_init_script(
        "document.execCommand = () => false;"
        "navigator.clipboard.writeText = () => Promise.reject(new Error('no'));"
    )
    page = context.new_page()
    code = arrive(page, served)
    page.get_by_role("button", name="Chép mã").click()
    expect(page.get_by_role("status")).to_have_text(re.compile("^Máy này không cho chép"))
    assert page.evaluate("getSelection().toString()") == code
    context.close()
