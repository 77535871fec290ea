"""Recognises Vietnamese text from before Unicode, and text that was garbled on its way."""

import re
import unicodedata
from functools import lru_cache

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
