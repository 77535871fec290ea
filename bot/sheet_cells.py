"""Turns the bytes of a CSV file or a workbook into rows of cells, and refuses what is no table."""

import csv
import io
import re
import zipfile
import zlib
from collections.abc import Iterator
from datetime import datetime
from itertools import pairwise

from python_calamine import CalamineError, CalamineWorkbook

from bot.old_letters import letters_fault
from bot.sheet_faults import refuse, shown
from union.folding import clean

Cells = list[str]
Grid = list[tuple[int, Cells]]  # each row with the number it has in the operator's spreadsheet

MAX_BYTES = 20_000_000
_MAX_UNPACKED = 64_000_000
_MAX_AREA = 8_000_000  # rows times columns: the library keeps empty cells too


def grid_of(content: bytes, filename: str, max_rows: int) -> Grid:
    """Return the rows that say something, with their numbers; the first is the header.

    It stops one row after *max_rows*. Raises Unreadable for a file that is no table, says nothing,
    or is too big: MAX_BYTES as it is, and 64 MB once a workbook is unpacked.
    """
    if len(content) > MAX_BYTES:
        raise refuse("import-too-big", max=MAX_BYTES // 1_000_000)
    if content.startswith(b"\xd0\xcf\x11\xe0"):
        raise refuse("import-old-xls")
    is_workbook = content.startswith(b"PK")
    if not is_workbook and filename.casefold().endswith((".xlsx", ".xls", ".ods")):
        raise refuse("import-empty" if not content else "import-not-a-sheet")
    every = _workbook_rows(content) if is_workbook else _csv_rows(_decoded(content))
    lines = []
    for line, cells in every:
        if any(cell.strip() for cell in cells) and not cells[0].startswith("# "):
            lines.append((line, cells))
        if len(lines) > max_rows + 1:
            break
    if not lines:
        raise refuse("import-empty")
    return lines


def _decoded(content: bytes) -> str:
    """Return the text of a CSV file. What is not Unicode comes back with Latin letters, so that
    the old Vietnamese encodings can be told by what they look like there.
    """
    if content.startswith((b"\xff\xfe", b"\xfe\xff")):
        try:
            text = content.decode("utf-16")
        except UnicodeDecodeError:
            raise refuse("import-encoding") from None
    else:
        try:
            text = content.decode("utf-8-sig")
        except UnicodeDecodeError as why:
            text = _legacy(content, why)
    if "\0" in text:
        raise refuse("import-encoding")
    return text


def _legacy(content: bytes, why: UnicodeDecodeError) -> str:
    """Refuse bytes that are not Unicode, by the name of their encoding where it shows."""
    line = content.count(b"\n", 0, why.start) + 1
    text = content.decode("latin-1")
    if "\0" not in text:
        check_letters([(n, [one]) for n, one in enumerate(text.split("\n"), start=1)])
    raise refuse("import-encoding", line)


def _csv_rows(text: str) -> Iterator[tuple[int, Cells]]:
    if text.lstrip()[:1] == "<":
        raise refuse("import-not-a-sheet")
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=_delimiter(text), strict=True)
    line = 1
    try:
        for cells in reader:
            if not (line == 1 and cells[:1] and cells[0].casefold().startswith("sep=")):
                yield line, cells
            line = reader.line_num + 1
    except csv.Error:
        raise refuse("import-not-a-sheet", line) from None


def _delimiter(text: str) -> str:
    """Return what parts the cells of the header: comma, semicolon or tab."""
    rest = (line for line in text[:100_000].splitlines() if line.strip())
    header = next((line for line in rest if not line.startswith(("#", "sep="))), "")
    return max(",;\t", key=header.count)


def _workbook_rows(content: bytes) -> Iterator[tuple[int, Cells]]:
    try:
        workbook = CalamineWorkbook.from_filelike(io.BytesIO(_repacked(content)))
        sheet = workbook.get_sheet_by_index(0)
    except CalamineError:
        raise refuse("import-not-a-sheet") from None
    for line, cells in enumerate(sheet.iter_rows(), start=1):
        yield line, [_written(cell) for cell in cells]


def _written(cell: object) -> str:
    """Return the cell of a workbook as the operator would have typed it in a CSV file."""
    if isinstance(cell, bool):
        return "yes" if cell else "no"
    if isinstance(cell, float) and cell.is_integer():
        return str(int(cell))
    if isinstance(cell, datetime):
        return cell.date().isoformat()
    return str(cell)


def _repacked(content: bytes) -> bytes:
    """Return the workbook's tables unpacked and measured, so that no bomb reaches the reader.

    The sizes that a zip file states may be lies; here what is written is what was counted.
    """
    rebuilt = io.BytesIO()
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as packed, zipfile.ZipFile(rebuilt, "w") as out:
            _check_members(packed.infolist())
            for member in packed.infolist():
                if member.filename.endswith((".xml", ".rels")):
                    table = _unpacked(packed, member)
                    _check_area(table)  # all: a sheet may lie anywhere in the zip
                    out.writestr(member.filename, table)
    except (zipfile.BadZipFile, zlib.error, EOFError, ValueError, NotImplementedError):
        raise refuse("import-not-a-sheet") from None
    return rebuilt.getvalue()


def _check_members(members: list[zipfile.ZipInfo]) -> None:
    if sum(member.file_size for member in members) > _MAX_UNPACKED:
        raise refuse("import-unpacks-too-big")
    names = {member.filename for member in members}
    plain = all(
        member.compress_type in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)
        and not member.flag_bits & 1  # encrypted
        for member in members
    )
    if "xl/workbook.xml" not in names or len(names) != len(members) or not plain:
        raise refuse("import-not-a-sheet")


def _unpacked(packed: zipfile.ZipFile, member: zipfile.ZipInfo) -> bytes:
    # In small pieces: one big read would unpack up to 2 GB before it looks at the stated size.
    with packed.open(member) as opened:
        return b"".join(iter(lambda: opened.read(65_536), b""))


def _check_area(table: bytes) -> None:
    """Refuse a sheet with few cells far apart: the library would fill in all between them."""
    if b"\0" in table:
        raise refuse("import-not-a-sheet")
    widest = lowest = 0
    for found in re.finditer(rb"\sr\s*=\s*[\"']([A-Za-z]*)([0-9]+)", table):
        widest = max(widest, _column(found[1][:6]))
        lowest = max(lowest, int(found[2][:9]))
    starts = [found.start() for found in re.finditer(rb"<(?:[\w.-]+:)?row\b", table)]
    edges = pairwise([*starts, len(table)])
    most = max((len(re.findall(rb"<(?:[\w.-]+:)?c\b", table[a:b])) for a, b in edges), default=0)
    if (lowest + len(starts)) * (widest + most) > _MAX_AREA:
        raise refuse("import-unpacks-too-big")


def _column(letters: bytes) -> int:
    number = 0
    for letter in letters.upper():
        number = number * 26 + letter - 64
    return number


def check_letters(lines: Grid) -> None:
    """Refuse a file in which a cell is written in TCVN3 or VNI, or was garbled on the way.

    Raises Unreadable for the first such cell.
    """
    for line, cells in lines:
        for cell in cells:
            key = None if cell.isascii() and "?" not in cell else letters_fault(cell)
            if key:
                raise refuse(key, line, value=shown(tidied(cell)))


def tidied(cell: str) -> str:
    """Return a cell composed, without unseen letters, single spaces between its words."""
    return " ".join(cell.split()) if cell.isascii() and cell.isprintable() else clean(cell)
