"""The spool: on disk before anybody is told, sealed, in order, and what is broken breaks alone."""

import os
import stat
import threading
from concurrent.futures import wait
from datetime import UTC, datetime, timedelta

import pytest
from fakes.hook import until
from hypothesis import given
from hypothesis import strategies as st

from storage import spool as spools
from storage.sealed import Keyring, NotOpened
from storage.spool import Spool, SpoolFull, SpoolTrouble
from storage.spool_frames import HEAD, MARK, Frame, Record, frame, frames, is_sound, opened

KEYS = Keyring({1: b"k" * 32})
AT = datetime(2026, 11, 20, 1, tzinfo=UTC)
NUMBER = 77


def laid_out(texts, number=NUMBER):
    """Return a file that holds these texts, and where each ends."""
    content, ends = bytearray(HEAD), []
    for text in texts:
        content += frame(KEYS, number, len(content), Record(AT, text))
        ends.append(len(content))
    return bytes(content), ends


def whole(content, number=NUMBER):
    """Return the texts that can be had of a file."""
    return [opened(KEYS, number, one).text for one in frames(content) if one.kind == "whole"]


# --- the form of a file --------------------------------------------------------------------------


@given(st.lists(st.text(max_size=60), max_size=6))
def test_what_is_laid_down_comes_back(texts):
    """Every text comes back, in its order, with the moment it came."""
    content, _ = laid_out(texts)
    found = [opened(KEYS, NUMBER, one) for one in frames(content)]
    assert [one.text for one in found] == texts
    assert all(one.came_at == AT for one in found)
    assert is_sound(content)


@given(st.lists(st.text(max_size=40), min_size=1, max_size=5), st.data())
def test_a_torn_end_is_told_and_the_others_come_back(texts, data):
    """Cut anywhere, all that ended before comes back; the rest is torn and nothing is damaged."""
    content, ends = laid_out(texts)
    cut = data.draw(st.integers(0, len(content) - 1))
    found = list(frames(content[:cut]))
    there = [end for end in ends if end <= cut]
    assert whole(content[:cut]) == texts[: len(there)]
    kinds = [one.kind for one in found if one.kind != "whole"]
    is_between = cut in (len(HEAD), *ends) or cut == 0
    assert kinds == ([] if is_between else ["torn"])
    assert is_sound(content[:cut]) == (is_between and cut > 0)


@given(st.lists(st.text(max_size=40), min_size=1, max_size=5), st.data())
def test_a_changed_byte_costs_one_record_and_is_told(texts, data):
    """Whichever byte is changed, its record alone is lost, and something is said to be wrong."""
    content, ends = laid_out(texts)
    place = data.draw(st.integers(0, len(content) - 1))
    other = data.draw(st.integers(1, 255))
    spoilt = bytearray(content)
    spoilt[place] ^= other
    found = list(frames(bytes(spoilt)))
    hit = sum(end <= place for end in ends)
    expected = texts if place < len(HEAD) else texts[:hit] + texts[hit + 1 :]
    assert whole(bytes(spoilt)) == expected
    assert [one.kind for one in found if one.kind != "whole"]


@given(st.binary(max_size=200))
def test_junk_is_never_read_as_a_record(junk):
    """Bytes that nobody laid down hold nothing, and reading them ends."""
    for content in (junk, HEAD + junk, HEAD + MARK + junk):
        found = list(frames(content))
        assert not [one for one in found if one.kind == "whole"]
        assert not found or found[-1].end == len(content)


def test_a_disk_that_lost_the_end_leaves_zeros():
    """Room that was given and never written is an end that was torn off."""
    content, _ = laid_out(["a"])
    assert [one.kind for one in frames(content + b"\0" * 90)] == ["whole", "torn"]


def test_a_record_opens_in_its_place_alone():
    """Copied to another place or into another file it does not open."""
    content, _ = laid_out(["a", "b"])
    first, second = frames(content)
    moved = Frame("whole", second.offset, second.end, first.sealed)
    for number, one in ((NUMBER, moved), (NUMBER + 1, first)):
        with pytest.raises(NotOpened):
            opened(KEYS, number, one)
    assert b"Nguy" not in laid_out(["Nguyen"])[0]


# --- the folder ------------------------------------------------------------------------------


@pytest.fixture
def folder(tmp_path):
    """Where the spool lies; it is not there yet."""
    return tmp_path / "deep" / "spool"


@pytest.fixture
def spool(folder):
    """A spool of a megabyte."""
    made = Spool(folder, KEYS, 1_000_000)
    yield made
    made.close()


def lay_up(spool, *texts):
    """Lay texts up, one after the other."""
    for number, text in enumerate(texts):
        spool.lay_up(text, AT + timedelta(seconds=number)).result(10)


def all_texts(spool):
    """Return everything that can be had of a spool, oldest first."""
    found = []
    for path in spool.waiting():
        file = spool.read(path)
        found += [spool.opened(file, one) for one in file.frames]
    return [one.text if one else None for one in found]


def test_it_is_for_its_owner_alone(spool, folder):
    """Folder and files can be read by nobody else, and nothing stands there in the clear."""
    assert spool.is_empty()
    assert not folder.exists()
    lay_up(spool, "Nguyen Thi Mau")
    assert not spool.is_empty()
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    for one in folder.iterdir():
        assert stat.S_IMODE(one.stat().st_mode) == 0o600
        assert b"Mau" not in one.read_bytes()


