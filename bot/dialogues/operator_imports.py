"""Tables that an operator reads in: bodies, what they cover, places of work; all or nothing."""

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

from bot.dialogue import on_form
from bot.dialogues.operator import operators_only
from bot.sheets import CASE_KINDS
from bot.turn import Turn
from storage import communes
from storage.store import Store
from union.bodies import Role
from union.refusals import NotAllowed

Row = Mapping[str, Any]
_ROLES: tuple[Role, ...] = ("receives", "checks", "signs")
_MOST_SHOWN = 20
_PLACE = ("name", "tax_code", "commune_code", "province_code", "zone", "sector", "workers")


@dataclass
class Tally:
    """How many rows were new, said something else than before, or nothing new."""

    added: int = 0
    changed: int = 0
    same: int = 0

    def note(self, *, is_new: bool, is_other: bool) -> None:
        """Count one row."""
        if is_new:
            self.added += 1
        elif is_other:
            self.changed += 1
        else:
            self.same += 1


class Faults:
    """What is wrong with a table beside the table itself: names of what is not known here."""

    def __init__(self, turn: Turn) -> None:
        self._turn = turn
        self._lines: list[str] = []

    def note(self, row: Row, key: str, value: str) -> None:
        """Note that a row names something unknown."""
        said = self._turn.words(key, value=value[:60])
        self._lines.append(self._turn.words("import-line", line=int(row["line"]), text=said))

    def refuse(self) -> None:
        """Raise NotAllowed with every fault, at most some twenty; nothing has been changed."""
        if not self._lines:
            return
        shown = self._lines[:_MOST_SHOWN]
        if len(self._lines) > _MOST_SHOWN:
            shown.append(self._turn.words("import-and-more", n=len(self._lines) - _MOST_SHOWN))
        raise NotAllowed("import-refused", list="\n".join(shown))


# --- bodies --------------------------------------------------------------------------------------


@on_form("import-bodies")
@operators_only
def bodies(turn: Turn) -> None:
    """Keep union bodies with their dated names, levels, parents and powers."""
    rows = _rows(turn)
    faults = Faults(turn)
    _check_bodies(turn.store, rows, faults)
    faults.refuse()
    tally = Tally()
    for row in rows:
        _weigh_body(turn.store, row, tally)
    if not _is_dry(turn):
        known = {row["code"] for row in rows if turn.store.bodies.id_of(row["code"]) is not None}
        ids = {row["code"]: turn.store.bodies.keep(row["code"]) for row in rows}
        for row in rows:
            _keep_body(turn.store, row, ids, is_known=row["code"] in known)
    _done(turn, "bodies", rows, tally)


def _check_bodies(store: Store, rows: list[Row], faults: Faults) -> None:
    parents = {str(row["code"]): row["parent"] for row in rows}
    for row in rows:
        parent = row["parent"]
        if parent and parent not in parents and store.bodies.id_of(parent) is None:
            faults.note(row, "import-no-parent", parent)
        if _is_circle(store, str(row["code"]), parents):
            faults.note(row, "import-circle", str(row["code"]))
        place = row["enterprise"]
        if place and store.enterprises.by_code(place) is None:
            faults.note(row, "import-no-enterprise", place)


def _is_circle(store: Store, code: str, parents: Mapping[str, str | None]) -> bool:
    """Whether the line above a body comes back to it."""
    seen, above = {code}, parents.get(code)
    while above:
        if above in seen:
            return above == code
        seen.add(above)
        above = parents[above] if above in parents else _parent_kept(store, above)
    return False


def _parent_kept(store: Store, code: str) -> str | None:
    known = store.bodies.by_code(code)
    if known is None or known.parent_id is None:
        return None
    try:
        return store.bodies.by_id(known.parent_id).code
    except LookupError:
        return None


def _weigh_body(store: Store, row: Row, tally: Tally) -> None:
    since = date.fromisoformat(row["valid_from"])
    known = store.bodies.by_code(row["code"], since)
    parent = store.bodies.by_code(row["parent"], since) if row["parent"] else None
    is_other = known is not None and (known.name, known.level, known.parent_id) != (
        row["name"],
        row["level"],
        parent.id if parent else None,
    )
    tally.note(is_new=known is None, is_other=is_other)


