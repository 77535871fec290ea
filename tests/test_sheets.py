"""An import file is read whole, or every fault in it is named by row and column."""

import csv
import io
import struct
import unicodedata
import zipfile
from collections.abc import Sequence
from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest
import xlsxwriter
from hypothesis import given, settings
from hypothesis import strategies as st

from bot import sheets
from bot.sheets import (
    BodyRow,
    CoverageRow,
    EnterpriseRow,
    Kind,
    Sheet,
    explain,
    letters_fault,
    read,
    template,
)
from storage import communes

DEMO = Path(__file__).parent.parent / "demo"
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


# --- good files -------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("kind", "least"), [("bodies", 20), ("coverage", 20), ("enterprises", 40)]
)
def test_the_demo_has_no_faults(kind: Kind, least: int) -> None:
    """The three files of the demo must read without a single fault."""
    sheet = read(kind, (DEMO / f"{kind}.csv").read_bytes(), f"{kind}.csv")
    assert [explain(fault) for fault in sheet.errors] == []
    assert len(sheet.rows) >= least


def test_the_demo_hangs_together() -> None:
    """Parents, enterprises and covered bodies of the demo must exist, and nobody real be named."""
    read_demo = {k: read(k, (DEMO / f"{k}.csv").read_bytes(), k).rows for k in KINDS}
    bodies = {row.code: row for row in read_demo["bodies"] if isinstance(row, BodyRow)}
    places = {row.code: row for row in read_demo["enterprises"] if isinstance(row, EnterpriseRow)}
    zones = {row.zone for row in places.values()}
    assert {row.parent for row in bodies.values()} - {None} <= set(bodies)
    assert {row.enterprise for row in bodies.values()} - {None} <= set(places)
    for row in read_demo["coverage"]:
        assert isinstance(row, CoverageRow)
        assert row.body in bodies
        assert row.kind != "zone" or row.ref in zones
        assert row.kind != "enterprise" or row.ref in places
    levels = [row.level for row in bodies.values()]
    assert [levels.count(level) for level in ("central", "province", "special")] == [1, 1, 1]
    assert levels.count("commune") >= 4
    assert levels.count("grassroots") >= 12
    taxed = [row.tax_code for row in places.values() if row.tax_code]
    assert taxed
    assert all(tax_code.startswith("99") for tax_code in taxed)
    assert {row.province_code for row in places.values()} == {"75"}
    workers = [row.workers for row in places.values() if row.workers]
    assert (min(workers), max(workers)) == (8, 12_000)


def test_the_demo_has_the_roles_that_routing_shows() -> None:
    """The demo must hold a body of each sort: one that signs, one that only checks, one neither."""
    rows = read("bodies", (DEMO / "bodies.csv").read_bytes(), "bodies.csv").rows
    on_petitions = {
        row.code: ("petition" in row.checks, "petition" in row.signs)
        for row in rows
        if isinstance(row, BodyRow) and "petition" in row.receives
    }
    assert set(on_petitions.values()) == {(True, True), (True, False), (False, False)}
    grassroots = [row for row in rows if isinstance(row, BodyRow) and row.level == "grassroots"]
    assert {row.receives for row in grassroots} == {frozenset({"join"})}


@pytest.mark.parametrize("kind", KINDS)
def test_the_template_is_a_file_of_the_kind(kind: Kind) -> None:
    """The template must be empty as it is, and good once its example is no comment any more."""
    header, example = template(kind).splitlines()
    assert faults(read(kind, template(kind).encode(), "t.csv")) == [(None, None, "import-empty")]
    uncommented = f"{header}\n{example.removeprefix('# ')}\n"
    sheet = read(kind, uncommented.encode(), "t.csv")
    assert faults(sheet) == []
    assert len(sheet.rows) == 1


