"""The doors of Zalo do not fail: what the store does not take in time waits on disk, and is taken."""

import asyncio
import json
import os
import time
from dataclasses import replace

import knocking
import pytest
from chat import KEYS
from fakes.hook import until
from knocking import AT, SHE, event, said, signature
from test_zalo_bot_door import SECRET as BOT_SECRET
from test_zalo_bot_door import TOKEN as BOT_TOKEN
from test_zalo_bot_door import said as bot_said
from test_zalo_door import hers, knock, settings_with

from bot.feeding import feed
from storage.database import NotWritten, TooBusy
from storage.spool import Spool
from webhook import hearing, metrics_page
from webhook.app import create_app
from webhook.clockwork import Clockwork
from webhook.limits import Bucket
from webhook.scans import Scans
from webhook.settings import read_settings
from webhook.wiring import abilities
from webhook.zalo import heard_kinds


@pytest.fixture
def spool(tmp_path):
    """A spool with nothing in it."""
    made = Spool(tmp_path / "spool", KEYS, 1_000_000)
    yield made
    made.close()


@pytest.fixture
def build(office, tmp_path, spool):
    """Make an application whose office has the spool."""

    def made(**more):
        heard_kinds.clear()
        settings = settings_with(tmp_path, **more)
        return create_app(settings, replace(office, abilities=abilities(settings), spool=spool))

    return made


@pytest.fixture
def app(build):
    """The application."""
    return build()


def break_with(app, monkeypatch, error):
    """Let the office hear nothing any more."""

    async def hear(_):
        raise error

    monkeypatch.setattr(app.state.door, "hear", hear)


@pytest.mark.parametrize("error", [TooBusy(), NotWritten("x"), ZeroDivisionError()])
def test_what_was_not_written_waits_and_is_taken(app, spool, monkeypatch, error):
    """Whatever stands in the way: 200, and the event is heard later, once."""
    break_with(app, monkeypatch, error)
    assert knock(app, said("menu")).status == 200
    assert heard_kinds["spooled"] == 1
    assert hers(app) == []
    assert spool.lying().events == 1
    feed(app.state.door.office)
    assert len(hers(app)) == 1
    assert knock(app, said("menu")).status == 200
    assert len(hers(app)) == 1


def test_what_is_slow_waits_as_well_and_is_one(app, spool, monkeypatch):
    """A turn that goes on beyond Zalo's patience is laid up too; the inbox makes it one."""
    door = app.state.door
    real = door.hear

    async def hear(heard):
        answer = await real(heard)
        await asyncio.sleep(0.05)
        return answer

    monkeypatch.setattr(door, "hear", hear)
    monkeypatch.setattr(hearing.hear_within, "__defaults__", (0.01,))
    assert knock(app, said("menu")).status == 200
    assert (heard_kinds["slow"], heard_kinds["spooled"]) == (1, 1)
    feed(door.office)
    assert len(hers(app)) == 1
    assert hearing.PATIENCE_SECONDS + hearing.SPOOL_SECONDS < 2


def test_behind_what_waits_everything_waits(app, spool, monkeypatch):
    """While something lies in the spool the next goes behind it: nobody is heard out of order."""
    lines = ["h4t pn8", "menu", "1"]
    break_with(app, monkeypatch, TooBusy())
    knock(app, said(lines[0], 1))
    monkeypatch.undo()
    for number, line in enumerate(lines[1:], 2):
        assert knock(app, said(line, number)).status == 200
    assert heard_kinds["spooled"] == 3
    assert hers(app) == []
    feed(app.state.door.office)
    later = [one.text for one in hers(app)]
    twin_reads = []
    for number, line in enumerate(lines, 11):
        other = said(line, number, sender={"id": "77"})
        assert knock(app, other).status == 200
        twin_reads = [one.text for one in knocking.letters(app, "zalo", "77")]
    assert heard_kinds["spooled"] == 3
    assert later == twin_reads


def test_what_is_not_certainly_zalos_does_not_wait(build, spool, monkeypatch):
    """On a first day a wrong signature is heard, and yet laid up nowhere."""
    app = build(zalo_signature="log")
    break_with(app, monkeypatch, TooBusy())
    assert knock(app, said("menu"), mac="mac=00").status == 503
    assert spool.is_empty()
    assert knock(app, said("menu")).status == 200
    assert not spool.is_empty()


def test_what_is_refused_is_not_laid_up(app, spool, monkeypatch):
    """Wrong signatures, junk, echoes and floods leave nothing on disk."""
    break_with(app, monkeypatch, TooBusy())
    app.state.door.limits.talk = Bucket(burst=1, rate=0)
    knock(app, said("menu"), mac="mac=00")
    knock(app, event("user_send_text"))
    knock(app, event("oa_send_text", message={"text": "1"}))
    assert spool.is_empty()
    for number in range(5):
        assert knock(app, said("menu", number)).status == 200
    assert spool.lying().events == 1


def test_full_is_refused_and_told(build, office, tmp_path, monkeypatch, capsys):
    """Only a spool that is full lets the door fail, and the log says so, not without end."""
    app = build()
    small = Spool(tmp_path / "small", KEYS, 1)
    monkeypatch.setattr(hearing, "_telling", Bucket(burst=3, rate=0))
    door = app.state.door
    door.office = replace(door.office, spool=small)
    break_with(app, monkeypatch, TooBusy())
    answers = [knock(app, said("Nguyễn Thị Mẫu", number)).status for number in range(9)]
    small.close()
    assert answers == [200] + [503] * 8
    assert heard_kinds["spool full"] == 8
    told = capsys.readouterr().out
    assert told.count("FULL") == 3
    assert "Mẫu" not in told