def test_several_who_write_keep_one_order(spool, folder):
    """What different processes lay up by turns comes back in the order in which they did."""
    other = Spool(folder, KEYS, 1_000_000)
    for number in range(20):
        lay_up(spool if number % 3 else other, str(number))
    other.close()
    assert all_texts(spool) == [str(number) for number in range(20)]
    assert len(spool.waiting()) == 1
    assert spool.lying().events == 20


def test_many_at_once_are_brought_to_disk_together(spool, monkeypatch):
    """While the disk is busy others gather, and one sync is for all of them."""
    syncs, may_go = [], threading.Event()
    real = os.fdatasync

    def slow(descriptor):
        syncs.append(descriptor)
        may_go.wait(10)
        real(descriptor)

    monkeypatch.setattr(os, "fdatasync", slow)
    first = spool.lay_up("first", AT)
    until(lambda: bool(syncs), "a sync")
    rest = [spool.lay_up(str(number), AT) for number in range(500)]
    assert not first.done()
    may_go.set()
    assert len(wait([first, *rest], 20).done) == 501
    assert len(syncs) == 2
    assert len(all_texts(spool)) == 501


def test_nobody_is_told_before_it_is_on_disk(spool, monkeypatch):
    """A disk that refuses is told, and nobody learns that something was kept."""

    def broken(_descriptor):
        raise OSError(5, "broken")

    lay_up(spool, "before")
    monkeypatch.setattr(os, "fdatasync", broken)
    with pytest.raises(SpoolTrouble, match="OSError"):
        spool.lay_up("lost", AT).result(10)
    monkeypatch.undo()
    lay_up(spool, "after")
    assert [one for one in all_texts(spool) if one != "lost"] == ["before", "after"]


def test_behind_a_torn_end_nothing_is_written(spool, folder):
    """A record that a dead process left half is no one's to go on with: a new file begins."""
    lay_up(spool, "before")
    (path,) = spool.waiting()
    with path.open("ab") as file:
        file.write(MARK + b"\0\0")
    for one in (spool, Spool(folder, KEYS, 1_000_000)):
        lay_up(one, "after")
        one.close()
    assert len(spool.waiting()) == 2
    assert [one for one in all_texts(spool) if one] == ["before", "after", "after"]


def test_it_has_an_end(folder):
    """Full is full, whoever filled it, and what is kept aside counts."""
    made = Spool(folder, KEYS, 500)
    lay_up(made, "x" * 600)
    with pytest.raises(SpoolFull):
        made.lay_up("y", AT).result(10)
    (path,) = made.waiting()
    assert made.drop(made.read(path), aside=True)
    with pytest.raises(SpoolFull):
        made.lay_up("y", AT).result(10)
    assert made.forget_aside(datetime.now(UTC) + timedelta(days=1)) == 1
    lay_up(made, "y")
    made.close()


def test_files_end_and_are_counted(folder):
    """A file that holds enough is followed by the next; many are counted by some."""
    made = Spool(folder, KEYS, 10_000_000, file_bytes=400)
    texts = [f"{number} {'x' * 200}" for number in range(40)]
    lay_up(made, *texts)
    assert len(made.waiting()) > spools._MOST_COUNTED
    assert all_texts(made) == texts
    seen = made.lying()
    assert abs(seen.events - 40) <= 2
    assert seen.oldest_at == AT
    made.close()


def test_what_came_meanwhile_keeps_the_file(spool):
    """A file into which something has come since it was read is not taken away."""
    lay_up(spool, "a")
    (path,) = spool.waiting()
    seen = spool.read(path)
    lay_up(spool, "b")
    assert not spool.drop(seen, aside=False)
    assert all_texts(spool) == ["a", "b"]
    assert spool.drop(spool.read(path), aside=False)
    assert spool.is_empty()
    lay_up(spool, "c")
    assert all_texts(spool) == ["c"]


def test_one_feeds_at_a_time(spool, folder):
    """While one process feeds another may not; afterwards it may."""
    lay_up(spool, "a")
    other = Spool(folder, KEYS, 1_000_000)
    with spool.feeding() as mine, other.feeding() as theirs:
        assert (mine, theirs) == (True, False)
    with other.feeding() as theirs:
        assert theirs


def test_what_is_not_ours_is_left(spool, folder):
    """Files that somebody put there are neither read nor taken away, and stop nothing."""
    lay_up(spool, "a")
    for name in ("notes.txt", "1-2.aside", "x.spool"):
        (folder / name).write_text("mine")
    (path,) = spool.waiting()
    lay_up(spool, "b")
    assert spool.drop(spool.read(path), aside=False)
    assert spool.is_empty()
    assert (folder / "notes.txt").read_text() == "mine"
    assert spool.lying().aside == 0


def test_a_folder_that_can_not_be_is_told(tmp_path):
    """Where there can be no folder, who lays up is told so and nobody hangs."""
    (tmp_path / "file").write_text("")
    made = Spool(tmp_path / "file" / "spool", KEYS, 1000)
    assert made.is_empty()
    with pytest.raises(SpoolTrouble):
        made.lay_up("a", AT).result(10)
    made.close()
