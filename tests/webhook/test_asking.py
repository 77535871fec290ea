"""What is asked of another's server holds a token: it goes to no other address."""

from __future__ import annotations

import threading
import urllib.error
import urllib.request
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import ClassVar

import pytest

from webhook.asking import ask


class Sends(BaseHTTPRequestHandler):
    """Sends whoever asks to another path, and remembers who came."""

    came: ClassVar[list[str]] = []

    def do_GET(self) -> None:
        self.came.append(self.path)
        self.send_response(302 if self.path == "/first" else 200)
        self.send_header("Location", "/second")
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *_: object) -> None:
        """Say nothing."""


def test_a_redirect_is_an_error_and_is_not_followed() -> None:
    """The token of a call is shown to nobody but whom it was meant for."""
    server = HTTPServer(("127.0.0.1", 0), Sends)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        request = urllib.request.Request(
            f"http://127.0.0.1:{server.server_port}/first", headers={"access_token": "x"}
        )
        with pytest.raises(urllib.error.HTTPError) as refused:
            ask(request, 5)
        refused.value.close()
        assert refused.value.code == 302
        assert Sends.came == ["/first"]
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
