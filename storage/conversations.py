"""Conversations: one address on one channel, the step it is at, and what it must remember.

Several addresses may be one person's. Then a row without an address owns what is recorded of her,
and each of her addresses is joined to it: its talk is its own, its facts and settings are hers.
"""

import json
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, distinct, exists, func, or_, select, update

from storage.desk import Desk
from storage.ids import new_id
from storage.tables import consent, conversation, letter, signature

_address, _owner = conversation.alias("address"), conversation.alias("owner")

# How the keys of letters begin that are to open a window again.
TIP = "tip:"

# The channel of a row that owns the facts of several addresses: nobody speaks from it.
JOINED = "joined"
# More than a phone, a computer and an app or two is no single person's.
MOST_ADDRESSES = 5


@dataclass
class Conversation:
    """One person's talk on one channel. `memory` is sealed and holds what the step needs.

    `id` names the person: what is recorded of her is found by it. `row_id` names this address:
    its letters, links and memory are found by it. The two differ where several are one person's.
    """

    id: int
    row_id: int
    channel: str
    address: str
    language: str
    made_at: datetime
    heard_at: datetime
    step: str = ""
    offer: int = 0
    enterprise_id: int | None = None
    is_locked: bool = False
    wants_news: bool | None = None
    stopped_news_at: datetime | None = None
    stopped_all_at: datetime | None = None
    gone_at: datetime | None = None
    window_from_at: datetime | None = None
    window_shut_at: datetime | None = None
    # Since when a name stood here when it was joined: who named herself first goes before.
    named_at: datetime | None = None
    memory: dict[str, Any] = field(default_factory=dict)
    # As it was opened: what a step has changed in the memory can be taken back.
    memory_text: str = field(default="", repr=False)

    @property
    def is_joined(self) -> bool:
        """Whether the facts of whoever speaks here are owned by a row of their own."""
        return self.id != self.row_id

    def found_memory(self) -> dict[str, Any]:
        """Return the memory as it was found, whatever has been changed in it since."""
        return json.loads(self.memory_text) if self.memory_text else {}


