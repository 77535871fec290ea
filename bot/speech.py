"""What is heard and what is said, the same on every channel; what can go wrong in saying."""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any, Literal

Lane = Literal["talk", "campaign"]
IfUnsure = Literal["resend", "hold"]


@dataclass(frozen=True)
class Form:
    """Fields that a person sent from a page of ours, or an operator with a command."""

    name: str
    fields: Mapping[str, str]


@dataclass(frozen=True)
class Contact:
    """A phone number that the channel vouches for: `is_own` when it is the speaker's own."""

    phone: str
    is_own: bool


@dataclass(frozen=True)
class Heard:
    """One thing that somebody did: exactly one of text, choice, scan, contact, form or unread.

    `choice` is the opaque payload of a button, `scan` a poster's token, `unread` the kind of what
    no channel opens (photo, voice, file, sticker). `language` is that of the page she came from: a
    conversation that is new begins in it. `event_id` is the channel's own, so that the
    same event heard twice is one.
    """

    channel: str
    address: str
    event_id: str
    text: str | None = None
    choice: str | None = None
    scan: str | None = None
    contact: Contact | None = None
    form: Form | None = None
    unread: str | None = None
    language: str | None = None

    @property
    def key(self) -> str:
        """The event's name among all channels."""
        return f"{self.channel}:{self.event_id}"

    def to_json(self) -> str:
        """Return the text form, to be sealed and kept; half a character survives in it."""
        return json.dumps(asdict(self))

    @classmethod
    def from_json(cls, text: str) -> "Heard":
        """Return what `to_json` was made of."""
        kept: dict[str, Any] = json.loads(text)
        if kept["contact"] is not None:
            kept["contact"] = Contact(**kept["contact"])
        if kept["form"] is not None:
            kept["form"] = Form(**kept["form"])
        return cls(**kept)


@dataclass(frozen=True)
class Choice:
    """One thing to tap: its words, and the opaque payload that comes back."""

    id: str
    label: str
    payload: str


@dataclass(frozen=True)
class File:
    """A file to hand over."""

    name: str
    media_type: str
    content: str


@dataclass(frozen=True)
class Reply:
    """One message to a person. At most five choices; without buttons they are lines."""

    text: str
    choices: tuple[Choice, ...] = ()
    files: tuple[File, ...] = ()
    ask_phone: bool = False
    link: str | None = None
    is_echo: bool = False

    def to_json(self) -> str:
        """Return the text form that lies sealed in the outbox."""
        return json.dumps(asdict(self), ensure_ascii=False)

    @classmethod
    def from_json(cls, text: str) -> "Reply":
        """Return what `to_json` was made of."""
        kept: dict[str, Any] = json.loads(text)
        kept["choices"] = tuple(Choice(**one) for one in kept["choices"])
        kept["files"] = tuple(File(**one) for one in kept["files"])
        return cls(**kept)


@dataclass(frozen=True)
class Abilities:
    """What a channel can do, so that dialogues need not know its name.

    `pushes`: it reaches a person who does not ask. `asks_identity`: name and phone may be typed
    there; otherwise a one-time page of ours asks. `echoes`: the page shows her own lines too.
    """

    pushes: bool
    asks_identity: bool
    echoes: bool = False
    news_line: str = "receipt-news"


@dataclass(frozen=True)
class Page:
    """What a page of ours shows after a turn; never stored."""

    name: str
    facts: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Outcome:
    """What a turn came to, after its commit. `is_repeat`: the event had been heard before."""

    letters: tuple[Reply, ...] = ()
    page: Page | None = None
    is_repeat: bool = False


class Gone(Exception):
    """The person blocked the channel or no longer exists there; nothing more is sent."""


class TooFast(Exception):
    """The channel wants to be left alone for some seconds."""

    def __init__(self, seconds: float) -> None:
        """Say how many *seconds* to wait."""
        super().__init__(f"{seconds} s")
        self.seconds = seconds


class Rejected(Exception):
    """The channel refuses this letter for good; trying again changes nothing."""


class Unreachable(Exception):
    """The channel could not be asked; the letter has certainly not arrived and may go again."""


class Unsure(Exception):
    """Nobody knows whether the letter arrived: the connection broke after it was sent."""
