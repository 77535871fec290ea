"""Reads the tables that an operator imports: union bodies, what they cover, and enterprises."""

import csv
import io
import re
import unicodedata
import zipfile
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import date, datetime
from functools import lru_cache
from itertools import pairwise
from typing import Literal

from python_calamine import CalamineError, CalamineWorkbook
from stdnum.exceptions import ValidationError
from stdnum.vn import mst

from storage import communes, phones
from union.folding import clean, fold

Kind = Literal["bodies", "coverage", "enterprises"]
Cells = list[str]
Grid = list[tuple[int, Cells]]  # each row with the number it has in the operator's spreadsheet

MAX_BYTES = 20_000_000
_MAX_UNPACKED = 64_000_000
_MAX_AREA = 8_000_000  # rows times columns: the library keeps empty cells too
_MAX_COLUMNS = 100
_ISO = re.compile("(?P<y>[0-9]{4})-(?P<m>[0-9]{1,2})-(?P<d>[0-9]{1,2})")
_DAY_FIRST = re.compile("(?P<d>[0-9]{1,2})/(?P<m>[0-9]{1,2})/(?P<y>[0-9]{4})")
_YEARS = range(1900, 2101)
_LONGEST = 300  # letters in a cell, unless the column says less

CASE_KINDS = ("join", "petition", "request")
LEVELS = ("central", "province", "special", "commune", "grassroots")
REFS = ("enterprise", "zone", "sector", "commune", "province")
OWNERSHIPS = ("state", "private", "foreign", "cooperative", "other")
_FORMULA_SIGNS = ("=", "+", "-", "@", "\t", "\uff1d", "\uff0b", "\uff0d", "\uff20")
_YES = {"yes", "y", "có", "co", "true", "1"}
_NO = {"no", "n", "không", "khong", "false", "0"}


@dataclass(frozen=True)
class Fault:
    """What is wrong and where: a row of the sheet, a column, a key and the facts of its sentence.

    *line* is None where the whole file is meant. Facts never hold a tax code, which may be a
    citizen's number.
    """

    line: int | None
    column: str | None
    key: str
    facts: dict[str, str | int] = field(default_factory=dict)


@dataclass(frozen=True)
class BodyRow:
    """A union body with its three roles, each the kinds of case it holds for."""

    line: int
    code: str
    name: str
    level: str
    parent: str | None
    enterprise: str | None
    receives: frozenset[str]
    checks: frozenset[str]
    signs: frozenset[str]
    hotline: str | None
    valid_from: date
    valid_to: date | None
    source: str


@dataclass(frozen=True)
class CoverageRow:
    """One thing that a body covers; *ref* is a code, or the name of a zone or a sector."""

    line: int
    body: str
    kind: str
    ref: str
    priority: int
    valid_from: date
    valid_to: date | None
    source: str


@dataclass(frozen=True)
class EnterpriseRow:
    """A place of work; the commune and the province are official codes."""

    line: int
    code: str
    name: str
    tax_code: str | None
    commune_code: str
    province_code: str
    zone: str | None
    sector: str | None
    ownership: str | None
    workers: int | None
    pays_fee: bool | None
    address: str | None


Row = BodyRow | CoverageRow | EnterpriseRow


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
_SHORTER = {
    "code": 32, "parent": 32, "body": 32, "enterprise": 32, "hotline": 32,
    "ref": 64, "zone": 64, "sector": 64,
}  # fmt: skip


def template(kind: Kind) -> str:
    """Return the columns of *kind* as CSV, with an invented row that the reader passes over."""
    names, examples = ([column[n] for column in _COLUMNS[kind]] for n in (0, 1))
    return f"{','.join(map(str, names))}\n# {','.join(map(str, examples))}\n"


def read(kind: Kind, content: bytes, filename: str, max_rows: int = 20_000) -> Sheet:
    """Read an import file, CSV or XLSX, of at most 20 MB and *max_rows* rows.

    Every fault that can be found at once comes back at once; nothing is raised for a bad file.
    """
    try:
        lines = _lines(content, filename, max_rows)
        _check_letters(lines)
        header, body = _header(kind, lines), lines[1:]
        _check_length(body, max_rows)
    except _UnreadableError as unreadable:
        return Sheet(kind, (), unreadable.faults)
    faults: list[Fault] = []
    rows = [_row(kind, _Reader(line, header, cells, faults)) for line, cells in body]
    good = [row for row in rows if row is not None]
    faults += _repeated(good)
    faults.sort(key=lambda fault: fault.line or 0)
    return Sheet(kind, tuple(good), tuple(faults))


