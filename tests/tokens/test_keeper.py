"""The keeper of the pair: in time, once, stored before used, and loud where a person is needed."""

import asyncio
import json
from contextlib import suppress

import pytest
from keeping import HOUR, LIFE, Desk, patient, until
from structlog.testing import capture_logs

from bot.speech import Unreachable
from channels.zalo import NeedsConsent
from channels.zalo_tokens import due_age, wait_after, wait_after_lost
from storage.database import NotWritten
from webhook.zalo_vault import StoredPair


def access(desk: Desk, **more) -> str:
    """Return what a keeper that was just started hands out."""
    return asyncio.run(desk.keeper(**more).access())


def troubles(desk: Desk, **more) -> str:
    """Return why a keeper that was just started needs consent."""
    with pytest.raises(NeedsConsent) as raised:
        access(desk, **more)
    return str(raised.value)


# --- in time --------------------------------------------------------------------------------------


def test_a_young_pair_is_handed_out_as_it_is(desk):
    """Within twenty hours Zalo is not asked."""
    desk.advance(19.9 * HOUR)
    assert desk.server.takes(access(desk))
    assert desk.server.state()["calls"] == 0


def test_a_pair_of_twenty_hours_is_renewed_before_it_ends(desk):
    """At twenty hours there is a new pair, stored whole, with what was before kept sealed."""
    before = desk.held().access
    desk.advance(20 * HOUR + 1)
    got = access(desk)
    assert got != before
    assert desk.server.takes(got)
    assert desk.is_whole()
    assert desk.server.state()["renewed"] == 1
    held = desk.held()
    assert (held.source, held.lease, held.begun_at, held.unsure) == ("refresh", None, None, 0)
    with desk.database.read() as store:
        previous, answer = store.tokens.forensics("zalo")
    assert json.loads(previous)["access"] == before
    assert got in answer


@pytest.mark.parametrize(
    ("life", "age"), [(900_000, 20), (90_000, 20), (86_400, 19), (50_000, 8.9), (36_000, 5), (7_200, 1), (60, 1 / 120)]
)  # fmt: skip
def test_when_a_pair_is_due(life, age):
    """At twenty hours, or with less than five left; at half its life where that is short."""
    assert due_age(life) == pytest.approx(age * HOUR, abs=60)


def test_it_is_renewed_although_nobody_sends(desk):
    """An account that says nothing for months keeps its right to speak."""
    desk.advance(21 * HOUR)

    async def live():
        keeper = desk.keeper()
        keeper.start()
        await until(lambda: desk.held().version > 1)
        await keeper.close()

    asyncio.run(live())
    assert desk.is_whole()


def test_a_first_pair_from_the_settings_gives_way_to_a_stored_one(server, database, clock):
    """It is used only while the store holds none; a newer stored pair wins, also after a restart."""
    desk = Desk(server, database, clock)
    now = server.state()
    first = (now["access"], now["refresh"], LIFE)
    assert access(desk, first=first) == now["access"]
    assert desk.held().source == "settings"
    server.expire()

    async def refused():
        keeper = desk.keeper(first=first)
        await keeper.refused(await keeper.access())
        return await keeper.access()

    newer = asyncio.run(refused())
    assert newer != now["access"]
    assert access(desk, first=first) == newer
    assert access(desk, first=("AT-other", "RT-other", LIFE)) == newer
    assert desk.is_whole()


def test_a_first_pair_without_an_access_token_is_renewed_at_once(server, database, clock):
    """A refresh token alone is enough to begin with."""
    desk = Desk(server, database, clock)
    assert server.takes(access(desk, first=("", server.state()["refresh"], LIFE)))
    assert desk.is_whole()


def test_without_any_pair_consent_is_needed(server, database, clock):
    """Nothing set and nothing stored: said loudly, and Zalo is not asked."""
    desk = Desk(server, database, clock)
    with capture_logs() as lines:
        assert troubles(desk) == "there is no pair yet"
    assert [one["event"] for one in lines] == ["zalo needs consent"]
    assert server.state()["calls"] == 0


def test_a_pair_without_a_refresh_token_lasts_until_it_ends(server, database, clock):
    """It is used while it is good, and then consent is needed."""
    desk = Desk(server, database, clock)
    first = (server.state()["access"], "", LIFE)
    access(desk, first=first)
    desk.advance(24 * HOUR)
    assert server.takes(access(desk))
    desk.advance(2 * HOUR)
    assert troubles(desk) == "no refresh token"


