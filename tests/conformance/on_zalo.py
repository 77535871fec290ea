"""Zalo: a person's phone at the fake server, in the chat of an account or of a bot."""

from __future__ import annotations

import re
from collections.abc import Sequence

from fakes.zalo_client import FakeZalo, Side, bot_user, oa_user

from conformance.installation import Installation
from conformance.on_terminal import number_of
from conformance.person import Person
from storage.posters import Poster

_LINE = re.compile(r"^(?:(?P<number>\d+)\.|•) (?P<label>.+)$", re.MULTILINE)
_NEXT = "Tiếp"


class OnZaloBot(Person):
    """Somebody who chats with a bot of Zalo: no buttons, so numbers are typed."""

    types_identity = False

    def __init__(self, ground: Installation, name: str, number: int, zalo: FakeZalo) -> None:
        super().__init__(ground, name, number)
        self.zalo = zalo
        self.user = 1 + number

    @property
    def side(self) -> Side:
        """The account that she chats with."""
        return self.zalo.bot

    @property
    def address(self) -> str:
        return bot_user(self.user)

    def _scan(self, poster: Poster) -> None:
        # No link says where she comes from: she types the code that stands on the poster.
        self._say(f"#{poster.code}")

    def _say(self, text: str) -> None:
        self.side.say(self.user, text)

    def _tap(self, label: str) -> None:
        typed = number_of(label, self._letters(), _LINE)
        assert typed, f"a choice {label!r}; {self.told()}"
        self._say(typed)

    def _letters(self) -> Sequence[str]:
        return [one["text"] for one in self.side.chat(self.user) if one["from_bot"]]

    def _settle(self) -> None:
        self.zalo.wait_taken()
        super()._settle()


class OnZalo(OnZaloBot):
    """Somebody who chats with an Official Account: she presses buttons."""

    @property
    def side(self) -> Side:
        return self.zalo

    @property
    def address(self) -> str:
        return oa_user(self.user)

    def _tap(self, label: str) -> None:
        if label not in self._titles() and _NEXT in self._titles():
            self.zalo.press(self.user, _NEXT)
            self._settle()
        self.zalo.press(self.user, label)

    def _titles(self) -> set[str]:
        return {
            button["title"]
            for one in self.zalo.chat(self.user)
            if one["from_bot"]
            for button in one["buttons"]
        }
