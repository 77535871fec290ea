"""All of this Zalo, and one Official Account in it."""

import hashlib
import re
from collections import deque
from dataclasses import dataclass, field
from random import Random
from typing import TYPE_CHECKING, Any

from fakes.zaloapi.arrivals import Log
from fakes.zaloapi.clock import Clock
from fakes.zaloapi.delivery import Postman
from fakes.zaloapi.faults import Faults
from fakes.zaloapi.people import Chat, Json, Message
from fakes.zaloapi.refusals import Misused
from fakes.zaloapi.tokens import Tokens

if TYPE_CHECKING:
    from fakes.zaloapi.bot import Bot

NUMBER = re.compile(r"\d{17,19}")


@dataclass
class App:
    """The app at developers.zalo.me, as its owner has set it up in the console."""

    id: str = "1122334455667788990"
    secret: str = "appSecretDemo0001"
    redirect_uri: str = "https://ketdoan.example/zalo/callback"
    challenge: str | None = None


@dataclass
class Platform:
    """Accounts, tokens, what goes wrong, what came."""

    chance: Random
    speed: float = 1.0
    at_most: int = 0
    app: App = field(default_factory=App)
    clock: Clock = field(default_factory=Clock)
    log: Log = field(default_factory=Log)
    faults: Faults = field(default_factory=Faults)
    oas: dict[str, "Oa"] = field(default_factory=dict)
    bots: dict[str, "Bot"] = field(default_factory=dict)
    routes: dict[str, str] = field(default_factory=dict)
    minute: deque[float] = field(default_factory=deque)
    change: int = 0

    def __post_init__(self) -> None:
        self.tokens = Tokens(self.clock, self.chance)
        self.postman = Postman(self, gives_up=True)

    def found(self, oa_id: str) -> "Oa":
        if oa_id not in self.oas:
            raise Misused(f"no OA {oa_id!r}")
        return self.oas[oa_id]

    def write(self, chat: Chat, message: Message) -> Message:
        """A message stands in a chat from now on."""
        self.change += 1
        message.change = self.change
        chat.keep(message, self.at_most)
        return message

    def new_id(self) -> str:
        """An id of a message: twenty hexadecimals, seldom a number."""
        return f"{self.chance.getrandbits(80):020x}"


@dataclass
class Asset:
    """An uploaded file. It can be used until its time is over."""

    kind: str
    until: float
    size: int
    sha256: str


@dataclass
class Oa:
    """An Official Account: her people, what they may hear, how fast."""

    platform: Platform
    id: str
    secret: str
    chats: dict[str, Chat] = field(default_factory=dict)
    assets: dict[str, Asset] = field(default_factory=dict)
    templates: dict[str, frozenset[str]] = field(
        default_factory=lambda: {"123456": frozenset({"name"})}
    )
    uploads: dict[str, int] = field(default_factory=dict)
    second: deque[float] = field(default_factory=deque)
    busiest_second: int = 0

    def chat(self, user: Any) -> Chat:
        """The chat of a person, known or not."""
        if not isinstance(user, str) or not NUMBER.fullmatch(user):
            raise Misused(f"a user of an OA is a string of 17 to 19 digits, not {user!r}")
        if user not in self.chats:
            self.chats[user] = Chat(user, name=f"Người {user[-3:]}")
        return self.chats[user]

    def by_app(self, user: str) -> str:
        """The same person's id at the app: another number."""
        digest = hashlib.sha256(f"{self.platform.app.id} {user}".encode()).hexdigest()
        return f"4{int(digest[:15], 16):018d}"[:19]

    def event(self, body: Json, person: str) -> None:
        """Something happened: the app's webhook hears of it."""
        self.platform.postman.post(body, person, self.id)
