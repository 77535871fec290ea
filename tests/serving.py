"""A real `ketdoan serve` on this machine, over a town's database, for browsers and scripts."""

from __future__ import annotations

import base64
import os
import re
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from chat import KEYS
from commands import run_command
from stores import Founded

ROOT = Path(__file__).parent.parent


@dataclass
class Served:
    """A running installation: its address, its folder, the tokens of its posters."""

    url: str
    folder: Path
    tokens: Mapping[str, str]
    environment: dict[str, str]
    process: subprocess.Popen[bytes] | None = None

    def run(self, *command: str, said: str = "", ok: bool = True) -> str:
        """Run a command of the operator beside the server; return what it printed."""
        ran = run_command(command, self.environment, said)
        assert (ran.code == 0) == ok, f"{command}: {ran.printed}{ran.errors}"
        return ran.printed if ok else ran.errors

    def invite(self, body: str, role: str, name: str) -> str:
        """Return the code of a fresh invitation, as the command prints it."""
        printed = self.run("invite", "--body", body, "--role", role, "--name", name)
        code = re.search(r"\b[A-Z2-9]{4}(?:-[A-Z2-9]{4})+\b", printed)
        assert code, printed
        return code[0]

    def talk(self, name: str, *lines: str, scan: str | None = None) -> str:
        """Let somebody talk in the terminal; return what was printed."""
        more = ["--scan", self.tokens.get(scan, scan)] if scan else []
        return self.run("talk", "--as", name, *more, said="".join(f"{line}\n" for line in lines))

    def start(self) -> None:
        """Start the server and wait until it is alive."""
        with (self.folder / "serve.log").open("ab") as log:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "webhook", "serve"],
                cwd=ROOT,
                env=self.environment,
                stdout=log,
                stderr=log,
            )
        for _ in range(200):
            if self.process.poll() is not None:
                break
            try:
                urllib.request.urlopen(f"{self.url}/healthz", timeout=1).close()
            except OSError:
                time.sleep(0.1)
            else:
                return
        raise AssertionError((self.folder / "serve.log").read_text())

    def stop(self, how: int = signal.SIGTERM) -> None:
        """Stop the server."""
        if self.process is not None and self.process.poll() is None:
            self.process.send_signal(how)
            self.process.wait(20)
        self.process = None


@dataclass
class Installation(Served):
    """An installation with a bot; *fetches*: `ketdoan poll` of this channel stands beside it."""

    fetches: str = ""
    fetching: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Start the server, and beside it what fetches and sends."""
        super().start()
        if self.fetches:
            self.fetch(self.fetches)

    def fetch(self, *more: str) -> None:
        """Start to fetch."""
        with (self.folder / "poll.log").open("ab") as log:
            self.fetching = subprocess.Popen(
                [sys.executable, "-m", "webhook", "poll", *more],
                cwd=ROOT,
                env=self.environment,
                stdout=log,
                stderr=log,
            )

    def stop(self, how: int = signal.SIGTERM) -> None:
        """Stop both."""
        self.stop_fetching(how)
        super().stop(how)

    def stop_fetching(self, how: int = signal.SIGTERM) -> None:
        """Stop what fetches."""
        if self.fetching is not None and self.fetching.poll() is None:
            self.fetching.send_signal(how)
            self.fetching.wait(20)
        self.fetching = None

    @property
    def said(self) -> str:
        """What was logged."""
        return "".join(one.read_text() for one in sorted(self.folder.glob("*.log")))


def settle(founded: Founded, folder: Path) -> Served:
    """Lay a town's key into a folder, copy its database, and choose a free port."""
    folder.mkdir(parents=True, exist_ok=True)
    key = folder / "key"
    key.write_text(f"1 {base64.b64encode(KEYS.keys[1]).decode()}\n")
    key.chmod(0o600)
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    environment = {
        name: value for name, value in os.environ.items() if not name.startswith("KETDOAN_")
    }
    environment |= {
        "KETDOAN_DATA_DIR": str(folder),
        "KETDOAN_DATABASE_URL": founded.fresh(folder),
        "KETDOAN_KEY_FILE": str(key),
        "KETDOAN_PORT": str(port),
        "KETDOAN_HOST": "127.0.0.1",
        "KETDOAN_PUBLIC_URL": f"http://127.0.0.1:{port}",
        "PYTHONWARNINGS": "default",
    }
    return Served(f"http://127.0.0.1:{port}", folder, founded.tokens, environment)
