"""What is counted, where it is shown, and what nobody can learn from it."""

import asyncio
import json
import signal
import socket
import subprocess
import sys
import threading
import time
from collections import Counter
from contextlib import contextmanager
from datetime import timedelta
from errno import ECONNREFUSED
from pathlib import Path

import httpx
import pytest
from chat import GIAY, MAY
from prometheus_client.parser import text_string_to_metric_families
from serving import settle
from sqlalchemy import event

from bot import rounds
from bot.hear import hear, submit
from bot.office import NoWatch
from bot.sender import drain
from bot.speech import Gone, Heard, Pace, Rejected, TooFast, Unreachable, Unsure
from bot.turn import Prepared
from storage.database import NotWritten, TooBusy
from webhook import lookout
from webhook.metrics import MOST_KINDS, OTHER, TURN_BOUNDS, Tally, watched
from webhook.settings import read_settings
from webhook.trouble import SettingTrouble

ROOT = Path(__file__).parents[2]

# Every label with every word that may stand in it; `le` and `kind` are checked by themselves.
ALLOWED = {
    "channel": {"paper", "abroad", "web", "terminal", "operator", "telegram", "zalo", "zalo-bot"},
    "outcome": {
        "answered", "repeat", "broke", "busy", "not written",
        "sent", "gone", "shut", "too fast", "rejected", "unreachable", "unsure",
    },
    "lane": {"talk", "campaign"},
    "state": {"waiting", "claimed", "dead", "held"},
    "round": {
        "scans", "forget", "memories", "reroute", "bands", "overdue", "nudge", "digest", "settle",
        "spool",
    },
    "where": {"page"},
    "kind": {"sqlite", "postgresql"},
}  # fmt: skip


def alone(monkeypatch):
    """Forget what other tests of this process had delivered."""
    for name in ("webhook.telegram", "webhook.zalo", "webhook.zalo_bot"):
        monkeypatch.delitem(sys.modules, name, raising=False)


def free_port():
    """Return a port nobody listens on."""
    with socket.socket() as made:
        made.bind(("127.0.0.1", 0))
        return made.getsockname()[1]


@pytest.fixture
def open_port(tmp_path):
    """Settings of an installation that is watched."""
    with socket.socket() as one, socket.socket() as other:
        # Both held at once, so that they are not the same.
        one.bind(("127.0.0.1", 0))
        other.bind(("127.0.0.1", 0))
        ports = [made.getsockname()[1] for made in (one, other)]
    return read_settings(data_dir=tmp_path, port=ports[0], metrics_port=ports[1])


@pytest.fixture
def fresh(monkeypatch):
    """Every look at the page looks into the database again."""
    monkeypatch.setattr(lookout, "_KEPT_SECONDS", 0.0)
    monkeypatch.setattr(lookout, "_REST", 0.0)


@contextmanager
def counting(settings, town):
    """Let the town's turns be counted and shown; give what shows them."""
    with watched(settings, town.office) as office:
        town.office = office
        yield lambda: scrape(settings)


def scrape(settings):
    """Return the page and its numbers: {(name, labels): value}."""
    page = httpx.get(f"http://127.0.0.1:{settings.metrics_port}/metrics", timeout=20)
    assert page.status_code == 200
    return page.text, numbers(page.text)


def numbers(text):
    """Read a page as Prometheus does."""
    return {
        (one.name, tuple(sorted(one.labels.items()))): one.value
        for family in text_string_to_metric_families(text)
        for one in family.samples
    }


def value(found, name, **labels):
    """Return one number of ours, 0 where it is not shown."""
    return found.get((f"ketdoan_{name}", tuple(sorted(labels.items()))), 0)


# --- turns ----------------------------------------------------------------------------------------


