"""One bot's account: its chats, its messages, its updates, its webhook."""

from collections.abc import Callable, Coroutine
from dataclasses import dataclass, field
from random import Random
from typing import Any

from fakes.botapi.arrivals import Log
from fakes.botapi.delivery import Postman
from fakes.botapi.faults import Faults
from fakes.botapi.limits import Limits
from fakes.botapi.people import Chat, Json, Message, Person, unix_now
from fakes.botapi.queue import Queue
from fakes.botapi.refusals import Misused, bad, forbidden

FIRST_TOKEN = "123456:TEST-TOKEN-ketdoan_test_bot-000000"
FIRST_NAME = "ketdoan_test_bot"
EXPIRY = {"message": 86400.0, "callback": 150.0}


@dataclass
class Webhook:
    """Where updates go, as setWebhook was told."""

    url: str
    secret: str | None
    max_connections: int
    ip_address: str | None = None
    certificate: bool = False
    error_at: int | None = field(default=None, compare=False)
    error: str | None = field(default=None, compare=False)


@dataclass
class Platform:
    """All of this Telegram: people, bots, what goes wrong, what came."""

    seed: int
    speed: float
    chance: Random
    log: Log
    keep: int = 0
    faults: Faults = field(default_factory=Faults)
    people: dict[int, Person] = field(default_factory=dict)
    bots: dict[str, "Account"] = field(default_factory=dict)
    routes: dict[str, str] = field(default_factory=dict)
    in_answer: Callable[..., Coroutine[Any, Any, None]] | None = None

    def register(self, token: str, username: str) -> "Account":
        """A new bot, as BotFather makes them: the id stands before the colon of its token."""
        number, _, rest = token.partition(":")
        if not number.isdigit() or number.startswith("0") or not rest or len(token) > 80:
            raise Misused(f"a token is NUMBER:SECRET, at most 80 characters, not {token!r}")
        if token not in self.bots:
            queue = Queue(self.chance, self.chance.randrange(10_000_000, 900_000_000))
            self.bots[token] = Account(self, int(number), token, username, queue)
        return self.bots[token]

    def person(self, user_id: int) -> Person:
        """A user, known from now on."""
        if user_id not in self.people:
            self.people[user_id] = Person(user_id, f"Người {user_id % 1000}")
        return self.people[user_id]


@dataclass
class Account:
    """A bot with everything it can see."""

    platform: Platform
    id: int
    token: str
    username: str
    queue: Queue
    chats: dict[int, Chat] = field(default_factory=dict)
    crowds: list[range] = field(default_factory=list)
    last_message: int = 0
    change: int = 0
    webhook: Webhook | None = None
    webhook_set_at: float = float("-inf")
    limits: Limits = field(default_factory=Limits)
    callbacks: dict[str, tuple[int, float]] = field(default_factory=dict)
    answers: list[Json] = field(default_factory=list)
    files: dict[str, Json] = field(default_factory=dict)
    about: dict[tuple[str, str], Any] = field(default_factory=dict)
    logged_out: bool = False

    def __post_init__(self) -> None:
        self.postman = Postman(self)

    def as_user(self) -> Json:
        return {
            "id": self.id,
            "is_bot": True,
            "first_name": "Kết Đoàn",
            "username": self.username,
        }

    def private(self, user_id: int) -> Chat:
        """The chat with a person, begun by her."""
        if user_id not in self.chats:
            self.chats[user_id] = Chat(
                user_id, "private", self.instance(), self.platform.person(user_id)
            )
        return self.chats[user_id]

    def common(self, chat_id: int, kind: str, title: str) -> Chat:
        """A group or a channel that the bot is in."""
        if chat_id not in self.chats:
            self.chats[chat_id] = Chat(chat_id, kind, self.instance(), title=title)
        return self.chats[chat_id]

    def instance(self) -> str:
        return str(self.platform.chance.randrange(-(1 << 63), 1 << 63))

    def known(self, chat_id: int) -> Chat | None:
        """A chat that was begun, be it only as one of a crowd."""
        chat = self.chats.get(chat_id)
        if chat is None and any(chat_id in crowd for crowd in self.crowds):
            chat = self.private(chat_id)
        return chat

    def found(self, chat_id: Any) -> Chat:
        """A chat that the bot may see; 400 or 403 otherwise."""
        if isinstance(chat_id, str):
            raise bad("chat not found")
        chat = self.known(chat_id)
        if chat is None:
            if chat_id in self.platform.people:
                raise forbidden("bot can't initiate conversation with a user")
            raise bad("chat not found")
        return chat

    def writable(self, chat_id: Any) -> Chat:
        """A chat that the bot may write to."""
        chat = self.found(chat_id)
        if chat.blocked:
            raise forbidden(
                "bot was blocked by the user"
                if chat.person
                else f"bot was kicked from the {chat.kind} chat"
            )
        if chat.moved_to is not None:
            gone = bad("group chat was upgraded to a supergroup chat")
            gone.parameters = {"migrate_to_chat_id": chat.moved_to}
            raise gone
        return chat

    def write(
        self, chat: Chat, kind: str, body: Json, sender: Json | None, **more: Any
    ) -> Message:
        """A new message in a chat, from whoever."""
        self.last_message += 1
        self.change += 1
        date = more.pop("date", None) or unix_now()
        message = Message(self.last_message, sender, date, kind, body, self.change, **more)
        chat.keep(message, self.platform.keep)
        return message

    def changed(self, chat: Chat, message: Message) -> None:
        """A message is not as it was."""
        self.change += 1
        message.change = self.change
        message.edited_at = unix_now()
        chat.wake()

    def expiry(self, kind: str) -> float:
        said = self.platform.faults.plain["expiry"] or {}
        return float(said.get(kind, EXPIRY[kind]))
