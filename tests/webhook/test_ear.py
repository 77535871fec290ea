"""A platform's address: what is refused unread, what is cut off, what is let through."""

from collections import Counter
from types import SimpleNamespace
from typing import ClassVar

import pytest
from knocking import knock

from webhook.delivery import answer
from webhook.ear import MOST_BYTES, SecretEar

HEADER = (b"x-secret", b"what-it-shows")


class Listener(SecretEar):
    """An address that keeps what it was brought."""

    path = "/platform"
    header = HEADER[0]
    kinds: ClassVar[Counter] = Counter()

    def __init__(self):
        super().__init__(pages, door=SimpleNamespace(), secret=HEADER[1].decode())
        self.kinds.clear()
        self.brought = []

    async def _take(self, body, _):
        self.brought.append(body)
        return 200, b"{}"


async def pages(scope, receive, send):
    """What is behind it."""
    await answer(send, 204)


@pytest.fixture
def ear():
    """An address of its own."""
    return Listener()


def test_what_comes_in_pieces_is_taken_whole(ear):
    """A delivery in pieces, as long as the longest that is taken, is heard once and whole."""
    said = knock(ear, "/platform", b"a", b"b", b"c" * (MOST_BYTES - 2), header=HEADER)
    assert (said.status, said.body) == (200, b"{}")
    assert ear.brought == [b"ab" + b"c" * (MOST_BYTES - 2)]
    assert not ear.kinds


def test_everything_else_goes_to_the_pages(ear):
    """Another address, whatever it shows, is none of its business."""
    assert knock(ear, "/platform/", b"x", header=HEADER).status == 204
    assert knock(ear, "/", b"x").status == 204
    assert ear.brought == []


@pytest.mark.parametrize("length", [MOST_BYTES + 1, 10**12, b"many", b"-1", b"1" * 400])
def test_a_body_over_the_limit_is_not_read(ear, length):
    """What says that it is too big, or says nothing sensible, is refused unread and the line ends."""
    said = knock(ear, "/platform", b"{}", header=HEADER, length=length)
    assert (said.status, said.reads) == (413, 0)
    assert said.headers[b"connection"] == b"close"
    assert ear.kinds == {"too big": 1}


def test_a_body_that_lies_about_its_size_is_cut_off(ear):
    """What comes in pieces is counted; reading ends at the limit."""
    said = knock(ear, "/platform", *[b" " * 300_000] * 10, header=HEADER, length=10)
    assert said.status == 413
    assert said.reads < 6
    one = knock(ear, "/platform", b" " * (MOST_BYTES + 1), header=HEADER, length=10)
    assert one.status == 413
    assert ear.brought == []


@pytest.mark.parametrize("method", ["GET", "PUT", "DELETE", "HEAD"])
def test_only_post_is_a_delivery(ear, method):
    """Nothing else is answered at this address, whatever it shows."""
    assert knock(ear, "/platform", method=method, header=HEADER).status == 405


@pytest.mark.parametrize(
    "shown", [None, b"", b"wrong", HEADER[1][:-1], HEADER[1] + b"x", b"\xff\xfe", b"x" * 60_000]
)
def test_without_the_secret_nothing_is_read(ear, shown):
    """A wrong secret is refused before the body is asked for."""
    said = knock(ear, "/platform", b"{}", header=None if shown is None else (HEADER[0], shown))
    assert (said.status, said.reads) == (403, 0)
    assert said.headers[b"connection"] == b"close"
    assert ear.kinds == {"wrong secret": 1}
