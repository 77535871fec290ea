"""Workers and officers, played by a program: they scan, tap, fill in, take back.

What they do is brought to the servers as a platform brings it: a person's next word only after the
last was taken (200), everything else again until it is taken, and some of it twice.
"""

import asyncio
import html
import re
from collections.abc import Awaitable, Callable, Coroutine, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from itertools import count
from random import Random
from typing import Any, TypeVar

from bench.load import Answer, Cut, Door, History, form
from bench.platforms import Platform
from storage.sealed import Keyring
from webhook import nonces

T = TypeVar("T")

# Chances that an update comes twice at the same moment, and again after it was taken.
TWIN, AGAIN = 0.08, 0.18
AGAIN_WITHIN = 2.0
# A platform waits longer each time; here it is short, for the server is back in a moment.
RETRY_SECONDS = (0.004, 0.03)
MOST_AT_ONCE = 48
PATIENCE = 40.0
_WAIT = 5
_NONCE = re.compile(rb'name="nonce" value="([^"]+)"')
_LINK = re.compile(r"/t/([A-Za-z0-9_-]{20,})")
_CODE = re.compile(r"Mã của bạn: ([A-Z0-9]{6})\b")
# Without marks: names that differ in marks alone are one name here.
_LETTERS = "abcdeghiklmnopqrstuvxy"
_CONSENTS = ("consent-a", "consent-ab", "consent-ac", "consent-abc")


class Closing(Exception):
    """The run ends: nobody begins anything new."""


class GaveUp(Exception):
    """What was waited for did not come; she goes away."""


