"""A commune is found by its code and by its name, with and without marks."""

import unicodedata

import pytest

from storage.communes import commune, find, province


def _codes(text: str, within: str | None = None) -> list[str]:
    return [one.code for one in find(text, within)]


def test_a_commune_has_its_official_names() -> None:
    """A code must lead to the commune's name, its folded name and its province."""
    found = commune("26020")
    assert found is not None
    assert (found.name, found.folded, found.bare) == (
        "Phường Long Bình",
        "phuong long binh",
        "long binh",
    )
    assert (found.province_code, found.province_name) == ("75", "Đồng Nai")


@pytest.mark.parametrize(
    "wrong", ["", "99999", "026020", "2602O", "26020.0", "-1", "²", "😀", "\0"]
)
def test_an_unknown_code_is_none(wrong: str) -> None:
    """A code that is not on the list must be None."""
    assert commune(wrong) is None


def test_noughts_dropped_by_a_spreadsheet_are_put_back() -> None:
    """A code without its leading noughts must lead to the same commune."""
    assert commune("4") == commune("00004")
    assert province("4") == province("04")
    assert commune("4") is not None


@pytest.mark.parametrize(
    "text",
    [
        "Phường Long Bình",
        "phường long bình",
        "PHƯỜNG LONG BÌNH",
        "phuong long binh",
        "Long Bình",
        "long  binh",
        "P. Long Bình",
        "P.Long Binh",
        "26020",
        unicodedata.normalize("NFD", "Phường Long Bình"),
        "Phường\u00a0Long\u200b Bình",
        "xã Long Bình",  # people say xã for a ward
    ],
)
def test_a_name_is_found_in_its_province(text: str) -> None:
    """Every usual way of writing a ward's name must find it within its province."""
    assert _codes(text, "Đồng Nai") == ["26020"]


def test_the_kind_decides_between_namesakes() -> None:
    """Where a ward and a commune share a name, the written kind must choose."""
    assert {one.name for one in find("X. Long Bình")} == {"Xã Long Bình"}
    assert {one.name for one in find("Long Bình")} == {"Phường Long Bình", "Xã Long Bình"}
    assert _codes("đặc khu Phú Quốc") == _codes("dk phu quoc") == ["31078"]


def test_marks_decide_where_they_are_written() -> None:
    """Lộc Thành and Lộc Thạnh must both be offered without marks, and one with them."""
    assert set(_codes("xa loc thanh", "75")) == {"25294", "25280"}
    assert _codes("Lộc Thạnh", "75") == ["25280"]
    assert _codes("P. Lộc Thành", "75") == ["25294"]


def test_a_name_that_begins_like_a_kind_is_found() -> None:
    """Commune "Phượng Dực" must not be read as ward "Dực"."""
    assert [one.name for one in find("phuong duc")] == ["Xã Phượng Dực"]


def test_an_apostrophe_may_be_left_out() -> None:
    """B'Lao must be found with either apostrophe and with none."""
    assert _codes("B'Lao") == _codes("b\u2019lao") == _codes("blao") == ["24829"]


def test_every_commune_is_found_by_its_own_name() -> None:
    """Within its province, the full name of each commune must find that commune and no other."""
    from storage.communes import _communes

    every = _communes().values()
    assert len(every) == 3321
    wrong = [one for one in every if find(one.name, one.province_code) != [one]]
    assert wrong == []


@pytest.mark.parametrize(
    ("said", "code"),
    [
        ("75", "75"),
        ("Đồng Nai", "75"),
        ("tỉnh Đồng Nai", "75"),
        ("dong nai", "75"),
        ("Hà Nội", "01"),
        ("1", "01"),
        ("TP. Hồ Chí Minh", "79"),
        ("Thành phố Hồ Chí Minh", "79"),
        ("TPHCM", "79"),
        ("tp hcm", "79"),
        ("Huế", "46"),
    ],
)
def test_a_province_is_found(said: str, code: str) -> None:
    """A province must be found by code and by name, with or without its kind."""
    found = province(said)
    assert found is not None
    assert found.code == code


@pytest.mark.parametrize(
    "bad",
    ["", " ", "a" * 4000, "😀", "\0", "\u202e", "e\u0301" * 2000, "\u200b", "xã", "tỉnh", "."],
)
def test_bad_input_finds_nothing(bad: str) -> None:
    """Whatever is typed, the answer must be an empty list or None, not an error."""
    assert find(bad) == []
    assert find(bad, "Đồng Nai") == []
    assert province(bad) is None


def test_an_unknown_province_finds_nothing() -> None:
    """A wrong province must not fall back to the whole country."""
    assert find("Long Bình", "tỉnh Mẫu") == []
    assert find("26020", "Hà Nội") == []
    assert find("26020", "75") != []
