"""The page between a poster and Zalo: an arrival code, in few taps, also without a script."""

from __future__ import annotations

import gzip
import re
from dataclasses import replace
from urllib.parse import quote

import pytest
from chat import ABILITIES, GIAY, MAY
from sqlalchemy import func, select

from bot.hear import hear
from bot.speech import Heard
from channels import zalo
from storage.database import NotWritten, TooBusy
from storage.tables import arrival_code
from webhook import nonces
from webhook.app import create_app
from webhook.limits import Bucket

OA = "https://zalo.me/3579246801357924680"
UNKNOWN = "AAAAAAAAAAAAAAAAAAAAAA"


@pytest.fixture
def app(settings, office):
    """The application of a town that is on Zalo."""
    here = replace(
        office,
        public_url=settings.origin,
        doors={"zalo": OA},
        abilities=ABILITIES | {"zalo": zalo.ABILITIES},
    )
    return create_app(settings, here)


@pytest.fixture
def token(town):
    """The token of a poster."""
    return town.tokens[MAY]


def count(town):
    """How many codes lie in the store."""
    query = select(func.count()).select_from(arrival_code)
    return town.read(lambda store: store.connection.execute(query).scalar())


def opens(browser, token, **query):
    """Open the poster's page and press the door to Zalo."""
    lang = query.get("lang")
    browser.goes(f"/q/{token}" + (f"?lang={lang}" if lang else ""))
    return browser.presses("Open Zalo" if lang == "en" else "Mở Zalo")


def shown(browser):
    """Return the code in large type."""
    found = re.search(r'<p class="code big"[^>]*><strong>([^<]+)</strong>', browser.page.text)
    assert found, browser.words
    return found[1]


def address(browser):
    """Return where the door on the page leads."""
    return browser.read.links.get("Mở Zalo") or browser.read.links["Open Zalo"]


def poster_code(town, token):
    """Return the code printed on a poster."""
    return town.read(lambda store: store.posters.by_token(token).code)


def test_two_taps_lead_to_zalo_with_a_code(browser, town, token):
    """The code stands there in large type, with its end; the link lays it ready in the message."""
    opens(browser, token)
    code = shown(browser).replace(" ", "")
    assert re.fullmatch("[2-9A-Z]{6}", code)
    assert "Mã để bắt đầu" in browser.words
    assert "Mã hết hạn lúc 08:30." in browser.words
    assert address(browser) == f"{OA}?text=%23{code}"
    assert "tìm “Kết Đoàn”" in browser.words
    assert code != poster_code(town, token)


def test_the_code_brings_her_to_the_place(browser, town, token):
    """What the page shows, sent on Zalo, is understood there."""
    opens(browser, token)
    hear(Heard("paper", "she", "e1", text=shown(browser)), town.office)
    known = town.read(lambda store: store.conversations.find("paper", "she"))
    assert known.enterprise_id is not None


def test_looking_makes_nothing(browser, town, token):
    """Scans, previews and robots that only look leave no row."""
    for path in (f"/q/{token}", f"/q/{token}/zalo", f"/q/{token}/zalo?asked=x.y"):
        for _ in range(5):
            browser.goes(path)
    assert count(town) == 0


def test_the_page_can_be_loaded_again_and_comes_back(browser, town, token):
    """A phone that closed the page shows the same code again; sent twice it is one code."""
    opens(browser, token)
    code, path = shown(browser), str(browser.page.url.raw_path, "ascii")
    browser.goes(path)
    assert shown(browser) == code
    browser.goes(f"/q/{token}")
    form = next(one for one in browser.read.forms if one.action.endswith("/zalo"))
    for _ in range(3):
        browser.sends(form.action, form.fields)
    assert count(town) == 2


def test_after_its_end_the_page_offers_another(browser, town, token, clock):
    """An old page leads back to the poster's, which says why; the next tap gives a good code."""
    opens(browser, token)
    path = str(browser.page.url.raw_path, "ascii")
    clock.advance(minutes=30)
    browser.goes(path)
    assert browser.path == f"/q/{token}"
    assert "Mã cũ đã hết hạn." in browser.words
    browser.presses("Mở Zalo")
    assert "Mã hết hạn lúc 09:00." in browser.words


