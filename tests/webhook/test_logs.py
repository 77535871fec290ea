"""The log: one JSON object a line, and nothing in it that a person said, whatever broke."""

import asyncio
import json
import logging
import os
import subprocess
import sys
import threading
from dataclasses import replace
from datetime import datetime
from pathlib import Path

import httpx
import pytest
import structlog
from serving import settle
from sqlalchemy import text

from bot.hear import hear, place_of
from bot.sender import drain
from bot.speech import Heard, Pace
from webhook.app import create_app
from webhook.logs import set_up_logs
from webhook.settings import read_settings
from webhook.wiring import abilities

ROOT = Path(__file__).parents[2]

# What must never be seen: a name, a number, a token, a text, half a character, a line's end.
CANARIES = (
    "Nguyễn Thị Hoàng Yến",
    "0987000111",
    "123456:AAcanary-token",
    "canary\u2028\x85\nline",
)
CANARY = " ".join(CANARIES)


@pytest.fixture
def lines(capfd):
    """The log as it is in earnest; returns what was written, each line as an object."""
    set_up_logs()
    yield lambda: _read(capfd)
    logging.getLogger().handlers.clear()


def _read(capfd):
    out, err = capfd.readouterr()
    _says_nothing(out + err)
    return [json.loads(line) for line in err.split("\n") if line]


def _says_nothing(written):
    for word in (*CANARIES, "Hoàng", "AAcanary", "canary"):
        for spelt in (word, json.dumps(word)[1:-1], ascii(word)[1:-1]):
            assert spelt not in written, spelt


# --- the form of a line ---------------------------------------------------------------------------


def test_a_line_has_time_level_event_and_process(lines):
    """Each line is one object; the time is UTC."""
    structlog.get_logger().info("open", url="http://127.0.0.1")
    (line,) = lines()
    assert list(line)[:4] == ["time", "level", "event", "process"]
    assert line["level"] == "info"
    assert line["process"] == os.getpid()
    assert datetime.fromisoformat(line["time"]).utcoffset().total_seconds() == 0


def test_many_threads_write_whole_lines(lines):
    """Lines of threads and of libraries never run into one another."""

    def write(number):
        for _ in range(200):
            structlog.get_logger().info("ours", number=number)
            logging.getLogger("x").warning(CANARY)

    threads = [threading.Thread(target=write, args=(n,)) for n in range(4)]
    for one in threads:
        one.start()
    for one in threads:
        one.join()
    assert len(lines()) == 1600


def test_a_log_that_cannot_be_written_stops_nobody(lines, monkeypatch):
    """A full disk or a closed pipe behind standard error is no error of a turn."""

    class Full:
        def write(self, _):
            raise OSError(28, "No space left on device")

    monkeypatch.setattr(sys, "stderr", Full())
    structlog.get_logger().error("turn broke")
    logging.getLogger("uvicorn.error").error(CANARY)


def test_what_is_no_plain_value_shows_its_kind_alone(lines):
    """An object, an error or bytes that somebody hands to the log is named, not written out."""
    try:
        raise ValueError(CANARY)  # noqa: TRY301
    except ValueError as error:
        structlog.get_logger().error(
            "one", error=error, more=[error, b"0987000111"], exc_info=True
        )
    structlog.get_logger().error("two", one={"name": CANARY}, exc_info=ValueError(CANARY))
    one, two = lines()
    assert one["error"].startswith("ValueError at test_logs.py:")
    assert one["more"][1] == "bytes"
    assert two["one"] == "dict"
    assert "exc_info" not in one


# --- canaries on every way ------------------------------------------------------------------------


@pytest.mark.parametrize(
    "name",
    ["uvicorn.error", "alembic", "aiohttp.client", "aiogram.event", "asyncio", "sqlalchemy"],
)
def test_a_library_tells_class_and_place_alone(lines, name):
    """Its words, their values, its error and its stack stay out, however it writes them."""
    library = logging.getLogger(name)
    try:
        raise RuntimeError(CANARY)  # noqa: TRY301
    except RuntimeError as error:
        library.exception("failed: %s", CANARY)
        library.error(f"failed: {CANARY}", exc_info=error, stack_info=True)
    library.warning("%s", {"token": CANARY}, extra={"chat": CANARY})
    library.critical(CANARY)
    found = lines()
    assert [line["level"] for line in found] == ["error", "error", "warning", "critical"]
    for line in found:
        assert line["event"] == "library"
        assert line["logger"] == name
        assert line["place"].startswith("test_logs.py:")
    assert found[0]["error"].startswith("RuntimeError at test_logs.py:")