def test_a_body_is_read() -> None:
    """Every cell of a body must come out typed."""
    sheet = one(
        "bodies",
        code="cs-0001",
        level="Grassroots",
        parent="cd-mau",
        enterprise="9900000016",
        checks="petition",
        hotline="+84 251 3822 000",
        valid_to="31/12/2030",
    )
    assert faults(sheet) == []
    assert sheet.rows == (
        BodyRow(
            line=2,
            code="CS-0001",
            name="Công đoàn phường Mẫu",
            level="grassroots",
            parent="CD-MAU",
            enterprise="9900000016",
            receives=frozenset({"join", "petition", "request"}),
            checks=frozenset({"petition"}),
            signs=frozenset(),
            hotline="+84 251 3822 000",
            valid_from=date(2025, 7, 1),
            valid_to=date(2030, 12, 31),
            source="mẫu",
        ),
    )


@pytest.mark.parametrize(
    ("kind", "ref", "kept"),
    [
        ("commune", "26020", "26020"),
        ("commune", "4", "00004"),
        ("province", "Đồng Nai", "75"),
        ("province", "75", "75"),
        ("zone", " Khu công nghiệp  Ví Dụ ", "Khu công nghiệp Ví Dụ"),
        ("sector", "may mặc", "may mặc"),
        ("enterprise", "dn-0001", "DN-0001"),
        ("enterprise", "9900000016001", "9900000016-001"),
    ],
)
def test_what_is_covered_is_read(kind: str, ref: str, kept: str) -> None:
    """Each sort of coverage must keep its ref in the spelling that routing compares."""
    sheet = one("coverage", kind=kind, ref=ref, priority="-5")
    assert faults(sheet) == []
    (row,) = sheet.rows
    assert isinstance(row, CoverageRow)
    assert (row.kind, row.ref, row.priority) == (kind, kept, -5)


def test_an_enterprise_is_read() -> None:
    """Every cell of an enterprise must come out typed, its commune by name."""
    sheet = one(
        "enterprises",
        tax_code="99.00.000.016",
        commune="phường Long Bình",
        province="Đồng Nai",
        ownership="Foreign",
        workers="350",
        pays_fee="Không",
        address="Số 1\nđường Mẫu",
    )
    assert faults(sheet) == []
    assert sheet.rows == (
        EnterpriseRow(
            line=2,
            code="DN-0001",
            name="Công ty May Ví Dụ",
            tax_code="9900000016",
            commune_code="26020",
            province_code="75",
            zone=None,
            sector=None,
            ownership="foreign",
            workers=350,
            pays_fee=False,
            address="Số 1 đường Mẫu",
        ),
    )


def _typed(sheet: Sheet) -> list[EnterpriseRow]:
    return [replace(row, line=0) for row in sheet.rows if isinstance(row, EnterpriseRow)]


TABLE = [
    ["workers", "name", "pays_fee", "commune", "code"],
    ["350", "Công ty May Ví Dụ; số 1, tầng 2\tnhà A", "có", "26020", "DN-0001"],
    ["", "Công ty Giày Thí Nghiệm", "", "00004", "DN-0002"],
]


@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
def test_every_delimiter_and_encoding_reads_alike(delimiter: str, encoding: str) -> None:
    """Comma, semicolon and tab, with and without BOM, must give the same rows."""
    plain = read("enterprises", as_csv(*TABLE).encode(), "a.csv")
    sheet = read("enterprises", as_csv(*TABLE, delimiter=delimiter).encode(encoding), "b.csv")
    assert faults(sheet) == []
    assert sheet.rows == plain.rows
    assert len(sheet.rows) == 2


def test_a_workbook_reads_like_a_csv_file() -> None:
    """Numbers, dates and yes/no cells of Excel must read as if they had been typed."""
    book = as_xlsx(
        ["workers", "name", "pays_fee", "commune", "code"],
        [350, "Công ty May Ví Dụ; số 1, tầng 2\tnhà A", True, 26020, "DN-0001"],
        ["", "Công ty Giày Thí Nghiệm", "", 4, "DN-0002"],
    )
    sheet = read("enterprises", book, "a.xlsx")
    assert faults(sheet) == []
    assert _typed(sheet) == _typed(read("enterprises", as_csv(*TABLE).encode(), "a.csv"))
    dated = as_xlsx(list(GOOD["coverage"]), ["CD-MAU", "commune", 26020, date(2025, 7, 1), "x"])
    (row,) = read("coverage", dated, "b.xlsx").rows
    assert isinstance(row, CoverageRow)
    assert (row.valid_from, row.ref) == (date(2025, 7, 1), "26020")


