"""Vietnamese from before Unicode is recognised, and right text gives no alarm."""

import unicodedata

import pytest
from made_sheets import faults, one

from bot import old_letters
from bot.sheets import explain, letters_fault, read
from storage import communes

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
        assert "".join(old_letters._TCVN3.get(letter, letter) for letter in old) == new
    for old, new in zip(IN_VNI, [*MEANT, "Hải Phòng"], strict=True):
        turned = old_letters._VNI_TEXT.sub(
            lambda found: old_letters._from_vni(found[0]), old.lower()
        )
        assert turned == new.lower()


def test_letters_that_are_not_unicode_are_named_by_row() -> None:
    """Where no old font shows, the first row that cannot be read must be named."""
    rows = "code,name,commune\nDN-1,A,26020\nDN-2,Công ty,26020\n".encode("cp1252")
    assert faults(read("enterprises", rows, "a.csv")) == [(3, None, "import-encoding")]


def _to_tcvn3(text: str) -> str:
    old = {letter: western for western, letter in old_letters._TCVN3.items()}
    return "".join(old.get(letter) or old.get(letter.lower(), letter) for letter in text)


def _to_vni(text: str) -> str:
    old = {letter: western for western, letter in old_letters._VNI_ALONE.items()}
    for base, marks in old_letters._VNI_PAIRS.items():
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
