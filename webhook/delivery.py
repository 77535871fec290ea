"""What the doors of platforms share: a body within its limit, and a short answer."""

from collections.abc import Mapping

from webhook.guard import Receive, Send

# A platform comes again after so many seconds; what it holds back is this person's alone.
RETRY_SECONDS = 2


def fits(headers: Mapping[bytes, bytes], most: int) -> bool:
    """Whether a request says that it holds at most so many bytes, or says nothing of it."""
    length = headers.get(b"content-length", b"0")
    return length.isdigit() and len(length) <= 9 and int(length) <= most


async def body_of(receive: Receive, most: int) -> bytes | None:
    """Return what was sent; None where it is more than any delivery holds, or was cut off."""
    message = await receive()
    body: bytes = message.get("body", b"")
    if not message.get("more_body"):
        return body if len(body) <= most else None
    pieces = [body]
    size = len(body)
    while message.get("more_body"):
        message = await receive()
        if message["type"] == "http.disconnect":
            return None
        pieces.append(message.get("body", b""))
        size += len(pieces[-1])
        if size > most:
            return None
    return b"".join(pieces)


async def answer(send: Send, status: int, said: bytes = b"", *, closes: bool = False) -> None:
    """Answer with a status and, where something is said, JSON. *closes*: the line ends."""
    headers = [(b"content-length", str(len(said)).encode())]
    if said:
        headers.append((b"content-type", b"application/json"))
    if status == 503:
        headers.append((b"retry-after", str(RETRY_SECONDS).encode()))
    if closes:
        # What was not read must not be taken for the next request.
        headers.append((b"connection", b"close"))
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": said})
