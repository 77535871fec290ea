"""Files that an operator hands over, and lists that she asks for."""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict
from datetime import date
from pathlib import Path
from typing import Any

from bot.office import Office
from bot.sheets import MAX_BYTES, Fault, Kind, Sheet, explain, read
from webhook.counter import order
from webhook.trouble import Trouble

# More faults than this are not read by anybody; the rest is counted.
_MOST_SHOWN = 40


def read_table(kind: Kind, path: Path) -> tuple[Sheet, str]:
    """Return a file as a sheet without faults, and the mark of its bytes.

    Raises Trouble with every fault by row and column.
    """
    try:
        with path.open("rb") as file:
            content = file.read(MAX_BYTES + 1)
    except OSError as trouble:
        raise Trouble(f"{path} cannot be read ({trouble.strerror})") from None
    sheet = read(kind, content, path.name)
    if sheet.errors:
        raise Trouble(f"{path.name}, nothing was changed:\n{_listed(sheet.errors)}")
    return sheet, hashlib.sha256(kind.encode() + b"\0" + content).hexdigest()


def check(office: Office, sheet: Sheet) -> Mapping[str, Any]:
    """Say what a file would bring, without changing anything. Raises Trouble."""
    return _order(office, sheet, "", dry=True)


def read_in(office: Office, sheet: Sheet, mark: str) -> Mapping[str, Any]:
    """Read a file in, all of it or nothing; the same file again is refused as done.

    Raises Trouble.
    """
    return _order(office, sheet, mark, dry=False)


def _order(office: Office, sheet: Sheet, mark: str, *, dry: bool) -> Mapping[str, Any]:
    rows = [asdict(row) for row in sheet.rows]
    fields = {"rows": json.dumps(rows, ensure_ascii=False, default=_written)}
    if dry:
        fields["dry"] = "yes"
    return order(office, f"import-{sheet.kind}", fields, mark)


def _written(value: object) -> object:
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, frozenset):
        return sorted(value)
    raise TypeError(type(value).__name__)


def _listed(faults: tuple[Fault, ...]) -> str:
    lines = [explain(one) for one in faults[:_MOST_SHOWN]]
    if len(faults) > _MOST_SHOWN:
        lines.append(f"and {len(faults) - _MOST_SHOWN} more")
    return "\n".join(lines)


def posters_of(office: Office, code: str) -> list[dict[str, str | int]]:
    """Return the posters of an enterprise with their scans, revoked ones too. Raises Trouble."""
    with office.database.read() as store:
        known = store.enterprises.by_code(code)
        if known is None:
            raise Trouble(f"no enterprise has the code or tax code {code}")
        return [
            {
                "code": one.code,
                "variant": one.variant,
                "link": office.page(f"/q/{one.token}"),
                "names": "yes" if one.names_enterprise else "no",
                "scans": store.posters.scans(one.id),
                "revoked": one.revoked_at.date().isoformat() if one.revoked_at else "",
            }
            for one in store.posters.of_enterprise(known.id)
        ]