@pytest.mark.parametrize("how", ["broken", "slow"])
def test_a_disk_that_fails_is_not_acknowledged(app, monkeypatch, how):
    """What is not on disk in time is not taken, and nobody waits longer than Zalo does."""

    def sync(_):
        if how == "broken":
            raise OSError(28, "full")
        time.sleep(0.3)

    break_with(app, monkeypatch, TooBusy())
    monkeypatch.setattr(os, "fdatasync", sync)
    monkeypatch.setattr(hearing, "SPOOL_SECONDS", 0.05)
    assert knock(app, said("menu")).status == 503
    assert heard_kinds["spool failed"] == 1


def test_a_withdrawal_is_an_order_also_in_the_spool(app, spool, monkeypatch):
    """That she withdraws is kept while the store is away, and obeyed when it comes back."""
    knock(app, said("menu"))
    break_with(app, monkeypatch, NotWritten("x"))
    assert knock(app, event("user_withdraw")).status == 200
    feed(app.state.door.office)
    assert hers(app) == []


def test_the_bot_platform_waits_too(office, tmp_path, spool, monkeypatch):
    """The door of the Bot Platform lays up as that of the account does."""
    settings = read_settings(
        data_dir=tmp_path, zalo_bot_token=BOT_TOKEN, zalo_bot_secret=BOT_SECRET
    )
    app = create_app(settings, replace(office, abilities=abilities(settings), spool=spool))
    break_with(app, monkeypatch, TooBusy())
    header = (b"x-bot-api-secret-token", BOT_SECRET.encode())
    assert knocking.knock(app, "/zalo-bot", bot_said("menu"), header=header).status == 200
    assert spool.lying().events == 1
    assert knocking.knock(app, "/zalo-bot", bot_said("menu")).status == 403
    assert spool.lying().events == 1


def test_it_is_fed_within_a_second_while_serving(app, spool, monkeypatch):
    """What runs beside the pages feeds it by itself, also what another process laid up."""
    break_with(app, monkeypatch, TooBusy())
    knock(app, said("menu"))
    office = app.state.door.office
    # The rounds come only each minute.
    monkeypatch.setattr("bot.rounds.feed", lambda _: False)

    async def serving():
        clockwork = Clockwork(office, Scans())
        running = asyncio.create_task(clockwork.run())
        await asyncio.to_thread(until, spool.is_empty, "an empty spool")
        clockwork.stop()
        await running

    asyncio.run(serving())
    assert len(hers(app)) == 1


def test_a_store_that_is_away_is_asked_ever_more_rarely(app, spool, monkeypatch, capsys):
    """While nothing can be written the feeder waits longer each time, says so, and lives."""
    break_with(app, monkeypatch, TooBusy())
    knock(app, said("menu"))
    office = app.state.door.office
    tries = []

    def submit(*_, **__):
        tries.append(time.monotonic())
        if len(tries) == 3:
            raise ZeroDivisionError
        raise NotWritten("away")

    monkeypatch.setattr("bot.rounds.feed", lambda _: False)
    monkeypatch.setattr("bot.feeding.submit", submit)
    monkeypatch.setattr("webhook.clockwork.SPOOL_SECONDS", 0.02)

    async def serving():
        clockwork = Clockwork(office, Scans())
        running = asyncio.create_task(clockwork.run())
        await asyncio.to_thread(until, lambda: len(tries) >= 5, "some tries")
        clockwork.stop()
        await running

    asyncio.run(serving())
    assert tries[-1] - tries[-2] > tries[2] - tries[1]
    assert "spool waits for the store" in capsys.readouterr().out
    assert spool.lying().events == 1


def test_what_waits_is_counted(app, spool, monkeypatch, clock):
    """Who watches sees how many wait and for how long, and nothing of anybody."""
    break_with(app, monkeypatch, TooBusy())
    knock(app, said("menu"))
    clock.advance(minutes=2)
    found = {
        one.name: one.samples[0].value
        for one in metrics_page.Counts(app.state.door.office).collect()
        if one.name.startswith("ketdoan_spool_")
    }
    assert found == {
        "ketdoan_spool_events": 1,
        "ketdoan_spool_bytes": spool.lying().bytes,
        "ketdoan_spool_oldest_seconds": 120,
        "ketdoan_spool_aside_files": 0,
    }
    assert found["ketdoan_spool_bytes"] > 100


def test_no_word_of_hers_lies_open(app, spool, monkeypatch):
    """Neither her words nor her address can be read from the files."""
    break_with(app, monkeypatch, TooBusy())
    knock(app, said("khong-ai-doc-duoc"))
    lain = b"".join(path.read_bytes() for path in spool.folder.iterdir())
    for word in ("khong-ai", SHE, json.dumps("zalo")):
        assert word.encode() not in lain


def test_signed_twice_is_one(app, spool, monkeypatch):
    """The same event delivered again while it waits is heard once."""
    break_with(app, monkeypatch, TooBusy())
    later = said("menu", timestamp=str(AT + 1000))
    assert knock(app, said("menu")).status == 200
    assert knock(app, later, mac=signature(later, AT + 1000)).status == 200
    feed(app.state.door.office)
    assert len(hers(app)) == 1