@dataclass
class Street:
    """What the people of a run share: the servers, the platform, the history, chance.

    *tokens* and *codes*: the posters' by the code of the place. *join* is the place that has a
    union already.
    """

    doors: list[Door]
    platform: Platform
    history: History
    chance: Random
    keys: Keyring
    tokens: Mapping[str, str]
    codes: Mapping[str, str]
    join: str
    acked: int = 0
    gave_up: int = 0
    closing: asyncio.Event = field(default_factory=asyncio.Event)
    gate: asyncio.Semaphore = field(default_factory=lambda: asyncio.Semaphore(MOST_AT_ONCE))
    chats: Iterator[int] = field(init=False)
    _numbers: Iterator[int] = field(default_factory=lambda: count(1))
    _beside: set[asyncio.Task[None]] = field(default_factory=set)
    _known: set[str] = field(default_factory=set)

    def __post_init__(self) -> None:
        self.chats = count(self.platform.first_chat)

    # --- living ------------------------------------------------------------------------------

    async def live(self, number: int) -> None:
        """Let *number* people at once come, do what they came for, and go, until it is closed."""
        await asyncio.gather(*(self._places(n) for n in range(number)))
        while self._beside:
            await asyncio.wait(self._beside)

    async def _places(self, number: int) -> None:
        await self.sleep(number * 0.003)
        while not self.closing.is_set():
            person = Worker(self, next(self.chats))
            await self.lets(person.story())

    async def lets(self, story: Coroutine[Any, Any, None]) -> None:
        """Let a story go on until it ends, or until the person gives up."""
        try:
            await story
        except Closing:
            return
        except GaveUp as why:
            self.gave_up += 1
            self.history.note(gave_up=str(why))

    async def sleep(self, seconds: float) -> None:
        """Wait, or less where the run ends."""
        try:
            async with asyncio.timeout(seconds):
                await self.closing.wait()
        except TimeoutError:
            return

    # --- bringing ----------------------------------------------------------------------------

    def number(self, *, is_held: bool) -> int:
        """Return the next event's number; odd ones ask for letters that must not go twice."""
        return 2 * next(self._numbers) + is_held

    async def bring(self, event: str, request: bytes, *, ends: Callable[[Answer], bool]) -> Answer:
        """Bring something until the answer *ends* it; some of it comes twice."""
        if self.chance.random() < TWIN:
            self._beside_it(self._once(event, request))
        async with self.gate:
            answer = await self._until_taken(event, request, ends)
        if self.chance.random() < AGAIN:
            self._beside_it(self._later(event, request))
        return answer

    async def _until_taken(
        self, event: str, request: bytes, ends: Callable[[Answer], bool]
    ) -> Answer:
        while True:
            answer = await self._try(event, request)
            if answer is not None and ends(answer):
                return answer
            await asyncio.sleep(self.chance.uniform(*RETRY_SECONDS))

    async def _try(self, event: str, request: bytes) -> Answer | None:
        """Bring something once; return None where no answer came back."""
        place = self.chance.randrange(len(self.doors))
        door = self.doors[place]
        try:
            line = await door.line()
            self.history.note(tried=event, door=place)
            answer = await door.over(line, request)
        except (Cut, OSError):
            return None
        self.history.note(answered=event, status=answer.status)
        if answer.status == 200 and event and event not in self._known:
            self._known.add(event)
            self.acked += 1
        return answer

    async def _once(self, event: str, request: bytes) -> None:
        await self._try(event, request)

    async def _later(self, event: str, request: bytes) -> None:
        await asyncio.sleep(self.chance.uniform(0, AGAIN_WITHIN))
        await self._try(event, request)

    def _beside_it(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.create_task(work)
        self._beside.add(task)
        task.add_done_callback(self._beside.discard)

    # --- hearing -----------------------------------------------------------------------------

    async def unless_closing(self, waits: Awaitable[T]) -> T:
        """Wait for something. Raises Closing where the run ends first."""
        waiting = asyncio.ensure_future(waits)
        ending = asyncio.create_task(self.closing.wait())
        try:
            await asyncio.wait((waiting, ending), return_when=asyncio.FIRST_COMPLETED)
            if not waiting.done():
                raise Closing
            return waiting.result()
        finally:
            ending.cancel()
            waiting.cancel()


class Person:
    """Somebody with a chat of her own: what she saw there, and what she can do."""

    def __init__(self, street: Street, chat: int) -> None:
        self.street = street
        self.chance = street.chance
        self.chat = chat
        self._seen = 0
        self._buttons: dict[str, str] = {}
        self._said = ""

    # --- what she does -----------------------------------------------------------------------

    async def types(self, kind: str, text: str, *, is_held: bool = False, **facts: Any) -> str:
        """Write a line; return the event's name when it was taken."""
        number = self.street.number(is_held=is_held)
        request = self.street.platform.typed(self.chat, number, text)
        return await self._brings(kind, number, request, facts)

    async def taps(self, choice: str, **facts: Any) -> str:
        """Wait for a button with this choice and tap it; return the event's name."""
        payload = await self.button(choice)
        number = self.street.number(is_held=False)
        request = self.street.platform.tapped(self.chat, number, payload)
        return await self._brings(choice, number, request, facts)

    async def _brings(self, kind: str, number: int, what: bytes, facts: dict[str, Any]) -> str:
        street = self.street
        if street.closing.is_set():
            raise Closing
        event = street.platform.event(number)
        street.history.note(deed=event, chat=self.chat, kind=kind, **facts)
        self._buttons.clear()
        self._said = ""
        await street.platform.meets(self.chat)
        await street.bring(event, what, ends=_is_taken)
        return event

    # --- what she sees -----------------------------------------------------------------------

    async def button(self, choice: str) -> str:
        """Return the payload of the newest button with this choice, or one that begins so."""
        await self._until(choice, lambda: self._button(choice) is not None)
        return str(self._button(choice))

    def _button(self, choice: str) -> str | None:
        if choice.endswith("*"):
            fitting = [one for one in self._buttons if one.startswith(choice[:-1])]
            return self._buttons[self.chance.choice(fitting)] if fitting else None
        return self._buttons.get(choice)

    def sees(self, choice: str) -> bool:
        """Whether a button with this choice is before her."""
        return choice in self._buttons

    async def reads(self, what: re.Pattern[str]) -> str:
        """Return what a letter since her last word says at this place."""
        await self._until(what.pattern, lambda: what.search(self._said) is not None)
        found = what.search(self._said)
        assert found
        return found[1]

    async def _until(self, what: str, is_there: Callable[[], bool]) -> None:
        """Look at the chat until something is there. Raises GaveUp, Closing."""
        loop = asyncio.get_running_loop()
        until = loop.time() + PATIENCE
        while not is_there():
            if loop.time() > until:
                raise GaveUp(what)
            looking = self.street.platform.said(self.chat, self._seen, _WAIT)
            messages, self._seen = await self.street.unless_closing(looking)
            for one in messages:
                self._look(one)

    def _look(self, message: dict[str, Any]) -> None:
        self._said += f"{message['text']}\n"
        for one in self.street.platform.buttons(message):
            self._buttons[one.choice] = one.payload
            self._said += f"{one.url}\n"


class Worker(Person):
    """Somebody who works at one of the places, and came by a poster."""

    def __init__(self, street: Street, chat: int) -> None:
        super().__init__(street, chat)
        self.names = count(1)
        # Only the welcome is sure to offer it.
        self.may_tap = False

    async def story(self) -> None:
        """Come, sign or put it off, ask how it stands, perhaps take it back."""
        joins = self.chance.random() < 0.06
        others = sorted(set(self.street.tokens) - {self.street.join})
        place = self.street.join if joins else self.chance.choice(others)
        await self.scans(place)
        name = self.name()
        if self.chance.random() < 0.12:
            await self.signs(place, name, "later")
        if not await self.signs(place, name):
            return
        await self.asks()
        if self.chance.random() < 0.35:
            await self.takes_back()
            if not joins and self.chance.random() < 0.4:
                await self.signs(place, name)
        elif not joins and self.chance.random() < 0.15:
            # A second person on the same phone.
            await self.signs(place, self.name())
        await self.asks()

    def name(self) -> str:
        """Return a name that nobody else has; names hold no digits."""
        number, word = self.chat % 10**9 * 10 + next(self.names), ""
        while number:
            number, place = divmod(number, len(_LETTERS))
            word += _LETTERS[place]
        return f"Nguyễn Thị {word.capitalize()}"

    async def scans(self, place: str) -> None:
        """Scan the poster; one in some does it again."""
        for _ in range(1 + (self.chance.random() < 0.1)):
            street = self.street
            line = street.platform.arriving(street.tokens[place], street.codes[place])
            await self.types("scan", line, place=place)
        self.may_tap = True

    async def signs(self, place: str, name: str, choice: str = "put-name") -> bool:
        """Walk from the welcome to the last tap; return whether it was taken."""
        await self._begins()
        if place == self.street.join:
            await self.taps("to-above")
        consent = self.chance.choice(_CONSENTS)
        await self.taps(consent)
        token = await self.reads(_LINK)
        phone = f"090{self.chat % 10_000_000:07}" if "b" in consent else ""
        if phone and self.chance.random() < 0.3:
            phone = ""
        kind = "put-off" if choice == "later" else "put-name"
        page = Page(self, token, kind, {"name": name, "phone": phone} if phone else {"name": name})
        facts = {"place": place, "name": name, "phone": phone, "consent": consent}
        event = await page.fills_in(choice, facts)
        if event is not None:
            self.street.history.note(told=event, code=await self.reads(_CODE))
        return event is not None

    async def _begins(self) -> None:
        """Tap what the welcome offers, or write it."""
        if self.chance.random() < 0.7 and self.may_tap:
            await self.taps("sign")
        else:
            await self.types("sign", "ghi tên")
        self.may_tap = False

    async def asks(self) -> None:
        """Ask how it stands; the answer goes at most once."""
        await self.types("status", "tới đâu rồi", is_held=True)

    async def takes_back(self) -> None:
        """Take every name of hers back."""
        await self.types("withdraw", "rút tên")
        event = await self.taps("withdraw-now")
        self.street.history.note(told=event, code=await self.reads(_CODE))


class Page:
    """A one-time page of ours in her browser."""

    def __init__(self, person: Person, token: str, kind: str, fields: dict[str, str]) -> None:
        self.person = person
        self.street = person.street
        self.path = f"/t/{token}"
        self.kind = kind
        self.fields = fields

    async def fills_in(self, choice: str, facts: dict[str, Any]) -> str | None:
        """Open it and send it off; return the event's name, None where it had ended before."""
        street = self.street
        opened = await street.bring("", form(self.path, form="open-link"), ends=_is_read)
        nonce = _NONCE.search(opened.body)
        if nonce is None:
            raise GaveUp("page")
        fields = {"form": "sign-page", "choice": choice, **self.fields}
        fields["nonce"] = html.unescape(nonce[1].decode())
        event = self._event(fields)
        street.history.note(deed=event, chat=self.person.chat, kind=self.kind, **facts)
        answer = await street.bring(event, form(self.path, **fields), ends=_is_read)
        if answer.status == 200 and b'value="sign-page"' in answer.body:
            raise GaveUp("page refused")
        return event if answer.status == 200 else None

    def _event(self, fields: dict[str, str]) -> str:
        """Return the name under which the server will know this form."""
        said = sorted(f"{name}={value}" for name, value in fields.items())
        return f"form:{nonces.event_id(self.street.keys, fields['nonce'], *said)}"


class Officer(Person):
    """Somebody at a desk: looks at what waits, opens cards, takes some."""

    async def works(self, invitation: str) -> None:
        """Accept an invitation, then work until the run ends."""
        await self.types("invited", invitation)
        await self.taps("accept-role")
        await self.button("desk-queue")
        while True:
            await self.street.sleep(self.chance.uniform(0.5, 1.5))
            await self.types("desk", "việc")
            with suppress(GaveUp):
                await self._looks()

    async def _looks(self) -> None:
        await self._until("queue", lambda: bool(self._said))
        if not any(one.startswith("pick-") for one in self._buttons):
            return
        await self.button("pick-*")
        picks = [one for one in self._buttons if one.startswith("pick-")]
        picked = self.chance.choice(picks)
        self._buttons = {"pick": self._buttons[picked]}
        case = picked.removeprefix("pick-")
        await self.taps("pick", case=case)
        await self._until("card", lambda: bool(self._said))
        if self.sees("desk-take"):
            await self.taps("desk-take", case=case)
            await self._until("taken", lambda: bool(self._said))


def _is_taken(answer: Answer) -> bool:
    return answer.status == 200


def _is_read(answer: Answer) -> bool:
    return answer.status in (200, 404)
