"""What talks need: the platforms of others, begun anew for each talk."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from conformance.platforms import Platforms
from conformance.script import Talk, read_talk


@pytest.fixture(scope="session")
def platforms() -> Iterator[Platforms]:
    """Fake servers in processes of their own, started when a talk asks for them."""
    made = Platforms()
    yield made
    made.stop()


@pytest.fixture
def made_talk(tmp_path: Path) -> Callable[..., Talk]:
    """Write a talk of these lines and read it."""

    def make(*lines: str) -> Talk:
        head = '+++\ndialogue = "signing"\nkind = "whole"\nabout = "x"\n+++\n'
        path = tmp_path / "made.talk"
        path.write_text("\n".join([f"{head.rstrip()}", *lines, ""]), encoding="utf-8")
        return read_talk(path)

    return make
