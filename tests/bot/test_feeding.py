"""What waited in the spool is heard once, in order, as of when it came; what breaks breaks alone."""

import sqlite3
from dataclasses import replace

import pytest
from chat import KEYS

from bot import dialogue, feeding, rounds
from bot import hear as hearing
from bot.feeding import Feeder, Waits, feed
from bot.hear import hear, replay
from bot.speech import Form, Heard
from storage.database import NotWritten, TooBusy
from storage.spool import Spool

PEOPLE = ("lan", "mai", "tu")


@pytest.fixture(autouse=True)
def listener():
    """Register a step that writes down what each person said, in what order, and when."""
    before = (dict(dialogue._steps), dict(dialogue._forms))

    @dialogue.step
    def listening(turn) -> None:
        name = f"said-{turn.heard.address}"
        if turn.text == "break":
            raise ZeroDivisionError
        said = turn.store.settings.get(name) or ""
        at = turn.said_at.astimezone(turn.now.tzinfo)
        turn.store.settings.put(name, f"{said}{turn.text}@{at:%H:%M} ")
        turn.ask("menu?", then=listening)

    @dialogue.on_form("test-listen")
    def listen(turn) -> None:
        turn.ask("menu?", then=listening)

    yield
    dialogue._steps.clear()
    dialogue._steps.update(before[0])
    dialogue._forms.clear()
    dialogue._forms.update(before[1])


@pytest.fixture
def spool(tmp_path):
    """A spool in files of some events each."""
    made = Spool(tmp_path / "spool", KEYS, 10_000_000, file_bytes=2000)
    yield made
    made.close()


@pytest.fixture
def town(town, spool):
    """The town with a spool, and three people who are listened to."""
    town.office = replace(town.office, spool=spool)
    for one in PEOPLE:
        hear(Heard("paper", one, f"open-{one}", form=Form("test-listen", {})), town.office)
    return town


def lay_up(town, *said):
    """Lay up what people said: `lan:1` is her first; the event's number is its words."""
    for one in said:
        who, _, text = one.partition(":")
        heard = Heard("paper", who, one, text=text)
        town.office.spool.lay_up(heard.to_json(), town.clock()).result(10)


def said(town, who):
    """Return what somebody was heard to say, without the times."""
    told = town.read(lambda store: store.settings.get(f"said-{who}")) or ""
    return [one.partition("@")[0] for one in told.split()]


def test_each_is_heard_once_and_in_her_order(town):
    """Many events of some people, in several files: each person's come in their order."""
    events = [f"{who}:{number}" for number in range(30) for who in PEOPLE]
    lay_up(town, *events)
    assert len(town.office.spool.waiting()) > 2
    assert feed(town.office)
    for who in PEOPLE:
        assert said(town, who) == [str(number) for number in range(30)]
    assert town.office.spool.is_empty()
    assert not feed(town.office)


def test_it_counts_as_said_when_it_came(town):
    """Heard an hour later it was said when it came; the answer lies ready all the same."""
    lay_up(town, "lan:1")
    town.clock.advance(hours=1)
    lay_up(town, "lan:2")
    town.clock.advance(hours=1)
    feed(town.office)
    assert town.read(lambda store: store.settings.get("said-lan")) == "1@08:00 2@09:00 "
    known = town.read(lambda store: store.conversations.find("paper", "lan"))
    assert known.heard_at == town.clock()


def test_fed_twice_is_heard_once(town):
    """Who died before the file was taken away feeds it again: nothing happens twice."""
    lay_up(town, "lan:1", "lan:2")
    (path,) = town.office.spool.waiting()
    kept = path.read_bytes()
    feed(town.office)
    path.write_bytes(kept)
    feed(town.office)
    assert said(town, "lan") == ["1", "2"]
    assert town.office.spool.is_empty()


@pytest.mark.parametrize("error", [TooBusy, NotWritten])
def test_while_the_store_is_away_everything_stays(town, monkeypatch, error):
    """A store that refuses keeps the rest waiting; afterwards it goes on, in order."""
    lay_up(town, "lan:1", "lan:2", "mai:1", "lan:3")
    real, left = hearing.submit, [1]

    def refusing(heard, office, prepared, **more):
        if not left:
            raise error
        left.pop()
        return real(heard, office, prepared, **more)

    monkeypatch.setattr(feeding, "submit", refusing)
    feeder = Feeder(town.office, town.office.spool)
    for _ in range(2 * feeding.MOST_TRIES):
        with pytest.raises(Waits):
            feeder.feed()
    assert said(town, "lan") == ["1"]
    assert town.office.spool.lying().events == 4
    assert not feed(town.office)
    monkeypatch.undo()
    assert feeder.feed()
    assert (said(town, "lan"), said(town, "mai")) == (["1", "2", "3"], ["1"])


def test_while_another_process_feeds_it_is_left_to_that(town, spool):
    """Two who fed at once would hear somebody's second word before her first."""
    lay_up(town, "lan:1")
    other = Spool(spool.folder, KEYS, 10_000_000)
    with other.feeding():
        assert not feed(town.office)
        assert said(town, "lan") == []
    assert feed(town.office)
    assert said(town, "lan") == ["1"]