# --- refused --------------------------------------------------------------------------------------


def test_a_refused_token_is_renewed_once_by_ten_at_once(desk):
    """Ten calls that were answered with -216 at once make one renewal, and all go on with it."""
    desk.server.expire()

    async def storm():
        keeper = desk.keeper()
        token = await keeper.access()
        await asyncio.gather(*(keeper.refused(token) for _ in range(10)))
        return {await keeper.access() for _ in range(10)}

    (got,) = asyncio.run(storm())
    assert desk.server.takes(got)
    assert desk.server.state()["renewed"] == desk.server.state()["calls"] == 1


def test_a_refused_token_is_not_handed_out_again(desk):
    """While it can not be renewed there is none, rather than one that Zalo does not take."""
    from channels.zalo_oauth import OAuth

    async def refused():
        keeper = desk.keeper(oauth=OAuth("http://127.0.0.1:9", "1", "x"))
        token = await keeper.access()
        with pytest.raises(Unreachable):
            await keeper.refused(token)
        with pytest.raises(Unreachable):
            await keeper.access()

    asyncio.run(refused())


def test_an_old_token_that_is_refused_renews_nothing(desk):
    """Who still used the one before takes the newer one, also where another process renewed it."""

    async def late():
        slow, quick = desk.keeper(), desk.keeper()
        old = await slow.access()
        await quick.refused(old)
        await slow.refused(old)
        assert await slow.access() == await quick.access()

    asyncio.run(late())
    assert desk.server.state()["calls"] == 1


def test_a_fresh_token_that_is_refused_is_not_renewed_again_and_again(desk):
    """Where Zalo refuses whatever it gives, there is one call in five minutes and one line an hour."""

    async def refused():
        keeper = desk.keeper(fresh_seconds=300)
        await keeper.refused(await keeper.access())
        for _ in range(50):
            with pytest.raises(Unreachable):
                await keeper.refused(await keeper.access())
        assert desk.server.state()["calls"] == 1
        desk.advance(301)
        await keeper.refused(await keeper.access())

    with capture_logs() as lines:
        asyncio.run(refused())
    assert desk.server.state()["calls"] == 2
    assert [one["event"] for one in lines].count("zalo refuses a fresh token") == 1


def test_whoever_gives_up_waiting_does_not_end_the_renewal(desk):
    """A letter's own limit cuts nothing off: the answer of the call is stored all the same."""
    desk.server.faults({"kind": "slow", "seconds": 0.3})
    desk.server.expire()

    async def impatient():
        keeper = desk.keeper()
        token = await keeper.access()
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.1):
                await keeper.refused(token)
        await keeper.close()

    asyncio.run(impatient())
    assert desk.is_whole()


def test_stopping_waits_for_the_renewal_under_way(desk):
    """`close` ends after the new pair is stored; nothing new begins after it."""
    desk.server.faults({"kind": "slow", "seconds": 0.3})
    desk.advance(21 * HOUR)

    async def stopped():
        keeper = desk.keeper()
        asked = asyncio.create_task(keeper.access())
        await until(lambda: desk.server.state()["calls"] > 0)
        await keeper.close()
        assert desk.is_whole()
        assert desk.server.takes(await asked)
        desk.advance(21 * HOUR)
        with suppress(Unreachable):
            await keeper.access()

    asyncio.run(stopped())
    assert desk.server.state()["calls"] == 1


# --- what Zalo answers ----------------------------------------------------------------------------


def test_an_answer_without_a_refresh_token_keeps_the_old_one(desk):
    """The access token is new, the refresh token stays."""
    desk.server.faults({"kind": "bare"})
    before = desk.refresh_token()
    desk.advance(21 * HOUR)
    assert desk.server.takes(access(desk))
    assert desk.refresh_token() == before
    assert desk.is_whole()