def test_lines_are_those_of_the_spreadsheet() -> None:
    """A fault must name the row that the operator sees, past comments and empty rows."""
    rows = [["# note", ""], ["code", "name", "commune"], [], ["", "", ""], ["DN-1", "", "26020"]]
    assert faults(read("enterprises", as_csv(*rows).encode(), "a.csv")) == [
        (5, "name", "import-missing-value")
    ]
    assert faults(read("enterprises", as_xlsx(*rows), "a.xlsx")) == [
        (5, "name", "import-missing-value")
    ]
    lower = as_xlsx([], [], *rows[1:])
    assert faults(read("enterprises", lower, "a.xlsx")) == [(6, "name", "import-missing-value")]


def test_a_name_with_a_number_sign_is_no_comment() -> None:
    """Only "# " in the first cell of a row is a comment: no real row may vanish."""
    rows = [["name", "code", "commune"], ["#1 Ví Dụ", "DN-1", "26020"]]
    assert len(read("enterprises", as_csv(*rows).encode(), "a.csv").rows) == 1


def test_the_mark_of_excel_for_the_separator_is_passed_over() -> None:
    """A first line "sep=;" must not be taken for the header."""
    text = "sep=;\n" + as_csv(*TABLE, delimiter=";")
    sheet = read("enterprises", text.encode(), "a.csv")
    assert faults(sheet) == []
    assert [row.line for row in sheet.rows] == [3, 4]


def test_decomposed_letters_are_composed_and_unseen_ones_go() -> None:
    """A name pasted from elsewhere must be kept composed, without zero-width letters."""
    name = unicodedata.normalize("NFD", "Công ty May\u200b Ví\u202e Dụ\ufeff")
    (row,) = one("enterprises", name=name).rows
    assert isinstance(row, EnterpriseRow)
    assert row.name == "Công ty May Ví Dụ"


# --- faults of a cell -------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("kind", "column", "wrong", "key"),
    [
        ("bodies", "code", "", "import-missing-value"),
        ("bodies", "code", "CĐ MẪU", "import-code"),
        ("bodies", "code", "X" * 33, "import-too-long"),
        ("bodies", "level", "district", "import-unknown-value"),
        ("bodies", "parent", "CD-MAU", "import-own-parent"),
        ("bodies", "parent", "LĐLĐ", "import-code"),
        ("bodies", "enterprise", "DN-0001", "import-only-grassroots"),
        ("bodies", "receives", "join everything", "import-unknown-value"),
        ("bodies", "valid_from", "", "import-missing-value"),
        ("bodies", "valid_from", "30/02/2025", "import-not-a-date"),
        ("bodies", "valid_from", "2025-07", "import-not-a-date"),
        ("bodies", "valid_from", "45839", "import-not-a-date"),
        ("bodies", "valid_from", "0001-01-01", "import-not-a-date"),
        ("bodies", "valid_from", "07/31/2025", "import-not-a-date"),
        ("bodies", "valid_to", "tomorrow", "import-not-a-date"),
        ("bodies", "valid_to", "2025-07-01", "import-ends-before-start"),
        ("bodies", "hotline", "+1+2", "import-formula"),
        ("bodies", "hotline", "1" * 33, "import-too-long"),
        ("coverage", "kind", "district", "import-unknown-value"),
        ("coverage", "ref", "99999", "import-commune"),
        ("coverage", "ref", "", "import-missing-value"),
        ("coverage", "priority", "high", "import-not-a-number"),
        ("coverage", "priority", "1.5", "import-not-a-number"),
        ("coverage", "priority", "9" * 20, "import-not-a-number"),
        ("enterprises", "tax_code", "9900000017", "import-tax-code"),
        ("enterprises", "tax_code", "9900000016-000", "import-tax-code"),
        ("enterprises", "tax_code", "990000016", "import-tax-code"),
        ("enterprises", "tax_code", "000123456789", "import-tax-code"),
        ("enterprises", "tax_code", "097123456789", "import-tax-code"),
        ("enterprises", "tax_code", "MST", "import-tax-code"),
        ("enterprises", "commune", "Long Bình", "import-commune-ambiguous"),
        ("enterprises", "commune", "xã Không Có", "import-commune"),
        ("enterprises", "province", "tỉnh Mẫu", "import-province"),
        ("enterprises", "ownership", "mine", "import-unknown-value"),
        ("enterprises", "workers", "-5", "import-not-a-number"),
        ("enterprises", "workers", "12.000", "import-not-a-number"),
        ("enterprises", "workers", "\uff13\uff15\uff10", "import-not-a-number"),
        ("enterprises", "pays_fee", "maybe", "import-unknown-value"),
        ("enterprises", "name", "=HYPERLINK(1)", "import-formula"),
        ("enterprises", "name", " +cmd", "import-formula"),
        ("enterprises", "name", "-cmd", "import-formula"),
        ("enterprises", "name", "@SUM(1)", "import-formula"),
        ("enterprises", "name", "\t=1", "import-formula"),
        ("enterprises", "name", "\uff1d1", "import-formula"),
        ("enterprises", "address", "-", "import-formula"),
        ("enterprises", "name", "a" * 301, "import-too-long"),
        ("enterprises", "name", "a" * 4000, "import-too-long"),
        ("enterprises", "zone", "a" * 65, "import-too-long"),
    ],
)
def test_a_wrong_cell_is_named(kind: Kind, column: str, wrong: str, key: str) -> None:
    """A wrong cell must be a fault of its row and column, and the row must not come back."""
    sheet = one(kind, **{column: wrong})
    assert (2, column, key) in faults(sheet)
    assert sheet.rows == ()


