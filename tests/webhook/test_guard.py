"""What stands before every page: headers, sizes, foreign senders, floods, and no stack trace."""

import http.client
import json
import re

from chat import MAY
from httpx import Client

from webhook.guard import MOST_BYTES, Guard
from webhook.limits import MOST_KEPT, Bucket, Limits

PATHS = [
    "/", "/q/x", "/q/x.svg", "/chat", "/chat/letters", "/chat/return", "/t/x", "/s", "/about",
    "/employer", "/healthz", "/readyz", "/nope", "/static/nope.css", "/docs", "/openapi.json",
    "/demo", "/demo/timeline", "/q/", "/t/", "/%2e%2e/etc/passwd", "/static/..%2f..%2fapp.py",
]  # fmt: skip


def test_every_answer_carries_the_headers(client: Client):
    """A strict policy, no referrer, no guessing of types, never kept: on errors too."""
    for path in PATHS:
        answer = client.get(path)
        assert answer.status_code in (200, 303, 404), path
        policy = answer.headers["content-security-policy"]
        for part in (
            "default-src 'none'", "script-src 'self'", "style-src 'self'", "img-src 'self' data:",
            "form-action 'self'", "frame-ancestors 'none'", "base-uri 'none'",
        ):  # fmt: skip
            assert part in policy, path
        assert "unsafe" not in policy
        assert answer.headers["referrer-policy"] == "no-referrer", path
        assert answer.headers["x-content-type-options"] == "nosniff", path
        assert answer.headers["cache-control"] == "no-store", path
        assert "camera=()" in answer.headers["permissions-policy"], path
        assert "server" not in answer.headers


def test_no_page_needs_what_the_policy_forbids(client: Client):
    """No page has inline script, inline style, or anything from elsewhere."""
    for path in PATHS:
        text = client.get(path, follow_redirects=True).text
        assert not re.search(r"<script(?![^>]*src=)|\son\w+=|\sstyle=|<style", text), path
        assert not re.search(r'(src|href|action)="(https?:)?//', text), path


def test_static_files_may_be_kept(client: Client, town):
    """Style and script have names that change with their bytes, and may be kept for long."""
    page = client.get(f"/q/{town.tokens[MAY]}").text
    path = re.search(r'href="(/static/page\.[0-9a-f]+\.css)"', page)[1]
    answer = client.get(path)
    assert answer.status_code == 200
    assert "immutable" in answer.headers["cache-control"]
    assert answer.headers["x-content-type-options"] == "nosniff"


def test_what_is_not_there_is_a_page_of_ours(client: Client):
    """An unknown address is answered in words, in the language asked for."""
    for path in ("/nope", "/q/", "/docs", "/openapi.json", "/demo"):
        answer = client.get(path)
        assert answer.status_code == 404, path
        assert "Trang này không có ở đây" in answer.text
        assert "from the chat" in client.get(path, params={"lang": "en"}).text


def test_other_methods_are_refused(client: Client):
    """Only looking and sending forms is possible."""
    for method in ("PUT", "DELETE", "PATCH", "OPTIONS", "TRACE", "PROPFIND"):
        assert client.request(method, "/chat").status_code in (403, 405), method


# --- who sends ------------------------------------------------------------------------------------

OURS = [
    {},
    {"origin": "null", "sec-fetch-site": "same-origin"},
    {"origin": "{origin}", "sec-fetch-site": "same-origin"},
    {"origin": "{origin}"},
    {"sec-fetch-site": "none"},
]
FOREIGN = [
    {"origin": "https://evil.example"},
    {"origin": "https://evil.example", "sec-fetch-site": "cross-site"},
    {"origin": "null", "sec-fetch-site": "cross-site"},
    {"sec-fetch-site": "same-site"},
    {"origin": "http://["},
    {"origin": "https://evil.example", "sec-fetch-site": "same-origin"},
]


def test_forms_of_our_pages_come_in(client: Client, settings, town):
    """What browsers send with our own forms, old ones and new ones, is accepted."""
    for headers in OURS:
        said = {name: value.format(origin=settings.origin) for name, value in headers.items()}
        answer = client.post(f"/q/{town.tokens[MAY]}/chat", data={"lang": "vi"}, headers=said)
        assert answer.status_code == 303, headers


def test_forms_of_other_sites_are_refused(client: Client):
    """A form sent by another site changes nothing and is told so in words."""
    for headers in FOREIGN:
        for path in ("/chat", "/q/x/chat", "/t/x", "/s", "/", "/chat/left"):
            answer = client.post(path, data={"text": "x"}, headers=headers)
            assert answer.status_code == 403, (headers, path)
            assert "chưa đọc được" in answer.text