@pytest.mark.parametrize("code", [-14014, -14004, -14002, -14005, -14018, -1, 7])
def test_any_other_error_ends_renewal_until_consent(desk, code):
    """One call, one loud line without a token, no second call; consent brings all back."""
    pair = desk.server.state()
    desk.server.faults({"kind": "error", "code": code})
    desk.advance(21 * HOUR)
    with capture_logs() as lines:
        assert troubles(desk) == f"zalo {code}"
        assert troubles(desk) == f"zalo {code}"
    assert {one["event"] for one in lines} == {"zalo needs consent"}
    assert all(one["log_level"] == "error" for one in lines)
    told = json.dumps(lines)
    assert pair["access"] not in told
    assert pair["refresh"] not in told
    assert desk.server.state()["calls"] == 1
    assert desk.held().trouble == f"zalo {code}"
    assert desk.held().access == pair["access"]
    asyncio.run(consent(desk))
    assert desk.server.takes(access(desk))
    assert desk.is_whole()


async def consent(desk: Desk) -> None:
    """Let a person consent: the store gets a new pair."""
    from channels.zalo_oauth import Granted

    granted = desk.server.consent()
    pair = Granted(granted["access_token"], granted["refresh_token"], LIFE, "")
    await StoredPair(desk.database).replace(pair)


def test_after_a_wrong_setting_the_pair_can_be_tried_again(desk):
    """`retry` forgets the trouble; a pair that was good all the time is renewed."""
    desk.server.faults({"kind": "error", "code": -14004})
    desk.advance(21 * HOUR)
    assert troubles(desk) == "zalo -14004"
    assert asyncio.run(StoredPair(desk.database).try_again())
    assert not asyncio.run(StoredPair(desk.database).try_again())
    assert desk.server.takes(access(desk))
    assert desk.is_whole()


def test_too_many_calls_are_put_off(desk):
    """-32 is no trouble: the old token goes on, and Zalo is left alone for half a minute."""
    desk.server.faults({"kind": "error", "code": -32})
    desk.advance(21 * HOUR)
    for _ in range(20):
        assert desk.server.takes(access(desk))
    assert desk.server.state()["calls"] == 1
    desk.advance(31)
    access(desk)
    assert desk.is_whole()
    assert desk.server.state()["renewed"] == 1


def test_zalo_that_can_not_be_reached_is_tried_ever_more_rarely(desk):
    """Nothing was sent: no trouble however often it happens, and twelve tries in an hour at most."""
    from channels.zalo_oauth import OAuth

    calls = 0

    class Away(OAuth):
        async def refresh(self, token):
            nonlocal calls
            calls += 1
            raise Unreachable

    desk.advance(21 * HOUR)
    away = Away("http://127.0.0.1:9", "1", "x")

    async def an_hour():
        keeper = desk.keeper(oauth=away)
        for _ in range(600):
            assert desk.server.takes(await keeper.access())
            desk.advance(6)

    asyncio.run(an_hour())
    assert 8 <= calls <= 20
    assert (desk.held().trouble, desk.held().unsure) == ("", 0)
    desk.advance(400)
    access(desk)
    assert desk.is_whole()


def test_a_line_that_is_refused_is_one_that_was_not_used(desk):
    """Nobody listens: the token is not thought lost."""
    from channels.zalo_oauth import OAuth

    desk.advance(26 * HOUR)
    with pytest.raises(Unreachable):
        access(desk, oauth=OAuth("http://127.0.0.1:9", "1", "x"))
    assert (desk.held().trouble, desk.held().unsure, desk.held().failed) == ("", 0, 1)


CUT = [
    {"kind": "silent", "after": True},
    {"kind": "cut", "bytes": 0},
    {"kind": "cut", "bytes": 1},
    {"kind": "cut", "bytes": 40},
    {"kind": "status", "status": 502, "after": True},
    {"kind": "body", "body": "{}"},
    {"kind": "body", "body": '{"access_token": ""}'},
    {"kind": "body", "body": '{"access_token": "a\\nb", "refresh_token": "x"}'},
    {"kind": "body", "body": '{"access_token": 5}'},
    {"kind": "body", "body": "null"},
    {"kind": "body", "body": "[" * 5000},
    {"kind": "body", "body": "<html>"},
]