def test_turns_are_counted_by_what_they_came_to(open_port, town, monkeypatch):
    """Answered, repeated, broken, turned away and not written: each is counted for its channel."""
    mau = town.person("Nguyễn Thị Mẫu")
    with counting(open_port, town) as look:
        mau.scans(MAY)
        mau.says("menu", event="twice")
        mau.says("menu", event="twice")
        monkeypatch.setattr("bot.dialogue.find", lambda _: 1 / 0)
        mau.says("menu")
        monkeypatch.undo()
        for stop in (TooBusy, NotWritten):
            refuse(town.office, stop, monkeypatch)
        _, found = look()
    turns = {
        outcome: value(found, "turns_total", channel="paper", outcome=outcome)
        for outcome in ("answered", "repeat", "broke", "busy", "not written")
    }
    assert turns == {"answered": 2, "repeat": 1, "broke": 1, "busy": 1, "not written": 1}
    bucket = "turn_seconds_bucket"
    assert value(found, bucket, channel="paper", le="+Inf") == 2
    assert value(found, bucket, channel="paper", le="10.0") == 2


def refuse(office, why, monkeypatch):
    """Let the queue take nothing for one turn."""

    def full(_):
        raise why

    with monkeypatch.context() as patch:
        patch.setattr(office.database, "submit", full)
        with pytest.raises(why):
            submit(Heard("paper", "a", why.__name__, text="menu"), office, Prepared())


def test_no_sum_tells_how_long_a_single_turn_took(open_port, town):
    """From a sum one could read what the only person who wrote in a minute did."""
    with counting(open_port, town) as look:
        town.person("Nguyễn Thị Mẫu").scans(MAY)
        text, _ = look()
    assert "ketdoan_turn_seconds_bucket" in text
    assert "seconds_sum" not in text
    assert "seconds_count" not in text


def test_times_fall_into_their_columns():
    """A time is counted once, in the first column that holds it, and heaped up when shown."""
    from webhook.metrics_page import _heaped

    tally = Tally()
    for seconds in (0.0, 0.025, 0.03, 99.0):
        tally.turned("web", "answered", seconds)
    tally.turned("web", "busy", 0.0)
    columns = tally.turn_times.columns["web"]
    assert columns[:2] == [2, 1]
    assert columns[-1] == 1
    assert sum(columns) == 4
    heaped = list(_heaped(TURN_BOUNDS, columns))
    assert [count for _, count in heaped] == sorted(count for _, count in heaped)
    assert heaped[-1] == ("+Inf", 4)


def test_many_threads_lose_no_count():
    """Writers note at the same time; nothing is lost."""
    tally = Tally()

    def note():
        for _ in range(2000):
            tally.turned("web", "answered", 0.001)
            tally.sent("paper", "sent", 0.1)

    threads = [threading.Thread(target=note) for _ in range(8)]
    for one in threads:
        one.start()
    for one in threads:
        one.join()
    assert tally.turns["web", "answered"] == 16_000
    assert sum(tally.send_times.columns["paper"]) == 16_000


def test_words_of_strangers_do_not_make_it_grow():
    """Whatever somebody makes up as a channel or an outcome, the number of lines stays small."""
    tally = Tally()
    for number in range(5000):
        tally.refused("page", f"made-up-{number}")
    assert len(tally.refusals) <= MOST_KINDS + 1
    assert tally.refusals[OTHER, OTHER] == 5000 - MOST_KINDS


# --- nothing about anybody ------------------------------------------------------------------------


def test_nothing_of_a_person_or_an_enterprise_is_shown(open_port, town, fresh, monkeypatch):
    """After whole talks of many people at two enterprises: known labels, known words, no names."""
    alone(monkeypatch)
    with counting(open_port, town) as look:
        town.person("Nguyễn Thị Mẫu").signs(MAY)
        first, before = look()
        for number in range(7):
            one = town.person(
                f"Người {number} Thử", channel=("paper", "abroad", "web")[number % 3]
            )
            one.scans(GIAY if number % 2 else MAY)
            one.says("0912345678")
            one.says("tới đâu rồi")
        town.gather(9)
        text, found = look()
    for word in ("Mẫu", "Thử", "Công ty", "DN-", "CD-", "0912345678", *town.tokens.values()):
        assert word not in text
    assert not [line for line in text.splitlines() if line.startswith("#") and "sign" in line]
    for _, labels in found:
        for name, word in labels:
            if name == "le":
                assert word == "+Inf" or float(word) > 0
            elif name != "why":
                assert word in ALLOWED[name], (name, word)
    more = {name for name, _ in found} - {name for name, _ in before}
    assert more <= {"ketdoan_turns_total"}, "a number that only some acts make visible"
    assert len(text.splitlines()) < len(first.splitlines()) + 60