class _UnreadableError(Exception):
    """The file as a whole cannot be taken, so that its rows are not worth reading."""

    def __init__(self, *faults: Fault) -> None:
        super().__init__(faults[0].key)
        self.faults = faults


def _refuse(key: str, line: int | None = None, **facts: str | int) -> _UnreadableError:
    return _UnreadableError(Fault(line, None, key, facts))


def _check_length(body: Grid, max_rows: int) -> None:
    if not body:
        raise _refuse("import-empty")
    if len(body) > max_rows:
        raise _refuse("import-too-many-rows", max=max_rows)


def _header(kind: Kind, lines: Grid) -> Cells:
    """Return the columns in the order of the file; refuse missing, unknown and repeated ones."""
    line, cells = lines[0]
    names = [_plain(cell).casefold() for cell in cells]
    if len(names) > _MAX_COLUMNS:
        raise _refuse("import-not-a-sheet", line)
    known = [name for name, _, _ in _COLUMNS[kind]]
    listed: dict[str, str | int] = {"columns": ", ".join(known)}
    faults = [
        Fault(line, _shown(name), "import-unknown-column", listed)
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
        raise _UnreadableError(*faults)
    return names


# --- one row ---------------------------------------------------------------------------------


class _Reader:
    """Reads one row column by column and notes every fault it meets."""

    def __init__(self, line: int, header: Cells, cells: Cells, faults: list[Fault]) -> None:
        self.line, self._faults, self._before = line, faults, len(faults)
        self._cells = {name: cell for name, cell in zip(header, cells, strict=False) if name}
        nameless = [cell for name, cell in zip(header, cells, strict=False) if not name]
        if any(cell.strip() for cell in nameless + cells[len(header) :]):
            self.fault(None, "import-too-many-cells")
        for column in self._cells:
            self._check(column)

    @property
    def is_good(self) -> bool:
        return len(self._faults) == self._before

    def fault(self, column: str | None, key: str, **facts: str | int) -> None:
        self._faults.append(Fault(self.line, column, key, facts))

    def unknown(self, column: str, value: str, *allowed: str) -> None:
        self.fault(column, "import-unknown-value", value=_shown(value), allowed=", ".join(allowed))

    def text(self, column: str) -> str | None:
        return self._cells.get(column) or None

    def must(self, column: str) -> str:
        found = self.text(column)
        if found is None:
            self.fault(column, "import-missing-value")
        return found or ""

    def code(self, column: str, found: str | None) -> str | None:
        """Return a short id in capitals; letters, digits, dot, dash and low line only."""
        if found is None or re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9._-]*", found):
            return found.upper() if found else None
        self.fault(column, "import-code", value=_shown(found))
        return None

    def one_of(self, column: str, found: str | None, allowed: tuple[str, ...]) -> str | None:
        if found and found.casefold() not in allowed:
            self.unknown(column, found, *allowed)
        return found.casefold() if found else None

    def kinds(self, column: str) -> frozenset[str]:
        said = re.split(r"[\s,;]+", (self.text(column) or "").casefold())
        for kind in said:
            if kind and kind not in CASE_KINDS:
                self.unknown(column, kind, *CASE_KINDS)
        return frozenset(kind for kind in said if kind)

    def number(self, column: str, least: int) -> int | None:
        found = self.text(column)
        if found is None:
            return None
        if re.fullmatch(r"[+-]?[0-9]{1,7}", found) and int(found) >= least:
            return int(found)
        self.fault(column, "import-not-a-number", value=_shown(found), least=least)
        return None

    def yes_or_no(self, column: str) -> bool | None:
        found = (self.text(column) or "").casefold()
        if found and found not in _YES | _NO:
            self.unknown(column, found, "yes", "no")
        return found in _YES if found else None

    def dates(self) -> tuple[date, date | None]:
        """Return the first day, and the day from which it no longer holds (None: still does).

        A day that cannot be read is a fault and date.min.
        """
        begins = self._day("valid_from", self.must("valid_from")) or date.min
        ends = self._day("valid_to", self.text("valid_to"))
        if ends and ends <= begins:
            self.fault("valid_to", "import-ends-before-start")
        return begins, ends

    def _day(self, column: str, found: str | None) -> date | None:
        if not found:
            return None
        day = _as_date(found)
        if day is not None:
            return day
        self.fault(column, "import-not-a-date", value=_shown(found))
        return None

    def _check(self, column: str) -> None:
        """Tidy a cell; refuse what a spreadsheet would run as a formula, and what is too long."""
        raw = self._cells[column]
        self._cells[column] = kept = _plain(raw)
        most = _SHORTER.get(column, _LONGEST)
        if _is_formula(column, raw, kept):
            self.fault(column, "import-formula", value=_shown(kept))
            self._cells[column] = ""
        elif len(kept) > most:
            self.fault(column, "import-too-long", max=most)
            self._cells[column] = kept[:most]