def test_a_wrong_province_is_not_read_past() -> None:
    """A commune that does not lie in the province named beside it must be refused."""
    sheet = one("enterprises", commune="26020", province="Hà Nội")
    assert faults(sheet) == [(2, "commune", "import-commune")]


@pytest.mark.parametrize("good", ["075099000001", "9900000016", "9900000016-001", "9900000016001"])
def test_every_sort_of_tax_code_is_read(good: str) -> None:
    """Ten digits, ten and three, and a household's twelve must be accepted."""
    assert faults(one("enterprises", tax_code=good)) == []


def test_a_tax_code_is_never_repeated_in_a_fault() -> None:
    """A tax code may be a citizen's number, so that no fault may hold it."""
    wrong = one("enterprises", tax_code="975099000001")
    rows = [["code", "name", "commune", "tax_code"]]
    rows += [[code, "Ví Dụ", "26020", "075099000001"] for code in ("DN-1", "DN-2")]
    twice = read("enterprises", as_csv(*rows).encode(), "a.csv")
    assert faults(twice) == [(3, "tax_code", "import-duplicate")]
    for fault in wrong.errors + twice.errors:
        assert "5099000001" not in explain(fault) + repr(fault)


@pytest.mark.parametrize("said", ["yes", "Có", "co", "Y", "1", "no", "KHÔNG", "khong", "0"])
def test_yes_and_no_in_both_languages(said: str) -> None:
    """Yes and no must be understood in English and in Vietnamese, with and without marks."""
    (row,) = one("enterprises", pays_fee=said).rows
    assert isinstance(row, EnterpriseRow)
    assert row.pays_fee is (said in ("yes", "Có", "co", "Y", "1"))


def test_what_stands_twice_is_named_with_its_first_row() -> None:
    """A code that was given before must be a fault that points to the earlier row."""
    rows = [["code", "name", "commune"], ["DN-1", "A", "26020"], ["dn-1", "B", "26020"]]
    sheet = read("enterprises", as_csv(*rows).encode(), "a.csv")
    assert faults(sheet) == [(3, "code", "import-duplicate")]
    assert sheet.errors[0].facts == {"value": "DN-1", "first": 2}
    body = GOOD["bodies"]
    twice = as_csv(list(body), list(body.values()), list(body.values()))
    assert faults(read("bodies", twice.encode(), "a.csv")) == [(3, "code", "import-duplicate")]


