"""A file that is no table, or that would burst, is refused in words."""

import io
import struct
import zipfile

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from made_sheets import GOOD, KINDS, as_csv, as_xlsx, faults, one

from bot.sheets import Kind, explain, read


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
