"""Every wrong cell of an import file is named by row and column."""

import pytest
from made_sheets import GOOD, as_csv, faults, one

from bot.sheets import EnterpriseRow, Kind, explain, read


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