def test_a_place_covered_again_later_is_no_duplicate() -> None:
    """The same coverage with another first day must be allowed, with the same one not."""
    row = GOOD["coverage"]
    later = row | {"valid_from": "2026-01-01"}
    rows = [list(row), list(row.values()), list(later.values())]
    assert faults(read("coverage", as_csv(*rows).encode(), "a.csv")) == []
    rows.append(list(row.values()))
    assert faults(read("coverage", as_csv(*rows).encode(), "a.csv")) == [
        (4, "ref", "import-duplicate")
    ]


def test_all_faults_come_at_once_and_in_order() -> None:
    """An operator must see every fault in one run, from the top of the sheet down."""
    rows = [["code", "name", "commune"], ["a b", "", "x"], ["DN-1", "A", "26020"], ["", "C", "y"]]
    sheet = read("enterprises", as_csv(*rows).encode(), "a.csv")
    assert sorted({line for line, _, _ in faults(sheet) if line}) == [2, 4]
    assert [line for line, _, _ in faults(sheet)] == [2, 2, 2, 4, 4]
    assert [row.line for row in sheet.rows] == [3]
    rows = [["code", "name", "commune"], ["D", "A", "4"], ["D", "A", "4"], ["E", "", "4"]]
    sheet = read("enterprises", as_csv(*rows).encode(), "a.csv")
    assert [line for line, _, _ in faults(sheet)] == [3, 4]


def test_more_cells_than_columns_are_a_fault() -> None:
    """A comma inside a name without quotation marks must not shift the row silently."""
    text = "code,name,commune\nDN-1,Ví Dụ, chi nhánh,26020\n"
    sheet = read("enterprises", text.encode(), "a.csv")
    assert (2, None, "import-too-many-cells") in faults(sheet)
    assert faults(read("enterprises", b"code,name,commune,\nDN-1,A,26020,,\n", "a.csv")) == []


# --- faults of the file -----------------------------------------------------------------------


def test_columns_are_checked_by_name() -> None:
    """Missing, unknown and repeated columns must each be named, whatever their order."""
    sheet = read("enterprises", b"Code,boss,name,name\nDN-1,x,a,b\n", "a.csv")
    assert faults(sheet) == [
        (1, "boss", "import-unknown-column"),
        (1, "commune", "import-missing-column"),
        (1, "name", "import-repeated-column"),
    ]
    assert sheet.rows == ()
    assert "tax_code" in explain(sheet.errors[0])


@pytest.mark.parametrize(
    ("content", "filename", "key"),
    [
        (b"", "a.csv", "import-empty"),
        (b"", "a.xlsx", "import-empty"),
        (b"\n\n , ,\n", "a.csv", "import-empty"),
        (b"code,name,commune\n", "a.csv", "import-empty"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(600), "a.xls", "import-old-xls"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(600), "a.xlsx", "import-old-xls"),
        (b"PK\x03\x04 and then nothing", "a.xlsx", "import-not-a-sheet"),
        (b"code,name,commune\nDN-1,A,26020\n", "a.xlsx", "import-not-a-sheet"),
        (b"<html><table></table></html>", "a.csv", "import-not-a-sheet"),
        (b'code,name,commune\nDN-1,"A,26020\n', "a.csv", "import-not-a-sheet"),
        (b"x," * 5000 + b"\n1\n", "a.csv", "import-not-a-sheet"),
        (b"code,name,commune\nDN-1,A\0,26020\n", "a.csv", "import-encoding"),
        ("code,name,commune\n".encode("utf-16-le"), "a.csv", "import-encoding"),
        (b"\xff\xfe\x00", "a.csv", "import-encoding"),
        (b"\xff\xfe\x00\xd8", "a.csv", "import-encoding"),
        (b"code,name,commune\nDN-1,C\xf4ng t\xfd d\xfb\xf2,26020\n", "a.csv", "import-encoding"),
        (b"%PDF-1.7\n%\xe2\xe3\xcf\xd3\n", "a.csv", "import-encoding"),
        (b"x" * 20_000_001, "a.csv", "import-too-big"),
    ],
)
def test_a_file_that_is_no_table_is_refused(content: bytes, filename: str, key: str) -> None:
    """Whatever is handed in instead of a table must be one fault with its own sentence."""
    sheet = read("enterprises", content, filename)
    assert {found for _, _, found in faults(sheet)} == {key}
    assert sheet.rows == ()


