"""A talk in a terminal, one line a message: to try or to script any dialogue."""

import secrets
from collections.abc import Callable
from itertools import count

from bot.speech import Abilities, Heard, Pace, Reply

ABILITIES = Abilities(pushes=True, asks_identity=True)
PACE = Pace(per_second=0, per_address_seconds=0)

_YOU = "bot> "
_INDENT = " " * len(_YOU)


class Terminal:
    """The ear and the mouth of one talk: reads lines of *name*, writes to *print_line*."""

    def __init__(self, name: str, print_line: Callable[[str], None]) -> None:
        self.name = name
        self._print = print_line
        self.pace = PACE
        # Numbers begin anew with each talk; the first part keeps two talks apart.
        self._talk = secrets.token_hex(6)
        self._numbers = count(1)

    def read(self, line: str) -> Heard:
        """Return what was heard with one line."""
        return Heard("terminal", self.name, self._event(), text=line)

    def scan(self, token: str) -> Heard:
        """Return what was heard when a poster was scanned."""
        return Heard("terminal", self.name, self._event(), scan=token)

    def _event(self) -> str:
        return f"{self._talk}:{next(self._numbers)}"

    async def send(self, address: str, reply: Reply) -> str:
        """Write a letter out; the person at the screen is always there."""
        del address  # one talk serves one name
        for line in written(reply):
            self._print(line)
        return ""


def written(reply: Reply) -> list[str]:
    """Return a letter as lines: `bot> text`, choices as `[1] label`, the rest indented.

    A choice that has no number is `[•] label`: its words are typed.
    """
    lines = [*reply.text.split("\n")]
    if reply.link and reply.link not in reply.text:
        lines.append(reply.link)
    lines += [f"[{one.number or '•'}] {one.label}" for one in reply.choices]
    lines += [f"({file.name})" for file in reply.files]
    return [f"{_YOU if n == 0 else _INDENT}{line}".rstrip() for n, line in enumerate(lines)]