def _as_date(found: str) -> date | None:
    """Return a date written 2025-07-01 or 1/7/2025 (the day first, as in Vietnam), or None."""
    written = _ISO.fullmatch(found) or _DAY_FIRST.fullmatch(found)
    try:
        day = date(*(int(written[part]) for part in "ymd")) if written else date.min
    except ValueError:
        return None
    return day if day.year in _YEARS else None


def _is_formula(column: str, raw: str, kept: str) -> bool:
    if not raw.lstrip(" ").startswith(_FORMULA_SIGNS):
        return False
    if column in ("priority", "workers") and re.fullmatch(r"[+-][0-9]+", kept):
        return False
    return column != "hotline" or phones.normal(kept) is None


def _row(kind: Kind, row: _Reader) -> Row | None:
    readers: dict[Kind, Callable[[_Reader], Row]] = {
        "bodies": _body,
        "coverage": _coverage,
        "enterprises": _enterprise,
    }
    made = readers[kind](row)
    return made if row.is_good else None


def _body(row: _Reader) -> BodyRow:
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


def _coverage(row: _Reader) -> CoverageRow:
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


def _enterprise(row: _Reader) -> EnterpriseRow:
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


def _ref(row: _Reader, kind: str, found: str) -> str:
    """Return what is covered, codes in their official spelling."""
    if kind == "enterprise":
        return _enterprise_ref(row, "ref") or ""
    if kind == "commune" and found:
        here = communes.commune(found)
        if here is None:
            row.fault("ref", "import-commune", value=_shown(found))
        return here.code if here else ""
    if kind == "province" and found:
        home = communes.province(found)
        if home is None:
            row.fault("ref", "import-province", value=_shown(found))
        return home.code if home else ""
    return found


def _enterprise_ref(row: _Reader, column: str) -> str | None:
    found = row.text(column)
    return _as_tax_code(found or "") or row.code(column, found)


def _tax_code(row: _Reader) -> str | None:
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


def _place(row: _Reader) -> communes.Commune | None:
    said, home = row.must("commune"), row.text("province")
    province = communes.province(home) if home else None
    if home and province is None:
        row.fault("province", "import-province", value=_shown(home))
        return None
    found = _found(said, province.code if province else None) if said else []
    if said and not found:
        row.fault("commune", "import-commune", value=_shown(said))
    elif len(found) > 1:
        places = "; ".join(f"{one.code} {one.name}, {one.province_name}" for one in found[:5])
        row.fault("commune", "import-commune-ambiguous", value=_shown(said), places=places)
    return found[0] if found else None


@lru_cache(maxsize=10_000)
def _found(said: str, province_code: str | None) -> list[communes.Commune]:
    return communes.find(said, province_code)


def _repeated(rows: list[Row]) -> list[Fault]:
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


# --- from bytes to cells ---------------------------------------------------------------------


