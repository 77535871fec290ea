"""Makes import files, good ones and ones with a single wrong cell, and names the faults found."""

import csv
import io
from collections.abc import Sequence
from datetime import date

import xlsxwriter

from bot.sheets import Kind, Sheet, explain, read

KINDS: tuple[Kind, ...] = ("bodies", "coverage", "enterprises")
Cell = str | int | float | bool | date

GOOD: dict[Kind, dict[str, str]] = {
    "bodies": {
        "code": "CD-MAU",
        "name": "Công đoàn phường Mẫu",
        "level": "commune",
        "receives": "join petition, request",
        "valid_from": "2025-07-01",
        "source": "mẫu",
    },
    "coverage": {
        "body": "CD-MAU",
        "kind": "commune",
        "ref": "26020",
        "valid_from": "01/07/2025",
        "source": "mẫu",
    },
    "enterprises": {"code": "DN-0001", "name": "Công ty May Ví Dụ", "commune": "26020"},
}


def as_csv(*rows: Sequence[str], delimiter: str = ",") -> str:
    text = io.StringIO()
    csv.writer(text, delimiter=delimiter).writerows(rows)
    return text.getvalue()


def one(kind: Kind, /, **cells: str) -> Sheet:
    """Read a file of one good row in which some cells say something else."""
    row = GOOD[kind] | cells
    return read(kind, as_csv(list(row), list(row.values())).encode(), "one.csv")


def faults(sheet: Sheet) -> list[tuple[int | None, str | None, str]]:
    """Where and what, of each fault; each must also have its sentence."""
    for fault in sheet.errors:
        assert explain(fault).endswith(".")
    return [(fault.line, fault.column, fault.key) for fault in sheet.errors]


def as_xlsx(*rows: Sequence[Cell]) -> bytes:
    made = io.BytesIO()
    with xlsxwriter.Workbook(made, {"in_memory": True}) as book:
        day = book.add_format({"num_format": "dd/mm/yyyy"})
        page = book.add_worksheet()
        for line, cells in enumerate(rows):
            for column, cell in enumerate(cells):
                if isinstance(cell, date):
                    page.write_datetime(line, column, cell, day)
                else:
                    page.write(line, column, cell)
    return made.getvalue()
