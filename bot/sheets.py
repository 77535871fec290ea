"""Reads the tables that an operator imports: union bodies, what they cover, and enterprises."""

from dataclasses import dataclass

from bot.old_letters import letters_fault
from bot.sheet_cells import MAX_BYTES, Cells, Grid, check_letters, grid_of, tidied
from bot.sheet_entries import entry, repeated
from bot.sheet_faults import Fault, Unreadable, explain, refuse, shown
from bot.sheet_reader import RowReader
from bot.sheet_rows import (
    CASE_KINDS,
    LEVELS,
    OWNERSHIPS,
    REFS,
    BodyRow,
    CoverageRow,
    EnterpriseRow,
    Kind,
    Row,
)

__all__ = [
    "CASE_KINDS",
    "LEVELS",
    "MAX_BYTES",
    "OWNERSHIPS",
    "REFS",
    "BodyRow",
    "CoverageRow",
    "EnterpriseRow",
    "Fault",
    "Kind",
    "Row",
    "Sheet",
    "explain",
    "letters_fault",
    "read",
    "template",
]

_MAX_COLUMNS = 100


@dataclass(frozen=True)
class Sheet:
    """A file that was read: its good rows, and every fault. Import it only without faults."""

    kind: Kind
    rows: tuple[Row, ...]
    errors: tuple[Fault, ...]


# Column, what the example row says, and whether it must be filled.
_COLUMNS: dict[Kind, tuple[tuple[str, str, bool], ...]] = {
    "bodies": (
        ("code", "CD-MAU", True),
        ("name", "Công đoàn phường Mẫu", True),
        ("level", "commune", True),
        ("parent", "LD-MAU", False),
        ("enterprise", "", False),
        ("receives", "join petition request", False),
        ("checks", "petition", False),
        ("signs", "", False),
        ("hotline", "", False),
        ("valid_from", "2025-07-01", True),
        ("valid_to", "", False),
        ("source", "Quyết định mẫu số 00", True),
    ),
    "coverage": (
        ("body", "CD-MAU", True),
        ("kind", "commune", True),
        ("ref", "26020", True),
        ("priority", "0", False),
        ("valid_from", "2025-07-01", True),
        ("valid_to", "", False),
        ("source", "Quyết định mẫu số 00", True),
    ),
    "enterprises": (
        ("code", "DN-0001", True),
        ("name", "Công ty May Ví Dụ", True),
        ("tax_code", "", False),
        ("commune", "26020", True),
        ("province", "75", False),
        ("zone", "", False),
        ("sector", "may mặc", False),
        ("ownership", "private", False),
        ("workers", "350", False),
        ("pays_fee", "no", False),
        ("address", "Số 0 đường Mẫu", False),
    ),
}


def template(kind: Kind) -> str:
    """Return the columns of *kind* as CSV, with an invented row that the reader passes over."""
    names, examples = ([column[n] for column in _COLUMNS[kind]] for n in (0, 1))
    return f"{','.join(map(str, names))}\n# {','.join(map(str, examples))}\n"


def read(kind: Kind, content: bytes, filename: str, max_rows: int = 20_000) -> Sheet:
    """Read an import file, CSV or XLSX, of at most 20 MB and *max_rows* rows.

    Every fault that can be found at once comes back at once; nothing is raised for a bad file.
    """
    try:
        lines = grid_of(content, filename, max_rows)
        check_letters(lines)
        header, body = _header(kind, lines), lines[1:]
        _check_length(body, max_rows)
    except Unreadable as unreadable:
        return Sheet(kind, (), unreadable.faults)
    faults: list[Fault] = []
    rows = [entry(kind, RowReader(line, header, cells, faults)) for line, cells in body]
    good = [row for row in rows if row is not None]
    faults += repeated(good)
    faults.sort(key=lambda fault: fault.line or 0)
    return Sheet(kind, tuple(good), tuple(faults))


def _check_length(body: Grid, max_rows: int) -> None:
    if not body:
        raise refuse("import-empty")
    if len(body) > max_rows:
        raise refuse("import-too-many-rows", max=max_rows)


def _header(kind: Kind, lines: Grid) -> Cells:
    """Return the columns in the order of the file; refuse missing, unknown and repeated ones."""
    line, cells = lines[0]
    names = [tidied(cell).casefold() for cell in cells]
    if len(names) > _MAX_COLUMNS:
        raise refuse("import-not-a-sheet", line)
    known = [name for name, _, _ in _COLUMNS[kind]]
    listed: dict[str, str | int] = {"columns": ", ".join(known)}
    faults = [
        Fault(line, shown(name), "import-unknown-column", listed)
        for name in names
        if name and name not in known
    ]
    faults += [
        Fault(line, name, "import-missing-column", listed)
        for name, _, must in _COLUMNS[kind]
        if must and name not in names
    ]
    faults += [
        Fault(line, name, "import-repeated-column") for name in known if names.count(name) > 1
    ]
    if faults:
        raise Unreadable(*faults)
    return names