def _lines(content: bytes, filename: str, max_rows: int) -> Grid:
    """Return the rows that say something, with their numbers; the first is the header."""
    if len(content) > MAX_BYTES:
        raise _refuse("import-too-big", max=MAX_BYTES // 1_000_000)
    if content.startswith(b"\xd0\xcf\x11\xe0"):
        raise _refuse("import-old-xls")
    is_workbook = content.startswith(b"PK")
    if not is_workbook and filename.casefold().endswith((".xlsx", ".xls", ".ods")):
        raise _refuse("import-empty" if not content else "import-not-a-sheet")
    every = _workbook_rows(content) if is_workbook else _csv_rows(_decoded(content))
    lines = []
    for line, cells in every:
        if any(cell.strip() for cell in cells) and not cells[0].startswith("# "):
            lines.append((line, cells))
        if len(lines) > max_rows + 1:
            break
    if not lines:
        raise _refuse("import-empty")
    return lines


def _decoded(content: bytes) -> str:
    """Return the text of a CSV file. What is not Unicode comes back with Latin letters, so that
    the old Vietnamese encodings can be told by what they look like there.
    """
    if content.startswith((b"\xff\xfe", b"\xfe\xff")):
        try:
            text = content.decode("utf-16")
        except UnicodeDecodeError:
            raise _refuse("import-encoding") from None
    else:
        try:
            text = content.decode("utf-8-sig")
        except UnicodeDecodeError as why:
            text = _legacy(content, why)
    if "\0" in text:
        raise _refuse("import-encoding")
    return text


def _legacy(content: bytes, why: UnicodeDecodeError) -> str:
    """Refuse bytes that are not Unicode, by the name of their encoding where it shows."""
    line = content.count(b"\n", 0, why.start) + 1
    text = content.decode("latin-1")
    if "\0" not in text:
        _check_letters([(n, [one]) for n, one in enumerate(text.split("\n"), start=1)])
    raise _refuse("import-encoding", line)


def _csv_rows(text: str) -> Iterator[tuple[int, Cells]]:
    if text.lstrip()[:1] == "<":
        raise _refuse("import-not-a-sheet")
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=_delimiter(text), strict=True)
    line = 1
    try:
        for cells in reader:
            if not (line == 1 and cells[:1] and cells[0].casefold().startswith("sep=")):
                yield line, cells
            line = reader.line_num + 1
    except csv.Error:
        raise _refuse("import-not-a-sheet", line) from None


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
        raise _refuse("import-not-a-sheet") from None
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
    clean = io.BytesIO()
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as packed, zipfile.ZipFile(clean, "w") as out:
            _check_members(packed.infolist())
            for member in packed.infolist():
                if member.filename.endswith((".xml", ".rels")):
                    table = _unpacked(packed, member)
                    _check_area(table)  # all: a sheet may lie anywhere in the zip
                    out.writestr(member.filename, table)
    except (zipfile.BadZipFile, zlib.error, EOFError, ValueError, NotImplementedError):
        raise _refuse("import-not-a-sheet") from None
    return clean.getvalue()


def _check_members(members: list[zipfile.ZipInfo]) -> None:
    if sum(member.file_size for member in members) > _MAX_UNPACKED:
        raise _refuse("import-unpacks-too-big")
    names = {member.filename for member in members}
    plain = all(
        member.compress_type in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)
        and not member.flag_bits & 1  # encrypted
        for member in members
    )
    if "xl/workbook.xml" not in names or len(names) != len(members) or not plain:
        raise _refuse("import-not-a-sheet")


def _unpacked(packed: zipfile.ZipFile, member: zipfile.ZipInfo) -> bytes:
    # In small pieces: one big read would unpack up to 2 GB before it looks at the stated size.
    with packed.open(member) as opened:
        return b"".join(iter(lambda: opened.read(65_536), b""))


def _check_area(table: bytes) -> None:
    """Refuse a sheet with few cells far apart: the library would fill in all between them."""
    if b"\0" in table:
        raise _refuse("import-not-a-sheet")
    widest = lowest = 0
    for found in re.finditer(rb"\sr\s*=\s*[\"']([A-Za-z]*)([0-9]+)", table):
        widest = max(widest, _column(found[1][:6]))
        lowest = max(lowest, int(found[2][:9]))
    starts = [found.start() for found in re.finditer(rb"<(?:[\w.-]+:)?row\b", table)]
    edges = pairwise([*starts, len(table)])
    most = max((len(re.findall(rb"<(?:[\w.-]+:)?c\b", table[a:b])) for a, b in edges), default=0)
    if (lowest + len(starts)) * (widest + most) > _MAX_AREA:
        raise _refuse("import-unpacks-too-big")


