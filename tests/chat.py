"""A test is a conversation: people scan, say and tap; what they read is a transcript.

`Town` is a small invented place on a real database: bodies, enterprises, posters, officers. A
`Chat` is one person on one channel. Everything goes through `bot.hear`, as in the real program.
"""

from __future__ import annotations

import itertools
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import TypeVar

from bot.hear import hear
from bot.office import Office
from bot.speech import Abilities, Choice, Contact, Form, Heard, Outcome, Reply
from storage.database import Database
from storage.desk import VIETNAM
from storage.sealed import Keyring
from storage.store import Store

T = TypeVar("T")

MAY = "DN-MAY"  # Công ty May Ví Dụ: no CĐCS
GIAY = "DN-GIAY"  # Công ty Giày Thí Nghiệm: with a CĐCS
ZONE = "DN-KCN"  # Công ty Điện Tử Bản Nháp, in an industrial zone
PHUONG, XA, TINH, KCN, CDCS = "CD-MAU", "CD-THU", "LD-MAU", "CD-KCN", "CDCS-GIAY"

KEYS = Keyring({1: b"0123456789abcdef0123456789abcdef"})

# "paper" pushes and may ask for a name; "abroad" pushes and may not, and takes so much at once;
# "web" shows a page.
ABILITIES = {
    "paper": Abilities(pushes=True, asks_identity=True),
    "abroad": Abilities(pushes=True, asks_identity=False, longest=4096, unit="utf-16"),
    "web": Abilities(pushes=False, asks_identity=True, echoes=True, news_line="receipt-news-web"),
    "terminal": Abilities(pushes=True, asks_identity=True),
    "operator": Abilities(pushes=False, asks_identity=True),
}

START = datetime(2026, 11, 20, 8, 0, tzinfo=VIETNAM)  # a Friday

_TOKEN = re.compile(r"/(q|t)/[A-Za-z0-9_-]{20,}")


class Clock:
    """The moment of the test; it stands still until it is moved."""

    def __init__(self, now: datetime = START) -> None:
        self.now = now

    def __call__(self) -> datetime:
        return self.now

    def advance(self, **delta: float) -> None:
        """Let time pass: `advance(days=1)`."""
        self.now += timedelta(**delta)

    def set(self, day: date, hour: int = 8, minute: int = 0) -> None:
        """Go to an hour of a day in Vietnam."""
        self.now = datetime(day.year, day.month, day.day, hour, minute, tzinfo=VIETNAM)


