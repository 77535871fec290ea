"""Talks as real conversations over every channel; `make conformance` holds all of them."""

import pytest

from conformance.command import different
from conformance.contents import CHANNELS, all_talks
from conformance.stage import Failed, play

TALKS = {one.name: one for one in all_talks()}
# Of each sort one: typed and on a page, pushed and asked for, broken off, an officer at her desk.
QUICK = ("signing-mistake", "letters-resumed", "names-whole")
ON_BOTH_STORES = ("decisions-whole-join",)


def held(name, channel, founded, platforms, folder):
    """Hold a talk; return what is different at its end, "" where nothing is."""
    facts = play(TALKS[name], channel, founded, platforms, folder)
    return "" if facts == TALKS[name].facts else different(TALKS[name].facts, facts)


@pytest.mark.parametrize("channel", CHANNELS)
@pytest.mark.parametrize("name", QUICK)
@pytest.mark.store("sqlite", reason="it is about channels; one talk runs on both stores")
def test_some_talks_come_to_the_same_on_every_channel(
    name, channel, founded, platforms, tmp_path
) -> None:
    """A few talks go as they are written, with the same outcome everywhere and nothing refused."""
    assert not held(name, channel, founded, platforms, tmp_path)


@pytest.mark.parametrize("channel", CHANNELS)
@pytest.mark.parametrize("name", ON_BOTH_STORES)
def test_a_talk_comes_to_the_same_on_each_store(
    name, channel, founded, platforms, tmp_path
) -> None:
    """A worker's talk with an officer's decision comes to the same on each store, everywhere."""
    assert not held(name, channel, founded, platforms, tmp_path)


@pytest.mark.long
@pytest.mark.parametrize("channel", CHANNELS)
@pytest.mark.parametrize("name", sorted(set(TALKS) - {*QUICK, *ON_BOTH_STORES}))
@pytest.mark.store("sqlite", reason="it is about channels; one of each dialogue runs on both")
def test_every_talk_comes_to_the_same_on_every_channel(
    name, channel, founded, platforms, tmp_path
) -> None:
    """Every talk goes as it is written, with the same outcome everywhere and nothing refused."""
    assert not held(name, channel, founded, platforms, tmp_path)


@pytest.mark.long
@pytest.mark.parametrize("channel", CHANNELS)
@pytest.mark.parametrize("name", sorted(one for one in TALKS if one.endswith("-whole")))
@pytest.mark.store("postgresql", reason="on the other store every talk runs")
def test_every_dialogue_runs_on_postgresql(name, channel, founded, platforms, tmp_path) -> None:
    """A talk of each dialogue comes to the same on PostgreSQL, on every channel."""
    assert not held(name, channel, founded, platforms, tmp_path)


@pytest.mark.parametrize("channel", ["web", "telegram"])
@pytest.mark.store("sqlite", reason="it is about the harness")
def test_a_talk_that_does_not_go_as_written_is_told(
    channel, founded, platforms, tmp_path, made_talk
) -> None:
    """Where something else is seen than what is written, the line and the channel are named."""
    talk = made_talk("Lan: (quét mã: DN-MAY)", "Lan: [Không có nút này]")
    with pytest.raises(Failed, match=f"line 7, on {channel}"):
        play(talk, channel, founded, platforms, tmp_path / "played")


@pytest.mark.store("sqlite", reason="it is about the harness")
def test_another_outcome_is_told(founded, platforms, tmp_path, made_talk) -> None:
    """A name that was not put down is missing from the facts, and a count that is wrong shows."""
    written = ("Lan: (quét mã: DN-MAY)", "Lan: [Ghi tên]", "Lan: [Chỉ giữ tên (A)]")
    facts = play(made_talk(*written), "terminal", founded, platforms, tmp_path / "played")
    assert "signature" not in facts
    told = different("case petition-DN-MAY state=open counted=1\n", facts)
    assert "- case petition-DN-MAY state=open counted=1" in told
    assert "+ Lan: talk language=vi place=DN-MAY" in told
    assert different(facts, facts).endswith("another order")


@pytest.mark.parametrize(("channel", "path"), [("telegram", "/bot1:x/sendMessage"), ("zalo", "")])
def test_a_refused_request_is_seen(channel, path, platforms) -> None:
    """What the platform refuses stands in the list that must be empty at the end."""
    platforms.environment(channel)
    assert platforms.refusals(channel) == []
    if channel == "telegram":
        status, _ = platforms.telegram.call("sendMessage", chat_id=1, text="")
        assert status == 400
    else:
        from http.client import HTTPConnection

        line = HTTPConnection("127.0.0.1", platforms.zalo.port)
        line.request("POST", "/v3.0/oa/message/cs", "{}", {"access_token": "none"})
        line.getresponse().read()
        line.close()
    assert platforms.refusals(channel)