def _column(letters: bytes) -> int:
    number = 0
    for letter in letters.upper():
        number = number * 26 + letter - 64
    return number


def _plain(cell: str) -> str:
    """Return a cell composed, without unseen letters, single spaces between its words."""
    return " ".join(cell.split()) if cell.isascii() and cell.isprintable() else clean(cell)


def _shown(value: str) -> str:
    return value if len(value) <= 40 else f"{value[:39]}…"


# --- Vietnamese letters that are not Unicode -------------------------------------------------
# Before Unicode, Vietnamese was typed with fonts that drew its letters in the places of Western
# ones. Such a text reads "C«ng ty" (TCVN3, also ABC) or "Coâng ty" (VNI). It is told by turning
# each word back: one that is no Vietnamese syllable as it stands, and is one afterwards, speaks
# for the old font. One such word may be chance (French "Thaï" is "thạ" in VNI), so that the
# combinations which Western languages have too count less.

_TCVN3_CODES = {
    "àảãáạ": "B5 B6 B7 B8 B9",
    "ăằẳẵắặ": "A8 BB BC BD BE C6",
    "âầẩẫấậ": "A9 C7 C8 C9 CA CB",
    "đ": "AE",
    "èẻẽéẹ": "CC CE CF D0 D1",
    "êềểễếệ": "AA D2 D3 D4 D5 D6",
    "ìỉĩíị": "D7 D8 DC DD DE",
    "òỏõóọ": "DF E1 E2 E3 E4",
    "ôồổỗốộ": "AB E5 E6 E7 E8 E9",
    "ơờởỡớợ": "AC EA EB EC ED EE",
    "ùủũúụ": "EF F1 F2 F3 F4",
    "ưừửữứự": "AD F5 F6 F7 F8 F9",
    "ỳỷỹýỵ": "FA FB FC FD FE",
    "ĂÂÊÔƠƯĐ": "A1 A2 A3 A4 A5 A6 A7",
}
_TCVN3 = {
    western: letter
    for letters, codes in _TCVN3_CODES.items()
    for western, letter in zip(bytes.fromhex(codes).decode("latin-1"), letters, strict=True)
}
_TCVN3_SIGNS = {western for western in _TCVN3 if not western.isalpha()} | {"µ", "ª"}

_VNI_PAIRS = {
    "a": dict(zip("ùøûõïêéèúüëâáàåãä", "áàảãạăắằẳẵặâấầẩẫậ", strict=True)),
    "e": dict(zip("ùøûõïâáàåãä", "éèẻẽẹêếềểễệ", strict=True)),
    "o": dict(zip("ùøûõïâáàåãä", "óòỏõọôốồổỗộ", strict=True)),
    "ô": dict(zip("ùøûõï", "ớờởỡợ", strict=True)),
    "u": dict(zip("ùøûõï", "úùủũụ", strict=True)),
    "ö": dict(zip("ùøûõï", "ứừửữự", strict=True)),
    "y": dict(zip("ùøûõ", "ýỳỷỹ", strict=True)),
}
_VNI_ALONE = dict(zip("ñæóòîôö", "đỉĩịỵơư", strict=True))
_VNI_TEXT = re.compile(
    "|".join(f"{base}[{''.join(marks)}]" for base, marks in _VNI_PAIRS.items())
    + f"|[{''.join(_VNI_ALONE)}]"
)
# Pairs that no French, Spanish or Portuguese word has: they tell VNI by themselves.
_VNI_SURE = re.compile("[aeo][âåä]|[eo][àãáõ]|[aeouyôö]ø|aõ|[ôö][ùûõï]|[uy][ùûõï]")