@pytest.mark.parametrize("suffix", ["csv", "xlsx"])
def test_too_many_rows_are_refused(suffix: str) -> None:
    """Exactly the most rows must pass, one more must be refused whole."""
    rows = [["code", "name", "commune"]] + [[f"DN-{n}", "A", "26020"] for n in range(6)]
    content = as_csv(*rows).encode() if suffix == "csv" else as_xlsx(*rows)
    assert len(read("enterprises", content, f"a.{suffix}", max_rows=6).rows) == 6
    sheet = read("enterprises", content, f"a.{suffix}", max_rows=5)
    assert faults(sheet) == [(None, None, "import-too-many-rows")]
    assert sheet.rows == ()


def _changed(book: bytes, member: str, text: bytes, method: int = zipfile.ZIP_DEFLATED) -> bytes:
    made = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(book)) as old, zipfile.ZipFile(made, "w", method) as new:
        for name in old.namelist():
            if name != member:
                new.writestr(name, old.read(name))
        new.writestr(member, text)
    return made.getvalue()


FIRST_SHEET = "xl/worksheets/sheet1.xml"
BOOK = as_xlsx(["code", "name", "commune"], ["DN-1", "A", "26020"])


def test_a_bomb_is_refused_before_it_unpacks() -> None:
    """A small file that unpacks to a huge one must be refused."""
    bomb = _changed(BOOK, "xl/media/image1.png", bytes(70_000_000))
    assert len(bomb) < 200_000
    assert faults(read("enterprises", bomb, "a.xlsx")) == [(None, None, "import-unpacks-too-big")]


def test_a_bomb_that_lies_about_its_size_is_refused() -> None:
    """A member that states a small size and unpacks to a huge one must be refused."""
    bomb = _changed(BOOK, "xl/sharedStrings.xml", b"<sst>" + b" " * 70_000_000)
    true, lie = struct.pack("<L", 70_000_005), struct.pack("<L", 100)
    assert bomb.count(true) == 2
    sheet = read("enterprises", bomb.replace(true, lie), "a.xlsx")
    assert faults(sheet) == [(None, None, "import-not-a-sheet")]


@pytest.mark.parametrize(
    "cells",
    [
        b'<row r="1"><c r="A1"><v>1</v></c></row><row r="1048576"><c r="XFD1048576"><v>1</v></c></row>',
        b"<row r = '1'><c r = 'A1'><v>1</v></c></row><row><c r\n=\n'XFD9'><v>1</v></c></row>"
        * 99_999,
        b"<row>" + b"<c><v>1</v></c>" * 9_000 + b"</row>" + b"<row><c><v>1</v></c></row>" * 9_000,
    ],
    ids=["far corner", "odd spelling", "without refs"],
)
def test_a_sheet_of_far_apart_cells_is_refused(cells: bytes) -> None:
    """Two cells at opposite corners must not make the reader fill in all cells between."""
    page = b"<worksheet><sheetData>" + cells + b"</sheetData></worksheet>"
    sheet = read("enterprises", _changed(BOOK, FIRST_SHEET, page), "a.xlsx")
    assert faults(sheet) == [(None, None, "import-unpacks-too-big")]


def test_other_zip_files_are_refused() -> None:
    """A Word file, a packed XLSB and an odd compression must be refused in words."""
    word = io.BytesIO()
    with zipfile.ZipFile(word, "w") as made:
        made.writestr("word/document.xml", "<w/>")
    odd = _changed(BOOK, FIRST_SHEET, b"<worksheet/>", zipfile.ZIP_LZMA)
    for content in (word.getvalue(), odd):
        assert faults(read("bodies", content, "a.xlsx")) == [(None, None, "import-not-a-sheet")]


@settings(max_examples=150, deadline=None)
@given(st.binary(max_size=300), st.sampled_from(KINDS), st.sampled_from(["a.csv", "a.xlsx"]))
def test_any_bytes_give_rows_or_faults(content: bytes, kind: Kind, filename: str) -> None:
    """No bytes may raise, and each must give at least one fault that can be explained."""
    assert faults(read(kind, content, filename))


