"""Officers: invited once, bound to a body and a role, stopped at once."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Row, select, update

from storage.desk import Desk
from storage.fresh import fresh_code
from storage.ids import new_id
from storage.tables import conversation, invitation, officer, officer_role
from union.codes import readings

# 59 bits: who guesses right reads names, and a line typed with marks may stand for many codes.
INVITATION_LENGTH = 12


@dataclass(frozen=True)
class OfficerRole:
    """What an officer may do: one role at one body. `role` is receives, checks or signs."""

    id: int
    officer_id: int
    body_id: int
    role: str
    state: str
    ended_at: datetime | None = None


@dataclass(frozen=True)
class Officer:
    """Someone who decides for a body. `name` is shown to colleagues only."""

    id: int
    conversation_id: int
    name: str
    digest_hour: int
    roles: tuple[OfficerRole, ...]

    @property
    def bodies(self) -> list[int]:
        """The bodies this officer acts for now."""
        return list(dict.fromkeys(one.body_id for one in self.roles if one.state == "active"))

    def may(self, role: str, body_id: int) -> bool:
        """Whether this officer holds an active *role* at the body."""
        return any(
            one.role == role and one.body_id == body_id and one.state == "active"
            for one in self.roles
        )


@dataclass(frozen=True)
class Invitation:
    """An invitation to act for a body in a role, open to be accepted."""

    id: int
    body_id: int
    role: str
    name: str
    inviter: str


class Officers(Desk):
    """Invites, accepts, suspends and revokes."""

    # --- invitations -------------------------------------------------------------------------

    def invite(self, body_id: int, role: str, name: str, inviter: str, days: int) -> str:
        """Keep an invitation that is good for *days*; return its code, which is stored nowhere."""
        code = fresh_code(INVITATION_LENGTH)
        row_id = new_id()
        self._add(
            invitation,
            id=row_id,
            code_blind=self.keys.blind("invitation", code),
            body_id=body_id,
            role=role,
            name_sealed=self._seal(invitation, row_id, "name_sealed", name) if name else None,
            inviter_sealed=self._seal(invitation, row_id, "inviter_sealed", inviter)
            if inviter
            else None,
            made_at=self.now,
            expires_at=self.now + timedelta(days=days),
        )
        return code

    def invitation(self, typed: str) -> Invitation | None:
        """Return the open invitation behind a typed code; None for used, expired, wrong."""
        codes = readings(typed, INVITATION_LENGTH)
        if not codes:
            return None
        blinds = [self.keys.blind("invitation", code) for code in codes]
        row = self.connection.execute(
            select(invitation).where(
                invitation.c.code_blind.in_(blinds),
                invitation.c.used_at.is_(None),
                invitation.c.revoked_at.is_(None),
                invitation.c.expires_at > self.now,
            )
        ).first()
        return self._invitation(row) if row else None

    def invitation_by_id(self, row_id: int) -> Invitation | None:
        """Return an invitation that is still open, locked, or None."""
        row = self.connection.execute(
            select(invitation)
            .where(
                invitation.c.id == row_id,
                invitation.c.used_at.is_(None),
                invitation.c.revoked_at.is_(None),
                invitation.c.expires_at > self.now,
            )
            .with_for_update()
        ).first()
        return self._invitation(row) if row else None

    def accept(self, invited: Invitation, conversation_id: int, name: str) -> Officer:
        """Use an invitation up: this conversation acts for the body in the role from now."""
        known = self.at(conversation_id, states=("active", "suspended", "revoked"))
        row_id = new_id() if known is None else known.id
        if known is None:
            self._add(
                officer,
                id=row_id,
                conversation_id=conversation_id,
                name_sealed=self._seal(officer, row_id, "name_sealed", name),
                made_at=self.now,
            )
        held = known is not None and known.may(invited.role, invited.body_id)
        if not held:
            self._add(
                officer_role,
                officer_id=row_id,
                body_id=invited.body_id,
                role=invited.role,
                state="active",
                since_at=self.now,
            )
        self._change(invitation, invited.id, used_at=self.now, officer_id=row_id)
        return self.by_id(row_id)

    def revoke_invitations(self, body_id: int, role: str | None) -> int:
        """Close the open invitations of a body; return how many."""
        change = update(invitation).where(
            invitation.c.body_id == body_id,
            invitation.c.used_at.is_(None),
            invitation.c.revoked_at.is_(None),
        )
        if role is not None:
            change = change.where(invitation.c.role == role)
        return self.connection.execute(change.values(revoked_at=self.now)).rowcount

    def _invitation(self, row: Row[Any]) -> Invitation:
        name = self._open(invitation, row.id, "name_sealed", row.name_sealed)
        inviter = self._open(invitation, row.id, "inviter_sealed", row.inviter_sealed)
        return Invitation(row.id, row.body_id, row.role, name, inviter)

    # --- officers ----------------------------------------------------------------------------

    def by_id(self, row_id: int) -> Officer:
        """Return an officer with all roles, whatever their state. Raises LookupError."""
        row = self._row(officer, row_id)
        if row is None:
            raise LookupError("officer")
        return self._officer(row, ("active", "suspended", "revoked"))

    def at(
        self, conversation_id: int, states: tuple[str, ...] = ("active",), *, lock: bool = False
    ) -> Officer | None:
        """Return the officer who speaks from here, with roles in *states*; None without any.

        Locked, the roles stay as they are until this turn ends: who takes them away waits, and
        then finds whatever the officer has taken in hand.
        """
        row = self.connection.execute(
            select(officer).where(officer.c.conversation_id == conversation_id)
        ).first()
        found = self._officer(row, states, lock=lock) if row else None
        return found if found and found.roles else None

    def of_body(self, body_id: int, role: str | None = None) -> list[Officer]:
        """Return the active officers of a body (in one role), those reachable first."""
        query = (
            select(officer, conversation.c.gone_at)
            .join(officer_role, officer_role.c.officer_id == officer.c.id)
            .join(conversation, conversation.c.id == officer.c.conversation_id)
            .where(officer_role.c.body_id == body_id, officer_role.c.state == "active")
        )
        if role is not None:
            query = query.where(officer_role.c.role == role)
        rows = list(self.connection.execute(query.order_by(officer.c.id)))
        rows.sort(key=lambda row: row.gone_at is not None)
        found = {row.id: row for row in rows}
        return [self._officer(row, ("active",)) for row in found.values()]

    def all(self) -> list[Officer]:
        """Return every officer who holds any active role."""
        ids = select(officer_role.c.officer_id).where(officer_role.c.state == "active")
        rows = self.connection.execute(
            select(officer).where(officer.c.id.in_(ids)).order_by(officer.c.id)
        )
        return [self._officer(row, ("active",)) for row in rows]

    def set_state(self, officer_id: int, body_id: int, role: str | None, state: str) -> int:
        """Suspend, revoke or restore roles; a revoked one stays revoked. Return how many."""
        change = update(officer_role).where(
            officer_role.c.officer_id == officer_id,
            officer_role.c.body_id == body_id,
            officer_role.c.state != "revoked",
        )
        if role is not None:
            change = change.where(officer_role.c.role == role)
        ended = None if state == "active" else self.now
        return self.connection.execute(change.values(state=state, ended_at=ended)).rowcount

    def set_digest_hour(self, officer_id: int, hour: int) -> None:
        """Let the morning digest come at another hour."""
        self._change(officer, officer_id, digest_hour=hour)

    def _officer(self, row: Row[Any], states: tuple[str, ...], *, lock: bool = False) -> Officer:
        query = (
            select(officer_role)
            .where(officer_role.c.officer_id == row.id, officer_role.c.state.in_(states))
            .order_by(officer_role.c.id)
        )
        roles = self.connection.execute(query.with_for_update(read=True) if lock else query)
        return Officer(
            id=row.id,
            conversation_id=row.conversation_id,
            name=self._open(officer, row.id, "name_sealed", row.name_sealed),
            digest_hour=row.digest_hour,
            roles=tuple(
                OfficerRole(one.id, one.officer_id, one.body_id, one.role, one.state, one.ended_at)
                for one in roles
            ),
        )
