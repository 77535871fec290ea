"""Conversations: one address on one channel, the step it is at, and what it must remember."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import and_, distinct, exists, func, or_, select, update

from storage.desk import Desk
from storage.ids import new_id
from storage.tables import consent, conversation, letter, signature

# How the keys of letters begin that are to open a window again.
TIP = "tip:"


@dataclass
class Conversation:
    """One person's talk on one channel. `memory` is sealed and holds what the step needs."""

    id: int
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
    memory: dict[str, Any] = field(default_factory=dict)
    # As it was opened: what a step has changed in the memory can be taken back.
    memory_text: str = field(default="", repr=False)

    def found_memory(self) -> dict[str, Any]:
        """Return the memory as it was found, whatever has been changed in it since."""
        return json.loads(self.memory_text) if self.memory_text else {}


class Conversations(Desk):
    """Finds, locks and keeps conversations."""

    def _blind(self, channel: str, address: str) -> bytes:
        return self.keys.blind("address", f"{channel}|{address}")

    def locked(self, channel: str, address: str, language: str) -> Conversation:
        """Return the conversation at this address, made where it is new, locked for this turn."""
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
        return self._made_of(row)

    def remember(self, known: Conversation) -> None:
        """Keep everything of *known* that a turn may have changed."""
        text = json.dumps(known.memory, ensure_ascii=False) if known.memory else None
        self._change(
            conversation,
            known.id,
            language=known.language,
            step=known.step,
            memory_sealed=self._seal(conversation, known.id, "memory_sealed", text)
            if text
            else None,
            offer=known.offer,
            enterprise_id=known.enterprise_id,
            is_locked=known.is_locked,
            wants_news=known.wants_news,
            stopped_news_at=known.stopped_news_at,
            stopped_all_at=known.stopped_all_at,
            gone_at=known.gone_at,
            heard_at=known.heard_at,
            window_from_at=known.window_from_at,
            window_shut_at=known.window_shut_at,
        )

    def keep_window(self, known: Conversation) -> None:
        """Keep only when she was last here and since when nothing reaches her."""
        self._change(
            conversation,
            known.id,
            window_from_at=known.window_from_at,
            window_shut_at=known.window_shut_at,
        )

    def move(self, known: Conversation, address: str) -> None:
        """Give the conversation a new address; the old one opens nothing any more."""
        known.address = address
        self._change(
            conversation,
            known.id,
            address_blind=self._blind(known.channel, address),
            address_sealed=self._seal(conversation, known.id, "address_sealed", address),
        )

    def mark_gone(self, row_id: int, *, gone: bool) -> None:
        """Note that the channel can (not) reach this address."""
        self._change(conversation, row_id, gone_at=self.now if gone else None)

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
        """Return conversations last touched from *after* to *until*, by id beyond *beyond*.

        Only those that may be written to, and where no tip was laid out since.
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
                exists().where(
                    consent.c.conversation_id == conversation.c.id,
                    consent.c.ended_at.is_(None),
                    consent.c.contact,
                ),
            )
            .order_by(conversation.c.id)
            .limit(limit)
        )
        return [row.id for row in self.connection.execute(query)]

    def count_out_of_reach(self, case_id: int, free: Mapping[str, timedelta]) -> int:
        """Return to how many who signed a case and agreed to letters nothing can be sent now.

        *free*: how long a window is open after an interaction, by channel.
        """
        closed = [
            and_(
                conversation.c.channel == channel,
                or_(
                    conversation.c.window_from_at.is_(None),
                    conversation.c.window_from_at <= self.now - span,
                ),
            )
            for channel, span in free.items()
        ]
        query = (
            select(func.count(distinct(conversation.c.id)))
            .select_from(signature)
            .join(conversation, conversation.c.id == signature.c.conversation_id)
            .where(
                signature.c.case_id == case_id,
                signature.c.state == "valid",
                or_(conversation.c.gone_at.is_not(None), *closed),
                exists().where(
                    consent.c.conversation_id == conversation.c.id,
                    consent.c.ended_at.is_(None),
                    consent.c.contact,
                ),
            )
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

    def forget_draft(self, row_id: int) -> None:
        """Wipe the answers of a draft that was put off too long ago; the rest stays."""
        row = self._first(conversation, id=row_id, lock=True)
        assert row is not None
        known = self._made_of(row)
        known.memory.pop("draft", None)
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
        return None if row is None else self._made_of(row)

    def _made_of(self, row: Any) -> Conversation:
        memory = self._open(conversation, row.id, "memory_sealed", row.memory_sealed)
        return Conversation(
            id=row.id,
            channel=row.channel,
            address=self._open(conversation, row.id, "address_sealed", row.address_sealed),
            language=row.language,
            made_at=row.made_at,
            heard_at=row.heard_at,
            step=row.step,
            offer=row.offer,
            enterprise_id=row.enterprise_id,
            is_locked=row.is_locked,
            wants_news=row.wants_news,
            stopped_news_at=row.stopped_news_at,
            stopped_all_at=row.stopped_all_at,
            gone_at=row.gone_at,
            window_from_at=row.window_from_at,
            window_shut_at=row.window_shut_at,
            memory=json.loads(memory) if memory else {},
            memory_text=memory,
        )
