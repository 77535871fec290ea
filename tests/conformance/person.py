"""Somebody in a talk: what she does and sees on any channel, and on our one-time pages."""

from __future__ import annotations

import re
from abc import ABC, abstractmethod
from collections.abc import Sequence
from functools import cached_property

from httpx import Client

from conformance.browser import Browser
from conformance.installation import Installation
from storage.posters import Poster

LINK = re.compile(r"/t/[A-Za-z0-9_-]{20,}")
_JOINING = re.compile(r"Mã nối: ([A-Z2-9]{3} [A-Z2-9]{3})")
_CODE = re.compile(r"Mã(?: của bạn)?:? ([A-Z2-9]{6})\b")
_NO_NUMBER = "không để số"


class Person(ABC):
    """One person on one channel. What she does ends when all that it leads to has arrived."""

    # Whether name and number are typed in the chat, or on a page of ours.
    types_identity = True

    def __init__(self, ground: Installation, name: str, number: int) -> None:
        self.ground = ground
        self.name = name
        self.number = number
        self.conversation_id: int | None = None
        self._read = 0
        self._has_named = False

    # --- what each channel does in its own way -------------------------------------------------

    @property
    @abstractmethod
    def address(self) -> str:
        """Where she is reached there."""

    @abstractmethod
    def _scan(self, poster: Poster) -> None: ...

    @abstractmethod
    def _say(self, text: str) -> None: ...

    @abstractmethod
    def _tap(self, label: str) -> None:
        """Press the newest button of this name, or do what is done where there are none."""

    @abstractmethod
    def _letters(self) -> Sequence[str]:
        """Return all that she was told, oldest first."""

    def _settle(self) -> None:
        """Wait until what she did has been heard and answered."""
        self.ground.wait_sent()

    def leave(self) -> None:
        """Let go of what she holds, when the talk is over."""
        self.pages.close()

    def wake(self) -> None:
        """Come again after the clock was moved: what the morning brought has arrived."""
        self._settle()

    # --- what she does ---------------------------------------------------------------------------

    def scans(self, poster: Poster) -> None:
        """Come by a poster."""
        self._begin()
        self._scan(poster)
        self._end()

    def says(self, text: str) -> None:
        """Type a line."""
        self._begin()
        self._say(text)
        self._end()

    def taps(self, label: str) -> None:
        """Take a choice that she sees."""
        self._begin()
        self._tap(label)
        self._end()

    def accepts(self, code: str) -> None:
        """Take an invitation to an office."""
        self.says(code)
        self.taps("Nhận lời")

    def signs(self, name: str, phone: str | None = None, last: str = "Ghi tên") -> None:
        """Give her name and, where she is asked for it, a number or none; then the *last* tap."""
        if not self.types_identity:
            self._fill(name, phone, last)
            return
        if not self._has_named:
            self.says(name)
        if phone is not None:
            self._give_number(phone)
        self._has_named = False
        self.taps(last)

    def signs_what_stands(self) -> None:
        """Put her name to what she had filled in before."""
        if self.types_identity:
            self.taps("Ghi tên")
        else:
            self.opens_page()
            self.presses_on_page("Ghi tên")

    def leaves_machine(self) -> None:  # noqa: B027 -- only the web has such a machine
        """Leave a machine that others use; an app of her own she just lays down."""

    def stays_at_machine(self) -> None:
        """Nearly leave a machine that others use; an app of her own is none, and she goes on."""
        self.says("rời khỏi máy này")
        self.says("làm tiếp")

    def comes_back(self) -> None:  # noqa: B027 -- only the web has such a machine
        """Come back to where she left; who kept her app has it still."""

    def fails_to_sign(self, name: str, phone: str | None = None) -> None:
        """Give a name, or a name and a number, of which the last is not taken."""
        if not self.types_identity:
            self._fill(name, phone, "Ghi tên")
            assert 'role="alert"' in self.page.text, f"{self.name}: {self.page.words}"
            return
        self.says(name)
        if phone is not None:
            self._has_named = True
            self._give_number(phone)

    def _give_number(self, phone: str) -> None:
        if phone == _NO_NUMBER:
            self.taps("Không để số")
        else:
            self.says(phone)

    def _fill(self, name: str, phone: str | None, last: str) -> None:
        self.opens_page()
        fields = {"name": name}
        if phone is not None:
            fields["phone"] = "" if phone == _NO_NUMBER else phone
        self.presses_on_page(last, **fields)

    # --- one-time pages ----------------------------------------------------------------------------

    @cached_property
    def pages(self) -> Client:
        """Her browser for our own pages."""
        return Client(base_url=self.ground.served.url, timeout=30)

    @cached_property
    def page(self) -> Browser:
        """The one-time page that she is on."""
        return Browser(self.pages)

    def opens_page(self) -> None:
        """Open the newest one-time page that she was sent, unless she is on it."""
        path = self._link()
        if self.page.path != path:
            self._begin()
            self.page.goes(path)
            self.page.presses("Mở")
            self._end()

    def presses_on_page(self, label: str, **fields: str) -> None:
        """Press a button of the page that she is on."""
        self._begin()
        self.page.presses(label, **fields)
        self._end()

    def _link(self) -> str:
        for letter in reversed(self._letters()):
            if found := LINK.findall(letter):
                return str(found[-1])
        raise AssertionError(f"{self.name} was sent no link: {self._letters()[-2:]}")

    # --- what she sees ----------------------------------------------------------------------------

    def sees(self, words: str) -> None:
        """Wait until she was told these words since she last did something."""
        try:
            self.ground.wait_until(
                lambda: any(words in one for one in self.news()), repr(words), 10
            )
        except AssertionError as why:
            raise AssertionError(f"{why}; {self.told()}") from None

    def does_not_see(self, words: str) -> None:
        """Make sure that she was not told these words since she last did something."""
        assert not any(words in one for one in self.news()), self.told()

    def news(self) -> list[str]:
        """What she was told since she last did something, each letter one line."""
        return [" ".join(one.split()) for one in self._letters()[self._read :]]

    def told(self) -> str:
        """What she was told last, for who looks why a talk failed."""
        return f"{self.name} was told {self.news() or list(self._letters()[-2:])}"

    @property
    def code(self) -> str:
        """The newest code that she was told."""
        for letter in reversed(self._letters()):
            if found := _CODE.search(letter):
                return found[1]
        raise AssertionError(f"{self.name} was told no code")

    @property
    def joining_code(self) -> str:
        """The newest code for another place of hers that she was shown."""
        for letter in reversed(self._letters()):
            if found := _JOINING.search(letter):
                return found[1]
        raise AssertionError(f"{self.name} was shown no code for another place of hers")

    def _begin(self) -> None:
        self._read = len(self._letters())

    def _end(self) -> None:
        self._settle()
        known = self.ground.read(
            lambda store: store.conversations.find(self.ground.channel, self.address)
        )
        if known is not None:
            self.conversation_id = known.row_id