# UTF-8 that was read as Western text, and letters that were lost as question marks.
_GARBLED = re.compile("á[º»]|[ÃÄ][\x80-\xbf]|Æ[°¡]|Ä\u2018|\ufffd|[^\\W\\d_]\\?[^\\W\\d_]")
_WORD = re.compile(r"[^\s\d!-/:-@\[-`{-~]{2,}")
_TONES = str.maketrans("", "", "\u0300\u0301\u0303\u0309\u0323")
_ONSET = re.compile(r"(?:ngh?|gh|gi|kh|qu|ch|nh|ph|th|tr|[bcdđghklmnprstvx])")
_RHYME_LIST = (
    "a ai ao au ay am an ang anh ap at ac ach ăm ăn ăng ăp ăt ăc âu ây âm ân âng âp ât âc "
    "e eo em en eng ep et ec ê êu êm ên ênh êp êt êch i iu im in inh ip it ich ia iêu iêm iên "
    "iêng iêp iêt iêc o oi om on ong op ot oc oa oai oao oay oam oan oang oanh oap oat oac oach "
    "oăm oăn oăng oăt oăc oe oeo oen oet ô ôi ôm ôn ông ôp ôt ôc ơ ơi ơm ơn ơp ơt u ui um un ung "
    "up ut uc ua uôi uôm uôn uông uôt uôc uê uy uya uyên uyêt uynh uyt uych uyu uân uâng uât uây "
    "uơ uênh uêch ư ưi ưng ưm ưn ưt ưc ưu ưa ươi ươu ươm ươn ương ươp ươt ươc y yêu yêm yên yêng "
    "yêt ynh yt ych"
)
_RHYMES = frozenset(_RHYME_LIST.split())


def _check_letters(lines: Grid) -> None:
    """Refuse a file in which a cell is written in TCVN3 or VNI, or was garbled on the way."""
    for line, cells in lines:
        for cell in cells:
            key = None if cell.isascii() and "?" not in cell else letters_fault(cell)
            if key:
                raise _refuse(key, line, value=_shown(_plain(cell)))


def letters_fault(text: str) -> str | None:
    """Return "import-tcvn3", "import-vni" or "import-encoding" when *text* is not Vietnamese as
    Unicode writes it, and None for anything that may well be right.
    """
    composed = unicodedata.normalize("NFC", text)
    if _GARBLED.search(composed) and "/" not in composed:  # an address may have question marks
        return "import-encoding"
    words = [word for word in _WORD.findall(composed) if not word.isascii()]
    right = sum(_is_syllable(word) for word in words)
    wrong = [word for word in words if not _is_syllable(word)]
    tcvn3 = sum(_tcvn3_weight(word) for word in wrong)
    vni = sum(_vni_weight(word) for word in wrong)
    if max(tcvn3, vni) < 3 or max(tcvn3, vni) <= right:
        return None
    return "import-tcvn3" if tcvn3 >= vni else "import-vni"


def _tcvn3_weight(word: str) -> int:
    turned = "".join(_TCVN3.get(letter, letter) for letter in word)
    if not _is_syllable(turned):
        return 0
    # «Nom», 5 µm, Mª: signs that others put at the edge of a word.
    inside = word.lstrip("«µ").rstrip("»ª·")
    return 100 if _TCVN3_SIGNS & set(inside) and not re.search("[A-Z]·[A-Z]", word) else 2


def _vni_weight(word: str) -> int:
    small = word.lower()
    turned = _VNI_TEXT.sub(lambda found: _from_vni(found[0]), small)
    if turned == small or not _is_syllable(turned):
        return 0
    return 100 if _VNI_SURE.search(small) or re.match("ñ..", small) else 1


def _from_vni(found: str) -> str:
    return _VNI_PAIRS[found[0]][found[1]] if len(found) == 2 else _VNI_ALONE[found]


@lru_cache(maxsize=50_000)
def _is_syllable(word: str) -> bool:
    """Say whether *word* could be one written Vietnamese syllable: the longest is "nghiêng"."""
    if len(word) > len("nghiêng"):
        return False
    apart = unicodedata.normalize("NFD", word.lower())
    plain = unicodedata.normalize("NFC", apart.translate(_TONES))
    if len(apart) - len(apart.translate(_TONES)) > 1:
        return False
    onset = _ONSET.match(plain)
    rests = {plain, plain[onset.end() :] if onset else plain}
    if plain.startswith(("gi", "qu")):
        rests.add(plain[1:])
    return bool(rests & _RHYMES)


