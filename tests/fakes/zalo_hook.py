"""A webhook for the tests of the fake Zalo: it answers as told and keeps the bytes that came."""

import json
import threading
import time
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from fakes.hook import until


class Hook(ThreadingHTTPServer):
    """`heard`: what came, each {"event", "raw", "headers", "at"}; `answer` says the status."""

    daemon_threads = True
    block_on_close = False

    def __init__(self) -> None:
        self.heard: list[dict[str, Any]] = []
        self.answer: Callable[[dict[str, Any]], int] = lambda heard: 200
        super().__init__(("127.0.0.1", 0), Ear)
        self.url = f"http://127.0.0.1:{self.server_port}/zalo"
        threading.Thread(target=self.serve_forever, args=(0.01,), daemon=True).start()

    def events(self, name: str = "") -> list[dict[str, Any]]:
        """The bodies of events whose name begins so."""
        found = [one["event"] for one in self.heard]
        return [one for one in found if one.get("event_name", "").startswith(name)]

    def wait(self, count: int) -> None:
        until(lambda: len(self.heard) >= count, f"{count} deliveries")


class Ear(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: Hook

    def do_POST(self) -> None:
        raw = self.rfile.read(int(self.headers["Content-Length"]))
        headers = {name.lower(): value for name, value in self.headers.items()}
        heard = {
            "event": json.loads(raw), "raw": raw, "headers": headers, "at": time.monotonic()
        }  # fmt: skip
        self.server.heard.append(heard)
        self.send_response(self.server.answer(heard))
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *_: object) -> None:
        pass
