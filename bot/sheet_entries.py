"""Makes a union body, a coverage or a place of work of one row, and finds what stands twice."""

import re
from collections.abc import Callable, Iterator
from functools import lru_cache

from stdnum.exceptions import ValidationError
from stdnum.vn import mst

from bot.sheet_faults import Fault, shown
from bot.sheet_reader import RowReader
from bot.sheet_rows import (
    LEVELS,
    OWNERSHIPS,
    REFS,
    BodyRow,
    CoverageRow,
    EnterpriseRow,
    Kind,
    Row,
)
from storage import communes
from union.folding import fold


def entry(kind: Kind, row: RowReader) -> Row | None:
    """Return what a row of a table of *kind* says, or None when the row has a fault."""
    readers: dict[Kind, Callable[[RowReader], Row]] = {
        "bodies": _body,
        "coverage": _coverage,
        "enterprises": _enterprise,
    }
    made = readers[kind](row)
    return made if row.is_good else None


def _body(row: RowReader) -> BodyRow:
    code = row.code("code", row.must("code") or None) or ""
    level = row.one_of("level", row.must("level"), LEVELS) or ""
    parent = row.code("parent", row.text("parent"))
    if code and parent == code:
        row.fault("parent", "import-own-parent")
    enterprise = _enterprise_ref(row, "enterprise")
    if enterprise and level != "grassroots":
        row.fault("enterprise", "import-only-grassroots")
    begins, ends = row.dates()
    return BodyRow(
        line=row.line,
        code=code,
        name=row.must("name"),
        level=level,
        parent=parent,
        enterprise=enterprise,
        receives=row.kinds("receives"),
        checks=row.kinds("checks"),
        signs=row.kinds("signs"),
        hotline=row.text("hotline"),
        valid_from=begins,
        valid_to=ends,
        source=row.must("source"),
    )


def _coverage(row: RowReader) -> CoverageRow:
    kind = row.one_of("kind", row.must("kind"), REFS) or ""
    begins, ends = row.dates()
    return CoverageRow(
        line=row.line,
        body=row.code("body", row.must("body") or None) or "",
        kind=kind,
        ref=_ref(row, kind, row.must("ref")),
        priority=row.number("priority", -1_000) or 0,
        valid_from=begins,
        valid_to=ends,
        source=row.must("source"),
    )


def _enterprise(row: RowReader) -> EnterpriseRow:
    place = _place(row)
    return EnterpriseRow(
        line=row.line,
        code=row.code("code", row.must("code") or None) or "",
        name=row.must("name"),
        tax_code=_tax_code(row),
        commune_code=place.code if place else "",
        province_code=place.province_code if place else "",
        zone=row.text("zone"),
        sector=row.text("sector"),
        ownership=row.one_of("ownership", row.text("ownership"), OWNERSHIPS),
        workers=row.number("workers", 0),
        pays_fee=row.yes_or_no("pays_fee"),
        address=row.text("address"),
    )


def _ref(row: RowReader, kind: str, found: str) -> str:
    """Return what is covered, codes in their official spelling."""
    if kind == "enterprise":
        return _enterprise_ref(row, "ref") or ""
    if kind == "commune" and found:
        here = communes.commune(found)
        if here is None:
            row.fault("ref", "import-commune", value=shown(found))
        return here.code if here else ""
    if kind == "province" and found:
        home = communes.province(found)
        if home is None:
            row.fault("ref", "import-province", value=shown(found))
        return home.code if home else ""
    return found


def _enterprise_ref(row: RowReader, column: str) -> str | None:
    found = row.text(column)
    return _as_tax_code(found or "") or row.code(column, found)


def _tax_code(row: RowReader) -> str | None:
    found = row.text("tax_code")
    known = _as_tax_code(found or "")
    if found and known is None:
        row.fault("tax_code", "import-tax-code")
    return known


def _as_tax_code(found: str) -> str | None:
    """Return 10 digits, 10-3 digits, or the 12 of a citizen number, which households use.

    The check digit is compared. A citizen number begins with a province's 001-096 (Thông tư
    59/2021/TT-BCA, Phụ lục), then a digit for century and sex.
    """
    if re.fullmatch(r"0(?!00)[0-9]{2}[0-9]{9}", found) and int(found[:3]) <= 96:
        return found
    try:
        return mst.format(mst.validate(found))
    except ValidationError:
        return None


def _place(row: RowReader) -> communes.Commune | None:
    said, home = row.must("commune"), row.text("province")
    province = communes.province(home) if home else None
    if home and province is None:
        row.fault("province", "import-province", value=shown(home))
        return None
    found = _found(said, province.code if province else None) if said else []
    if said and not found:
        row.fault("commune", "import-commune", value=shown(said))
    elif len(found) > 1:
        places = "; ".join(f"{one.code} {one.name}, {one.province_name}" for one in found[:5])
        row.fault("commune", "import-commune-ambiguous", value=shown(said), places=places)
    return found[0] if found else None


@lru_cache(maxsize=10_000)
def _found(said: str, province_code: str | None) -> list[communes.Commune]:
    return communes.find(said, province_code)


def repeated(rows: list[Row]) -> list[Fault]:
    """Return a fault for each row that names again what an earlier row has named."""
    first: dict[tuple[str, ...], int] = {}
    faults = []
    for row in rows:
        for column, value, mark in _marks(row):
            line = first.setdefault((column, *mark), row.line)
            if line != row.line:
                facts: dict[str, str | int] = {"value": value, "first": line}
                faults.append(Fault(row.line, column, "import-duplicate", facts))
    return faults


def _marks(row: Row) -> Iterator[tuple[str, str, tuple[str, ...]]]:
    """Give each thing that may stand in one row only: its column, how to show it, its mark."""
    if isinstance(row, CoverageRow):
        begin = row.valid_from.isoformat()
        yield "ref", row.ref, (row.body, row.kind, fold(row.ref), begin)
        return
    yield "code", row.code, (row.code,)
    if isinstance(row, EnterpriseRow) and row.tax_code:
        yield "tax_code", "this tax code", (row.tax_code,)
