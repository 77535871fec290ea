"""Knock at the door of a platform without a server: a request in, what came back out."""

import asyncio
import hashlib
import json
from dataclasses import dataclass

from fastapi import FastAPI

from bot.speech import Reply
from webhook.guard import App


@dataclass
class Answer:
    """What came back, and how often the body was asked for."""

    status: int
    headers: dict[bytes, bytes]
    body: bytes
    reads: int


def knock(
    app: App,
    path: str,
    *pieces: bytes,
    header: tuple[bytes, bytes] | None = None,
    method: str = "POST",
    length: int | bytes | None = None,
) -> Answer:
    """Send a body, in pieces, to a door."""
    told = sum(map(len, pieces)) if length is None else length
    headers = [(b"content-length", str(told).encode() if isinstance(told, int) else told)]
    if header is not None:
        headers.append(header)
    scope = {
        "type": "http", "method": method, "path": path, "raw_path": path.encode(),
        "headers": headers, "query_string": b"", "client": ("127.0.0.1", 1), "http_version": "1.1",
        "scheme": "http", "server": ("127.0.0.1", 80), "root_path": "",
    }  # fmt: skip
    waiting = list(pieces)
    sent = []
    reads = 0

    async def receive():
        nonlocal reads
        reads += 1
        piece = waiting.pop(0) if waiting else b""
        return {"type": "http.request", "body": piece, "more_body": bool(waiting)}

    async def send(message):
        sent.append(message)

    asyncio.run(app(scope, receive, send))
    return Answer(sent[0]["status"], dict(sent[0]["headers"]), sent[1]["body"], reads)


def letters(app: FastAPI, channel: str, address: str) -> list[Reply]:
    """Return what lies in the outbox for somebody, oldest first."""
    with app.state.door.office.database.read() as store:
        known = store.conversations.find(channel, address)
        found = store.outbox.for_page(known.id) if known else []
        return [Reply.from_json(one.reply) for one in found]


# --- Zalo's Official Account ---------------------------------------------------------------------

APP, OA, SHE = "1122334455667788990", "3579246801357924680", "2468013579246801357"
OA_SECRET = "oaSecretDemo0001"
AT = 1795136400000  # 20/11/2026 08:00 in Vietnam


def event(name: str, /, **more: object) -> bytes:
    """Return an event of hers as it is delivered."""
    common = {
        "app_id": APP, "event_name": name, "timestamp": str(AT),
        "sender": {"id": SHE}, "recipient": {"id": OA},
    }  # fmt: skip
    return json.dumps(common | more, ensure_ascii=False).encode("utf-8", "surrogatepass")


def said(text: str, number: int = 1, **more: object) -> bytes:
    """Return the event of a line that she typed."""
    message = {"text": text, "msg_id": f"{number:020x}"}
    return json.dumps(json.loads(event("user_send_text")) | {"message": message} | more).encode()


def signature(body: bytes, at: int = AT) -> str:
    """Sign a body as Zalo does, by the formula alone."""
    whole = APP.encode() + body + str(at).encode() + OA_SECRET.encode()
    return "mac=" + hashlib.sha256(whole).hexdigest()
