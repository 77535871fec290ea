"""By what right an account speaks: its pair of tokens, who renews it now, and how that went.

A pair is renewed once, with its own refresh token, and both are new then. Whoever renews it holds
a lease meanwhile, which no clock ends: see `channels/zalo_tokens.py` for who may take it over.
"""

import json
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import select

from storage.desk import Desk
from storage.ids import new_id
from storage.ready import Ready
from storage.tables import channel_token

_ALL = Ready(select(channel_token).order_by(channel_token.c.account))
_LONGEST_WHY = 64


@dataclass(frozen=True)
class Holding:
    """An account's pair at this moment, without what renews it. *age*, *life*, *rest*: seconds.

    `source` is settings, consent or refresh. `trouble` says why a person must consent again,
    `unsure` how many renewals of this pair began whose end nobody knows; `rest` is how long nobody
    may begin another. `age` is below zero where the clock has been set back since.
    """

    version: int
    source: str
    access: str = field(repr=False)
    is_renewable: bool
    made_at: datetime
    age: float
    life: float
    trouble: str
    trouble_at: datetime | None
    lease: str | None
    begun_at: datetime | None
    unsure: int
    failed: int
    rest: float


@dataclass(frozen=True)
class Begun:
    """A renewal that was begun: with this token, as the *unsure*th call with it."""

    version: int
    refresh: str = field(repr=False)
    unsure: int
    failed: int


