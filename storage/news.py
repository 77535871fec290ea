"""News: what waits behind a neutral envelope until its reader taps it."""

import json
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Row, select, update

from storage.desk import Desk
from storage.ids import new_id
from storage.tables import news


@dataclass(frozen=True)
class News:
    """One piece of news: the key of its words, its facts, the case it is about."""

    id: int
    conversation_id: int
    case_id: int | None
    key: str
    facts: dict[str, Any]
    made_at: datetime


@dataclass(frozen=True)
class Waiting:
    """News that nobody has read yet: the case it is about, the key of its words."""

    case_id: int | None
    key: str
    made_at: datetime


class NewsShelf(Desk):
    """Lays news out and hands it over in order."""

    def lay_out(
        self, conversation_id: int, case_id: int | None, key: str, facts: dict[str, Any]
    ) -> bool:
        """Lay news out; return whether nothing else waits: one envelope goes for all."""
        waiting = self.connection.execute(
            select(news.c.id).where(
                news.c.conversation_id == conversation_id, news.c.opened_at.is_(None)
            )
        ).first()
        row_id = new_id()
        self._add(
            news,
            id=row_id,
            conversation_id=conversation_id,
            case_id=case_id,
            key=key,
            facts_sealed=self._seal(
                news, row_id, "facts_sealed", json.dumps(facts, ensure_ascii=False)
            ),
            made_at=self.now,
        )
        return waiting is None

    def take(self, conversation_id: int) -> News | None:
        """Return the oldest news that waits here and mark it opened, or None."""
        row = self.connection.execute(
            select(news)
            .where(news.c.conversation_id == conversation_id, news.c.opened_at.is_(None))
            .order_by(news.c.id)
            .limit(1)
        ).first()
        if row is None:
            return None
        self._change(news, row.id, opened_at=self.now)
        return self._made_of(row)

    def has_waiting(self, conversation_id: int) -> bool:
        """Whether news waits here."""
        row = self.connection.execute(
            select(news.c.id).where(
                news.c.conversation_id == conversation_id, news.c.opened_at.is_(None)
            )
        ).first()
        return row is not None

    def first_waiting(self, conversation_id: int) -> str | None:
        """Return the key of the oldest news that waits here, or None."""
        waiting = self.waiting(conversation_id)
        return waiting[0].key if waiting else None

    def waiting(self, conversation_id: int) -> list["Waiting"]:
        """Return what waits here, oldest first, without its facts."""
        rows = self.connection.execute(
            select(news.c.case_id, news.c.key, news.c.made_at)
            .where(news.c.conversation_id == conversation_id, news.c.opened_at.is_(None))
            .order_by(news.c.id)
        )
        return [Waiting(*row) for row in rows]

    def newest(self, conversation_id: int) -> News | None:
        """Return the news opened last, or None."""
        row = self.connection.execute(
            select(news)
            .where(news.c.conversation_id == conversation_id, news.c.opened_at.is_not(None))
            .order_by(news.c.opened_at.desc(), news.c.id.desc())
            .limit(1)
        ).first()
        return self._made_of(row) if row else None

    def wipe_read_before(self, moment: datetime) -> int:
        """Wipe the facts of news opened before *moment*; return how many pieces."""
        change = (
            update(news)
            .where(news.c.opened_at < moment, news.c.facts_sealed != b"")
            .values(facts_sealed=b"")
        )
        return self.connection.execute(change).rowcount

    def erase(self, conversation_id: int) -> None:
        """Drop what waits here and wipe the facts of what was read."""
        self.connection.execute(
            update(news)
            .where(news.c.conversation_id == conversation_id)
            .values(opened_at=self.now, facts_sealed=b"")
        )

    def _made_of(self, row: Row[Any]) -> News:
        facts = self._open(news, row.id, "facts_sealed", row.facts_sealed)
        return News(
            row.id,
            row.conversation_id,
            row.case_id,
            row.key,
            json.loads(facts) if facts else {},
            row.made_at,
        )