def test_the_same_numbers_whether_somebody_signs_or_asks(build, tmp_path):
    """Two towns, one where the last tap signs and one where it puts off: the page is the same."""

    def told(last):
        town = build()
        watch = read_settings(data_dir=tmp_path, metrics_port=free_port())
        mau = town.person("Nguyễn Thị Mẫu", channel="web")
        mau.scans(MAY)
        with counting(watch, town) as look:
            mau.says(last)
            _, found = look()
        return {
            name: number
            for name, number in found.items()
            if name[0].startswith("ketdoan_") and "seconds" not in name[0] and "gc_" not in name[0]
        }

    assert told("1") == told("để sau")


# --- the door -------------------------------------------------------------------------------------


def test_the_public_door_shows_nothing(client):
    """There is no such page where people talk."""
    for path in ("/metrics", "/metrics/", "/static/metrics"):
        answer = client.get(path)
        assert answer.status_code == 404
        assert "ketdoan_" not in answer.text


def test_refused_requests_are_counted_by_their_reason(open_port, office, client, door):
    """A page that is not there and a form that is too big are counted by the name of the refusal."""
    with watched(open_port, office) as counted:
        door.office = counted
        assert client.get("/made-up-by-somebody").status_code == 404
        assert client.post("/chat", content=b"x" * 70_000).status_code == 413
        text, found = scrape(open_port)
    assert value(found, "refused_total", where="page", why="page-not-found") == 1
    assert value(found, "refused_total", where="page", why="page-too-big") == 1
    assert "made-up" not in text