def test_a_used_code_is_shown_like_a_good_one(browser, town, token):
    """Whoever finds the address in her history does not learn whether she went on."""
    opens(browser, token)
    path, before = str(browser.page.url.raw_path, "ascii"), browser.words
    hear(Heard("paper", "she", "e1", text=shown(browser)), town.office)
    browser.goes(path)
    assert browser.words == before


def test_a_day_long_code_says_its_day(browser, door, token):
    """An end tomorrow stands there with its day."""
    door.settings = door.settings.model_copy(update={"arrival_minutes": 1440})
    opens(browser, token)
    assert "Mã hết hạn lúc 08:00, 21/11." in browser.words


def test_the_page_speaks_english(browser, town, token):
    """The language goes along, on the page and with the code."""
    opens(browser, token, lang="en")
    assert "Code to begin" in browser.words
    assert "It ends at 08:30." in browser.words
    code = shown(browser)
    browser.goes(browser.read.links["Tiếng Việt"])
    assert shown(browser) == code
    assert "Mã để bắt đầu" in browser.words
    hear(Heard("paper", "she", "e1", text=code), town.office)
    assert town.read(lambda store: store.conversations.find("paper", "she")).language == "en"


def test_the_way_back_leads_to_the_poster(browser, token):
    """Nobody is stuck on this page."""
    opens(browser, token)
    browser.goes(browser.read.links["Về trang trước"])
    assert browser.path == f"/q/{token}"


# --- where there is none to give ------------------------------------------------------------------


@pytest.mark.parametrize("trouble", [TooBusy(), NotWritten("x")])
def test_a_store_that_cannot_write_is_no_closed_door(
    browser, door, town, token, trouble, monkeypatch
):
    """Where no code can be kept the poster's own is shown: it opens the same, and has no end."""

    async def broken(asked):
        raise trouble

    monkeypatch.setattr(door, "give_code", broken)
    opens(browser, token)
    code = poster_code(town, token)
    assert shown(browser).replace(" ", "") == code
    assert address(browser) == f"{OA}?text=%23{code}"
    assert "hết hạn" not in browser.words
    assert "Mã này dùng được lâu." in browser.words


def test_who_asks_without_end_gets_the_posters_code(browser, door, town, token):
    """One network address fills no store: from then on the poster's code is shown."""
    door.limits.codes = Bucket(burst=3, rate=0)
    for _ in range(6):
        opens(browser, token)
        assert browser.page.status_code == 200
    assert count(town) == 3
    assert shown(browser).replace(" ", "") == poster_code(town, token)


def test_too_many_codes_are_no_closed_door(browser, town, token, monkeypatch):
    """A store full of codes gives none more, and she still gets to Zalo."""
    from storage import arrivals

    monkeypatch.setattr(arrivals, "MOST_LIVE", 1)
    opens(browser, token)
    opens(browser, token)
    assert count(town) == 1
    assert shown(browser).replace(" ", "") == poster_code(town, token)


# --- what is sent here by others ------------------------------------------------------------------


def test_a_form_of_another_page_gives_nothing(browser, door, town, token):
    """A number that was made for another poster, or made up, leads back to the page."""
    keys = door.office.database.keys
    other = nonces.fresh(keys, UNKNOWN)
    for nonce in (
        "",
        "x",
        "x.y",
        other,
        "\x00",
        "😀.😀",
        "a" * 5000,
        "\ud800".encode("utf-8", "replace"),
    ):
        browser.sends(f"/q/{token}/zalo", {"nonce": nonce, "lang": "vi"})
        assert browser.path == f"/q/{token}"
        assert browser.page.status_code == 200
    assert count(town) == 0


def test_an_address_with_anothers_number_shows_nothing(browser, door, token):
    """A number that was not this poster's leads to the poster's page."""
    other = nonces.fresh(door.office.database.keys, UNKNOWN)
    for asked in ("x", "x.y", other, "%00", "a" * 3000, "%F0%9F%98%80"):
        browser.goes(f"/q/{token}/zalo?asked={asked if '%' in asked else quote(asked)}")
        assert browser.path == f"/q/{token}"


def test_anothers_number_is_not_shown_under_this_poster(browser, town, token):
    """A code that another poster's page was given stands on no page but that one's."""
    opens(browser, town.tokens[GIAY])
    path = str(browser.page.url.raw_path, "ascii")
    browser.goes(path.replace(town.tokens[GIAY], token))
    assert browser.path == f"/q/{token}"