@pytest.mark.parametrize("fault", CUT, ids=str)
def test_a_pair_whose_answer_is_lost_is_tried_once_more_and_then_told(desk, fault):
    """The token was used up and nobody knows: the same once more, refused, and the alarm. Nothing
    is written over the pair meanwhile.
    """
    desk.server.faults(fault)
    pair = desk.held().access
    desk.advance(21 * HOUR)
    assert access(desk) == pair
    assert desk.held().unsure == 1
    assert access(desk) == pair
    assert desk.server.state()["calls"] == 1
    desk.advance(6)
    with capture_logs() as lines:
        assert troubles(desk) == "zalo -14014"
    assert "zalo needs consent" in {one["event"] for one in lines}
    assert desk.server.state()["calls"] == 2
    assert desk.held().access == pair
    access_after_hours = troubles(desk)
    assert access_after_hours == "zalo -14014"


@pytest.mark.parametrize("fault", [{"kind": "silent"}, {"kind": "status", "status": 503}], ids=str)
def test_a_call_that_was_lost_on_its_way_there_is_made_once_more(desk, fault):
    """The token was not used: the second call brings the pair, and no alarm is heard."""
    desk.server.faults(fault)
    desk.advance(21 * HOUR)
    with capture_logs() as lines:
        access(desk)
        desk.advance(6)
        assert desk.server.takes(access(desk))
    assert desk.is_whole()
    assert desk.server.state()["calls"] == 2
    assert not [one for one in lines if one["log_level"] == "error"]


def test_a_timeout_is_a_call_whose_end_nobody_knows(desk):
    """No answer within the limit: once more with the same token, then the alarm."""
    desk.server.faults({"kind": "slow", "seconds": 0.6})
    desk.advance(21 * HOUR)
    access(desk, oauth=desk.oauth(seconds=0.2))
    assert desk.held().unsure == 1
    desk.advance(6)
    assert troubles(desk) == "zalo -14014"


def test_a_pair_that_arrived_whole_on_a_broken_line_is_kept(desk):
    """The line broke behind the last letter that matters."""
    desk.server.faults({"kind": "cut", "bytes": 4096})
    desk.advance(21 * HOUR)
    assert desk.server.takes(access(desk))
    assert desk.is_whole()


def test_calls_that_stay_without_an_answer_are_an_alarm_and_grow_rare(desk):
    """After the second one it is loud; sending goes on while the old token is taken; then it is
    tried in a quarter of an hour, in half an hour, at most four times a day, and heals by itself.
    """
    desk.server.faults(*[{"kind": "silent"}] * 6)
    desk.advance(20.1 * HOUR)
    with capture_logs() as lines:
        access(desk)
        desk.advance(6)
        assert desk.server.takes(access(desk))
    assert desk.held().unsure == 2
    assert [one["event"] for one in lines if one["log_level"] == "error"] == ["zalo needs a look"]
    for _ in range(14):
        access(desk)
        desk.advance(60)
    assert desk.server.state()["calls"] == 2
    desk.advance(6 * HOUR)
    assert troubles(desk) == "a renewal was lost"
    for _ in range(3):
        desk.advance(6 * HOUR)
        with suppress(NeedsConsent):
            access(desk)
    assert desk.server.state()["calls"] == 6
    desk.advance(6 * HOUR)
    assert desk.server.takes(access(desk))
    assert desk.is_whole()
    assert (desk.held().trouble, desk.held().unsure) == ("", 0)


def test_waits_grow_and_have_an_end():
    """Seconds at first; five minutes or six hours at most, however often."""
    assert [wait_after(n) for n in (0, 1, 2, 50)] == [2, 4, 8, 300]
    assert [wait_after_lost(n) for n in (1, 2, 3, 4, 90)] == [5, 900, 1800, 3600, 21600]


# --- the store ------------------------------------------------------------------------------------


class Failing(StoredPair):
    """A store that fails at one act, so many times, before or after it was carried out."""

    def __init__(self, database, act: str, times: int, *, after: bool = False) -> None:
        super().__init__(database)
        self.act, self.left, self.after = act, times, after

    def __getattribute__(self, name):
        get = super().__getattribute__
        if name != get("__dict__").get("act") or get("left") <= 0:
            return get(name)

        async def fail(*sides):
            self.left -= 1
            if get("after"):
                await get(name)(*sides)
            raise NotWritten("away")

        return fail