@settings(max_examples=150, deadline=None)
@given(st.dictionaries(st.sampled_from(list(GOOD["enterprises"])), st.text(max_size=40)))
def test_any_text_in_a_cell_gives_a_row_or_faults(cells: dict[str, str]) -> None:
    """Whatever stands in the cells, there must be either the row or a fault, never both."""
    sheet = one("enterprises", **cells)
    assert bool(sheet.rows) != bool(faults(sheet))


@settings(max_examples=100, deadline=None)
@given(st.lists(st.tuples(st.integers(0, len(BOOK) - 1), st.integers(0, 255)), max_size=20))
def test_a_damaged_workbook_gives_rows_or_faults(hits: list[tuple[int, int]]) -> None:
    """Damage to a workbook must never raise."""
    content = bytearray(BOOK)
    for place, byte in hits:
        content[place] = byte
    sheet = read("enterprises", bytes(content), "a.xlsx")
    assert bool(sheet.rows) or bool(faults(sheet))


# --- Vietnamese before Unicode ----------------------------------------------------------------

IN_TCVN3 = [
    "C«ng ty",
    "C«ng ty TNHH May VÝ Dô",
    "C¤NG TY Giµy ThÝ NghiÖm",
    "C«ng ®oµn ph\u00adêng MÉu",
    "Liªn ®oµn Lao ®éng tØnh MÉu",
    "NguyÔn ThÞ MÉu",
    "§ång Nai",
    "Hµ Néi",
    "Khu c«ng nghiÖp Biªn Hßa",
    "x· Thö",
]
IN_VNI = [
    "Coâng ty",
    "Coâng ty TNHH May Ví Duï",
    "COÂNG TY Giaøy Thí Nghieäm",
    "Coâng ñoaøn phöôøng Maãu",
    "Lieân ñoaøn Lao ñoäng tænh Maãu",
    "Nguyeãn Thò Maãu",
    "Ñoàng Nai",
    "Haø Noäi",
    "Khu coâng nghieäp Bieân Hoøa",
    "xaõ Thöû",
    "Haûi Phoøng",
]
MEANT = [
    "Công ty",
    "Công ty TNHH May Ví Dụ",
    "CÔNG TY Giày Thí Nghiệm",
    "Công đoàn phường Mẫu",
    "Liên đoàn Lao động tỉnh Mẫu",
    "Nguyễn Thị Mẫu",
    "Đồng Nai",
    "Hà Nội",
    "Khu công nghiệp Biên Hòa",
    "xã Thử",
]
RIGHT = [
    "",
    "Cong ty May Vi Du",
    "Công ty TNHH May Ví Dụ",
    "CÔNG TY TNHH GIÀY THÍ NGHIỆM",
    "Thụy Sĩ, Ớ, Ừ, ỵ, Ẵ",
    "Xã Ea M\u2019Droh, Krông Búk, Đăk Ơ, Đạ Tẻh",
    "Société Générale",
    "Crédit Agricole Côte d\u2019Azur",
    "Hôtel Thé Rôle Goût",
    "Thaï Loïc",
    "Loïc Noël",
    "Où est le Château?",
    "coût, goût, août",
    "Hermès Lancôme L'Oréal Citroën",
    "Zoé Chloé Anaïs Maïté",
    "«Plan B» «Le Monde»",
    "« moi »",
    "Señor Muñoz Peña",
    "José García López",
    "Mª José Núñez",
    "Año Nuevo, El Niño S.A.",
    "¡Viva España! ¿Qué?",
    "Tú y Yo, café Olé",
    "Raúl Saúl Ángel",
    "col·lecció",
    "São Paulo, João, Conceição",
    "Müller Köln Schön",
    "Ångström",
    "5 µm, ½, 20 °C, § 5, © 2025, Ví Dụ®",
    "https://vidu.example/a?b=c",
    "Ai? Ở đâu?",
    "Công ty 한국 日本 😀",
]