def test_without_a_port_nothing_is_counted_nor_loaded(tmp_path, office):
    """Who is not watched carries neither the counts nor the library."""
    with watched(read_settings(data_dir=tmp_path), office) as same:
        assert same is office
        assert isinstance(same.watch, NoWatch)
    program = (
        "import sys, webhook.serving, webhook.metrics; print('prometheus_client' in sys.modules)"
    )
    ran = subprocess.run(
        [sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, check=True
    )
    assert ran.stdout.strip() == "False"


def test_it_listens_on_this_machine_alone(open_port, office):
    """Unless told otherwise the page is bound to 127.0.0.1 and to no other address."""
    assert read_settings().metrics_host == "127.0.0.1"
    with watched(open_port, office):
        with socket.socket() as other:
            # This machine by another of its addresses.
            assert other.connect_ex(("127.0.0.2", open_port.metrics_port)) == ECONNREFUSED
        assert scrape(open_port)[0]


def test_only_one_page_and_only_by_asking(open_port, office):
    """Other paths are not there, other methods do not work, nonsense is not echoed in the log."""
    with watched(open_port, office):
        base = f"http://127.0.0.1:{open_port.metrics_port}"
        assert httpx.get(f"{base}/").status_code == 404
        assert httpx.get(f"{base}/metrics/x").status_code == 404
        assert httpx.post(f"{base}/metrics", content=b"x").status_code == 501
        with socket.create_connection(("127.0.0.1", open_port.metrics_port)) as rude:
            rude.sendall(b"\x16\x03\x01nonsense\r\n\r\n")
            rude.recv(1000)
        assert httpx.get(f"{base}/metrics?name[]=x").status_code == 200


def test_a_port_that_cannot_be_had_is_one_line(open_port, office):
    """A taken port, and the public door's own, are named as wrong settings."""
    taken = pytest.raises(SettingTrouble, match="METRICS_PORT: cannot listen")
    with watched(open_port, office), taken, watched(open_port, office):
        pass
    same = open_port.model_copy(update={"metrics_port": open_port.port})
    with pytest.raises(SettingTrouble, match="public door"), watched(same, office):
        pass


def test_who_does_not_insist_goes_on_unwatched(open_port, office):
    """A sender beside `serve` with the same settings still sends, and says that nobody sees it."""
    with watched(open_port, office), watched(open_port, office, insists=False) as same:
        assert same is office
        assert scrape(open_port)[0]


def test_the_port_is_free_again_at_once(open_port, office):
    """After a look and an end the same port can be listened on: a restart is not held up."""
    for _ in range(3):
        with watched(open_port, office):
            scrape(open_port)


# --- the database ---------------------------------------------------------------------------------


def spoken(town):
    """Return the conversation of somebody who has said something and has her answers."""
    mau = town.person("Mẫu")
    mau.says("alo")
    town.deliver()
    return mau.conversation_id()


def lay(store, conversation, channel, count, lane="talk"):
    """Lay letters out for somebody, as if she had been written to."""
    for number in range(count):
        store.outbox.post(
            key=f"{channel}{number}", conversation_id=conversation, channel=channel, reply="{}",
            lane=lane,
        )  # fmt: skip


def test_letters_are_shown_by_channel_lane_and_state(open_port, town, fresh):
    """What waits, what died and what is held; what a page reads by itself is not waiting."""
    mau, nhap = spoken(town), spoken(town)
    with counting(open_port, town) as look:
        hear(Heard("web", "w" * 26, "1", text="alo"), town.office)
        assert town.read(lambda store: store.outbox.counts())["waiting"] > 0
        town.write(lambda store: lay(store, mau, "abroad", 2))
        town.write(lambda store: lay(store, nhap, "telegram", 3, lane="campaign"))
        town.clock.advance(seconds=90)
        _, found = look()
        assert value(found, "letters", channel="abroad", lane="talk", state="waiting") == 2
        assert value(found, "oldest_letter_seconds", channel="abroad", lane="talk") == 90
        assert value(found, "letters", channel="telegram", lane="campaign", state="waiting") == 3
        town.write(lambda store: end(store, "abroad", dead=True))
        town.write(lambda store: end(store, "telegram", dead=False))
        text, found = look()
    # One letter of an address goes at a time: the next one waits for the first to end.
    assert value(found, "stuck_letters", channel="abroad", state="dead") >= 1
    assert value(found, "stuck_letters", channel="telegram", state="held") >= 1
    assert 'ketdoan_letters{channel="web"' not in text
    assert "0912345678" not in text


def end(store, channel, *, dead):
    """Let the letters that may go now end without having been sent."""
    for one in store.outbox.claim("lease", 60, [channel]):
        if dead:
            store.outbox.dead(one.id, "lease", "no words of hers: 0912345678")
        else:
            store.outbox.hold(one.id, "lease", "unsure")


def test_a_letter_that_waits_for_the_morning_is_not_late(open_port, town, fresh):
    """It is counted as waiting; its age begins when it may go."""
    conversation = spoken(town)

    def later(store):
        store.outbox.post(
            key="m", conversation_id=conversation, channel="abroad", reply="{}",
            not_before_at=store.now + timedelta(hours=9),
        )  # fmt: skip

    with counting(open_port, town) as look:
        town.write(later)
        town.clock.advance(hours=8)
        assert value(look()[1], "oldest_letter_seconds", channel="abroad", lane="talk") == 0
        town.clock.advance(hours=2)
        assert value(look()[1], "oldest_letter_seconds", channel="abroad", lane="talk") == 3600


def test_events_that_broke_are_shown_until_they_are_replayed(open_port, town, fresh, monkeypatch):
    """One broken turn is one failed event; after its replay there is none."""
    from bot.hear import replay

    mau = town.person("Nguyễn Thị Mẫu")
    with counting(open_port, town) as look:
        with monkeypatch.context() as patch:
            patch.setattr("bot.dialogue.find", lambda _: 1 / 0)
            mau.says("menu")
        assert value(look()[1], "failed_events") == 1
        assert replay(town.office) == (1, 0, 0)
        assert value(look()[1], "failed_events") == 0


def test_the_page_is_there_when_the_database_is_not(open_port, town, fresh, monkeypatch):
    """A database that is gone is a number on the page, and the rest is shown; back, it is up."""

    def gone():
        raise OSError("Nguyễn Thị Mẫu")

    with counting(open_port, town) as look:
        with monkeypatch.context() as patch:
            patch.setattr(town.office.database, "read", gone)
            text, found = look()
        assert found["ketdoan_database_up", ()] == 0
        assert "ketdoan_letters" not in text
        assert ("ketdoan_waiting_pieces", ()) in found
        assert "Mẫu" not in text
        assert look()[1]["ketdoan_database_up", ()] == 1


def test_a_database_that_hangs_holds_nobody_up(open_port, town, monkeypatch):
    """Who looks is answered soon, and turns go on while the look still hangs: it holds no lock."""
    let_go = threading.Event()
    hangs = threading.Event()
    seen = lookout.look

    def slowly(store):
        made = seen(store)
        hangs.set()
        assert let_go.wait(60)
        return made

    monkeypatch.setattr(lookout, "look", slowly)
    monkeypatch.setattr(lookout, "_PATIENCE_SECONDS", 0.05)
    try:
        with counting(open_port, town) as look:
            assert look()[1]["ketdoan_database_up", ()] == 0
            assert hangs.wait(20)
            town.person("Nguyễn Thị Mẫu").scans(MAY)
            _, found = look()
            assert value(found, "turns_total", channel="paper", outcome="answered") == 1
            let_go.set()
    finally:
        let_go.set()


@pytest.mark.store("sqlite", reason="reads the plans of SQLite")
def test_a_look_goes_by_small_indexes(town):
    """However many letters and events have ended, no look reads the whole table."""
    asked = []
    mau = spoken(town)
    town.write(lambda store: lay(store, mau, "telegram", 3))
    town.write(lambda store: store.outbox.claim("lease", 60, ["telegram"]))

    def look(store):
        @event.listens_for(store.connection, "before_cursor_execute")
        def note(_, __, statement, values, ___, ____):
            asked.append((statement, values))

        lookout.look(store)
        store.backlog.in_trouble(store.now)
        plans = [
            row[-1]
            for statement, values in asked[:]
            for row in store.connection.exec_driver_sql(f"explain query plan {statement}", values)
        ]
        return [one for one in plans if one.startswith(("SCAN letter", "SCAN inbox", "SEARCH"))]

    plans = town.read(look)
    assert len(asked) > 5
    assert any("ix_letter_to_send" in one for one in plans)
    for plan in plans:
        small = ("to_send", "in_hand", "stuck", "inbox_failed", "pace", "in_line")
        assert any(name in plan for name in small), plan


def test_looks_that_follow_one_another_share_one(open_port, town, monkeypatch):
    """Five looks within a second read the database once."""
    looks = Counter()
    seen = lookout.look

    def counted(store):
        looks["n"] += 1
        return seen(store)

    monkeypatch.setattr(lookout, "look", counted)
    with counting(open_port, town) as look:
        for _ in range(5):
            look()
    assert looks["n"] == 1


def test_a_slow_look_is_repeated_more_rarely(office):
    """A look that takes ten seconds is followed by minutes of rest; what was seen stays shown."""
    now = [0.0]
    watch = lookout.Lookout(office, lambda: now[0])
    first = watch.now()
    assert first is not None
    now[0] = lookout._KEPT_SECONDS + 1
    assert watch.now() is not first
    second = watch.now()
    watch._fresh_until = now[0] + 200
    now[0] += 199
    assert watch.now() is second


@pytest.mark.parametrize(
    ("end", "outcome"),
    [
        (None, "sent"),
        (Gone(), "gone"),
        (TooFast(30), "too fast"),
        (Rejected("no such chat 0912345678"), "rejected"),
        (Unreachable(), "unreachable"),
        (Unsure(), "unsure"),
        (RuntimeError("0912345678"), "unsure"),
    ],
)
def test_sends_are_counted_by_what_the_channel_answered(open_port, town, fresh, end, outcome):
    """Each call of a mouth is counted once with its time; a halt of the account is told in seconds."""

    class Mouth:
        pace = Pace(0, 0)

        async def send(self, address, reply):
            del address, reply
            if end is not None:
                raise end
            return "ref"

    with counting(open_port, town) as look:
        hear(Heard("paper", "0912345678", "1", text="alo"), town.office)
        asyncio.run(drain(town.office, {"paper": Mouth()}))
        text, found = look()
    assert value(found, "sends_total", channel="paper", outcome=outcome) == 1
    assert sum(number for name, number in found.items() if "sends_total" in name[0]) == 1
    assert value(found, "send_seconds_bucket", channel="paper", le="+Inf") == 1
    halted = value(found, "halted_seconds", channel="paper")
    assert (25 < halted <= 30) == (outcome == "too fast")
    assert "0912345678" not in text


# --- rounds, the process --------------------------------------------------------------------------


def test_each_round_tells_when_it_was_last_through(open_port, town, monkeypatch):
    """A round that goes through is stamped, one that breaks is not."""

    def broken(*_):
        raise ValueError

    monkeypatch.setattr(rounds, "_overdue", broken)
    with counting(open_port, town) as look:
        rounds.tick(town.office)
        _, found = look()
    through = {dict(labels)["round"] for name, labels in found if "round_ended" in name}
    assert {"forget", "bands", "digest"} <= through
    assert "overdue" not in through


def test_the_process_is_shown(open_port, office):
    """Memory, what the collector leaves alone, since when, and which store."""
    with watched(open_port, office):
        _, found = scrape(open_port)
    assert found["process_resident_memory_bytes", ()] > 10_000_000
    assert found["ketdoan_open_since_timestamp_seconds", ()] > 1_000_000_000
    assert ("ketdoan_gc_frozen_objects", ()) in found
    assert sum(number for (name, _), number in found.items() if name.endswith("_kind")) == 1


def test_kinds_of_updates_come_from_the_ear_of_telegram(open_port, office, monkeypatch):
    """What the ear counts is shown; a hundred kinds are shown as forty and the rest."""
    from webhook import telegram

    kinds = Counter({"message": 500, "wrong secret": 400} | {f"k{n}": 1 for n in range(100)})
    alone(monkeypatch)
    monkeypatch.setitem(sys.modules, "webhook.telegram", telegram)
    monkeypatch.setattr(telegram, "heard_kinds", kinds)
    with watched(open_port, office):
        _, found = scrape(open_port)
    assert value(found, "updates_total", kind="message") == 500
    assert value(found, "updates_total", kind="wrong secret") == 400
    shown = {name: number for name, number in found.items() if name[0] == "ketdoan_updates_total"}
    assert len(shown) == 41
    assert sum(shown.values()) == 1000


# --- the real program -----------------------------------------------------------------------------


def test_serve_shows_its_counts_beside_the_door(founded, tmp_path):
    """The real program: a visit is seen on the private port, and the log stays JSON."""
    served = settle(founded, tmp_path)
    port = free_port()
    served.environment["KETDOAN_METRICS_PORT"] = str(port)
    served.start()
    try:
        httpx.get(f"{served.url}/no-such-page")
        found = numbers(httpx.get(f"http://127.0.0.1:{port}/metrics", timeout=20).text)
        assert value(found, "refused_total", where="page", why="page-not-found") >= 1
        assert found["ketdoan_gc_frozen_objects", ()] > 10_000
        assert found["ketdoan_database_up", ()] == 1
        assert httpx.get(f"{served.url}/metrics").status_code == 404
    finally:
        served.stop()
    for line in (tmp_path / "serve.log").read_text().splitlines():
        assert json.loads(line)["process"]


@pytest.mark.parametrize("command", ["send", "poll"])
def test_send_and_poll_show_their_counts_too(founded, tmp_path, command):
    """Each process has a page of its own; a platform that is away puts no token into its log."""
    served = settle(founded, tmp_path)
    token = "123456:TEST-TOKEN-ketdoan_test_bot-000000"
    port = free_port()
    more = {
        "KETDOAN_METRICS_PORT": str(port),
        "KETDOAN_TELEGRAM_TOKEN": token,
        "KETDOAN_TELEGRAM_API_URL": f"http://127.0.0.1:{free_port()}",
    }
    program = [sys.executable, "-m", "webhook", command]
    with (tmp_path / "log").open("wb") as log:
        process = subprocess.Popen(
            program, cwd=ROOT, env=served.environment | more, stdout=log, stderr=log
        )
    try:
        found = numbers(until_shown(port, process))
        assert found["ketdoan_database_up", ()] == 1
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(30)
    written = (tmp_path / "log").read_text()
    assert token not in written
    for line in written.splitlines():
        assert json.loads(line)["process"] == process.pid


def until_shown(port, process):
    """Return the page as soon as there is one."""
    for _ in range(600):
        assert process.poll() is None
        try:
            return httpx.get(f"http://127.0.0.1:{port}/metrics", timeout=20).text
        except httpx.TransportError:
            time.sleep(0.05)
    raise AssertionError("no page of counts")
