"""What became of a call to Zalo's OpenAPI, in the five words of the sender."""

import asyncio
import json
import socket

import pytest
from answering import Server, no, ok
from structlog.testing import capture_logs

from bot.sending import ending_of
from bot.speech import Gone, Rejected, Shut, TooFast, Unreachable, Unsure
from channels import zalo_line
from channels.zalo import NeedsConsent
from channels.zalo_line import HALT_SECONDS, Expired, Halted, Line, Refused, result_of

TOKEN = "AT_secret_of_the_tests"


class Paper:
    """A keeper that hands tokens out in order, and notes which were refused."""

    def __init__(self, *tokens):
        self.tokens = list(tokens or (TOKEN,))
        self.refusals = []

    async def access(self):
        token = self.tokens[0]
        if isinstance(token, Exception):
            raise token
        return token

    async def refused(self, token):
        self.refusals.append(token)
        if len(self.tokens) > 1:
            self.tokens.pop(0)


def call(server, tokens=None, **how):
    """Post once to a server; return what came back or was raised."""

    async def calling(url):
        line = Line(tokens or Paper(), url)
        try:
            return await line.post("/v3.0/oa/message/cs", {"message": {"text": "Mẫu"}})
        except Exception as error:
            return error
        finally:
            await line.close()

    return server.during(calling)


GONE = {
    -213: "not a follower", -217: "blocked", -218: "receives no more", -227: "account inactive",
    -234: "night rule", -244: "refuses this kind",
}  # fmt: skip
HALTS = [-210, -211, -305, -311, -204, -205, -209, -212, -214, -219, -221, -223, -224, -235, -237,
         -320, -321, -403]  # fmt: skip
REFUSED = [-201, -233, -240, -248, -249, -242, -1, -99999, 7]


@pytest.mark.parametrize(("code", "why"), GONE.items())
def test_who_can_not_be_reached_is_gone_with_a_reason(code, why):
    """Nothing more is sent, and the letter keeps in a word why."""
    ended = call(Server(no(code)))
    assert type(ended) is Gone
    assert str(ended) == why
    assert ending_of(None, ended)[0].why == why


@pytest.mark.parametrize("code", [-230, -232])
def test_a_closed_window_is_no_block(code):
    """She can be written to again after she has done something: the letter is too late, not gone."""
    ended = call(Server(no(code)))
    assert type(ended) is Shut
    assert (ending_of(None, ended)[0].how, ending_of(None, ended)[0].why) == (
        "shut",
        "window closed",
    )


@pytest.mark.parametrize("code", HALTS)
def test_what_needs_a_person_halts_the_account(code):
    """Quota and what stands in the console stop every letter, lose none, and are told loudly."""
    with capture_logs() as logs:
        ended = call(Server(no(code)))
    assert type(ended) is Halted
    assert ended.for_all
    ending = ending_of(None, ended)[0]
    assert (ending.how, ending.halt) == ("back", HALT_SECONDS)
    (said,) = logs
    assert said["log_level"] == "error"
    assert str(code) in said["why"]


@pytest.mark.parametrize("code", REFUSED)
def test_a_wrong_call_is_refused_with_its_code(code):
    """What is wrong in itself, and any number nobody knows, ends there and never loops."""
    ended = call(Server(no(code)))
    assert type(ended) is Refused
    assert isinstance(ended, Rejected)
    assert ending_of(None, ended)[0].why == f"zalo {code}"


@pytest.mark.parametrize(
    ("answer", "error"),
    [
        (no(-32), TooFast),
        (no("-32"), TooFast),
        (no(-200), Unreachable),
        (no(-100), Expired),
        ((429, "slow down"), TooFast),
        ((500, "x"), Unsure),
        ((502, "<html>502</html>"), Unsure),
        ((502, '{"error": 502, "message": "Bad Gateway"}'), Unsure),
        ((429, '{"error": 429}'), TooFast),
        ((401, '{"error": 401}'), Unreachable),
        ((504, ""), Unsure),
        ((500, ok()), Unsure),
        ((403, "<html>403</html>"), Unreachable),
        ((404, ""), Unreachable),
        ((307, ""), Unreachable),
        ("<html>Welcome to our network</html>", Unsure),
        ("", Unsure),
        ([], Unsure),
        ({"data": {}}, Unsure),
        ({"error": True}, Unsure),
        ({"error": None}, Unsure),
        ({"error": "empty or invalid API"}, Unsure),
        ({"error": [0]}, Unsure),
        ("hang up", Unsure),
    ],
)
def test_what_passes_is_told_as_it_is(answer, error):
    """Too fast, not sent, or nobody knows: a gateway's page never ends a letter or a person."""
    assert type(call(Server(answer))) is error


def test_a_deep_answer_is_nobodys():
    """Brackets by the thousand leave it open and break nothing."""
    with pytest.raises(Unsure):
        result_of(200, b"[" * 100_000)


def test_too_fast_waits_for_all_and_not_at_one_moment():
    """-32 silences the account for about half a minute, each process a little differently."""
    waits = {call(Server(no(-32))).seconds for _ in range(4)}
    assert len(waits) == 4
    assert all(20 <= one <= 40 for one in waits)


