"""The command `send`: a sender in a process of its own."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

import pytest
from typer.testing import CliRunner

from bot.speech import Pace, Reply
from storage.store import Store
from webhook import wiring
from webhook.__main__ import app
from webhook.counter import open_office
from webhook.trouble import Trouble

ROOT = Path(__file__).parents[2]
TOKEN = "123456:TEST-TOKEN-ketdoan_test_bot-000000"


@pytest.fixture(autouse=True)
def at_home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A fresh installation, and no settings from outside."""
    monkeypatch.chdir(tmp_path)
    for name in list(os.environ):
        if name.upper().startswith("KETDOAN_"):
            monkeypatch.delenv(name)
    assert CliRunner().invoke(app, ["init"]).exit_code == 0


class Telephone:
    """A line that hears one letter and then lets the operator stop the program."""

    pace = Pace(0, 0)

    def __init__(self, stops: int) -> None:
        self.stops = stops
        self.heard: list[str] = []
        self.is_closed = False

    async def send(self, address: str, reply: Reply) -> str:
        del address
        self.heard.append(reply.text)
        os.kill(os.getpid(), self.stops)
        return "ref"

    async def close(self) -> None:
        self.is_closed = True


def lay(*texts: str) -> None:
    """Lay letters out for somebody on paper."""

    def work(store: Store) -> None:
        known = store.conversations.locked("paper", "a", "vi")
        for text in texts:
            store.outbox.post(
                key=text,
                conversation_id=known.id,
                channel="paper",
                reply=Reply(text).to_json(),
            )

    with open_office() as (_, office):
        office.database.write(work)


def counts() -> dict[str, int]:
    """Return how many letters stand in each state."""
    with open_office() as (_, office), office.database.read() as store:
        return store.outbox.counts()


def test_without_a_channel_there_is_nothing_to_send_by() -> None:
    """One sentence that says what is missing."""
    ran = CliRunner().invoke(app, ["send"])
    assert isinstance(ran.exception, Trouble)
    assert "KETDOAN_TELEGRAM_TOKEN" in str(ran.exception)
    assert ran.exception.code == 2


@pytest.mark.parametrize("stops", [signal.SIGTERM, signal.SIGINT])
def test_it_sends_what_waits_and_ends_when_told(
    monkeypatch: pytest.MonkeyPatch, stops: signal.Signals
) -> None:
    """The letter on its way is ended and noted, the line is closed, the exit is clean."""
    line = Telephone(stops)
    monkeypatch.setattr(wiring, "mouths", lambda *_: {"paper": line})
    lay("1")
    ran = CliRunner().invoke(app, ["send"])
    assert ran.exit_code == 0, ran.output
    assert line.heard == ["1"]
    assert line.is_closed
    assert counts() == {"sent": 1}


def test_beside_another_process_it_goes_unwatched_and_works(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The port for metrics is somebody else's already: that stops no letter."""
    line = Telephone(signal.SIGTERM)
    monkeypatch.setattr(wiring, "mouths", lambda *_: {"paper": line})
    lay("1")
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        monkeypatch.setenv("KETDOAN_METRICS_PORT", str(taken.getsockname()[1]))
        ran = CliRunner().invoke(app, ["send"])
    assert ran.exit_code == 0, ran.output
    assert counts() == {"sent": 1}


def test_the_real_command_starts_and_stops(tmp_path: Path) -> None:
    """With a token and nobody at the other end: it runs, says so without the token, and ends."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    environment = os.environ | {
        "KETDOAN_DATA_DIR": str(tmp_path / "var"),
        "KETDOAN_TELEGRAM_TOKEN": TOKEN,
        "KETDOAN_TELEGRAM_API_URL": f"http://127.0.0.1:{port}",
    }
    with (tmp_path / "log").open("wb") as log:
        running = subprocess.Popen(
            [sys.executable, "-m", "webhook", "send"], cwd=ROOT, env=environment, stderr=log
        )
    until = time.monotonic() + 60
    while '"sending"' not in (said := (tmp_path / "log").read_text()):
        assert running.poll() is None, said
        assert time.monotonic() < until, said
        time.sleep(0.05)
    running.send_signal(signal.SIGTERM)
    assert running.wait(20) == 0
    said = (tmp_path / "log").read_text()
    assert TOKEN.partition(":")[2] not in said
    assert {json.loads(line)["level"] for line in said.splitlines()} == {"info"}
