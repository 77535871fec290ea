"""The fake signs as Zalo does: the known vectors, and over the bytes that it sends."""

import hashlib
import json

import pytest
from fakes.zalo_calls import LAN
from fakes.zalo_client import APP_ID, OA_SECRET, signed
from fakes.zaloapi.signing import challenge, mac

TYPED = (
    (
        '{"app_id":"1122334455667788990","sender":{"id":"2468013579246801357"},'
        '"recipient":{"id":"3579246801357924680"},"user_id_by_app":"4680135792468013579",'
        '"event_name":"user_send_text","message":{"text":"Xin chào #DK7F3",'
        '"msg_id":"a1b2c3d4e5f60718293a"},"timestamp":"1767225600123"}'
    ),
    "1767225600123",
    "9eaaf6f7841c8df05f5ff61753818360701554fc7cab2ef281a45a08323ecabe",
)
FOLLOWED = (
    (
        '{"oa_id":"3579246801357924680","follower":{"id":"2468013579246801357"},'
        '"user_id_by_app":"4680135792468013579","event_name":"follow","source":"oa_profile",'
        '"app_id":"1122334455667788990","timestamp":"1767225600456"}'
    ),
    "1767225600456",
    "c392fb2efe1b19d84585cec2c582638463a787d2045f2baceb82288d5c2ec02a",
)


class TestVectors:
    @pytest.mark.parametrize(("body", "timestamp", "expected"), [TYPED, FOLLOWED])
    def test_an_events_signature(self, body, timestamp, expected) -> None:
        """The signature of an event is the one that was worked out by hand."""
        assert mac(APP_ID, body.encode(), timestamp, OA_SECRET) == expected

    def test_a_signed_event(self) -> None:
        """What a test of a door posts is signed the same way."""
        raw, headers = signed(json.loads(TYPED[0]))
        assert raw == TYPED[0].encode()
        assert headers["x-zevent-signature"] == f"mac={TYPED[2]}"

    def test_a_code_challenge(self) -> None:
        """The challenge of a verifier is the known one, without padding."""
        verifier = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQ"
        assert challenge(verifier) == "RqIZl4LIgn8KxW9QO-nTnv7pf0CnNrksx9fF-CXP2FE"


class TestHeader:
    def test_it_signs_the_bytes_it_sends(self, zalo, hook) -> None:
        """App id, raw body, the body's timestamp and the OA's secret in a row: SHA-256 of that."""
        zalo.connect(hook.url)
        for number in range(8):
            zalo.say(LAN, f"Công đoàn {number}")
        zalo.wait_taken()
        for heard in hook.heard:
            stamp = heard["event"]["timestamp"]
            parts = (APP_ID.encode(), heard["raw"], stamp.encode(), OA_SECRET.encode())
            found = hashlib.sha256(b"".join(parts)).hexdigest()
            assert heard["headers"]["x-zevent-signature"] == f"mac={found}"
        shapes = {b'", "' in heard["raw"] for heard in hook.heard}
        assert shapes == {True, False}, "who writes bodies anew must be found out"

    @pytest.mark.parametrize("how", ["wrong", "missing", "upper", "bare"])
    def test_it_signs_otherwise_when_told(self, zalo, hook, how) -> None:
        """A signature comes wrong, not at all, in capitals, without its prefix."""
        zalo.connect(hook.url)
        zalo.faults(signature=how)
        zalo.say(LAN, "a")
        zalo.wait_taken()
        heard = hook.heard[0]
        right = mac(APP_ID, heard["raw"], heard["event"]["timestamp"], OA_SECRET)
        said = heard["headers"].get("x-zevent-signature")
        wanted = {"missing": None, "upper": f"mac={right.upper()}", "bare": right}
        assert said == wanted.get(how, f"mac={right[::-1]}") != f"mac={right}"