def test_libraries_do_not_chatter(lines):
    """What is no warning stays out, also where a library set its own level."""
    library = logging.getLogger("aiogram.dispatcher")
    library.setLevel(logging.DEBUG)
    library.info(CANARY)
    library.debug(CANARY)
    library.setLevel(logging.NOTSET)
    assert lines() == []


def test_a_turn_that_breaks_in_the_store_shows_no_values(lines, town, monkeypatch):
    """An error of SQL holds its statement's values; the log and the kept event do not."""
    mau = town.person("Nguyễn Thị Mẫu")
    mau.scans("DN-MAY")

    def broken(turn):
        turn.store.connection.execute(
            text("insert into letter (key, reply_sealed) values (:key, :sealed)"),
            {"key": turn.text, "sealed": CANARY.encode()},
        )

    monkeypatch.setattr("bot.dialogue.find", lambda _: broken)
    mau.says(CANARY)
    (line,) = lines()
    assert line["event"] == "turn broke"
    assert "IntegrityError at test_logs.py:" in line["error"]
    (kept,) = town.read(lambda store: store.inbox.failed())
    _says_nothing(kept.error)


def test_a_commit_that_fails_shows_no_values(lines, town, monkeypatch):
    """A store that fails under a turn is told to her as busy, and to nobody in its words."""
    mau = town.person("Nguyễn Thị Mẫu")
    mau.says("alo")

    def full(*_, **__):
        raise OSError(28, CANARY)

    monkeypatch.setattr("bot.hear.take_turn", full)
    mau.says("menu")
    (line,) = lines()
    assert line["error"].startswith("OSError at ")


def test_an_asyncio_task_that_nobody_awaits(lines):
    """A task, a callback and a future that broke alone: asyncio prints their words; we do not."""

    async def breaks():
        raise ValueError(CANARY)

    def falls():
        raise KeyError(CANARY)

    async def run():
        loop = asyncio.get_running_loop()
        loop.call_soon(falls)
        task = loop.create_task(breaks(), name=CANARY)
        while not task.done():  # noqa: ASYNC110 -- awaiting it would take its error away
            await asyncio.sleep(0)
        del task
        loop.call_exception_handler({"message": CANARY, "exception": OSError(CANARY)})

    asyncio.run(run())
    found = lines()
    assert {line["logger"] for line in found} == {"asyncio"}
    assert {line["error"].split()[0] for line in found} == {"KeyError", "ValueError", "OSError"}


def test_bad_requests_show_nothing(lines, client, monkeypatch):
    """Bodies, addresses, cookies and headers that somebody sends are in no line, also when it breaks."""
    token = CANARIES[2]
    secret = {"x-telegram-bot-api-secret-token": token, "cookie": f"a={token}"}
    for path in ("/telegram", "/chat", f"/q/{token}", f"/t/{token}", f"/{token}?x={token}"):
        client.post(path, content=CANARY.encode(), headers=secret)
        client.post(path, content=b"{" + CANARY.encode())
        client.get(path, headers=secret)

    def broken(*_, **__):
        raise RuntimeError(CANARY)

    monkeypatch.setattr("webhook.pages.Pages.static", broken)
    assert client.get(f"/static/{token}", headers=secret).status_code == 500
    assert [line["event"] for line in lines() if line["level"] != "info"] == ["page broke"]


def test_what_telegram_delivers_shows_nothing(lines, office, tmp_path, monkeypatch):
    """Wrong secrets, odd updates, words that break a turn or the door: ids, texts and tokens stay out."""
    settings = read_settings(
        data_dir=tmp_path, telegram_token=CANARIES[2], telegram_webhook_secret="s" * 20,
        telegram_api_url="http://127.0.0.1:9",
    )  # fmt: skip
    app = create_app(settings, replace(office, abilities=abilities(settings)))
    her = {"id": 987000111, "type": "private", "is_bot": False, "first_name": CANARIES[0]}
    words = {
        "message_id": 1,
        "date": int(office.database.clock().timestamp()),
        "chat": her,
        "from": her,
    }
    odd = (b"{" + CANARY.encode(), json.dumps([CANARY]), json.dumps({"update_id": CANARY}))

    async def knock(body, secret="s" * 20):
        headers = {"x-telegram-bot-api-secret-token": secret}
        transport = httpx.ASGITransport(app)
        async with httpx.AsyncClient(transport=transport, base_url="http://door") as her_line:
            return (await her_line.post("/telegram", content=body, headers=headers)).status_code

    def says(number, **more):
        return json.dumps({"update_id": number, "message": words | more})

    for body in (*odd, says(1, text=CANARY), says(2, location=CANARY), says("x", text=CANARY)):
        assert asyncio.run(knock(body, CANARY.encode())) == 403
        assert asyncio.run(knock(body)) in (200, 400)
    for place in ("bot.dialogue.find", "webhook.door.Door.hear"):
        with monkeypatch.context() as patch:
            patch.setattr(place, _broken)
            asyncio.run(knock(says(3 if place.endswith("find") else 4, text=CANARY)))
    assert {line["event"] for line in lines()} == {"turn broke", "telegram broke"}


