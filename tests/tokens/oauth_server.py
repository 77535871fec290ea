"""A small OAuth of the tests' own: refresh tokens that work once, counted, with faults.

    python tests/oauth_server.py

listens on a free port of 127.0.0.1, prints `ready PORT`, and ends with its standard input. The
OAuth is at /v4/oa/access_token, /v2.0/oa/getoa says whose the token is, /use takes a token as a
call to the OpenAPI does. Control, JSON in and out:

  GET /_fake/state -> {"access", "refresh", "renewed", "denied", "calls", "limited"}
  POST /_fake/reset {["pair": number]}: a fresh grant, counts at zero, no faults
  POST /_fake/consent -> a new pair, as after a person's consent; the old one is worth nothing
  POST /_fake/expire: the access token ends, the refresh token stays good
  POST /_fake/faults {"faults": [..]}: the next calls to the OAuth, one each:
      {"kind": "error", "code"}: refused, nothing changes
      {"kind": "status", "status", ["after": bool]}: a gateway's page
      {"kind": "silent", ["after": bool], "seconds"}: no answer, the line is closed
      {"kind": "cut", "bytes"}: changed, and so many bytes of the answer
      {"kind": "slow", "seconds"}: changed at once, answered later
      {"kind": "body", "body"}: changed, and this body instead
      {"kind": "bare"}: changed, the refresh token stays; there is none in the answer
"""

import hashlib
import itertools
import json
import socket
import struct
import subprocess
import sys
import threading
import time
from contextlib import suppress
from http.client import HTTPConnection
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, Self
from urllib.parse import parse_qs

APP_ID = "1122334455667788990"
APP_SECRET = "app-secret-of-the-tests"
OA_ID = "3579246801357924680"
VERIFIER = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQ"
CHALLENGE = "RqIZl4LIgn8KxW9QO-nTnv7pf0CnNrksx9fF-CXP2FE"


class Grant:
    """What the server knows of the one account."""

    def __init__(self) -> None:
        self.lock = threading.Lock()
        self.numbers = itertools.count(1)
        self.codes = {"code-of-a-consent"}
        self.verified = True
        self.oa_id = OA_ID
        self.reset({})

    def reset(self, asked: dict[str, Any]) -> None:
        number = asked.get("pair") or next(self.numbers)
        self.access, self.refresh = f"AT-first-{number}", f"RT-first-{number}"
        self.has_ended = False
        self.renewed = self.denied = self.calls = self.limited = 0
        self.faults: list[dict[str, Any]] = []
        self.codes = {"code-of-a-consent"}
        self.verified = True
        self.oa_id = OA_ID

    def rotate(self, *, keeps: bool = False) -> dict[str, str]:
        number = next(self.numbers)
        mark = hashlib.sha256(str(number).encode()).hexdigest()[:12]
        self.access, self.has_ended = f"AT-{number}-{mark}", False
        if not keeps:
            self.refresh = f"RT-{number}-{mark}"
        return {"access_token": self.access, "refresh_token": self.refresh, "expires_in": "90000"}

    def state(self) -> dict[str, Any]:
        names = ("access", "refresh", "renewed", "denied", "calls", "limited")
        return {name: getattr(self, name) for name in names}


GRANT = Grant()
Answer = tuple[int, bytes]