@dataclass
class Chat:
    """One person on one channel. `received` holds every reply, oldest first."""

    town: Town
    name: str
    channel: str
    address: str
    received: list[Reply] = field(default_factory=list)
    outcome: Outcome = field(default_factory=Outcome)

    # --- what she does --------------------------------------------------------------------------

    def scans(self, enterprise_or_token: str) -> list[Reply]:
        """Scan the poster of an enterprise (by its code), or a token."""
        token = self.town.tokens.get(enterprise_or_token, enterprise_or_token)
        return self._does(f"(quét mã {enterprise_or_token[:12]})", scan=token)

    def says(self, text: str, *, event: str | None = None) -> list[Reply]:
        """Type a line. *event* repeats an event id."""
        return self._does(text, event=event, text=text)

    def taps(self, label: str, *, event: str | None = None) -> list[Reply]:
        """Tap a button by its words (or its id); the newest button of that name is pressed."""
        choice = self.button(label)
        return self._does(f"[{choice.label}]", event=event, choice=choice.payload)

    def presses(self, payload: str) -> list[Reply]:
        """Send a button's payload, genuine or forged."""
        return self._does(f"(nút {payload[:12]})", choice=payload)

    def sends(self, kind: str) -> list[Reply]:
        """Send something that is not text: photo, voice, file, sticker."""
        return self._does(f"({kind})", unread=kind)

    def shares_contact(self, phone: str, *, own: bool = True) -> list[Reply]:
        """Hand over a number that the channel vouches for."""
        return self._does("(số điện thoại)", contact=Contact(phone, own))

    def submits(self, form: str, event: str | None = None, **fields: str) -> Outcome:
        """Send a form of a page of ours; `outcome.page` tells what the page shows."""
        self._does(f"(trang: {form})", event=event, form=Form(form, fields))
        return self.outcome

    def opens(self, kind: str | None = None) -> Outcome:
        """Open the one-time link that was sent last (pressing its button)."""
        del kind
        return self.submits("open-link", token=self.token())

    # --- what she sees --------------------------------------------------------------------------

    def token(self) -> str:
        """Return the token of the one-time link that was sent last."""
        for reply in reversed(self.received):
            found = re.search(r"/t/([A-Za-z0-9_-]+)", f"{reply.text} {reply.link or ''}")
            if found:
                return found[1]
        raise AssertionError(f"{self.name} was sent no one-time link")

    def button(self, label: str) -> Choice:
        """Return the newest button with these words or this id."""
        for reply in reversed(self.received):
            for choice in reply.choices:
                if label in (choice.label, choice.id):
                    return choice
        shown = [choice.label for reply in self.received[-3:] for choice in reply.choices]
        raise AssertionError(f"{self.name} sees no button {label!r}, only {shown}; {self.last!r}")

    @property
    def last(self) -> str:
        """The text she read last."""
        return self.received[-1].text if self.received else ""

    @property
    def labels(self) -> list[str]:
        """The buttons under what she read last."""
        return [choice.label for choice in self.received[-1].choices] if self.received else []

    @property
    def code(self) -> str:
        """The code on her newest receipt."""
        for reply in reversed(self.received):
            found = re.search(r"Mã(?: của bạn)?:? ([A-Z2-9]{6})\b", reply.text)
            if found:
                return found[1]
        raise AssertionError(f"{self.name} holds no code")

    def conversation_id(self) -> int:
        """Return the id of this conversation."""
        known = self.town.read(lambda store: store.conversations.find(self.channel, self.address))
        assert known is not None
        return known.id

    # --- whole walks ----------------------------------------------------------------------------

    def signs(
        self,
        enterprise: str = MAY,
        *,
        name: str | None = None,
        consent: str = "consent-ab",
        phone: str | None = None,
        where: str = "to-above",
        last: str = "put-name",
    ) -> list[Reply]:
        """Walk from a scan to the last tap; return the replies to it."""
        self.scans(enterprise)
        self.taps("sign")
        if self.town.has_cdcs(enterprise):
            self.taps(where)
        self.taps(consent)
        self.says(name or self.name)
        if "b" in consent.removeprefix("consent-"):
            self.says(phone) if phone else self.taps("no-phone")
        if last == "foreign":
            self.taps("foreign")
            last = "put-name"
        return self.taps(last)

    def _does(self, shown: str, *, event: str | None = None, **what: object) -> list[Reply]:
        if self.town.office.can(self.channel).window and "form" not in what:
            what["touched_at"] = self.town.clock.now
        heard = Heard(
            channel=self.channel,
            address=self.address,
            event_id=event or f"e{next(self.town.events)}",
            **what,  # type: ignore[arg-type]
        )
        self.town.log.append((self.name, shown))
        before = len(self.received)
        self.outcome = hear(heard, self.town.office)
        self.town.deliver()
        return self.received[before:]


