"""One-time links to pages of ours: opaque, short-lived, opened by a button, never by a GET."""

import secrets
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from hmac import compare_digest
from typing import Any, cast

from sqlalchemy import delete

from storage.desk import Desk
from storage.ids import new_id
from storage.tables import link

TOKEN_BYTES = 16


@dataclass(frozen=True)
class Link:
    """A one-time link. `kind` is sign, names, mine, text, consents or return.

    `opened_by` is the keyed index of the cookie of the browser that opened it first.
    """

    id: int
    kind: str
    conversation_id: int
    officer_id: int | None
    case_id: int | None
    expires_at: datetime
    opened_at: datetime | None
    opened_by: bytes | None
    used_at: datetime | None


class Links(Desk):
    """Makes and opens one-time links. The token is stored only as a keyed index."""

    def make(
        self,
        kind: str,
        conversation_id: int,
        minutes: int,
        *,
        officer_id: int | None = None,
        case_id: int | None = None,
    ) -> str:
        """Make a link good for *minutes*; return its token, which is stored nowhere."""
        token = secrets.token_urlsafe(TOKEN_BYTES)
        self._add(
            link,
            id=new_id(),
            kind=kind,
            token_blind=self.keys.blind("link", token),
            conversation_id=conversation_id,
            officer_id=officer_id,
            case_id=case_id,
            made_at=self.now,
            expires_at=self.now + timedelta(minutes=minutes),
        )
        return token

    def find(self, token: str, *, lock: bool = False, at: datetime | None = None) -> Link | None:
        """Return the link unless it is unknown, expired or used up, locked if so told.

        *at*: the moment at which it must not have expired, where that is not now.
        """
        held = cast("Link | None", self.known.held.get(("link", token)))
        if held is not None:
            return held
        row = self._first(
            link, token_blind=self.keys.blind("link", token), used_at=None, lock=lock
        )
        if row is None or row.expires_at <= (at or self.now):
            return None
        found = _made_of(row)
        # One writer alone has a file; on a server somebody else may use it up before it is locked.
        if lock or self.line.store == "sqlite":
            self.known.held["link", token] = found
        return found

    def find_gone(self, token: str) -> Link | None:
        """Return a link that was used up or has expired; None for one unknown or still good."""
        row = self._first(link, token_blind=self.keys.blind("link", token))
        if row is None or (row.used_at is None and row.expires_at > self.now):
            return None
        return _made_of(row)

    def admits(self, found: Link, visitor: str) -> bool:
        """Whether the browser whose cookie is *visitor* may use the link ("": it has none).

        Any may until one has opened it. Who is bound once stays it: no lock is needed to say no.
        """
        if found.opened_by is None:
            return True
        return compare_digest(found.opened_by, self.keys.blind("visitor", visitor))

    def bind(self, token: str, visitor: str) -> None:
        """Let only this browser use the link from now on, unless it is bound already."""
        found = self.find(token, lock=True)
        if found is None or found.opened_by is not None:
            return
        mark = self.keys.blind("visitor", visitor)
        self._change_where(link, {"id": found.id, "opened_by": None}, opened_by=mark)
        # Still locked and known: what comes next in the turn need not read it again.
        self.known.held["link", token] = replace(found, opened_by=mark)

    def open(self, row_id: int) -> bool:
        """Note that the link was opened; False where it had been opened before."""
        self._let_go()
        fresh = {"id": row_id, "opened_at": None}
        return self._change_where(link, fresh, opened_at=self.now) == 1

    def use_up(self, row_id: int) -> None:
        """Let the link open nothing any more."""
        self._let_go()
        self._change(link, row_id, used_at=self.now)

    def _let_go(self) -> None:
        held = self.known.held
        for key in [one for one in held if one[0] == "link"]:
            del held[key]

    def close_all(self, conversation_id: int, *kinds: str) -> None:
        """Close the links of these kinds that lead to this conversation."""
        self._let_go()
        for kind in kinds:
            still = {"conversation_id": conversation_id, "kind": kind, "used_at": None}
            self._change_where(link, still, used_at=self.now)

    def forget_before(self, moment: datetime) -> int:
        """Forget links that expired before *moment*; return how many."""
        return self.connection.execute(delete(link).where(link.c.expires_at < moment)).rowcount


def _made_of(row: Any) -> Link:
    return Link(
        id=row.id,
        kind=row.kind,
        conversation_id=row.conversation_id,
        officer_id=row.officer_id,
        case_id=row.case_id,
        expires_at=row.expires_at,
        opened_at=row.opened_at,
        opened_by=row.opened_by,
        used_at=row.used_at,
    )