class Door(BaseHTTPRequestHandler):
    """One connection."""

    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        if self.path == "/_fake/state":
            self.answer(GRANT.state())
        elif self.path.startswith("/v2.0/oa/getoa"):
            self.answer(self._account())
        else:
            self.answer({"error": -1, "message": "empty or invalid API"})

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers.get("content-length", 0)))
        if self.path == "/use":
            self.answer({"error": self._token_error()})
        elif self.path == "/v4/oa/access_token":
            self._oauth({name: one[0] for name, one in parse_qs(body.decode()).items()})
        else:
            self._control(json.loads(body or b"{}"))

    def _control(self, asked: dict[str, Any]) -> None:
        told: dict[str, Any] = {}
        with GRANT.lock:
            match self.path:
                case "/_fake/reset":
                    GRANT.reset(asked)
                case "/_fake/consent":
                    told = GRANT.rotate()
                case "/_fake/expire":
                    GRANT.has_ended = True
                case "/_fake/faults":
                    GRANT.faults = asked["faults"]
                case "/_fake/account":
                    GRANT.verified = asked.get("verified", GRANT.verified)
                    GRANT.oa_id = asked.get("oa_id", GRANT.oa_id)
        self.answer(told)

    def _token_error(self) -> int:
        shown = self.headers.get("access_token", "")
        with GRANT.lock:
            return 0 if shown == GRANT.access and not GRANT.has_ended else -216

    def _account(self) -> dict[str, Any]:
        error = self._token_error()
        if error:
            return {"error": error, "message": "Invalid access token"}
        account = {
            "oa_id": GRANT.oa_id, "name": "Công đoàn Mẫu", "is_verified": GRANT.verified,
            "package_name": "Mẫu", "package_valid_through_date": "31/12/2126",
        }  # fmt: skip
        return {"error": 0, "message": "Success", "data": account}

    # --- OAuth -----------------------------------------------------------------------------

    def _oauth(self, form: dict[str, str]) -> None:
        with GRANT.lock:
            GRANT.calls += 1
            fault = GRANT.faults.pop(0) if GRANT.faults else {}
            kind = fault.get("kind")
            if kind == "error":
                GRANT.limited += fault["code"] == -32
                return self.answer(_error(fault["code"]))
            is_before = kind in ("silent", "status") and not fault.get("after")
            told = {} if is_before else self._decided(form, keeps=kind == "bare")
        if "error" in told:
            return self.answer(told)
        if kind == "bare":
            told.pop("refresh_token")
        time.sleep(fault.get("seconds", 0))
        return self._told(told, kind, fault)

    def _told(self, told: dict[str, Any], kind: str | None, fault: dict[str, Any]) -> None:
        match kind:
            case "silent":
                self._hang_up()
            case "cut":
                self._cut(told, fault["bytes"])
            case "status":
                self.send(fault["status"], b"<html>a gateway</html>")
            case "body":
                self.send(200, fault["body"].encode())
            case _:
                self.answer(told)

    def _decided(self, form: dict[str, str], *, keeps: bool) -> dict[str, Any]:
        wrong = self._wrong_app(form)
        if wrong:
            return _error(wrong)
        if form["grant_type"] == "authorization_code":
            code = form.get("code", "")
            if code not in GRANT.codes or form.get("code_verifier", VERIFIER) != VERIFIER:
                return _error(-14005)
            GRANT.codes.discard(code)
            return GRANT.rotate()
        if form.get("refresh_token") != GRANT.refresh:
            GRANT.denied += 1
            return _error(-14014)
        GRANT.renewed += 1
        return GRANT.rotate(keeps=keeps)

    def _wrong_app(self, form: dict[str, str]) -> int:
        if form.get("app_id") != APP_ID:
            return -14002
        if self.headers.get("secret_key") != APP_SECRET:
            return -14004
        is_known = form.get("grant_type") in ("authorization_code", "refresh_token")
        return 0 if is_known else -14018

    # --- answers ---------------------------------------------------------------------------

    def answer(self, told: dict[str, Any]) -> None:
        self.send(200, json.dumps(told).encode())

    def send(self, status: int, body: bytes, length: int | None = None) -> None:
        said = len(body) if length is None else length
        head = f"HTTP/1.1 {status} X\r\ncontent-length: {said}\r\n\r\n".encode()
        with suppress(OSError):
            self.wfile.write(head + body)

    def _cut(self, told: dict[str, Any], most: int) -> None:
        whole = json.dumps(told).encode()
        self.send(200, whole[:most], len(whole) + 10)
        self._hang_up()

    def _hang_up(self) -> None:
        self.close_connection = True
        with suppress(OSError):
            self.connection.setsockopt(
                socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 0, 0)
            )
            self.connection.shutdown(socket.SHUT_RDWR)

    def log_message(self, *_: object) -> None:
        pass


def _error(code: int) -> dict[str, Any]:
    return {"error": code, "error_name": "x", "error_reason": "y", "error_description": "z"}


class Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 256

    def handle_error(self, *_: object) -> None:
        pass


# --- how a test starts it -------------------------------------------------------------------------


class OAuthServer:
    """A running server in a process of its own. `url` is the base of both APIs."""

    def __init__(self) -> None:
        self.process = subprocess.Popen(
            [sys.executable, str(Path(__file__))],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        assert self.process.stdout
        self.port = int(self.process.stdout.readline().split()[1])
        self.url = f"http://127.0.0.1:{self.port}"

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        for pipe in (self.process.stdin, self.process.stdout):
            assert pipe
            pipe.close()
        self.process.wait(10)

    def ask(self, method: str, path: str, asked: object = None, **headers: str) -> dict[str, Any]:
        line = HTTPConnection("127.0.0.1", self.port, timeout=20)
        try:
            body = None if asked is None else json.dumps(asked)
            line.request(method, path, body, headers)
            found: dict[str, Any] = json.loads(line.getresponse().read())
        finally:
            line.close()
        return found

    def state(self) -> dict[str, Any]:
        return self.ask("GET", "/_fake/state")

    def reset(self, pair: int = 0) -> dict[str, Any]:
        self.ask("POST", "/_fake/reset", {"pair": pair})
        return self.state()

    def expire(self) -> None:
        self.ask("POST", "/_fake/expire", {})

    def faults(self, *faults: dict[str, Any]) -> None:
        self.ask("POST", "/_fake/faults", {"faults": faults})

    def consent(self) -> dict[str, Any]:
        return self.ask("POST", "/_fake/consent", {})

    def account(self, **about: object) -> None:
        self.ask("POST", "/_fake/account", about)

    def takes(self, token: str) -> bool:
        """Whether a call with this token would be carried out."""
        return bool(self.ask("POST", "/use", {}, access_token=token)["error"] == 0)


def main() -> None:
    """Listen until standard input ends."""
    server = Server(("127.0.0.1", 0), Door)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    sys.stdout.write(f"ready {server.server_port}\n")
    sys.stdout.flush()
    sys.stdin.read()


if __name__ == "__main__":
    main()
