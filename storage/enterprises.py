"""Enterprises: found by code, tax code, name or commune, and registered when nobody knew them."""

from dataclasses import dataclass
from typing import Any

from rapidfuzz import fuzz, process
from sqlalchemy import Row, bindparam, or_, select, update

from storage import communes
from storage.desk import Desk
from storage.ids import new_id
from storage.ready import Ready
from storage.tables import body, case_file, enterprise, poster
from union.folding import clean, fold

# Below this likeness (0-100) two names are not shown as alike: 72 still finds two wrong letters
# in a short name, 60 begins to find other firms.
_ALIKE = 72
_SAYS_NOTHING = frozenset(
    fold(
        "công ty cổ phần cp tnhh mtv trách nhiệm hữu hạn một thành viên xí nghiệp nhà máy"
    ).split()
)


@dataclass(frozen=True)
class Enterprise:
    """A place of work. `state` is checked, waiting (an officer has not looked yet) or merged."""

    id: int
    code: str
    name: str
    tax_code: str | None
    commune_code: str | None
    province_code: str | None
    place: str
    zone: str | None
    sector: str | None
    workers: int | None
    state: str
    cdcs_id: int | None

    @property
    def where(self) -> str:
        """The commune by name, or what a worker typed of the place."""
        known = communes.commune(self.commune_code) if self.commune_code else None
        return known.name if known else self.place


_shared = Ready(
    select(enterprise)
    .where(enterprise.c.id == bindparam("row_id", type_=enterprise.c.id.type))
    .with_for_update(read=True),
    "row_id",
)


