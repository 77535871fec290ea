"""Die at every statement, every commit and around the call of a renewal: a pair or an alarm."""

import asyncio
import os
import traceback
from contextlib import suppress
from datetime import timedelta

import pytest
from chat import KEYS, Clock
from crash import KILLED, Points, watch
from keeping import HOUR, LIFE, Desk, patient
from structlog.testing import capture_logs

from bot.speech import Unreachable
from channels import zalo_tokens
from channels.zalo import NeedsConsent
from channels.zalo_oauth import OAuth
from storage import ids
from storage.database import Database
from webhook.metrics_page import Counts


@pytest.fixture(autouse=True)
def hasty(monkeypatch):
    """Who died here is really gone: nobody looks for long whether he brings the pair after all."""
    monkeypatch.setattr(zalo_tokens, "_GRACE_LOOKS", 1)


class Stepping(OAuth):
    """Zalo's OAuth, with a point before and after each call."""

    points: Points

    async def refresh(self, token):
        self.points.reach("before call")
        granted = await super().refresh(token)
        self.points.reach("after call")
        return granted


def renewed(desk: Desk, later: float, points: Points) -> None:
    """Renew the pair with a process's own store and keeper, *later* seconds from the start."""
    ids.after_fork()
    database = Database(desk.database.url, KEYS, Clock(desk.clock.now + timedelta(seconds=later)))
    own = Desk(desk.server, database, database.clock)
    oauth = own.oauth()
    oauth.__class__ = Stepping
    oauth.points = points
    keeper = own.keeper(oauth=oauth)
    watch(database, points)
    with suppress(NeedsConsent, Unreachable):
        asyncio.run(patient(keeper, own))
    database.close()


def dies(desk: Desk, stop_at: int, later: float = 0.0) -> tuple[bool, int]:
    """Renew in a child that dies at a point; return whether it did, and how many points it passed."""
    reader, writer = os.pipe()
    pid = os.fork()
    if pid == 0:
        try:
            points = Points(stop_at)
            renewed(desk, later, points)
            os.write(writer, str(points.count).encode())
            os._exit(0)
        except BaseException:
            traceback.print_exc()
            os._exit(1)
    os.close(writer)
    with os.fdopen(reader) as pipe:
        told = pipe.read()
    code = os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
    assert code in (0, KILLED), f"the child ended with {code}"
    return code == KILLED, int(told or 0)


@pytest.fixture
def brink(desk) -> Desk:
    """A pair that is due, kept so that each try begins there again."""
    desk.store = None
    desk.advance(21 * HOUR)
    return desk


def again(desk: Desk) -> None:
    """Let server and store stand as at the beginning."""
    desk.server.reset()
    held, now = desk.held(), desk.server.state()
    desk.clock.advance(seconds=-21 * HOUR)
    desk.database.write(
        lambda store: store.tokens.replace("zalo", now["access"], now["refresh"], LIFE, "")
    )
    desk.clock.advance(seconds=21 * HOUR)
    assert desk.held().version == held.version + 1


def end_of(desk: Desk, later: float, office) -> str:
    """Start anew, *later*; return "usable" or "alarm", after making sure that it is what it says."""
    database = Database(desk.database.url, KEYS, Clock(desk.clock.now + timedelta(seconds=later)))
    own = Desk(desk.server, database, database.clock)
    try:
        with capture_logs() as lines:
            try:
                got = asyncio.run(patient(own.keeper(), own))
            except NeedsConsent:
                got = ""
        told = {one["event"] for one in lines if one["log_level"] == "error"}
        if not got:
            assert own.held().trouble == "zalo -14014"
            assert "zalo needs consent" in told
            assert shows_alarm(office)
            return "alarm"
        assert desk.server.takes(got)
        assert own.is_whole()
        assert not told
        assert not shows_alarm(office)
        held = own.held()
        assert (held.lease, held.unsure, held.trouble) == (None, 0, "")
        return "usable"
    finally:
        database.close()


def shows_alarm(office) -> bool:
    """Whether the gauge says that a person must consent."""
    found = [
        sample.value
        for metric in Counts(office).collect()
        for sample in metric.samples
        if sample.name == "ketdoan_consent_needed" and sample.labels == {"channel": "zalo"}
    ]
    return found == [1]


def test_dying_at_every_point_of_a_renewal(brink, office):
    """Whoever starts next has a pair that can be used; only where Zalo had changed it already and
    nothing was written yet is it an alarm. Zalo is called no more than twice with one token.
    """
    again(brink)
    _, passed = dies(brink, 0)
    assert passed > 8
    ends = []
    for stop_at in range(1, passed + 1):
        again(brink)
        died, _ = dies(brink, stop_at)
        assert died
        state = brink.server.state()
        was_lost = state["renewed"] == 1 and not brink.is_whole()
        end = end_of(brink, 600, office)
        assert end == ("alarm" if was_lost else "usable"), stop_at
        assert brink.server.state()["calls"] <= 2
        ends.append(end)
    print(f"{passed} points: {ends.count('usable')} usable, {ends.count('alarm')} alarm")
    assert {"usable", "alarm"} == set(ends)


@pytest.mark.long
@pytest.mark.timeout(1500)
def test_dying_twice(brink, office):
    """Who starts after a death dies as well, anywhere: the third one has a pair or the alarm."""
    again(brink)
    _, passed = dies(brink, 0)
    ends = []
    # Every third: points that lie within one transaction leave the same behind.
    for first in range(1, passed + 1, 3):
        for second in range(1, 3 * passed):
            again(brink)
            dies(brink, first)
            died, _ = dies(brink, second, later=600)
            if not died:
                break
            was_lost = brink.server.state()["renewed"] == 1 and not brink.is_whole()
            end = end_of(brink, 3 * HOUR, office)
            assert end == ("alarm" if was_lost else "usable"), (first, second)
            ends.append(end)
    print(f"{len(ends)} pairs: {ends.count('usable')} usable, {ends.count('alarm')} alarm")
    assert {"usable", "alarm"} == set(ends)
