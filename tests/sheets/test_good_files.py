"""A good import file is read whole, whatever program wrote it."""

import unicodedata
from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest
from made_sheets import GOOD, KINDS, as_csv, as_xlsx, faults, one

from bot.sheets import (
    BodyRow,
    CoverageRow,
    EnterpriseRow,
    Kind,
    Sheet,
    explain,
    read,
    template,
)

DEMO = Path(__file__).parents[2] / "demo"


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
