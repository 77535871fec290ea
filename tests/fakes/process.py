"""A fake platform as a process of its own: how a test starts, asks and ends it."""

import json
import subprocess
import sys
from collections.abc import Mapping
from http.client import HTTPConnection
from pathlib import Path
from typing import Any, ClassVar, Self

Json = dict[str, Any]


class FakeProcess:
    """A running fake. `programme` is what runs, `control` where its control API begins.

    It ends with this process.
    """

    programme: ClassVar[Path]
    control: ClassVar[str]

    def __init__(self, port: int, options: Mapping[str, object]) -> None:
        self.port = port
        self.options = options
        self.process: subprocess.Popen[str] | None = None

    @property
    def url(self) -> str:
        """The base of all its addresses."""
        return f"http://127.0.0.1:{self.port}"

    def start(self) -> Self:
        """Start the process and wait until it listens."""
        command = [sys.executable, str(self.programme), "--port", str(self.port), "--tied"]
        for name, value in self.options.items():
            command += [name, str(value)]
        self.process = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )
        assert self.process.stdout
        line = self.process.stdout.readline().split()
        assert line[:1] == ["ready"], f"{self.programme.name} did not start"
        self.port = int(line[1]) if len(line) > 1 else self.port
        return self

    def stop(self) -> None:
        """End the process."""
        if self.process:
            self.process.terminate()
            for pipe in (self.process.stdin, self.process.stdout):
                if pipe:
                    pipe.close()
            self.process.wait(10)
            self.process = None

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(self, *_: object) -> None:
        self.stop()

    def ask(self, method: str, path: str, asked: Json | None = None, wait: float = 0) -> Json:
        """One request of the control API; AssertionError when it was a wrong one."""
        connection = HTTPConnection("127.0.0.1", self.port, timeout=30 + wait)
        try:
            body = None if asked is None else json.dumps(asked)
            connection.request(method, f"{self.control}{path}", body)
            answer = connection.getresponse()
            told: Json = json.loads(answer.read())
        finally:
            connection.close()
        assert answer.status == 200, f"{path}: {told.get('error')}"
        return told

    def faults(self, **named: Any) -> Json:
        """Order faults and settings; a name that is no word stands in a dictionary: **{"429": 3}."""
        return self.ask("POST", "faults", named)

    def no_faults(self) -> None:
        """Turn all faults off."""
        self.ask("DELETE", "faults")

    def stats(self) -> Json:
        """What was counted."""
        return self.ask("GET", "stats")

    def route(self, prefix: str, to: str) -> None:
        """Deliver webhooks whose address begins with prefix to an address of this machine."""
        self.ask("POST", "route", {"prefix": prefix, "to": to})

    def wait_taken(self, seconds: float = 10) -> None:
        """Wait until nothing is on its way to a webhook any more."""
        told = self.ask("GET", f"idle?wait={seconds}", wait=seconds)
        assert told["idle"], f"something was still waiting after {seconds} s"