# --- what the operator reads -----------------------------------------------------------------

_SAVE_AS = 'In Excel: File, Save As, "CSV UTF-8", or save as .xlsx.'
_SENTENCES = {
    "import-missing-column": "this column is missing. The columns are: {columns}.",
    "import-unknown-column": "this column is unknown. Rename or delete it; the columns are: "
    "{columns}.",
    "import-repeated-column": "this column stands there twice. Delete one of them.",
    "import-empty": "there are no rows. Put the column names in the first row and one row for "
    "each entry beneath; --template prints an example.",
    "import-missing-value": "this must not be empty. Fill it in.",
    "import-too-many-cells": "there are more cells than columns. Put quotation marks around a "
    "text that contains the separator, or delete what stands to the right of the table.",
    "import-not-a-date": '"{value}" is not a date. Write 2025-07-01 or 01/07/2025.',
    "import-ends-before-start": "valid_to is the first day on which this no longer holds; it "
    "must come after valid_from. Correct one of them.",
    "import-not-a-number": '"{value}" does not do. Write a whole number from {least} up, digits '
    "only, without points or spaces.",
    "import-code": '"{value}" is not a code. Use letters without marks, digits, dot and dash, '
    "such as DN-0001.",
    "import-duplicate": "{value} stands in row {first} already. Keep one of the two rows; where "
    "two places of work share a tax code, leave it empty in one.",
    "import-too-many-rows": "there are more than {max} rows. Split the file.",
    "import-too-big": "the file has more than {max} MB. Split it, or take pictures out of it.",
    "import-unpacks-too-big": "the workbook is too large inside. Delete empty rows and columns "
    "around the table, or save it as CSV UTF-8.",
    "import-tcvn3": '"{value}" is written in TCVN3 (ABC, .VnTime). Convert the file to Unicode, '
    "for instance with the Unikey tool (Ctrl+Shift+F6: source TCVN3, target Unicode), and try "
    "again.",
    "import-vni": '"{value}" is written in VNI (VNI-Times). Convert the file to Unicode, for '
    "instance with the Unikey tool (Ctrl+Shift+F6: source VNI Windows, target Unicode), and try "
    "again.",
    "import-encoding": f"the letters cannot be read: the file is not UTF-8. {_SAVE_AS}",
    "import-not-a-sheet": "this is not a table that can be read. Give a CSV file or an .xlsx "
    "workbook, without a password; in a CSV file, close every quotation mark.",
    "import-old-xls": "this is an old .xls file, or one with a password. Open it in Excel and "
    "save it as .xlsx without a password.",
    "import-unknown-value": '"{value}" is unknown. Write one of: {allowed}.',
    "import-tax-code": "this is not a tax code. Write 10 digits, 10 digits, a dash and 3, or the "
    "12 of a citizen number; if Excel took the first 0 away, format the column as text.",
    "import-commune": 'no commune, ward or special zone "{value}" is known here since 1/7/2025. '
    "Write its five-digit code, or its name of today and the right province.",
    "import-commune-ambiguous": '"{value}" may be several places ({places}). Write the code, or '
    "fill in the province.",
    "import-province": 'no province "{value}" is known since 1/7/2025. Write its two-digit code '
    "or its name of today.",
    "import-formula": '"{value}" begins like a formula. Take away the =, +, -, @ or tab in '
    "front; leave a cell empty where there is nothing to say.",
    "import-too-long": "this has more than {max} letters. Shorten it.",
    "import-own-parent": "a body cannot be its own parent. Give the code of the body above it.",
    "import-only-grassroots": "only a grassroots body belongs to one enterprise. Leave this "
    "empty, or write coverage of kind enterprise.",
}


def explain(fault: Fault) -> str:
    """Return a fault as one English line: where it is, what is wrong, what to do."""
    where = [f"row {fault.line}"] if fault.line else []
    where += [f"column {fault.column}"] if fault.column else []
    said = _SENTENCES[fault.key].format(**fault.facts)
    line = f"{', '.join(where) or 'the file'}: {said}"
    return line[0].upper() + line[1:]