def test_unknown_and_revoked_posters_lead_to_the_one_page(browser, door, town, token):
    """Codes and pages of posters that open nothing: the same page as for any unknown token."""
    opens(browser, token)
    path = str(browser.page.url.raw_path, "ascii")
    town.write(lambda store: store.posters.revoke(store.posters.by_token(token).id))
    keys = door.office.database.keys
    browser.goes(path)
    assert "chưa tìm ra nơi làm" in browser.words
    for one in (token, UNKNOWN, "0", "%00", "x" * 900, "%ff", "%0d%0aset-cookie:x"):
        browser.sends(f"/q/{one}/zalo", {"nonce": nonces.fresh(keys, one), "lang": "vi"})
        assert browser.page.status_code == 200
        assert "chưa tìm ra nơi làm" in browser.words
        assert "set-cookie" not in browser.page.headers
        browser.goes(f"/q/{one}/zalo")
        assert "chưa tìm ra nơi làm" in browser.words
    assert count(town) == 1


def test_a_language_nobody_speaks_is_answered_in_ours(browser, door, town, token):
    """Made-up languages in the form break neither page nor row."""
    keys = door.office.database.keys
    for lang in ("zz", "x" * 4000, "\x00", "vi&asked=x", "<b>", "😀"):
        browser.sends(f"/q/{token}/zalo", {"nonce": nonces.fresh(keys, token), "lang": lang})
        assert browser.page.status_code == 200
        assert "Mã để bắt đầu" in browser.words
        assert "Mã hết hạn" in browser.words


def test_another_site_cannot_send_the_form(browser, town, door, token):
    """What another page's script sends is refused like any foreign form."""
    nonce = nonces.fresh(door.office.database.keys, token)
    answer = browser.client.post(
        f"/q/{token}/zalo", data={"nonce": nonce}, headers={"origin": "https://elsewhere.example"}
    )
    assert answer.status_code == 403
    assert count(town) == 0


# --- which door -----------------------------------------------------------------------------------


def test_the_landing_page_has_zalo_first_and_no_script(browser, door, token):
    """Zalo's door comes before all others; the page itself needs no script."""
    door.office.doors["telegram"] = "https://t.me/ketdoan_bot"
    text = browser.goes(f"/q/{token}").text
    assert 0 < text.index("Mở Zalo") < text.index("Mở Telegram") < text.index("Nhắn tại đây")
    assert "<script" not in text


def test_an_unknown_poster_leads_to_zalo_without_a_code(browser):
    """Nothing to type where nothing is known: the account asks for the code or the name."""
    browser.goes(f"/q/{UNKNOWN}")
    assert browser.read.links["Mở Zalo"] == OA


def test_a_door_where_nobody_of_ours_listens_gets_no_code(browser, door, token):
    """An account that is no channel here understands no arrival code: its link alone is shown."""
    door.office = replace(door.office, abilities=ABILITIES)
    browser.goes(f"/q/{token}")
    assert browser.read.links["Mở Zalo"] == OA
    assert "Vào Zalo, bạn gửi mã này trước." in browser.words
    browser.goes(f"/q/{token}/zalo")
    assert browser.path == f"/q/{token}"


@pytest.mark.parametrize(
    "link", ["https://zalo.example/oa", "https://zalo.me/1?x=y", "https://bots.example/ketdoan"]
)
def test_only_an_account_takes_text_in_its_link(browser, door, token, link):
    """A bot's link, and one that says something already, is left as it is."""
    door.office.doors["zalo"] = link
    opens(browser, token)
    assert address(browser) == link


def test_the_page_is_small_and_asks_nobody_else(browser, token):
    """Page, style and script together stay under 10 KB compressed, and are all our own."""
    opens(browser, token)
    assert browser.page.headers["cache-control"] == "no-store"
    assert browser.page.headers["referrer-policy"] == "no-referrer"
    total = len(gzip.compress(browser.page.content))
    for tag, said in browser.read.tags:
        source = said.get("src") or (said.get("href") if tag == "link" else None)
        if source and not source.startswith("data:"):
            assert source.startswith("/static/")
            total += len(gzip.compress(browser.client.get(source).content))
    assert total < 10_000
    assert re.findall("<title>(.*?)</title>", browser.page.text) == ["Kết Đoàn"]
