"""What the tests of the fake Telegram share: a bot's webhook, and calls that must go well or not."""

import json
import threading
import time
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from fakes.client import FakeTelegram

LAN, TUNG = 4_123_456_789_012_345, 1002
BUTTON = {"text": "Tôi đồng ý", "callback_data": "c1"}
KEYS = {"inline_keyboard": [[BUTTON]]}
SMALL_PNG = b"\x89PNG\r\n\x1a\n" + bytes(40)


def until(holds: Callable[[], Any], what: str, seconds: float = 10) -> None:
    deadline = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < deadline, what
        time.sleep(0.005)


def good(telegram: FakeTelegram, method: str, **given: Any) -> Any:
    status, told = telegram.call(method, **given)
    assert (status, told["ok"]) == (200, True), told
    return told["result"]


def refused(telegram: FakeTelegram, method: str, **given: Any) -> tuple[int, str]:
    status, told = telegram.call(method, **given)
    assert told["ok"] is False
    assert told["error_code"] == status
    return status, told["description"]


class Hook(ThreadingHTTPServer):
    """A bot's webhook that answers as a test tells it to, and writes down what came."""

    daemon_threads = True
    block_on_close = False

    def __init__(self) -> None:
        self.heard: list[dict[str, Any]] = []
        self.answer: Callable[[dict[str, Any]], Any] = lambda update: 200
        self.busy = self.busiest = 0
        self.lock = threading.Lock()
        super().__init__(("127.0.0.1", 0), Ear)
        self.url = f"http://127.0.0.1:{self.server_port}/telegram"
        threading.Thread(target=self.serve_forever, args=(0.01,), daemon=True).start()

    def ids(self) -> list[int]:
        return [one["update"]["update_id"] for one in self.heard]

    def texts(self) -> list[str]:
        return [one["update"]["message"]["text"] for one in self.heard]

    def wait(self, count: int) -> None:
        until(lambda: len(self.heard) >= count, f"{count} deliveries, not {len(self.heard)}")


class Ear(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: Hook

    def do_POST(self) -> None:
        update = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        with self.server.lock:
            self.server.busy += 1
            self.server.busiest = max(self.server.busiest, self.server.busy)
            self.server.heard.append(
                {"update": update, "headers": dict(self.headers), "at": time.monotonic()}
            )
        said = self.server.answer(update)
        with self.server.lock:
            self.server.busy -= 1
        if said == "cut":
            self.close_connection = True
            return
        status, headers, body = said if isinstance(said, tuple) else (said, {}, b"")
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        pass