def test_what_worked_is_its_data():
    """The answer's data come back, however it spells that there was no error."""
    assert call(Server(ok(message_id="m1"))) == {"message_id": "m1"}
    assert call(Server({"error": "0"})) == {}


def test_the_token_goes_bare_in_its_header():
    """The header is access_token, without Bearer, and the body JSON in UTF-8."""
    server = Server(ok())
    call(server)
    (asked,) = server.asked
    assert asked["headers"]["access_token"] == TOKEN
    assert "Bearer" not in str(asked["headers"])
    assert asked["headers"]["content-type"] == "application/json"
    assert "Mẫu".encode() in asked["raw"]


# --- tokens ------------------------------------------------------------------------------------


@pytest.mark.parametrize("code", [-216, -220, -124])
def test_a_refused_token_is_told_and_the_call_made_once_more(code):
    """The keeper hears which token was refused, and the letter goes with the next one."""
    keeper, server = Paper("old", "new"), Server(no(code), ok(message_id="m"))
    assert call(server, keeper) == {"message_id": "m"}
    assert keeper.refusals == ["old"]
    assert [one["headers"]["access_token"] for one in server.asked] == ["old", "new"]


def test_a_second_refusal_is_no_loop():
    """A fresh token that is refused as well halts the account after two calls, loudly."""
    server = Server(no(-216))
    with capture_logs() as logs:
        assert type(call(server, Paper("old", "new"))) is Halted
    assert len(server.asked) == 2
    assert [one["log_level"] for one in logs] == ["error"]


def test_who_must_consent_again_is_called_loudly():
    """Without any token nothing is sent, nothing lost, and the log says who has to do what."""
    server = Server(ok())
    with capture_logs() as logs:
        assert type(call(server, Paper(NeedsConsent()))) is Halted
    assert server.asked == []
    assert "consent" in logs[0]["event"]


def test_a_keeper_that_can_not_ask_is_waited_for():
    """Where the token server is away the letter has certainly not gone."""
    assert type(call(Server(ok()), Paper(Unreachable()))) is Unreachable


def test_a_slow_keeper_is_left_to_end_its_work(monkeypatch):
    """A letter does not wait for ever for a token, and the keeper is not broken off half-way."""
    monkeypatch.setattr(zalo_line, "TOKEN_SECONDS", 0.05)
    ended = []

    class Slow(Paper):
        async def access(self):
            await asyncio.sleep(0.2)
            ended.append("kept")
            return TOKEN

    async def calling(url):
        line = Line(Slow(), url)
        with pytest.raises(Unreachable):
            await line.post("/x", {})
        giving_up = asyncio.create_task(line.post("/x", {}))
        await asyncio.sleep(0.01)
        giving_up.cancel()
        await asyncio.gather(giving_up, return_exceptions=True)
        monkeypatch.setattr(zalo_line, "TOKEN_SECONDS", 5)
        await line.close()

    Server(ok()).during(calling)
    assert ended == ["kept", "kept"]


# --- the line itself -----------------------------------------------------------------------------


def test_silence_leaves_it_open(monkeypatch):
    """When the call was written and no answer came, nobody knows whether it was done."""
    monkeypatch.setattr(zalo_line, "CALL_SECONDS", 0.3)
    ended = call(Server("silence"))
    assert type(ended) is Unsure
    assert ended.__cause__ is None
    assert TOKEN not in f"{ended!r}{ended.__context__!r}"


def test_nobody_there_means_nothing_was_said():
    """A refused connection is certain: nothing has arrived."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]

    async def ring():
        line = Line(Paper(), f"http://127.0.0.1:{port}")
        try:
            await line.post("/x", {})
        finally:
            await line.close()

    with pytest.raises(Unreachable):
        asyncio.run(ring())


def test_a_redirection_is_not_followed():
    """The token goes to the address that was set, and to no other."""
    server = Server((307, ""), ok())
    assert type(call(server)) is Unreachable
    assert len(server.asked) == 1


@pytest.mark.parametrize("code", [-201, -213, -32, -211, -216, -1])
def test_nothing_that_zalo_says_is_passed_on(code, caplog, capsys):
    """Its words may hold words of a person: neither errors nor the log repeat them, nor the token."""
    ended = call(Server(no(code)))
    told = f"{ended!r}{ended}{ended.__cause__}{caplog.text}{''.join(capsys.readouterr())}"
    for secret in ("Mẫu", "0912", TOKEN):
        assert secret not in told


def test_calls_end_before_the_sender_gives_up():
    """A call and the wait for a token are far shorter than the sender's patience."""
    assert zalo_line.CALL_SECONDS + zalo_line.TOKEN_SECONDS < 30


def test_a_file_is_handed_over_as_a_form():
    """An upload is multipart with the field `file`."""
    server = Server(ok(attachment_id="A"))

    async def upload(url):
        line = Line(Paper(), url)
        try:
            return await line.upload("/v2.0/oa/upload/image", "a.png", "image/png", b"\x89PNG..")
        finally:
            await line.close()

    assert server.during(upload) == {"attachment_id": "A"}
    (asked,) = server.asked
    assert asked["path"] == "/v2.0/oa/upload/image"
    assert b'name="file"; filename="a.png"' in asked["raw"]
    assert json.dumps(asked["headers"]).count("multipart/form-data") == 1