# --- sizes ----------------------------------------------------------------------------------------


def test_too_much_is_refused(client: Client):
    """A body above the limit is refused, by what it says of itself and by what comes."""
    big = b"text=" + b"a" * MOST_BYTES
    kind = {"content-type": "application/x-www-form-urlencoded"}
    assert client.post("/chat", content=big, headers=kind).status_code == 413
    pieces = (big[n : n + 4000] for n in range(0, len(big), 4000))
    answer = client.post("/s", content=pieces, headers=kind)
    assert answer.status_code == 413
    assert "quá lớn" in answer.text


def test_odd_lengths_are_refused(settings, client: Client):
    """A length that is none is refused and leaves the server alive."""
    for length in ("-1", "abc", "9" * 40):
        raw = http.client.HTTPConnection(settings.origin.removeprefix("http://"), timeout=5)
        raw.putrequest("POST", "/s")
        raw.putheader("Content-Length", length)
        raw.putheader("Content-Type", "application/x-www-form-urlencoded")
        raw.endheaders()
        assert raw.getresponse().status in (400, 413), length
        raw.close()
        assert client.get("/healthz").status_code == 200


# --- errors ---------------------------------------------------------------------------------------


def test_no_error_shows_its_insides(client: Client, door, monkeypatch, capsys):
    """Whatever breaks, the reader sees a page of ours and the log the place, not the words."""

    async def broken(look):
        raise RuntimeError("Nguyễn Thị Mẫu")

    monkeypatch.setattr(door, "read", broken)
    for path in ("/q/abc", "/", "/about"):
        answer = client.get(path)
        assert answer.status_code == 500
        assert "máy đang trục trặc" in answer.text
        assert "Traceback" not in answer.text
        assert "RuntimeError" not in answer.text
    logged = capsys.readouterr()
    assert "RuntimeError at" in logged.out + logged.err
    assert "Mẫu" not in logged.out + logged.err


def test_no_log_holds_an_address_or_a_token(browser, town, capfd):
    """A whole walk leaves neither token, nor network address, nor a word of hers in the log."""
    browser.signs(town.tokens[MAY])
    browser.goes("/nope")
    browser.client.post("/chat", data={"text": "bí mật"})
    logged = capfd.readouterr()
    for secret in (town.tokens[MAY], browser.client.cookies["kd"], "Nguyễn", "bí mật", "/q/"):
        assert secret not in logged.out + logged.err
    assert not re.search(r"127\.0\.0\.1:\d+ - |\"GET ", logged.out + logged.err)


# --- health ---------------------------------------------------------------------------------------


def test_health(client: Client):
    """Alive says so; ready says that the memory can be used and which channels are in trouble."""
    assert client.get("/healthz").status_code == 200
    answer = client.get("/readyz")
    assert answer.status_code == 200
    assert answer.json() == {"ready": True, "database": "usable", "channels": []}


def test_not_ready_without_the_database(client: Client, door, monkeypatch):
    """A memory that cannot be read is 503, while the program stays alive."""

    def broken():
        raise OSError("disk")

    monkeypatch.setattr(door.office.database, "read", broken)
    answer = client.get("/readyz")
    assert answer.status_code == 503
    assert answer.json()["ready"] is False
    assert client.get("/healthz").status_code == 200


def test_a_full_queue_is_not_ready(client: Client, door, monkeypatch):
    """A queue that is nearly full is said to whoever watches."""
    monkeypatch.setattr(type(door.office.database), "waiting", property(lambda _: 999))
    answer = client.get("/readyz")
    assert answer.status_code == 503
    assert answer.json()["database"] == "full queue"


def test_channels_in_trouble_are_named(client: Client, town):
    """A channel whose letters lately found no way is named in the body; it is still ready."""
    chat = town.person("Mẫu")
    chat.says("alo")

    def bury(store):
        store.outbox.post(
            key="x", conversation_id=chat.conversation_id(), channel="paper", reply="{}"
        )
        for one in store.outbox.claim("lease", 60, ["paper"]):
            store.outbox.dead(one.id, "lease", "rejected")

    town.write(bury)
    answer = client.get("/readyz")
    assert answer.status_code == 200
    assert answer.json()["channels"] == ["paper"]


def test_start_up_is_frozen(client: Client):
    """What start-up made is out of the collector's way."""
    import gc

    assert client.get("/healthz").status_code == 200
    assert gc.get_freeze_count() > 10_000