class Town:
    """The invented place of the tests."""

    def __init__(self, office: Office, clock: Clock, tokens: Mapping[str, str]) -> None:
        self.office = office
        self.clock = clock
        self.tokens = dict(tokens)
        self.chats: list[Chat] = []
        self.log: list[tuple[str, str]] = []
        self.events = itertools.count(1)

    @property
    def database(self) -> Database:
        """The store of this town."""
        return self.office.database

    def read(self, look: Callable[[Store], T]) -> T:
        """Look something up."""
        with self.database.read() as store:
            return look(store)

    def write(self, work: Callable[[Store], T]) -> T:
        """Set something up; not for what a turn should do."""
        return self.database.write(work)

    # --- people ---------------------------------------------------------------------------------

    def person(self, name: str, channel: str = "paper", address: str | None = None) -> Chat:
        """Let somebody with a phone come to town."""
        chat = Chat(self, name, channel, address or f"addr-{name}-{len(self.chats)}")
        self.chats.append(chat)
        return chat

    def officer(self, name: str, body: str = PHUONG, *roles: str, channel: str = "paper") -> Chat:
        """Let an officer accept real invitations: to receive and check, unless told otherwise."""
        chat = self.person(name, channel)
        for role in roles or ("receives", "checks"):
            chat.says(self.invitation(body, role, name))
            chat.taps("accept-role")
        return chat

    def invitation(self, body: str, role: str, name: str = "") -> str:
        """Return the code of a fresh invitation."""

        def invite(store: Store) -> str:
            found = store.bodies.by_code(body)
            assert found is not None
            return store.officers.invite(found.id, role, name, "test", days=7)

        return self.write(invite)

    def revoke(self, officer: Chat, body: str = PHUONG, state: str = "revoked") -> None:
        """Take an officer's roles at a body away, at once."""

        def work(store: Store) -> None:
            found = store.officers.at(officer.conversation_id(), ("active", "suspended"))
            of = store.bodies.by_code(body)
            assert found is not None
            assert of is not None
            store.officers.set_state(found.id, of.id, None, state)
            if state == "revoked":
                store.cases.release_of(found.id)

        self.write(work)

    def has_cdcs(self, enterprise: str) -> bool:
        """Whether an enterprise (by code) has a grassroots union."""
        found = self.read(lambda store: store.enterprises.by_code(enterprise))
        return found is not None and found.cdcs_id is not None

    def petition(self, enterprise: str = MAY):
        """Return the live petition of an enterprise, or None."""

        def look(store: Store):
            found = store.enterprises.by_code(enterprise)
            assert found is not None
            return store.cases.live_petition(found.id)

        return self.read(look)

    def gather(self, number: int, enterprise: str = MAY, **how: str) -> list[Chat]:
        """Let *number* people sign at an enterprise."""
        signers = []
        for place in range(number):
            chat = self.person(
                f"Nguyễn Văn Mẫu {_LETTERS[len(self.chats) % 26]}{place}".strip("0123456789")
            )
            chat.signs(enterprise, **how)
            signers.append(chat)
        return signers

    # --- time -----------------------------------------------------------------------------------

    def rounds(self, **delta: float) -> list[str]:
        """Let time pass, then do what time does."""
        from bot.rounds import tick

        if delta:
            self.clock.advance(**delta)
        self.log.append(("", f"({self.clock.now.astimezone(VIETNAM):%d/%m/%Y %H:%M})"))
        done = tick(self.office)
        self.deliver()
        return list(done)

    # --- letters --------------------------------------------------------------------------------

    def deliver(self) -> None:
        """Bring every letter to its reader."""
        brought = self.write(self._letters)
        for chat in self.chats:
            for reply in brought.get((chat.channel, chat.address), []):
                chat.received.append(reply)
                self.log.append((f"bot→{chat.name}", _shown(reply)))

    def _letters(self, store: Store) -> dict[tuple[str, str], list[Reply]]:
        channels = sorted({chat.channel for chat in self.chats})
        found: dict[tuple[str, str], list[Reply]] = {}
        windows = {name: self.office.can(name).window for name in channels}
        # Again and again: a letter waits while an earlier one to the same address is open.
        while batch := store.outbox.claim("test", 60, channels, 500, windows=windows):
            for one in batch:
                store.outbox.sent(one.id, "test", "ref")
                to = found.setdefault((one.channel, one.address), [])
                to.append(Reply.from_json(one.reply))
        return found

    # --- transcripts ----------------------------------------------------------------------------

    def transcript(self, *only: Chat) -> str:
        """Return what happened, for people to read; codes and links are made alike."""
        names = {chat.name for chat in only} | {f"bot→{chat.name}" for chat in only} | {""}
        lines = [
            f"{who}> {_indented(what)}" if who else what
            for who, what in self.log
            if not only or who in names
        ]
        return self.neutral("\n".join(lines)) + "\n"

    def neutral(self, text: str) -> str:
        """Return a text with codes, links and payloads replaced by what they are."""
        text = _TOKEN.sub(lambda found: f"/{found[1]}/…", text)
        for number, code in enumerate(self._codes_in(text), 1):
            text = text.replace(code, f"MÃ-{number}")
        return text

    def _codes_in(self, text: str) -> list[str]:
        from sqlalchemy import select

        from storage.tables import case_file, poster, receipt

        def look(store: Store) -> set[str]:
            found = set()
            for table in (receipt, case_file):
                found |= {row.code for row in store.connection.execute(select(table.c.code))}
            for row in store.connection.execute(select(poster.c.id)):
                found.add(store.posters.by_id(row.id).code)
            return found

        codes = [code for code in self.read(look) if code in text]
        return sorted(codes, key=text.index)


_LETTERS = "ABCDEGHIKLMNOPQRSTUVXYABCDE"


def _shown(reply: Reply) -> str:
    lines = [reply.text]
    if reply.link and reply.link not in reply.text:
        lines.append(reply.link)
    lines += [f"[{number}] {choice.label}" for number, choice in enumerate(reply.choices, 1)]
    return "\n".join(lines)


def _indented(text: str) -> str:
    return text.replace("\n", "\n     ")