def _broken(*_, **__):
    raise RuntimeError(CANARY)


def test_a_channel_that_breaks_shows_no_words(lines, office):
    """A mouth whose error holds what it was to say: class and place alone are logged."""

    class Mouth:
        pace = Pace(0, 0)

        async def send(self, address, reply):
            raise RuntimeError(f"{address} {reply.text} {CANARY}")

    hear(Heard("paper", CANARIES[1], "1", text=CANARY), office)
    asyncio.run(drain(office, {"paper": Mouth()}))
    found = lines()
    assert found
    assert {line["event"] for line in found} == {"channel"}


def test_the_metrics_page_shows_no_words(lines, town, tmp_path, monkeypatch):
    """A count that cannot be put together, a database that cannot be read: no words of theirs."""
    from test_metrics import free_port

    from webhook import metrics_page
    from webhook.metrics import watched

    def broken(*_, **__):
        raise RuntimeError(CANARY)

    settings = read_settings(data_dir=tmp_path, metrics_port=free_port())
    monkeypatch.setattr(metrics_page, "_of_process", broken)
    with watched(settings, town.office), pytest.raises(httpx.TransportError):
        httpx.get(f"http://127.0.0.1:{settings.metrics_port}/metrics")
    assert [line["event"] for line in lines()] == ["metrics"]


# --- what nobody catches --------------------------------------------------------------------------

PROGRAM = """
import sys, threading, warnings
sys.path.insert(0, {root!r})
CANARY = sys.argv.pop()
from webhook import __main__ as program

class Lost:
    def __del__(self):
        raise OSError(CANARY)

def act():
    one = threading.Thread(target=lambda: {{}}[CANARY])
    one.start(); one.join()
    lost = Lost()
    del lost
    warnings.warn(CANARY, RuntimeWarning)
    raise ValueError(CANARY)

program.app.command("act")(act)
sys.argv[1:] = ["act"]
program.main()
"""


def test_what_nobody_catches_is_a_line_without_words(tmp_path):
    """Thread, finalizer, warning and the command itself: four lines, exit code 1, no stack trace."""
    program = PROGRAM.format(root=str(ROOT))
    ran = subprocess.run(
        [sys.executable, "-W", "always::RuntimeWarning", "-c", program, CANARY],
        cwd=tmp_path, capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip
    _says_nothing(ran.stdout + ran.stderr)
    found = [json.loads(line) for line in ran.stderr.splitlines()]
    assert [line["event"] for line in found] == ["thread stopped", "lost", "warning", "stopped"]
    assert found[-1]["error"].startswith("ValueError at ")
    assert found[2]["kind"] == "RuntimeWarning"
    assert ran.returncode == 1


def test_the_real_program_writes_json_alone(founded, tmp_path):
    """A server that is visited, asked nonsense and stopped has a log of JSON lines without a word."""
    served = settle(founded, tmp_path)
    served.start()
    try:
        httpx.post(f"{served.url}/telegram", content=CANARY.encode())
        httpx.get(f"{served.url}/q/{CANARIES[2]}")
    finally:
        served.stop()
    log = (tmp_path / "serve.log").read_text()
    _says_nothing(log)
    assert [json.loads(line)["event"] for line in log.splitlines()] == ["open", "closed"]


# --- where it broke -------------------------------------------------------------------------------


def test_the_place_is_ours_and_then_the_librarys():
    """Whoever reads the log sees which line of ours it left, and which line of a library raised."""
    try:
        json.loads(f"{{{CANARY}")
    except ValueError as error:
        place = place_of(error)
    assert place.startswith("JSONDecodeError at test_logs.py:")
    assert ", decoder.py:" in place
    _says_nothing(place)
    assert place_of(ValueError(CANARY)) == "ValueError at "