@pytest.mark.parametrize("text", IN_TCVN3)
def test_tcvn3_is_recognised(text: str) -> None:
    """Text from the TCVN3 fonts must be told, by bytes and as Latin letters in Unicode."""
    assert letters_fault(text) == "import-tcvn3"
    table = f"code,name,commune\nDN-1,{text},26020\n"
    for encoding in ("utf-8", "latin-1"):
        sheet = read("enterprises", table.encode(encoding), "a.csv")
        assert faults(sheet) == [(2, None, "import-tcvn3")]
    assert "Unicode" in explain(sheet.errors[0])


@pytest.mark.parametrize("text", IN_VNI)
def test_vni_is_recognised(text: str) -> None:
    """Text from the VNI fonts must be told, by bytes and as Latin letters in Unicode."""
    assert letters_fault(text) == "import-vni"
    table = f"code,name,commune\nDN-1,{text},26020\n"
    for encoding in ("utf-8", "latin-1"):
        sheet = read("enterprises", table.encode(encoding), "a.csv")
        assert faults(sheet) == [(2, None, "import-vni")]
    assert "VNI" in explain(sheet.errors[0])


@pytest.mark.parametrize("text", RIGHT)
def test_right_text_gives_no_alarm(text: str) -> None:
    """Correct Vietnamese, plain letters and French or Spanish names must pass."""
    assert letters_fault(text) is None
    assert letters_fault(unicodedata.normalize("NFD", text)) is None


def test_the_tables_of_both_fonts_turn_text_back() -> None:
    """Words in either font must turn back into exactly the words they stand for."""
    for old, new in zip(IN_TCVN3, MEANT, strict=True):
        assert "".join(sheets._TCVN3.get(letter, letter) for letter in old) == new
    for old, new in zip(IN_VNI, [*MEANT, "Hải Phòng"], strict=True):
        turned = sheets._VNI_TEXT.sub(lambda found: sheets._from_vni(found[0]), old.lower())
        assert turned == new.lower()


def test_letters_that_are_not_unicode_are_named_by_row() -> None:
    """Where no old font shows, the first row that cannot be read must be named."""
    rows = "code,name,commune\nDN-1,A,26020\nDN-2,Công ty,26020\n".encode("cp1252")
    assert faults(read("enterprises", rows, "a.csv")) == [(3, None, "import-encoding")]


def _to_tcvn3(text: str) -> str:
    old = {letter: western for western, letter in sheets._TCVN3.items()}
    return "".join(old.get(letter) or old.get(letter.lower(), letter) for letter in text)


def _to_vni(text: str) -> str:
    old = {letter: western for western, letter in sheets._VNI_ALONE.items()}
    for base, marks in sheets._VNI_PAIRS.items():
        old |= {letter: base + mark for mark, letter in marks.items()}
    return "".join(old.get(letter, letter) for letter in text.lower())


def test_every_commune_is_told_apart_from_its_old_spelling() -> None:
    """Over all communes: right as it is, and recognised when typed in either old font."""
    names = [place.name for place in communes._communes().values()]
    assert [name for name in names if letters_fault(name)] == []
    unions = [f"Công đoàn {name}" for name in names]
    assert {letters_fault(_to_tcvn3(name)) for name in unions} == {"import-tcvn3"}
    assert {letters_fault(_to_vni(name)) for name in unions} == {"import-vni"}


@pytest.mark.parametrize(
    "lost", ["CÃ´ng ty", "Ä\x90á»“ng Nai", "C?ng ty", "Nguy\ufffdn", "Li?n ?o?n"]
)
def test_garbled_letters_are_recognised(lost: str) -> None:
    """UTF-8 read as Western text, and letters lost as question marks, must be refused."""
    sheet = one("enterprises", name=lost)
    assert faults(sheet) == [(2, None, "import-encoding")]


@pytest.mark.parametrize(
    "bad", ["", "\0", "\u202e", "😀" * 100, "e\u0301" * 4000, "«" * 4000, "ö" * 4000, "\ud800"]
)
def test_the_detector_takes_anything(bad: str) -> None:
    """No text may trip the detector."""
    assert letters_fault(bad) is None