class Enterprises(Desk):
    """Finds and keeps enterprises."""

    def by_id(self, row_id: int) -> Enterprise:
        """Return an enterprise, or the one it was merged into. Raises LookupError."""
        row = self.known.seen(enterprise, row_id, lambda: self._row(enterprise, row_id))
        if row is None:
            raise LookupError("enterprise")
        if row.merged_into_id is not None:
            return self.by_id(row.merged_into_id)
        return _made_of(row)

    def hold(self, row_id: int) -> None:
        """Keep a place as it stands until this turn ends; what it is is read anew.

        Whoever merges, drops or recognises it waits, many signers do not wait for each other. Who
        also locks a case locks that first. Raises LookupError.
        """
        if self.line.store == "sqlite":
            return  # one writer alone has the file
        row = _shared.first(self.line, (row_id,))
        self.known.saw(enterprise, row_id, row)
        if row is not None and row.merged_into_id is not None:
            self.hold(row.merged_into_id)

    def _close_to_signers(self, *row_ids: int) -> None:
        """Let nobody sign at these places until this turn ends; who is about to is waited for."""
        petitions = select(case_file.c.id).where(
            case_file.c.enterprise_id.in_(row_ids), case_file.c.kind == "petition"
        )
        places = select(enterprise.c.id).where(enterprise.c.id.in_(row_ids))
        for wanted in (petitions.order_by(case_file.c.id), places.order_by(enterprise.c.id)):
            self.connection.execute(wanted.with_for_update()).all()
        self.known.look_again()

    def by_code(self, code: str) -> Enterprise | None:
        """Return the enterprise with this code or tax code, or None."""
        query = select(enterprise).where(
            or_(enterprise.c.code == code, enterprise.c.tax_code == code),
            enterprise.c.state != "merged",
        )
        row = self.connection.execute(query.limit(1)).first()
        return _made_of(row) if row else None

    def find(self, typed: str, limit: int = 4) -> list[Enterprise]:
        """Return the places that *typed* may mean, best first: tax code, name, or commune.

        Slow over many names (about 50 ms for 100,000): never call it inside a turn.
        """
        digits = clean(typed).replace(" ", "").replace(".", "")
        if digits.replace("-", "").isdigit():
            exact = self.by_code(digits)
            return [exact] if exact else []
        folded = fold(typed)
        return self._by_name(folded, limit) or self._by_commune(folded, limit)

    def _by_name(self, folded: str, limit: int) -> list[Enterprise]:
        wanted = _telling(folded)
        if len(wanted) < 2:
            return []
        names = {
            row.id: _telling(row.name_folded)
            for row in self.connection.execute(
                select(enterprise.c.id, enterprise.c.name_folded).where(
                    enterprise.c.state == "checked"
                )
            )
        }
        close = process.extract(
            wanted, names, scorer=fuzz.WRatio, score_cutoff=_ALIKE, limit=limit * 3
        )
        best = sorted(close, key=lambda hit: (-hit[1], abs(len(hit[0]) - len(wanted)), hit[2]))
        return [self.by_id(row_id) for _, _, row_id in best[:limit]]

    def _by_commune(self, folded: str, limit: int) -> list[Enterprise]:
        codes = [one.code for one in communes.find(folded)]
        if not codes:
            return []
        rows = self.connection.execute(
            select(enterprise)
            .where(enterprise.c.commune_code.in_(codes), enterprise.c.state == "checked")
            .order_by(enterprise.c.name_folded)
            .limit(limit)
        )
        return [_made_of(row) for row in rows]

    def register(self, name: str, place: str) -> Enterprise:
        """Keep a place that a worker named; the same name at the same place is the same place.

        It waits for an officer's check and is not found by name until then: a made-up name must
        not become a notice board.
        """
        folded, where = fold(name), clean(place)
        known = self.connection.execute(
            select(enterprise).where(
                enterprise.c.name_folded == folded,
                enterprise.c.state == "waiting",
                enterprise.c.place == where,
            )
        ).first()
        if known:
            return _made_of(known)
        found = communes.find(where)
        commune = found[0] if len(found) == 1 else None
        row_id = new_id()
        self._add(
            enterprise,
            id=row_id,
            code=f"M-{row_id}",
            name=clean(name),
            name_folded=folded,
            place=where,
            commune_code=commune.code if commune else None,
            province_code=commune.province_code if commune else None,
            state="waiting",
        )
        return self.by_id(row_id)

    def waiting(self, limit: int = 50) -> list[Enterprise]:
        """Return registered places that no officer has checked, oldest first."""
        rows = self.connection.execute(
            select(enterprise)
            .where(enterprise.c.state == "waiting")
            .order_by(enterprise.c.id)
            .limit(limit)
        )
        return [_made_of(row) for row in rows]

    def confirm(self, row_id: int) -> None:
        """Let a registered place be found by name from now on."""
        self._change(enterprise, row_id, state="checked")

    def drop(self, row_id: int) -> bool:
        """Take a registered place off the list; False where somebody has a live case there."""
        self._close_to_signers(row_id)
        live = select(case_file.c.id).where(
            case_file.c.enterprise_id == row_id, case_file.c.is_live
        )
        if self.connection.execute(live.limit(1)).first() is not None:
            return False
        self._change(enterprise, row_id, state="dropped")
        return True

    def merge(self, row_id: int, into: int) -> bool:
        """Join a doubled place with the right one; False where both have a live petition.

        Cases and posters go along, so that nobody has to do it again.
        """
        self._close_to_signers(row_id, into)
        both = self.connection.execute(
            select(case_file.c.id).where(
                case_file.c.enterprise_id.in_((row_id, into)),
                case_file.c.kind == "petition",
                case_file.c.is_live,
            )
        ).all()
        if len(both) > 1:
            return False
        for table in (case_file, poster):
            self.connection.execute(
                update(table).where(table.c.enterprise_id == row_id).values(enterprise_id=into)
            )
        self._change(enterprise, row_id, state="merged", merged_into_id=into)
        return True

    def keep(self, code: str, values: dict[str, Any]) -> int:
        """Insert an enterprise by its code or renew what is known of it; return its id."""
        known = self.connection.execute(
            select(enterprise.c.id).where(enterprise.c.code == code)
        ).scalar()
        values = values | {"name_folded": fold(values["name"]), "state": "checked"}
        if known is None:
            return self._add(enterprise, code=code, **values)
        self._change(enterprise, known, **values)
        return int(known)

    def set_cdcs(self, row_id: int, body_id: int) -> None:
        """Note that a grassroots union (CĐCS) exists here."""
        self._change(enterprise, row_id, cdcs_id=body_id)

    def all_with_cdcs_code(self) -> list[tuple[Enterprise, str | None]]:
        """Return every checked enterprise with the code of its grassroots union, by code."""
        rows = self.connection.execute(
            select(enterprise, body.c.code.label("cdcs_code"))
            .outerjoin(body, body.c.id == enterprise.c.cdcs_id)
            .where(enterprise.c.state == "checked")
            .order_by(enterprise.c.code)
        )
        return [(_made_of(row), row.cdcs_code) for row in rows]


def _telling(folded: str) -> str:
    """Return the words of a name that tell one firm from another."""
    words = [word for word in folded.split() if word not in _SAYS_NOTHING]
    return " ".join(words)


def _made_of(row: Row[Any]) -> Enterprise:
    return Enterprise(
        id=row.id,
        code=row.code,
        name=row.name,
        tax_code=row.tax_code,
        commune_code=row.commune_code,
        province_code=row.province_code,
        place=row.place,
        zone=row.zone,
        sector=row.sector,
        workers=row.workers,
        state=row.state,
        cdcs_id=row.cdcs_id,
    )