def _keep_body(store: Store, row: Row, ids: Mapping[str, int], *, is_known: bool) -> None:
    body_id = ids[row["code"]]
    dates = _dates(row)
    parent = row["parent"]
    store.bodies.describe(
        body_id,
        name=row["name"],
        level=row["level"],
        parent_id=(ids.get(parent) or store.bodies.id_of(parent)) if parent else None,
        hotline=row["hotline"],
        **dates,
    )
    for role in _ROLES:
        for kind in CASE_KINDS:
            if kind in row[role]:
                store.bodies.empower(body_id, kind, role, **dates)
            elif is_known:
                # A power that is not listed any more ends on the first day of this row.
                over = dates | {"valid_to": dates["valid_from"]}
                store.bodies.empower(body_id, kind, role, **over)
    place = store.enterprises.by_code(row["enterprise"]) if row["enterprise"] else None
    if place is not None:
        store.enterprises.set_cdcs(place.id, body_id)


# --- coverage ------------------------------------------------------------------------------------


@on_form("import-coverage")
@operators_only
def coverage(turn: Turn) -> None:
    """Keep what each body covers. Open cases follow in the daily run, with a word to everyone."""
    rows = _rows(turn)
    faults = Faults(turn)
    for row in rows:
        if turn.store.bodies.id_of(row["body"]) is None:
            faults.note(row, "import-no-body", row["body"])
        if row["kind"] == "enterprise" and turn.store.enterprises.by_code(row["ref"]) is None:
            faults.note(row, "import-no-enterprise", row["ref"])
        if row["kind"] == "commune" and communes.commune(row["ref"]) is None:
            faults.note(row, "import-no-commune", row["ref"])
    faults.refuse()
    if not _is_dry(turn):
        for row in rows:
            _cover(turn.store, row)
    _done(turn, "coverage", rows, None)


def _cover(store: Store, row: Row) -> None:
    ref = str(row["ref"])
    if row["kind"] == "enterprise":
        found = store.enterprises.by_code(ref)
        assert found is not None
        ref = str(found.id)
    body_id = store.bodies.id_of(row["body"])
    assert body_id is not None
    store.bodies.cover(body_id, row["kind"], ref, priority=row["priority"], **_dates(row))


# --- enterprises ---------------------------------------------------------------------------------


@on_form("import-enterprises")
@operators_only
def enterprises(turn: Turn) -> None:
    """Keep places of work by their code."""
    rows = _rows(turn)
    faults = Faults(turn)
    for row in rows:
        if communes.commune(row["commune_code"]) is None:
            faults.note(row, "import-no-commune", row["commune_code"])
        if row["tax_code"] and _is_anothers(turn.store, row):
            faults.note(row, "import-tax-code-taken", row["code"])
    faults.refuse()
    tally = Tally()
    for row in rows:
        known = turn.store.enterprises.by_code(row["code"])
        is_other = known is not None and any(getattr(known, name) != row[name] for name in _PLACE)
        tally.note(is_new=known is None, is_other=is_other)
        if not _is_dry(turn):
            turn.store.enterprises.keep(row["code"], _place_values(row))
    _done(turn, "enterprises", rows, tally)


def _is_anothers(store: Store, row: Row) -> bool:
    known = store.enterprises.by_code(row["tax_code"])
    return known is not None and known.code != row["code"] and known.tax_code == row["tax_code"]


def _place_values(row: Row) -> dict[str, Any]:
    values = {name: row[name] for name in (*_PLACE, "ownership", "pays_fee")}
    return values | {"place": row["address"] or ""}


# --- what all three share ------------------------------------------------------------------------


def _rows(turn: Turn) -> list[Row]:
    """Return the rows of the table, as JSON made of sheets that were read without faults."""
    form = turn.heard.form
    try:
        rows = json.loads(form.fields["rows"]) if form else None
    except (KeyError, ValueError):
        rows = None
    if not isinstance(rows, list) or not rows or not all(isinstance(one, dict) for one in rows):
        raise NotAllowed("import-no-rows")
    return rows


def _is_dry(turn: Turn) -> bool:
    return turn.fields.get("dry", "") == "yes"


def _dates(row: Row) -> dict[str, Any]:
    ends = row["valid_to"]
    return {
        "valid_from": date.fromisoformat(row["valid_from"]),
        "valid_to": date.fromisoformat(ends) if ends else None,
        "source": row["source"],
    }


def _done(turn: Turn, kind: str, rows: Iterable[Row], tally: Tally | None) -> None:
    number = len(list(rows))
    is_dry = _is_dry(turn)
    facts: dict[str, int] = {"rows": number}
    if tally is not None:
        facts |= {"added": tally.added, "changed": tally.changed, "same": tally.same}
    key = "import-dry-run" if is_dry else "import-done"
    text = turn.words(key, **facts) if tally else turn.words(f"{key}-rows", rows=number)
    if not is_dry:
        turn.store.ledger.write(f"imported_{kind}", **facts)
    turn.show("operator", text=text, kind=kind, **facts)
