"""What answers of Zalo's OAuth mean, how consent is asked for, and what is pasted back."""

import json

import pytest
from oauth_server import CHALLENGE, VERIFIER

from bot.speech import TooFast, Unreachable
from channels.zalo_consent import (
    NotUnderstood,
    challenge_of,
    consent_address,
    is_whole,
    read_consent,
    read_pair,
)
from channels.zalo_oauth import Denied, Lost, granted_of

PAIR = {"access_token": "AT-demo", "refresh_token": "RT-demo", "expires_in": "90000"}


def answered(**more) -> bytes:
    return json.dumps(PAIR | more).encode()


def test_the_challenge_of_the_documented_verifier():
    """The vector of the contract: base64url of SHA-256, without padding."""
    assert challenge_of(VERIFIER) == CHALLENGE


@pytest.mark.parametrize(
    ("said", "life"),
    [
        ("90000", 90_000), (3600, 3_600), ("3600.5", 90_000), ("", 90_000), (None, 90_000), ("-1", 90_000),
        ("0", 90_000), ("9" * 5000, 90_000), ([], 90_000), (1e400, 90_000), ("7776000", 7_776_000),
    ],
)  # fmt: skip
def test_how_long_a_token_is_good(said, life):
    """Seconds as text or number; what is none is taken as the documented 25 hours: the pair is kept."""
    granted = granted_of(200, answered(expires_in=said))
    assert (granted.access, granted.refresh, granted.life) == ("AT-demo", "RT-demo", life)


def test_the_answer_is_kept_as_it_came():
    """All of it, with what we do not know."""
    assert granted_of(200, answered(strange="x")).answer == answered(strange="x").decode()


@pytest.mark.parametrize("refresh", [None, "", 5, [], "with space", "with\nline", "x" * 20_000])
def test_an_answer_without_a_usable_refresh_token_has_none(refresh):
    """Then the old one stays."""
    assert granted_of(200, answered(refresh_token=refresh)).refresh == ""


@pytest.mark.parametrize(
    ("status", "body", "wrong"),
    [
        (200, b'{"error": -14014}', Denied), (200, b'{"error": "-14014"}', Denied), (500, b'{"error": -14014}', Denied),
        (200, b'{"error": 1, "access_token": ""}', Denied), (200, b'{"error": true}', Denied),
        (200, b'{"error": -32}', TooFast), (429, b"", TooFast), (429, b"<html>", TooFast),
        (404, b"<html>", Unreachable), (403, b"{}", Unreachable), (302, b"", Unreachable),
        (502, b'{"error": 502}', Lost),
        (502, b"<html>", Lost), (503, b'{"error": "overloaded"}', Lost), (200, b"", Lost), (200, b"{}", Lost),
        (200, b'{"error": 0}', Lost), (200, b"[]", Lost), (200, b"\xff\xfe", Lost), (200, b"[" * 9000, Lost),
        (200, b'{"access_token": null}', Lost), (200, b'{"access_token": "a b"}', Lost),
        (200, answered()[:60], Lost), (200, b'{"error": "' + b"9" * 5000 + b'"}', Lost),
    ],
)  # fmt: skip
def test_what_an_answer_without_a_token_means(status, body, wrong):
    """Refused, put off, not carried out, or nobody knows: and never a pair."""
    with pytest.raises(wrong):
        granted_of(status, body)


def test_a_cut_answer_is_never_a_refusal():
    """What is cut may have been a pair."""
    with pytest.raises(Lost):
        granted_of(200, b'{"error": -14014}', is_whole=False)
    assert granted_of(200, answered(), is_whole=False).access == "AT-demo"


# --- consent --------------------------------------------------------------------------------------


def test_the_address_of_consent():
    """App, callback and challenge, as the console has them."""
    shown = consent_address("https://oauth.example/", "112233", "https://kd.example/", VERIFIER)
    assert shown == (
        "https://oauth.example/v4/oa/permission?app_id=112233&redirect_uri=https%3A%2F%2Fkd.example%2F"
        f"&code_challenge={CHALLENGE}"
    )
    assert "challenge" not in consent_address("https://oauth.example", "1", "https://kd.example/")


@pytest.mark.parametrize(
    ("pasted", "code", "oa_id"),
    [
        ("https://kd.example/?code=abc-123&oa_id=357\n", "abc-123", "357"),
        ("  https://kd.example/?oa_id=357&code=abc%2B1  ", "abc+1", "357"),
        ("code=abc&oa_id=9", "abc", "9"),
        ("/?code=abc", "abc", ""),
        ("abc-123", "abc-123", ""),
    ],
)
def test_what_the_browser_was_sent_to_is_read(pasted, code, oa_id):
    """The whole address, the part behind it, or the code alone."""
    consent = read_consent(pasted)
    assert (consent.code, consent.oa_id) == (code, oa_id)
    assert code not in repr(consent)


@pytest.mark.parametrize(
    "pasted",
    ["", " \n", "https://kd.example/", "https://kd.example/?error=-1", "two words", "mã", "x" * 40_000, "https://kd.example/?code="],
)  # fmt: skip
def test_what_is_no_address_of_consent_is_refused(pasted):
    """With a sentence, and without repeating what was pasted."""
    with pytest.raises(NotUnderstood) as raised:
        read_consent(pasted)
    assert pasted.strip() == "" or pasted.strip() not in str(raised.value)


@pytest.mark.parametrize(
    "lines",
    [["AT-demo\n", "RT-demo\n"], ["AT-demo RT-demo"], [json.dumps(PAIR)], json.dumps(PAIR, indent=2).splitlines()],
)  # fmt: skip
def test_a_pasted_pair_is_read(lines):
    """As JSON, or one token on each of two lines; it is known when it is all there."""
    granted = read_pair(lines)
    assert (granted.access, granted.refresh) == ("AT-demo", "RT-demo")
    assert is_whole(lines)
    assert len(lines) == 1 or not is_whole(lines[:1])


@pytest.mark.parametrize(
    "lines",
    [[], [""], ["AT-demo"], ["{"], ["{}"], ['{"access_token": "AT-demo"}'], ['{"error": -14014}'], ["a b c"], ["mã khác"], ["[]"], ["{" * 9000]],
)  # fmt: skip
def test_what_is_no_pair_is_refused(lines):
    """With a sentence, and without a token."""
    with pytest.raises(NotUnderstood) as raised:
        read_pair(lines)
    assert "AT-demo" not in str(raised.value)
