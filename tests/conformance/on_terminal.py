"""The terminal: a process of `ketdoan talk` for each person, who types and reads."""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import cached_property
from pathlib import Path

from commands import Running, start_command
from sqlalchemy import func, select

from conformance.person import Person
from storage.posters import Poster
from storage.store import Store
from storage.tables import inbox, letter

_LINE = re.compile(r"^\[(?P<number>\d+|•)\] (?P<label>.+)$", re.MULTILINE)
_SAYS = "bot> "


class OnTerminal(Person):
    """Somebody at a terminal. A choice is typed as its number while that number is shown last."""

    _talk: Running | None = None

    @property
    def address(self) -> str:
        return f"nguoi{self.number}"

    @cached_property
    def _screen(self) -> Path:
        return self.ground.served.folder / f"{self.address}.screen"

    def _scan(self, poster: Poster) -> None:
        self.wake()
        heard = self._heard()
        self._open("--scan", poster.token)
        self._wait_heard(heard)

    def _say(self, text: str) -> None:
        heard = self._heard()
        self._open().types(text)
        self._wait_heard(heard)

    def _tap(self, label: str) -> None:
        # What others sent her is printed within a second.
        self.ground.wait_until(lambda: bool(self._number(label)), self._unseen(label), 10)
        self._say(self._number(label))

    def _number(self, label: str) -> str:
        return number_of(label, self._letters(), _LINE)

    def _unseen(self, label: str) -> str:
        return f"a choice {label!r}; {self.told()}"

    def _letters(self) -> Sequence[str]:
        self._open()
        told = self._screen.read_text(encoding="utf-8")
        letters = f"\n{told}".split(f"\n{_SAYS}")[1:]
        return ["\n".join(line.strip() for line in one.split("\n")) for one in letters]

    def _settle(self) -> None:
        self.ground.wait_until(lambda: not self.ground.read(self._open_letters), "letters")

    def _open_letters(self, store: Store) -> int:
        known = store.conversations.find("terminal", self.address)
        waiting = (
            letter.c.conversation_id == (known.id if known else 0),
            letter.c.state.in_(("waiting", "claimed")),
            letter.c.not_before_at <= self.ground.now,
        )
        return int(
            store.connection.execute(
                select(func.count()).select_from(letter).where(*waiting)
            ).scalar_one()
        )

    def _open(self, *more: str) -> Running:
        if self._talk is None:
            words = ["talk", "--as", self.address, *more]
            self._talk = start_command(words, self.ground.served.environment, self._screen)
        return self._talk

    def _heard(self) -> int:
        return self.ground.read(
            lambda store: int(
                store.connection.execute(
                    select(func.count()).select_from(inbox).where(inbox.c.channel == "terminal")
                ).scalar_one()
            )
        )

    def _wait_heard(self, before: int) -> None:
        self.ground.wait_until(lambda: self._heard() > before, f"{self.name} to be heard")

    def wake(self) -> None:
        """End this talk; the next thing that she does begins another."""
        if self._talk is not None:
            assert self._talk.hangs_up() == 0, self._screen.read_text(encoding="utf-8")
            self._talk = None

    def leave(self) -> None:
        self.wake()
        super().leave()


def number_of(label: str, letters: Sequence[str], line: re.Pattern[str]) -> str:
    """Return what somebody types for a choice: its number in the list said last, or its words.

    "" where nobody offered it.
    """
    lists = [one for one in reversed(letters) if line.search(one)]
    for place, one in enumerate(lists):
        for found in line.finditer(one):
            if found["label"].strip() == label:
                number = found["number"] or ""
                return number if place == 0 and number.isdigit() else label
    return ""