class Conversations(Desk):
    """Finds, locks and keeps conversations."""

    def _blind(self, channel: str, address: str) -> bytes:
        return self.keys.blind("address", f"{channel}|{address}")

    def locked(self, channel: str, address: str, language: str) -> Conversation:
        """Return the conversation at this address, made where it is new, locked for this turn.

        Where it is joined, its owner is locked after it: a person's turns come one by one.
        """
        found = self._select(channel, address, lock=True)
        while found is None:
            # Another process may make the same one at this moment: then its row is waited for.
            self._make(channel, address, language)
            found = self._select(channel, address, lock=True)
        return found

    def find(self, channel: str, address: str) -> Conversation | None:
        """Return the conversation at this address, or None where nobody spoke from it."""
        return self._select(channel, address)

    def by_id(self, row_id: int) -> Conversation:
        """Return one conversation. Raises LookupError."""
        row = self._row(conversation, row_id)
        if row is None:
            raise LookupError("conversation")
        return self._made_of(row)

    def locked_by_id(self, row_id: int) -> Conversation:
        """Return one conversation, locked for this turn. Raises LookupError."""
        row = self._first(conversation, id=row_id, lock=True)
        if row is None:
            raise LookupError("conversation")
        return self._made_of(row, lock=True)

    def addresses_of(self, conversation_id: int) -> list[Conversation]:
        """Return the addresses of a person, the one used last first, by her id or by one of them.

        One that is joined to no other is the only one. Raises LookupError.
        """
        row = self._row(conversation, conversation_id)
        if row is None:
            raise LookupError("conversation")
        if row.joined_to_id is None and row.channel != JOINED:
            return [self._made_of(row)]
        owner = self._owner_of(row)
        owners, found = [owner.id], []
        for one in owners:
            rows = self._rows(conversation, joined_to_id=one)
            owners += [row.id for row in rows if row.channel == JOINED]
            found += [self._made_of(row, owner) for row in rows if row.channel != JOINED]
        found.sort(key=lambda one: one.heard_at, reverse=True)
        return found or [self._made_of(owner)]

    def _owner_of(self, row: Any, *, lock: bool = False) -> Any:
        """Return the row that owns what is recorded where *row* speaks: mostly itself."""
        while row.joined_to_id is not None:
            row = self._first(conversation, id=row.joined_to_id, lock=lock)
        return row

    # --- several that are one person's -------------------------------------------------------

    def join(self, *those: Conversation) -> int:
        """Let conversations, all locked, be one person's; return the id that owns her facts now.

        Of settings that differ the stricter holds. What is recorded is moved by `Merging`.
        """
        owners = sorted({one.id for one in those if one.is_joined})
        owner_id = owners[0] if owners else self._make_owner(those[0])
        settings = _stricter(those)
        for other in owners[1:]:
            # Their other addresses follow it here: to touch them would be to wait for their turns.
            self._change(conversation, other, joined_to_id=owner_id)
        for one in those:
            values: dict[str, Any] = {"joined_to_id": owner_id, "named_at": one.named_at}
            self._change(conversation, one.row_id, **values)
            one.id = owner_id
            one.wants_news, one.stopped_news_at, one.stopped_all_at = settings.values()
        self._change(conversation, owner_id, **settings)
        self._see_whether_gone(owner_id)
        return owner_id

    def part(self, known: Conversation) -> None:
        """Let an address, locked, stand by itself again: it knows nothing of what it was part of.

        That nothing may be sent holds for it too.
        """
        owner_id, known.id = known.id, known.row_id
        known.named_at = known.enterprise_id = None
        known.step, known.memory = "", {}
        values: dict[str, Any] = {"joined_to_id": None, "named_at": None, "is_locked": False}
        self._change(conversation, known.row_id, **values)
        known.is_locked = False
        self.remember(known)
        self._see_whether_gone(owner_id)

    def _make_owner(self, like: Conversation) -> int:
        row_id = new_id()
        nowhere = f"{JOINED}:{row_id}"
        self._add(
            conversation,
            id=row_id,
            channel=JOINED,
            address_blind=self._blind(JOINED, nowhere),
            address_sealed=self._seal(conversation, row_id, "address_sealed", nowhere),
            language=like.language,
            made_at=self.now,
            heard_at=self.now,
        )
        return row_id

    def _see_whether_gone(self, owner_id: int) -> None:
        """Note with a person whether none of her addresses can be reached."""
        is_gone = all(one.gone_at is not None for one in self.addresses_of(owner_id))
        self._change(conversation, owner_id, gone_at=self.now if is_gone else None)

    # --- keeping it --------------------------------------------------------------------------

    def remember(self, known: Conversation) -> None:
        """Keep everything of *known* that a turn may have changed."""
        text = json.dumps(known.memory, ensure_ascii=False) if known.memory else None
        settings = _settings(known)
        self._change(
            conversation,
            known.row_id,
            language=known.language,
            step=known.step,
            memory_sealed=self._seal(conversation, known.row_id, "memory_sealed", text)
            if text
            else None,
            offer=known.offer,
            enterprise_id=known.enterprise_id,
            is_locked=known.is_locked,
            **settings,
            gone_at=known.gone_at,
            heard_at=known.heard_at,
            window_from_at=known.window_from_at,
            window_shut_at=known.window_shut_at,
        )
        if known.is_joined:
            reached: dict[str, Any] = {"gone_at": None} if known.gone_at is None else {}
            self._change(conversation, known.id, **settings, **reached)

    def keep_window(self, known: Conversation) -> None:
        """Keep only when she was last here and since when nothing reaches her here."""
        self._change(
            conversation,
            known.row_id,
            window_from_at=known.window_from_at,
            window_shut_at=known.window_shut_at,
        )

    def move(self, known: Conversation, address: str) -> None:
        """Give the conversation a new address; the old one opens nothing any more."""
        known.address = address
        self._change(
            conversation,
            known.row_id,
            address_blind=self._blind(known.channel, address),
            address_sealed=self._seal(conversation, known.row_id, "address_sealed", address),
        )

    def mark_gone(self, row_id: int, *, gone: bool) -> None:
        """Note that the channel can (not) reach this address."""
        self._change(conversation, row_id, gone_at=self.now if gone else None)
        row = self._row(conversation, row_id)
        if row is not None and row.joined_to_id is not None:
            self._see_whether_gone(self._owner_of(row).id)

    def mark_shut(self, row_id: int, asked_at: datetime) -> None:
        """Note that the channel says her window is closed, though by our count it is open.

        Unless she has been here since the letter was taken, at *asked_at*, that was refused.
        """
        row = self._first(conversation, id=row_id, lock=True)
        from_at = None if row is None else row.window_from_at
        if row is None or (from_at is not None and from_at > asked_at):
            return
        since = row.window_shut_at or self.now
        self._change(conversation, row_id, window_from_at=None, window_shut_at=since)

    def with_window(
        self, channel: str, after: datetime, until: datetime, beyond: int, limit: int
    ) -> list[int]:
        """Return addresses last touched from *after* to *until*, by id beyond *beyond*.

        Only those that may be written to, as far as stands there, and where no tip was laid out
        since. What a person with several addresses allows stands with their owner.
        """
        query = (
            select(conversation.c.id)
            .where(
                conversation.c.channel == channel,
                conversation.c.window_from_at > after,
                conversation.c.window_from_at <= until,
                conversation.c.gone_at.is_(None),
                conversation.c.stopped_all_at.is_(None),
                conversation.c.id > beyond,
                ~exists().where(
                    letter.c.conversation_id == conversation.c.id,
                    letter.c.key.startswith(TIP, autoescape=True),
                    letter.c.made_at > conversation.c.window_from_at,
                ),
                or_(
                    conversation.c.joined_to_id.is_not(None),
                    _agreed_to_letters(conversation.c.id),
                ),
            )
            .order_by(conversation.c.id)
            .limit(limit)
        )
        return [row.id for row in self.connection.execute(query)]

    def count_out_of_reach(
        self, case_id: int, free: Mapping[str, timedelta], pages: Collection[str]
    ) -> int:
        """Return to how many who signed a case and agreed to letters nothing can be sent now.

        *free*: how long a window is open after an interaction, by channel. *pages*: channels that
        ring for nobody; such an address reaches only who has no other.
        """
        hers = signature.c.conversation_id
        # Where several that were one person's became one, an owner follows another.
        owners = select(_owner.c.id).where(_owner.c.joined_to_id == hers)
        is_open = [
            or_(_address.c.channel != channel, _address.c.window_from_at > self.now - span)
            for channel, span in free.items()
        ]
        reached = exists().where(
            or_(
                _address.c.id == hers,
                _address.c.joined_to_id == hers,
                _address.c.joined_to_id.in_(owners),
            ),
            _address.c.channel != JOINED,
            or_(_address.c.id == hers, _address.c.channel.not_in(pages)),
            _address.c.gone_at.is_(None),
            *is_open,
        )
        query = select(func.count(distinct(hers))).where(
            signature.c.case_id == case_id,
            signature.c.state == "valid",
            ~reached,
            _agreed_to_letters(hers),
        )
        return int(self.connection.execute(query).scalar_one())

    def with_old_memory(self, before: datetime, limit: int, *, lock: bool = False) -> list[int]:
        """Return conversations silent since *before* that still remember something.

        Locked, they stay silent until this transaction ends; who speaks just now is left out.
        """
        query = (
            select(conversation.c.id)
            .where(conversation.c.heard_at < before, conversation.c.memory_sealed.is_not(None))
            .order_by(conversation.c.id)
            .limit(limit)
        )
        locked = query.with_for_update(key_share=True, skip_locked=True)
        return [row.id for row in self.connection.execute(locked if lock else query)]

    def forget_memory(self, row_id: int) -> None:
        """Wipe what the conversation remembers; where it is and its settings stay."""
        self._change(conversation, row_id, memory_sealed=None, step="")

    def forget_everything(self, row_id: int) -> None:
        """Wipe what the conversation remembers, and which place of work it was about."""
        self._change(conversation, row_id, memory_sealed=None, step="", enterprise_id=None)

    def forget_draft(self, conversation_id: int) -> None:
        """Wipe the answers of a draft that a person put off too long ago; the rest stays."""
        for one in sorted(self.addresses_of(conversation_id), key=lambda one: one.row_id):
            known = self.locked_by_id(one.row_id)
            if known.memory.pop("draft", None) is not None:
                self.remember(known)

    def wipe_address(self, row_id: int) -> None:
        """Make the address unreadable and unfindable: nothing can be sent or opened here again."""
        dead = f"erased:{new_id()}"
        self.connection.execute(
            update(conversation)
            .where(conversation.c.id == row_id)
            .values(
                address_blind=self._blind("erased", dead),
                address_sealed=self._seal(conversation, row_id, "address_sealed", dead),
                memory_sealed=None,
                enterprise_id=None,
                step="",
                gone_at=self.now,
                joined_to_id=None,
                named_at=None,
            )
        )

    def _make(self, channel: str, address: str, language: str) -> None:
        row_id = new_id()
        self._add_once(
            conversation,
            id=row_id,
            channel=channel,
            address_blind=self._blind(channel, address),
            address_sealed=self._seal(conversation, row_id, "address_sealed", address),
            language=language,
            made_at=self.now,
            heard_at=self.now,
        )

    def _select(self, channel: str, address: str, *, lock: bool = False) -> Conversation | None:
        blind = self._blind(channel, address)
        row = self._first(conversation, channel=channel, address_blind=blind, lock=lock)
        return None if row is None else self._made_of(row, lock=lock)

    def _made_of(self, row: Any, owner: Any = None, *, lock: bool = False) -> Conversation:
        hers = owner or self._owner_of(row, lock=lock)
        memory = self._open(conversation, row.id, "memory_sealed", row.memory_sealed)
        return Conversation(
            id=hers.id,
            row_id=row.id,
            channel=row.channel,
            address=self._open(conversation, row.id, "address_sealed", row.address_sealed),
            language=row.language,
            made_at=row.made_at,
            heard_at=row.heard_at,
            step=row.step,
            offer=row.offer,
            enterprise_id=row.enterprise_id,
            is_locked=row.is_locked,
            wants_news=hers.wants_news,
            stopped_news_at=hers.stopped_news_at,
            stopped_all_at=hers.stopped_all_at,
            gone_at=row.gone_at,
            window_from_at=row.window_from_at,
            window_shut_at=row.window_shut_at,
            named_at=row.named_at,
            memory=json.loads(memory) if memory else {},
            memory_text=memory,
        )


def _agreed_to_letters(conversation_id: ColumnElement[int]) -> ColumnElement[bool]:
    return exists().where(
        consent.c.conversation_id == conversation_id,
        consent.c.ended_at.is_(None),
        consent.c.contact,
    )


def _settings(known: Conversation) -> dict[str, Any]:
    return {
        "wants_news": known.wants_news,
        "stopped_news_at": known.stopped_news_at,
        "stopped_all_at": known.stopped_all_at,
    }


def _stricter(those: Sequence[Conversation]) -> dict[str, Any]:
    """Return the settings that hold for all: a no and a stop of one is everybody's."""
    wanted = {one.wants_news for one in those}
    return {
        "wants_news": False if False in wanted else (True if True in wanted else None),
        "stopped_news_at": max(filter(None, (one.stopped_news_at for one in those)), default=None),
        "stopped_all_at": max(filter(None, (one.stopped_all_at for one in those)), default=None),
    }
