"""Union bodies: dated names, levels, parents, coverage and powers, and who answers for a place."""

from datetime import date
from typing import Any

from sqlalchemy import ColumnElement, Table, and_, func, or_, select

from storage.desk import Desk
from storage.tables import (
    body,
    body_power,
    body_version,
    conversation,
    coverage,
    enterprise,
    officer,
    officer_role,
    setting,
)
from union.bodies import Body, Coverage, Jurisdiction, Place, Power

TRIAGE = "triage_body"


class NoTriage(Exception):
    """No body is named that takes what nobody else is responsible for."""


class Bodies(Desk):
    """Reads union bodies as they are on a date, and keeps what operators import."""

    # --- one body ----------------------------------------------------------------------------

    def by_id(self, body_id: int, on: date | None = None) -> Body:
        """Return a body as it is on a date (today). Raises LookupError."""
        day = on or self.today
        found = self._kept(
            ("body", body_id, day), lambda: self._on(body_version.c.body_id == body_id, on=day)
        )
        if not found:
            raise LookupError("body")
        return found[0]

    def by_code(self, code: str, on: date | None = None) -> Body | None:
        """Return the body with this code as it is on a date (today), or None."""
        day = on or self.today
        found = self._kept(("code", code, day), lambda: self._on(body.c.code == code, on=day))
        return found[0] if found else None

    def all(self, on: date | None = None) -> list[Body]:
        """Return every body that exists on a date (today), by code."""
        return self._on(body.c.id > 0, on=on)

    def above(self, lower: Body) -> Body:
        """Return the body above, or the triage body, or the body itself at the top."""
        if lower.parent_id is not None:
            return self.by_id(lower.parent_id)
        return lower

    def hotline(self, body_id: int) -> str:
        """Return the published phone number of a body, or ""."""
        query = select(body_version.c.hotline).where(
            body_version.c.body_id == body_id, _in_force(body_version, self.today)
        )
        return self.connection.execute(query).scalar() or ""

    def _on(self, condition: ColumnElement[bool], on: date | None) -> list[Body]:
        query = (
            select(body.c.id, body.c.code, body_version)
            .join(body_version, body_version.c.body_id == body.c.id)
            .where(condition, _in_force(body_version, on or self.today))
            .order_by(body.c.code)
        )
        return [
            Body(row[0], row.code, row.name, row.level, row.parent_id)
            for row in self.connection.execute(query)
        ]

    # --- who is responsible ------------------------------------------------------------------

    def place_of(self, enterprise_id: int) -> Place:
        """Return where an enterprise belongs, as routing sees it. Raises LookupError."""
        row = self.known.seen(
            enterprise, enterprise_id, lambda: self._row(enterprise, enterprise_id)
        )
        if row is None:
            raise LookupError("enterprise")
        return Place(row.id, row.zone, row.sector, row.commune_code, row.province_code)

    def jurisdiction(self, place: Place, on: date | None = None) -> Jurisdiction:
        """Return what bears on *place* on a date (today): a handful of rows, never all.

        Raises NoTriage where no triage body is set.
        """
        day = on or self.today
        return self._kept((place, day), lambda: self._jurisdiction(place, day))

    def _jurisdiction(self, place: Place, day: date) -> Jurisdiction:
        covering = self._coverage(place, day)
        bodies = self._with_parents({row.body_id for row in covering}, day)
        triage = self.triage(day)
        bodies[triage.id] = triage
        query = select(body_power).where(
            body_power.c.body_id.in_(bodies), _in_force(body_power, day)
        )
        powers = {Power(row.body_id, row.kind, row.role) for row in self.connection.execute(query)}
        return Jurisdiction(bodies, covering, powers, triage)

    def triage(self, on: date | None = None) -> Body:
        """Return the body that takes what nobody else is responsible for. Raises NoTriage."""
        code = self._kept(TRIAGE, self._triage_code)
        found = self.by_code(code, on) if code else None
        if found is None:
            raise NoTriage
        return found

    def _triage_code(self) -> str:
        row = self._first(setting, key=TRIAGE)
        return row.value if row else ""

    def _coverage(self, place: Place, day: date) -> list[Coverage]:
        refs = {
            "enterprise": str(place.enterprise_id),
            "zone": place.zone,
            "sector": place.sector,
            "commune": place.commune_code,
            "province": place.province_code,
        }
        wanted = [
            and_(coverage.c.kind == kind, coverage.c.ref == ref)
            for kind, ref in refs.items()
            if ref
        ]
        if not wanted:
            return []
        query = select(coverage).where(or_(*wanted), _in_force(coverage, day))
        return [
            Coverage(row.body_id, row.kind, row.ref, row.priority)
            for row in self.connection.execute(query.order_by(coverage.c.id))
        ]

    def _with_parents(self, ids: set[int], day: date) -> dict[int, Body]:
        """Return these bodies and all above them: as many queries as there are levels."""
        bodies: dict[int, Body] = {}
        while ids:
            found = self._on(body.c.id.in_(ids), on=day)
            bodies |= {one.id: one for one in found}
            ids = {one.parent_id for one in found if one.parent_id is not None} - set(bodies)
        return bodies

    # --- who speaks for a body ---------------------------------------------------------------

    def has_officer(self, body_id: int, role: str) -> bool:
        """Whether somebody active holds *role* at the body now, and can be reached."""
        query = (
            select(officer_role.c.id)
            .join(officer, officer.c.id == officer_role.c.officer_id)
            .join(conversation, conversation.c.id == officer.c.conversation_id)
            .where(
                officer_role.c.body_id == body_id,
                officer_role.c.role == role,
                officer_role.c.state == "active",
                conversation.c.gone_at.is_(None),
            )
            .limit(1)
        )
        return self.connection.execute(query).first() is not None

    # --- what an import changes --------------------------------------------------------------

    def keep(self, code: str) -> int:
        """Return the id of the body with this code, made where it is new."""
        known = self.connection.execute(select(body.c.id).where(body.c.code == code)).scalar()
        return known if known is not None else self._add(body, code=code)

    def id_of(self, code: str) -> int | None:
        """Return the id behind a code, whatever the date, or None."""
        return self.connection.execute(select(body.c.id).where(body.c.code == code)).scalar()

    def describe(self, body_id: int, **values: Any) -> None:
        """Keep a dated version of a body (name, level, parent_id, hotline, valid_from ...)."""
        self._keep_dated(body_version, {"body_id": body_id}, values)

    def empower(self, body_id: int, kind: str, role: str, **values: Any) -> None:
        """Keep a dated power of a body."""
        self._keep_dated(body_power, {"body_id": body_id, "kind": kind, "role": role}, values)

    def cover(self, body_id: int, kind: str, ref: str, **values: Any) -> None:
        """Keep a dated coverage of a body."""
        self._keep_dated(coverage, {"body_id": body_id, "kind": kind, "ref": ref}, values)

    def _keep_dated(self, table: Table, key: dict[str, Any], values: dict[str, Any]) -> None:
        """Insert a dated row; where one of the same first day stands, replace what it says.

        An open-ended earlier row of the same key ends on the day the new one begins, and a row
        that comes late ends where the next one already begins.
        """
        same = and_(*(table.c[name] == value for name, value in key.items()))
        begins = values["valid_from"]
        self.known.touched(table)
        self.connection.execute(
            table.update()
            .where(
                same,
                table.c.valid_from < begins,
                or_(table.c.valid_to.is_(None), table.c.valid_to > begins),
            )
            .values(valid_to=begins)
        )
        following = self.connection.execute(
            select(func.min(table.c.valid_from)).where(same, table.c.valid_from > begins)
        ).scalar()
        ends = values.get("valid_to")
        if following is not None and (ends is None or ends > following):
            values = values | {"valid_to": following}
        known = self.connection.execute(
            select(table.c.id).where(same, table.c.valid_from == begins)
        ).scalar()
        if known is None:
            self._add(table, **key, **values)
        else:
            self._change(table, known, **values)


def _in_force(table: Table, day: date) -> ColumnElement[bool]:
    """Return the condition that a dated row is in force: its last day is not part of it."""
    return and_(table.c.valid_from <= day, or_(table.c.valid_to.is_(None), table.c.valid_to > day))