@pytest.mark.parametrize("after", [False, True], ids=["before", "after"])
def test_a_new_pair_is_stored_however_long_the_store_is_away(desk, after):
    """It is not used before it is stored, and not stored twice where only the answer was lost."""
    desk.advance(21 * HOUR)
    with capture_logs() as lines:
        got = access(desk, vault=Failing(desk.database, "keep", 3, after=after))
    assert desk.server.takes(got)
    assert desk.is_whole()
    assert desk.held().version == 2
    assert desk.server.state()["calls"] == 1
    assert "zalo pair not stored yet" in {one["event"] for one in lines}


@pytest.mark.parametrize("after", [False, True], ids=["before", "after"])
def test_a_beginning_that_could_not_be_written_calls_nobody(desk, after):
    """Where nobody knows whether it was, the next one begins under the same name: no alarm."""
    desk.advance(21 * HOUR)

    async def twice():
        keeper = desk.keeper(vault=Failing(desk.database, "take", 1, after=after))
        await keeper.access()
        assert desk.server.state()["calls"] == 0
        desk.advance(6)
        return await keeper.access()

    assert desk.server.takes(asyncio.run(twice()))
    assert desk.is_whole()
    assert desk.server.state()["calls"] == 1


def test_an_end_that_could_not_be_written_is_not_forgotten(desk):
    """The call was made and its lease stands: the next renewal is another one, and waits for it."""
    desk.server.faults({"kind": "silent"})
    desk.advance(21 * HOUR)

    async def twice():
        keeper = desk.keeper(vault=Failing(desk.database, "lose", 1))
        await keeper.access()
        desk.advance(6)
        asked = asyncio.create_task(keeper.access())
        await asyncio.sleep(0.2)
        assert (desk.server.state()["calls"], asked.done()) == (1, False)
        desk.advance(60)
        return await asked

    assert desk.server.takes(asyncio.run(twice()))
    assert desk.server.state()["calls"] == 2


def test_what_is_known_is_used_while_the_store_is_away(desk):
    """A store that is away for a while stops no letter; one never reached does."""

    async def away():
        keeper = desk.keeper(vault=Failing(desk.database, "look", 0))
        got = await keeper.access()
        keeper._vault.left = 1000
        desk.advance(60)
        assert await keeper.access() == got
        with pytest.raises(Unreachable):
            await desk.keeper(vault=Failing(desk.database, "look", 1)).access()

    asyncio.run(away())


# --- leases ---------------------------------------------------------------------------------------


def dead_lease(desk: Desk) -> None:
    """Let somebody begin a renewal and die before the call."""
    held = desk.held()
    begun = desk.database.write(
        lambda store: store.tokens.take("zalo", (held.version, 0), "dead", None, 5.0)
    )
    assert begun


def test_another_lease_is_waited_for_and_not_taken_by_any_clock(desk):
    """However the clock of the store jumps: only who saw it for as long as a call lasts takes it."""
    desk.advance(26 * HOUR)
    dead_lease(desk)

    async def waits():
        keeper = desk.keeper()
        asked = asyncio.create_task(keeper.access())
        await asyncio.sleep(0.1)
        for jump in (HOUR, -2 * HOUR, 100 * HOUR, -99 * HOUR):
            desk.clock.advance(seconds=jump)
            await asyncio.sleep(0.05)
        desk.advance(44)
        await asyncio.sleep(0.3)
        assert not asked.done()
        assert desk.server.state()["calls"] == 0
        desk.advance(2)
        return await asked

    assert desk.server.takes(asyncio.run(waits()))
    assert desk.is_whole()
    assert desk.held().unsure == 0


def test_who_was_thought_gone_brings_his_pair_all_the_same(desk):
    """He stood still in his call and another began: whoever comes first, the good pair is kept."""
    desk.advance(21 * HOUR)
    desk.server.faults({"kind": "slow", "seconds": 1.0})

    async def both():
        slow, quick = desk.keeper(), desk.keeper()
        first = asyncio.create_task(slow.access())
        await until(lambda: desk.server.state()["calls"] > 0)
        second = asyncio.create_task(patient(quick, desk))
        return await asyncio.gather(first, second)

    got = asyncio.run(both())
    assert got[0] == got[1]
    assert desk.server.takes(got[0])
    assert desk.is_whole()
    assert desk.held().trouble == ""
    assert desk.server.state()["calls"] == 2


