"""Posters and share links: an opaque token in the address, a short code for who cannot scan."""

import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Row, func, select, update

from storage.desk import Desk
from storage.fresh import fresh_code
from storage.ids import new_id
from storage.tables import poster, poster_scan
from union.codes import QUIET, readings

CODE_LENGTH = 6
# 128 bits: nobody finds a valid token by guessing.
TOKEN_BYTES = 16


@dataclass(frozen=True)
class Poster:
    """One poster, or one link that a colleague passes on."""

    id: int
    kind: str
    token: str
    code: str
    enterprise_id: int | None
    body_id: int | None
    variant: str
    names_enterprise: bool
    made_at: datetime
    revoked_at: datetime | None


class Posters(Desk):
    """Makes, finds, revokes and counts."""

    def make(
        self,
        *,
        enterprise_id: int | None,
        body_id: int | None = None,
        kind: str = "poster",
        variant: str = "",
        names_enterprise: bool = True,
    ) -> Poster:
        """Make a poster with a fresh token and code."""
        while True:
            row_id = new_id()
            token = secrets.token_urlsafe(TOKEN_BYTES)
            code = fresh_code(CODE_LENGTH, QUIET)
            made = self._add_once(
                poster,
                id=row_id,
                kind=kind,
                token_blind=self.keys.blind("poster-token", token),
                token_sealed=self._seal(poster, row_id, "token_sealed", token),
                code_blind=self.keys.blind("poster-code", code),
                code_sealed=self._seal(poster, row_id, "code_sealed", code),
                enterprise_id=enterprise_id,
                body_id=body_id,
                variant=variant,
                names_enterprise=names_enterprise,
                made_at=self.now,
            )
            if made:
                return self.by_id(row_id)

    def by_id(self, row_id: int) -> Poster:
        """Return a poster. Raises LookupError."""
        row = self._row(poster, row_id)
        if row is None:
            raise LookupError("poster")
        return self._made_of(row)

    def by_token(self, token: str) -> Poster | None:
        """Return the poster with this token unless it is revoked or unknown."""
        return self._valid(poster.c.token_blind == self.keys.blind("poster-token", token))

    def by_code(self, typed: str) -> Poster | None:
        """Return the poster with this typed code unless it is revoked or unknown.

        Where a keyboard's marks leave open which of two posters is meant, it is neither.
        """
        codes = readings(typed, CODE_LENGTH)
        blinds = [self.keys.blind("poster-code", code) for code in codes]
        return self._valid(poster.c.code_blind.in_(blinds)) if blinds else None

    def has_code(self, code: str) -> bool:
        """Whether a poster has this code, also a revoked one."""
        return self._first(poster, code_blind=self.keys.blind("poster-code", code)) is not None

    def valid(self, row_id: int) -> Poster | None:
        """Return a poster unless it is revoked."""
        return self._valid(poster.c.id == row_id)

    def of_enterprise(self, enterprise_id: int) -> list[Poster]:
        """Return the posters of an enterprise, revoked ones too, oldest first."""
        rows = self.connection.execute(
            select(poster)
            .where(poster.c.enterprise_id == enterprise_id, poster.c.kind == "poster")
            .order_by(poster.c.id)
        )
        return [self._made_of(row) for row in rows]

    def share_of(self, enterprise_id: int | None) -> Poster:
        """Return the share link of an enterprise: one for all, so that it names nobody."""
        row = self.connection.execute(
            select(poster).where(
                poster.c.kind == "share",
                poster.c.enterprise_id == enterprise_id,
                poster.c.revoked_at.is_(None),
            )
        ).first()
        if row:
            return self._made_of(row)
        return self.make(enterprise_id=enterprise_id, kind="share", variant="share")

    def revoke(self, row_id: int) -> None:
        """Let a token and its code open nothing any more."""
        self.connection.execute(
            update(poster)
            .where(poster.c.id == row_id, poster.c.revoked_at.is_(None))
            .values(revoked_at=self.now)
        )

    def count(self, scans: Mapping[int, int]) -> None:
        """Add scans counted since the last time: how many a day, never who."""
        for poster_id, number in scans.items():
            first = self._add_once(
                poster_scan, poster_id=poster_id, day_on=self.today, scans=number
            )
            if not first:
                self.connection.execute(
                    update(poster_scan)
                    .where(
                        poster_scan.c.poster_id == poster_id, poster_scan.c.day_on == self.today
                    )
                    .values(scans=poster_scan.c.scans + number)
                )

    def scans(self, poster_id: int) -> int:
        """Return how often a poster was opened, all days together."""
        total = select(func.sum(poster_scan.c.scans)).where(poster_scan.c.poster_id == poster_id)
        return int(self.connection.execute(total).scalar() or 0)

    def _valid(self, condition: ColumnElement[bool]) -> Poster | None:
        rows = self.connection.execute(
            select(poster).where(condition, poster.c.revoked_at.is_(None)).limit(2)
        ).all()
        return self._made_of(rows[0]) if len(rows) == 1 else None

    def _made_of(self, row: Row[Any]) -> Poster:
        return Poster(
            id=row.id,
            kind=row.kind,
            token=self._open(poster, row.id, "token_sealed", row.token_sealed),
            code=self._open(poster, row.id, "code_sealed", row.code_sealed),
            enterprise_id=row.enterprise_id,
            body_id=row.body_id,
            variant=row.variant,
            names_enterprise=row.names_enterprise,
            made_at=row.made_at,
            revoked_at=row.revoked_at,
        )
