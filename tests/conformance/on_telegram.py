"""Telegram: a person's phone at the fake server, which delivers what she does to our webhook."""

from __future__ import annotations

from collections.abc import Sequence

from fakes.client import FakeTelegram

from conformance.installation import Installation
from conformance.person import Person
from storage.posters import Poster

_FIRST = 771_001_001


class OnTelegram(Person):
    """Somebody with Telegram; name and number are for our own page."""

    types_identity = False

    def __init__(
        self, ground: Installation, name: str, number: int, telegram: FakeTelegram
    ) -> None:
        super().__init__(ground, name, number)
        self.telegram = telegram
        self.chat = _FIRST + number
        self._has_begun = False

    @property
    def address(self) -> str:
        return str(self.chat)

    def _scan(self, poster: Poster) -> None:
        self._has_begun = True
        self.telegram.press_start(self.chat, poster.token, date=self._date)

    def _say(self, text: str) -> None:
        if not self._has_begun:
            # Nobody can type there before she has pressed Start.
            self._has_begun = True
            self.telegram.press_start(self.chat, date=self._date)
            self._settle()
        self.telegram.say(self.chat, text, date=self._date)

    def _tap(self, label: str) -> None:
        self.telegram.tap(self.chat, label=label)

    def _letters(self) -> Sequence[str]:
        return [one["text"] for one in self.telegram.chat(self.chat) if one["from_bot"]]

    def _settle(self) -> None:
        self.telegram.wait_taken()
        super()._settle()

    @property
    def _date(self) -> int:
        return int(self.ground.now.timestamp())