def test_who_stood_still_before_the_call_does_not_make_it(desk):
    """The lease may be somebody else's by then."""
    desk.advance(21 * HOUR)

    class Slow(StoredPair):
        async def take(self, *sides):
            found = await super().take(*sides)
            desk.steady.now += 30
            return found

    before = desk.held().access
    assert access(desk, vault=Slow(desk.database)) == before
    assert desk.server.state()["calls"] == 0
    assert (desk.held().lease, desk.held().unsure) == (None, 0)


def test_a_refusal_of_who_lost_his_lease_is_no_trouble(desk):
    """Another renews by now; only he knows."""
    desk.advance(21 * HOUR)
    dead_lease(desk)
    held = desk.database.write(
        lambda store: store.tokens.refuse("zalo", desk_version(store), "other", "zalo -14014", "")
    )
    assert (held.trouble, held.lease) == ("", "dead")


def desk_version(store) -> int:
    return store.tokens.look("zalo").version


# --- clocks, noise, secrets -----------------------------------------------------------------------


@pytest.mark.parametrize("wrong", [HOUR, -HOUR])
@pytest.mark.parametrize("when", ["before", "after"])
def test_a_clock_that_is_wrong_by_an_hour_costs_one_renewal_at_most(desk, wrong, when):
    """It jumps by an hour before or after a renewal: every token handed out is taken, every pair
    is renewed in time, and no more than once more than with a right clock.
    """
    if when == "before":
        desk.clock.advance(seconds=wrong)

    async def day():
        keeper = desk.keeper()
        for hour in range(50):
            assert desk.server.takes(await keeper.access()), hour
            desk.advance(HOUR)
            if when == "after" and hour == 21:
                desk.clock.advance(seconds=wrong)

    asyncio.run(day())
    assert 2 <= desk.server.state()["renewed"] <= 3
    assert desk.is_whole()


def test_a_pair_from_the_future_is_renewed(desk):
    """The clock was set back by days: nobody knows how old the pair is, so it is not waited for."""
    desk.clock.advance(seconds=-72 * HOUR)
    assert desk.server.takes(access(desk))
    assert desk.server.takes(access(desk))
    assert desk.server.state()["renewed"] == 1


def test_a_wait_does_not_outlast_a_clock_that_is_set_back(desk):
    """What was put off for half a minute is not put off for an hour."""
    desk.server.faults({"kind": "error", "code": -32})
    desk.advance(22 * HOUR)
    access(desk)
    desk.clock.advance(seconds=-HOUR)
    access(desk)
    assert desk.server.state()["renewed"] == 1
    assert desk.is_whole()


def test_the_alarm_is_one_line_an_hour(desk):
    """However many letters ask: loud, and not a flood."""
    desk.server.faults({"kind": "error", "code": -14014})
    desk.advance(26 * HOUR)

    async def ask():
        keeper = desk.keeper()
        for _ in range(2 * 3600):
            with pytest.raises(NeedsConsent):
                await keeper.access()
            desk.advance(1)

    with capture_logs() as lines:
        asyncio.run(ask())
    assert 2 <= len([one for one in lines if one["event"] == "zalo needs consent"]) <= 3
    assert len(lines) <= 3
    assert desk.server.state()["calls"] == 1


def test_no_token_shows_in_what_is_written_out(desk):
    """Neither a pair, nor a renewal, nor an answer shows its tokens where it is printed."""
    from channels.zalo_oauth import Denied, Lost, granted_of

    granted = granted_of(200, b'{"access_token": "AT-x", "refresh_token": "RT-x"}')
    shown = [repr(granted), repr(desk.held()), repr(Lost("AT-x")), repr(Denied(-1, "AT-x"))]
    begun = desk.database.write(
        lambda store: store.tokens.take("zalo", (desk.held().version, 0), "me", None, 5.0)
    )
    pair = desk.server.state()
    for one in (*shown, repr(begun)):
        assert "AT-" not in one
        assert pair["access"] not in one
        assert pair["refresh"] not in one


def test_tokens_are_not_to_be_read_in_the_file(desk, store):
    """Whoever has the database without the key has no token: now, before, or in an answer."""
    before = desk.server.state()
    desk.advance(21 * HOUR)
    access(desk)
    now = desk.server.state()
    raw = store.bytes_of(desk.database.url)
    assert b"channel_token" in raw
    for one in (before, now):
        assert one["access"].encode() not in raw
        assert one["refresh"].encode() not in raw