# --- limits ---------------------------------------------------------------------------------------


def test_a_bucket_lets_bursts_through_and_fills_again():
    """So many at once, then so many a second, each key by itself."""
    now = [0.0]
    bucket = Bucket(burst=3, rate=1, clock=lambda: now[0])
    assert [bucket.takes("a") for _ in range(5)] == [True, True, True, False, False]
    assert bucket.takes("b")
    now[0] = 2
    assert [bucket.takes("a") for _ in range(3)] == [True, True, False]


def test_a_bucket_does_not_grow_without_end():
    """However many ask, so many are remembered."""
    bucket = Bucket(burst=1, rate=0)
    for number in range(MOST_KEPT + 500):
        bucket.takes(str(number))
    assert len(bucket._kept) == MOST_KEPT


def test_a_factory_behind_one_address_comes_through():
    """A thousand people behind one network address open the page within a minute."""
    limits = Limits()
    assert all(limits.knocks.takes("10.0.0.1") for _ in range(3000))
    assert all(limits.newcomers.takes() for _ in range(1000))


def test_more_at_once_than_there_is_room_for():
    """Above so many requests at once the rest are told to come again, with the time."""
    import asyncio

    from starlette.responses import PlainTextResponse

    held = asyncio.Event()
    statuses: list[int] = []

    async def slow(scope, receive, send):
        await held.wait()
        await PlainTextResponse("done")(scope, receive, send)

    def refuse(_request, status, _key, seconds):
        return PlainTextResponse("later", status, {"retry-after": str(seconds)})

    guard = Guard(slow, origin="http://x", limits=Limits(), refuse=refuse)

    async def ask():
        async def receive():
            return {"type": "http.request", "body": b"", "more_body": False}

        async def send(message):
            if message["type"] == "http.response.start":
                statuses.append(message["status"])

        scope = {
            "type": "http",
            "method": "GET",
            "path": "/",
            "headers": [],
            "query_string": b"",
            "client": ("127.0.0.1", 1),
            "server": ("127.0.0.1", 2),
            "scheme": "http",
        }
        await guard(scope, receive, send)

    async def crowd():
        asking = [asyncio.create_task(ask()) for _ in range(600)]
        await asyncio.sleep(0.05)
        early = list(statuses)
        held.set()
        await asyncio.gather(*asking)
        return early

    early = asyncio.run(crowd())
    assert early == [503] * 100
    assert statuses.count(200) == 500


# --- status by code -------------------------------------------------------------------------------


def _code(browser):
    return re.search(r"Mã của bạn: ([A-Z2-9 ]{6,7})", browser.words)[1].replace(" ", "")


def test_the_status_of_a_code(browser, another, town):
    """Her code in any spelling reads one of four values, without her name."""
    browser.signs(town.tokens[MAY])
    code = _code(browser)
    other = another()
    for typed in (code, code.lower(), f"#{code[:3]} {code[3:]}"):
        other.goes("/s")
        other.presses("Xem", code=typed)
        assert f"{code}: chưa có tin mới" in other.words
        assert "Mẫu" not in other.words
    other.goes("/s?lang=en")
    other.presses("See" if "See" in other.page.text else "Look", code=code)
    assert code in other.words


def test_an_unknown_code_reads_like_a_fresh_one(browser, another, town):
    """Unknown and waiting codes read alike but for the code itself."""
    browser.signs(town.tokens[MAY])
    code = _code(browser)
    other = another()
    other.goes("/s")
    other.presses("Xem", code=code)
    mine = other.page.text
    other.presses("Xem", code="ZZZZZZ")
    assert other.page.text.replace("ZZZZZZ", code) == mine


def test_what_is_no_code(browser):
    """What cannot be a code gets the empty page again."""
    for typed in ("", "0", "a" * 4000, "😀", "\x00", "\u202eABC", "K\u0301", "<b>"):
        browser.goes("/s")
        page = browser.presses("Xem", code=typed)
        assert page.status_code == 200
        assert "<b>" not in page.text


def test_guessing_codes_is_slowed_down(browser):
    """Code after code from one place: after a while, wait."""
    answers = [browser.client.post("/s", data={"code": "ABCDEF"}).status_code for _ in range(80)]
    assert answers[0] == 200
    assert answers[-1] == 503


def test_json_bodies_are_no_forms(client: Client):
    """A JSON body is refused in words."""
    assert client.post("/s", content=json.dumps({"code": "x"})).status_code == 400