def test_a_turn_that_breaks_is_kept_like_any_other(town):
    """It waits for replay, one apology goes out, and who comes behind it is heard."""
    lay_up(town, "lan:1", "lan:break", "lan:2", "mai:1")
    feed(town.office)
    (kept,) = town.read(lambda store: store.inbox.failed())
    assert kept.event_id == "lan:break"
    assert (said(town, "lan"), said(town, "mai")) == (["1", "2"], ["1"])
    assert town.office.spool.lying().aside == 0
    town.clock.advance(minutes=1)
    lay_up(town, "lan:3")
    feed(town.office)
    # She has gone on talking: what is replayed answers no later question.
    assert replay(town.office) == (0, 0, 1)


def test_what_was_changed_on_disk_is_told_and_costs_nobody_else(town, capsys):
    """One byte changed: that one is not heard, the others are, and the file stays for a look."""
    lay_up(town, "lan:1", "lan:2", "lan:3")
    (path,) = town.office.spool.waiting()
    frames = town.office.spool.read(path).frames
    spoilt = bytearray(path.read_bytes())
    spoilt[frames[1].offset + 30] ^= 1
    path.write_bytes(bytes(spoilt))
    feed(town.office)
    assert said(town, "lan") == ["1", "3"]
    seen = town.office.spool.lying()
    assert (seen.events, seen.aside) == (0, 1)
    assert capsys.readouterr().out.count("does not open") == 1
    assert town.office.spool.is_empty()


def test_words_that_are_no_event_are_told(town, capsys):
    """What was sealed rightly and is no event is laid aside; the rest is heard."""
    for words in ("{}", "[]", "x", '{"contact": 5, "form": null}'):
        town.office.spool.lay_up(words, town.clock()).result(10)
    lay_up(town, "lan:1")
    feed(town.office)
    assert said(town, "lan") == ["1"]
    assert town.office.spool.lying().aside == 1
    assert "does not open" in capsys.readouterr().out


def test_a_torn_end_is_no_event(town, capsys):
    """What a dead process had begun to write was never acknowledged: the file ends without it."""
    lay_up(town, "lan:1", "lan:2")
    (path,) = town.office.spool.waiting()
    path.write_bytes(path.read_bytes()[:-3])
    feed(town.office)
    assert said(town, "lan") == ["1"]
    assert town.office.spool.lying().aside == 0
    assert "never acknowledged" in capsys.readouterr().out


def test_what_can_not_even_be_kept_holds_up_nobody_for_long(town, monkeypatch, capsys):
    """After some tries it is laid aside with its file, and who comes behind it is heard."""
    lay_up(town, "lan:bad", "mai:1", "lan:2")
    real = hearing.submit

    def submit(heard, office, prepared, **more):
        if heard.text == "bad":
            raise RuntimeError("words of hers")
        return real(heard, office, prepared, **more)

    monkeypatch.setattr(feeding, "submit", submit)
    feeder = Feeder(town.office, town.office.spool)
    for _ in range(feeding.MOST_TRIES - 1):
        with pytest.raises(Waits):
            feeder.feed()
    assert said(town, "lan") == []
    assert feeder.feed()
    assert (said(town, "lan"), said(town, "mai")) == (["2"], ["1"])
    assert town.office.spool.lying().aside == 1
    assert "words of hers" not in capsys.readouterr().out


def test_the_rounds_feed_as_well(town):
    """`ketdoan rounds` and each minute feed what waits, whoever laid it up."""
    lay_up(town, "lan:1")
    assert "spool" in rounds.tick(town.office)
    assert said(town, "lan") == ["1"]
    assert "spool" not in rounds.tick(town.office)


def test_what_was_laid_aside_ends(town):
    """A file that was laid aside goes after a quarter of a year, with the daily forgetting."""
    lay_up(town, "lan:1")
    (path,) = town.office.spool.waiting()
    assert town.office.spool.drop(town.office.spool.read(path), aside=True)
    rounds.tick(town.office)
    assert town.office.spool.lying().aside == 1
    town.clock.advance(days=feeding.ASIDE_KEPT_DAYS + 40)
    rounds.tick(town.office)
    assert town.office.spool.lying().aside == 0


def test_a_file_laid_aside_is_gone_before_its_events_are_forgotten():
    """Fed again it must find in the inbox what was heard of it, or that would be heard twice."""
    assert feeding.ASIDE_KEPT_DAYS < rounds.KEPT_DAYS


@pytest.mark.store("sqlite", reason="PostgreSQL has no file of ours")
def test_a_file_that_can_not_be_read_is_a_store_that_is_away(town, monkeypatch):
    """SQLite's disk fails for a while: nothing is given up, and all is heard in the end."""
    lay_up(town, "lan:1")
    broken = sqlite3.OperationalError("disk I/O error")
    broken.sqlite_errorcode = sqlite3.SQLITE_IOERR
    feeder = Feeder(town.office, town.office.spool)
    with monkeypatch.context() as patch:

        def fails(_):
            raise broken

        patch.setattr("storage.database.engines.one_moment", fails)
        for _ in range(5):
            with pytest.raises(Waits):
                feeder.feed()
    feeder.feed()
    assert said(town, "lan") == ["1"]
    assert town.office.spool.is_empty()
    assert town.office.spool.lying().aside == 0
