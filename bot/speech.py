"""What is heard and what is said, the same on every channel; what can go wrong in saying."""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from datetime import datetime
from typing import Any, Literal

from union.windows import Window as Window  # noqa: PLC0414 -- channels have it from here

# The form of whom the platform itself tells that she takes back what it may hand over: nothing is
# sent to her any more, and it is an order to erase.
WITHDRAWN = "platform-withdrawn"

# The form of who has opened the chat and said nothing yet.
OPENED = "chat-opened"

# The form of who has begun, or begun again, to follow the account, and said nothing with it.
FOLLOWED = "account-followed"

Lane = Literal["talk", "campaign"]
IfUnsure = Literal["resend", "hold"]
# What a channel counts a text in: characters of Unicode, or units of UTF-16, of which what lies
# beyond the first plane (most pictures) takes two.
Unit = Literal["character", "utf-16"]


def length(text: str, unit: Unit) -> int:
    """Return how long a text is, in this unit."""
    beyond = 0 if unit == "character" or text.isascii() else sum(one > "\uffff" for one in text)
    return len(text) + beyond


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
    """One thing that somebody did: exactly one of text, choice, scan, contact, form, unread, left.

    `choice` is the opaque payload of a button, `scan` a poster's token, `unread` the kind of what
    no channel opens (photo, voice, file, sticker; "late": words too old to be acted on). `left`:
    she blocked the channel, or (False) let it in again; nobody answers that. `language` is that of
    the page she came from: a conversation that is new begins in it. `event_id` is the channel's
    own, so that the same event heard twice is one. `touched_at`: when she did that on a channel
    that may be spoken on for a while after it, or left it; None for what lets us speak no longer.
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
    left: bool | None = None
    language: str | None = None
    touched_at: datetime | None = None

    @property
    def key(self) -> str:
        """The event's name among all channels."""
        return f"{self.channel}:{self.event_id}"

    def to_json(self) -> str:
        """Return the text form, to be sealed and kept; half a character survives in it."""
        at = self.touched_at and self.touched_at.isoformat()
        return json.dumps(asdict(self) | {"touched_at": at})

    @classmethod
    def from_json(cls, text: str) -> "Heard":
        """Return what `to_json` was made of."""
        kept: dict[str, Any] = json.loads(text)
        if kept["contact"] is not None:
            kept["contact"] = Contact(**kept["contact"])
        if kept["form"] is not None:
            kept["form"] = Form(**kept["form"])
        if kept.get("touched_at") is not None:
            kept["touched_at"] = datetime.fromisoformat(kept["touched_at"])
        return cls(**kept)


@dataclass(frozen=True)
class Choice:
    """One thing to tap: its words, and the opaque payload that comes back.

    `number`: what may be typed for it; None where a number would be read as an answer to something
    else, and only its words are understood.
    """

    id: str
    label: str
    payload: str
    number: int | None = None


@dataclass(frozen=True)
class File:
    """A file to hand over."""

    name: str
    media_type: str
    content: str


@dataclass(frozen=True)
class Reply:
    """One message to a person. At most five choices; without buttons they are lines.

    `ask_phone`: the first choice hands over her own number, where the channel can vouch for it.
    `link_label`: the words of a button for `link`, where the channel shows one. `is_template`: it
    goes as the neutral message that the channel has approved beforehand, whatever its words.
    """

    text: str
    choices: tuple[Choice, ...] = ()
    files: tuple[File, ...] = ()
    ask_phone: bool = False
    link: str | None = None
    link_label: str = ""
    is_echo: bool = False
    is_template: bool = False

    @property
    def worded(self) -> str:
        """The text with its link: who can not press a button must find it there."""
        if self.link and self.link not in self.text:
            return f"{self.text}\n{self.link}"
        return self.text

    @property
    def listed(self) -> str:
        """The text with its link and its choices as lines, for who has no buttons to press."""
        lines = [
            f"{'•' if one.number is None else f'{one.number}.'} {one.label}"
            for one in self.choices
        ]
        return "\n".join([*([self.worded] if self.worded else []), *lines])

    def to_json(self) -> str:
        """Return the text form that lies sealed in the outbox."""
        kept = dict(vars(self))
        kept["choices"] = [vars(one) for one in self.choices]
        kept["files"] = [vars(one) for one in self.files]
        return json.dumps(kept, ensure_ascii=False)

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
    there; otherwise a one-time page of ours asks. `asks_contact`: it hands over her own number
    with one tap; `vouches`: it stands up for that being hers, otherwise it is only a claim.
    `echoes`: the page shows her own lines too. `longest`: so many of its `unit` it takes in one
    message (None: any number); what is longer is laid out in parts. `lists`: choices are, or may
    have to be, lines of that message. `most_choices`: so many it shows at once (None: any number),
    the rest behind a button "next". `window`: how long after her last interaction she may be
    written to there; None: always.
    """

    pushes: bool
    asks_identity: bool
    asks_contact: bool = False
    vouches: bool = True
    echoes: bool = False
    news_line: str = "receipt-news"
    longest: int | None = None
    unit: Unit = "character"
    lists: bool = False
    most_choices: int | None = None
    window: Window | None = None

    def takes(self, text: str) -> bool:
        """Whether a text goes in one message."""
        if self.longest is None or len(text) * 2 <= self.longest:
            return True
        return length(text, self.unit) <= self.longest


@dataclass(frozen=True)
class Pace:
    """How fast one account may speak: letters a second in all, seconds between two to one address.

    0 is no limit.
    """

    per_second: float
    per_address_seconds: float


@dataclass(frozen=True)
class Page:
    """What a page of ours shows after a turn; never stored."""

    name: str
    facts: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Outcome:
    """What a turn came to, after its commit. `is_repeat`: the event had been heard before.

    `language` is the one that the conversation has now.
    """

    letters: tuple[Reply, ...] = ()
    page: Page | None = None
    is_repeat: bool = False
    language: str = ""


class Gone(Exception):
    """The person blocked the channel or no longer exists there; nothing more is sent.

    Its text is a short word for the reason, kept with the letter.
    """


class Shut(Exception):
    """She has not been on the channel for too long; what she next does there opens it again.

    Its text is a short word for the reason, kept with the letter.
    """


class TooFast(Exception):
    """The channel wants to be left alone for some seconds: all of the account, or one person."""

    def __init__(self, seconds: float, *, for_all: bool = True) -> None:
        """Say how many *seconds* to wait; *for_all*: nobody may be written to meanwhile."""
        super().__init__(f"{seconds} s")
        self.seconds = seconds
        self.for_all = for_all


class Rejected(Exception):
    """The channel refuses this letter for good; trying again changes nothing."""


class Unreachable(Exception):
    """The channel could not be asked; the letter has certainly not arrived and may go again."""


class Unsure(Exception):
    """Nobody knows whether the letter arrived: the connection broke after it was sent."""