class Tokens(Desk):
    """The pairs of this installation, one row for each account."""

    # --- what there is -----------------------------------------------------------------------

    def look(self, account: str) -> Holding | None:
        """Return what an account holds, or None where there never was a pair."""
        row = self._first(channel_token, account=account)
        return None if row is None else self._holding(row)

    def all(self) -> dict[str, Holding]:
        """Return what each account holds."""
        return {row.account: self._holding(row) for row in _ALL.all(self.line)}

    def forensics(self, account: str) -> tuple[str, str]:
        """Return the pair before this one and the last answer as they came, or ""."""
        row = self._first(channel_token, account=account)
        if row is None:
            return "", ""
        return self._text(row, "previous_sealed"), self._text(row, "answer_sealed")

    def _holding(self, row: Any) -> Holding:
        return Holding(
            version=row.version,
            source=row.source,
            access=self._text(row, "access_sealed"),
            is_renewable=bool(self._text(row, "refresh_sealed")),
            made_at=row.made_at,
            age=(self.now - row.made_at).total_seconds(),
            life=float(row.life_seconds),
            trouble=row.trouble or "",
            trouble_at=row.trouble_at,
            lease=row.lease,
            begun_at=row.begun_at,
            unsure=self._unsure(row),
            failed=row.failed,
            rest=self._rest(row),
        )

    def _unsure(self, row: Any) -> int:
        """Return how many calls with this very token have no known end."""
        return int(row.unsure) if row.begun_blind == self._fingerprint(row) else 0

    def _rest(self, row: Any) -> float:
        if row.not_before_at is None or row.put_off_at is None or row.put_off_at > self.now:
            # Put off later than now: the clock was set back, and a wait would last too long.
            return 0.0
        wait: timedelta = row.not_before_at - self.now
        return max(0.0, wait.total_seconds())

    def _fingerprint(self, row: Any) -> bytes:
        return self.keys.blind("channel_token", self._text(row, "refresh_sealed"))

    def _text(self, row: Any, column: str) -> str:
        return self._open(channel_token, row.id, column, getattr(row, column))

    # --- a first pair, and one that a person consented to -----------------------------------

    def first(self, account: str, access: str, refresh: str, life: float) -> Holding:
        """Keep a pair unless the account has one; return what it holds then."""
        self._begin_with(account, "settings", access, refresh, life)
        return self._holding(self._locked(account))

    def replace(self, account: str, access: str, refresh: str, life: float, answer: str) -> None:
        """Keep a pair that a person just consented to, whatever was there before."""
        if not self._begin_with(account, "consent", access, refresh, life):
            self._renew(self._locked(account), "consent", access, refresh, life, answer)

    def try_again(self, account: str) -> bool:
        """Forget the trouble: a setting was wrong, the pair may be good. Return whether."""
        row = self._locked(account)
        if row is None or not (row.trouble or row.unsure):
            return False
        anew = {name: value for name, value in _NO_TRY.items() if name != "lease"}
        self._change(channel_token, row.id, trouble=None, trouble_at=None, **anew)
        return True

    # --- renewing ----------------------------------------------------------------------------

    def take(
        self, account: str, seen: tuple[int, int], lease: str, over: str | None, rest: float
    ) -> Begun | None:
        """Take the lease and note that a renewal begins; None where that is not to be.

        *seen*: version and unsure as they were looked at; who finds them changed looks again.
        *over*: the lease of somebody who is known to be gone, taken over. *rest*: for how long
        nobody is to begin again should this process die now.
        """
        row = self._locked(account)
        if row is None or row.trouble or (row.version, self._unsure(row)) != seen:
            return None
        if row.lease not in (None, over, lease) or self._rest(row) > 0:
            return None
        refresh = self._text(row, "refresh_sealed")
        if not refresh:
            self._fail(row, "no refresh token")
            return None
        # My own lease stands there where a commit was thought to have failed: no call was made.
        unsure = max(self._unsure(row), 1) if row.lease == lease else self._unsure(row) + 1
        self._change(
            channel_token,
            row.id,
            lease=lease,
            begun_at=self.now,
            begun_blind=self._fingerprint(row),
            unsure=unsure,
            **self._put_off(rest),
        )
        return Begun(row.version, refresh, unsure, row.failed)

    def keep(
        self, account: str, version: int, access: str, refresh: str, life: float, answer: str
    ) -> Holding:
        """Keep what the pair of *version* was renewed to; return what the account holds then.

        The lease is not asked: who was thought gone brings a good pair all the same. *refresh* ""
        leaves the old one. Nothing is written over a pair that is newer, as when this was kept
        already and nobody could say so.
        """
        row = self._locked(account)
        if row is None:
            raise LookupError("channel_token")
        if row.version == version:
            old = self._text(row, "refresh_sealed")
            self._renew(row, "refresh", access, refresh or old, life, answer)
            row = self._locked(account)
        return self._holding(row)

    def let_go(self, account: str, version: int, lease: str, rest: float) -> Holding:
        """Note that a call certainly changed nothing; nobody tries again for *rest* seconds.

        Returns what the account holds then, as do the two that follow.
        """
        row = self._mine(account, version, lease)
        if row is not None:
            unsure = max(0, row.unsure - 1)
            left: dict[str, Any] = {} if unsure else {"begun_at": None, "begun_blind": None}
            self._change(
                channel_token,
                row.id,
                lease=None,
                unsure=unsure,
                failed=row.failed + 1,
                **left,
                **self._put_off(rest),
            )
        return self._holding(self._locked(account))

    def lose(self, account: str, version: int, lease: str, answer: str, rest: float) -> Holding:
        """Note that nobody knows how a call ended; nobody tries again for *rest* seconds."""
        row = self._mine(account, version, lease)
        if row is not None:
            self._change(
                channel_token,
                row.id,
                lease=None,
                answer_sealed=self._seal(channel_token, row.id, "answer_sealed", answer),
                **self._put_off(rest),
            )
        return self._holding(self._locked(account))

    def refuse(self, account: str, version: int, lease: str, why: str, answer: str) -> Holding:
        """Note that this pair is not renewed any more.

        Only who still holds the lease knows that: another may have renewed it meanwhile.
        """
        row = self._mine(account, version, lease)
        if row is not None:
            self._fail(row, why, answer)
        return self._holding(self._locked(account))

    # --- inside ------------------------------------------------------------------------------

    def _begin_with(
        self, account: str, source: str, access: str, refresh: str, life: float
    ) -> bool:
        """Keep the first pair of an account; return whether it was the first."""
        row_id = new_id()
        pair = self._pair(row_id, access, refresh, life)
        return self._add_once(
            channel_token, id=row_id, account=account, version=1, source=source, **pair
        )

    def _locked(self, account: str) -> Any:
        return self._first(channel_token, account=account, lock=True)

    def _mine(self, account: str, version: int, lease: str) -> Any | None:
        row = self._locked(account)
        return row if row and (row.version, row.lease) == (version, lease) else None

    def _renew(
        self, row: Any, source: str, access: str, refresh: str, life: float, answer: str
    ) -> None:
        before = {
            "access": self._text(row, "access_sealed"),
            "refresh": self._text(row, "refresh_sealed"),
            "made_at": row.made_at.isoformat(),
            "version": row.version,
        }
        previous = self._seal(channel_token, row.id, "previous_sealed", json.dumps(before))
        self._change(
            channel_token,
            row.id,
            bump="version",
            source=source,
            **self._pair(row.id, access, refresh, life),
            previous_sealed=previous,
            answer_sealed=self._seal(channel_token, row.id, "answer_sealed", answer),
            trouble=None,
            trouble_at=None,
            failed=0,
            **_NO_TRY,
        )

    def _pair(self, row_id: int, access: str, refresh: str, life: float) -> dict[str, Any]:
        return {
            "access_sealed": self._seal(channel_token, row_id, "access_sealed", access),
            "refresh_sealed": self._seal(channel_token, row_id, "refresh_sealed", refresh),
            "made_at": self.now,
            "life_seconds": int(life),
        }

    def _fail(self, row: Any, why: str, answer: str = "") -> None:
        self._change(
            channel_token,
            row.id,
            lease=None,
            trouble=why[:_LONGEST_WHY],
            trouble_at=self.now,
            answer_sealed=self._seal(channel_token, row.id, "answer_sealed", answer),
        )

    def _put_off(self, rest: float) -> dict[str, Any]:
        return {"put_off_at": self.now, "not_before_at": self.now + timedelta(seconds=rest)}


# No renewal under way, none whose end is unknown, none to wait for.
_NO_TRY: dict[str, Any] = {
    "lease": None,
    "begun_at": None,
    "begun_blind": None,
    "unsure": 0,
    "put_off_at": None,
    "not_before_at": None,
}
