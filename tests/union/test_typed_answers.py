"""Names, consent and free text as people type them."""

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from union.answers import (
    NAME_LIMIT,
    consent_choice,
    free_text,
    full_name,
    near_name,
    same_name,
)
from union.refusals import Unclear

names = st.lists(
    st.sampled_from(["Nguyễn", "Trần", "Thị", "Văn", "Mẫu", "Ví", "Dụ", "Thử", "Nháp", "Y"]),
    min_size=2,
    max_size=5,
).map(" ".join)


@pytest.mark.parametrize(
    ("typed", "name"),
    [
        ("Nguyễn Thị Mẫu", "Nguyễn Thị Mẫu"),
        ("  nguyễn  thị\nmẫu ", "nguyễn thị mẫu"),
        (unicodedata.normalize("NFD", "Trần Văn Ví Dụ"), "Trần Văn Ví Dụ"),
        ("\u202eNguyễn\u202c Mẫu\u200b\x00", "Nguyễn Mẫu"),
        ("Ｍẫu Ｔｈử", "Mẫu Thử"),
        ("John O'Sample-Test Jr.", "John O'Sample-Test Jr."),
        ("D’Sample Anne", "D’Sample Anne"),
        ("J. R. Sample", "J. R. Sample"),
        ("Văn Y", "Văn Y"),
        ("សុខ សំណាង", "សុខ សំណាង"),
        ("សុខសំណាង", "សុខសំណាង"),
        ("王小明", "王小明"),
        ("王明", "王明"),
        ("An V.", "An V."),
        ("Lê B", "Lê B"),
        ("김철수", "김철수"),
        ("Иван Образцов", "Иван Образцов"),
    ],
)
def test_names_of_every_writing_are_kept_as_typed(typed: str, name: str) -> None:
    """Marks, capitals and signs of a name stay; only what is invisible or doubled goes."""
    assert full_name(typed) == name


@pytest.mark.parametrize(
    ("typed", "key"),
    [
        ("0900 000 000", "error-name-number?"),
        ("Nguyễn Thị Mẫu 2", "error-name-number?"),
        ("Nguyễn ２ Mẫu", "error-name-number?"),
        ("Mẫu", "error-name-short?"),
        ("M. T.", "error-name-short?"),
        ("Mẫu -", "error-name-short?"),
        ("王", "error-name-short?"),
        ("A. B. C.", "error-name-short?"),
        ("Mẫu " * 50, "error-name-long?"),
        ("a" * 4000, "error-name-long?"),
        ("Nguyễn Thị 😀", "error-name-letters?"),
        ("Nguyễn <b> Mẫu", "error-name-letters?"),
        ("=SUM(A) Mẫu", "error-name-letters?"),
        ("+Mẫu Thử", "error-name-letters?"),
        ("-Mẫu Thử", "error-name-letters?"),
        ("@mẫu thử", "error-name-letters?"),
        ("www.example Mẫu", "error-name-letters?"),
        ("Mẫu example.com", "error-name-letters?"),
        ("https Mẫu", "error-name-letters?"),
        ("Mẫu ℅ Thử", "error-name-letters?"),
        ("\u0301 Mẫu Thử", "error-name-letters?"),
        (". .", "error-name-letters?"),
        ("", "error-unclear?"),
        ("\u200b\x00", "error-unclear?"),
    ],
)
def test_what_is_no_name_is_asked_again(typed: str, key: str) -> None:
    """Each kind of mistake has its own sentence."""
    with pytest.raises(Unclear) as refusal:
        full_name(typed)
    assert refusal.value.key == key


def test_short_name_passes_when_she_says_so() -> None:
    """A name of one word is asked about once, with the choice that it is right."""
    with pytest.raises(Unclear) as refusal:
        full_name("Mẫu")
    assert refusal.value.choices == ("name-is-right",)
    assert full_name("Mẫu", short_is_right=True) == "Mẫu"


@pytest.mark.parametrize("typed", ["", "7", "😀", "=A", "\u3164"])
def test_saying_it_is_right_excuses_nothing_else(typed: str) -> None:
    """Only shortness is excused: nothing, numbers, pictures and formulas are still refused."""
    with pytest.raises(Unclear) as refusal:
        full_name(typed, short_is_right=True)
    assert "name-is-right" not in refusal.value.choices


def test_a_hundred_letters_pass_and_one_more_does_not() -> None:
    """The limit is one hundred characters of the composed name."""
    assert len(full_name("Ấ" * 50 + " " + "ồ" * 49)) == NAME_LIMIT == 100
    with pytest.raises(Unclear) as refusal:
        full_name("Ấ" * 50 + " " + "ồ" * 50)
    assert refusal.value.facts == {"limit": 100}


def test_bad_input_is_no_name(bad_input: str) -> None:
    """Rubbish is asked again, never stored and never a failure."""
    with pytest.raises(Unclear):
        full_name(bad_input)


@given(st.text(max_size=150))
def test_an_accepted_name_is_safe_to_print(text: str) -> None:
    """What passes has a letter, no digit, no formula start, and passes again unchanged."""
    try:
        name = full_name(text)
    except Unclear:
        return
    assert any(unicodedata.category(char)[0] == "L" for char in name)
    assert not any(char.isdigit() for char in name)
    assert not name.startswith(("=", "+", "-", "@"))
    assert not set(name) & set('<>{}|\\/"=+@')
    assert len(name) <= NAME_LIMIT
    assert full_name(name) == name


@pytest.mark.parametrize(
    ("typed", "choice"),
    [
        ("a", (True, False, False)),
        ("A B", (True, True, False)),
        ("a,c", (True, False, True)),
        ("abc", (True, True, True)),
        ("A, B và C.", (True, True, True)),
        ("(a) (b)", (True, True, False)),
        ("ａｂ", (True, True, False)),
        ("b", (False, True, False)),
        ("c a", (True, False, True)),
        ("â", (True, False, False)),
    ],
)
def test_consent_is_read_from_its_letters(typed: str, choice: tuple[bool, bool, bool]) -> None:
    """A, B and C are three answers, in any spelling."""
    assert consent_choice(typed) == choice


@pytest.mark.parametrize(
    "typed", ["1", "4", "ba", "cab", "ca ba", "không", "a d", "abcd", "va", "a va", "đồng ý"]
)
def test_consent_is_never_guessed(typed: str) -> None:
    """Numbers, words that look like letters, and anything beside A, B and C are no consent."""
    assert consent_choice(typed) is None


def test_bad_input_is_no_consent(bad_input: str) -> None:
    """Rubbish never counts as agreeing to A, B or C, and a row of one letter is no answer either."""
    if set(bad_input.split()) != {"a"} and "\u0301" not in bad_input:
        assert consent_choice(bad_input) is None
    consent_choice(bad_input)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Nguyễn Thị Mẫu", "nguyen thi mau"),
        ("NGUYỄN  THỊ MẪU", unicodedata.normalize("NFD", "Nguyễn Thị Mẫu")),
        ("Đặng Văn Thử", "Dang Van Thu"),
    ],
)
def test_same_name_without_marks(one: str, other: str) -> None:
    """Marks, capitals and decomposition make no other person."""
    assert same_name(one, other)
    assert near_name(one, other)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Nguyễn Thị Mẫu", "Mẫu Nguyễn Thị"),
        ("Nguyễn Thị Mẫu", "Nguyễn Mẫu"),
        ("Nguyễn Thị Mẫu", "Nguyen Thi Mauu"),
        ("Nguyễn Thị Mẫu", "Nguyen Tih Mau"),
        ("Nguyễn Thị Mẫu", "NguyenThiMau"),
        ("Nguyễn Thị Phương Mẫu", "Nguyen Thj Phuong Mauu"),
        ("Nguyễn Thị Hằng Nga", "Nguyen Thj Hang Nha"),
        ("Mẫu Y", "Mau I"),
        ("Lê An", "Lê Na"),
    ],
)
def test_near_names_are_flagged(one: str, other: str) -> None:
    """Another order, a missing middle name and a slip are near, not the same."""
    assert near_name(one, other)
    assert not same_name(one, other)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Nguyễn Thị Mẫu", "Nguyễn Thị Thử"),
        ("Nguyễn Thị Mẫu", "Trần Thị Mẫu"),
        ("Mẫu", "Nguyễn Thị Mẫu"),
        ("Lan", "Lam"),
        ("Y Ê", "Y A"),
        ("Nguyễn Thị Hằng", "Nguyen Thj Hagn"),
        ("Nguyễn Thị Ánh Hà", "Nguyen Thj Anh"),
        ("Nguyễn Thị Phương Mẫu", "Nguyan Thj Phuong Mauu"),
        ("Nguyễn Thị Mẫu", ""),
        ("", "Nguyễn Thị Mẫu"),
        ("Nguyễn Văn Mẫu", "Nguyễn Thị Mẫu"),
        ("", ""),
        ("😀", "👍"),
    ],
)
def test_other_people_are_not_near(one: str, other: str) -> None:
    """Sharing a family name makes nobody the same person, and nothing equals nothing."""
    assert not near_name(one, other)
    assert not same_name(one, other)


@given(names, names)
def test_nearness_has_no_direction(one: str, other: str) -> None:
    """Who signed first does not matter, and the same name is always near."""
    assert near_name(one, other) == near_name(other, one)
    assert same_name(one, other) == same_name(other, one)
    assert near_name(one, one)


def test_bad_input_is_nobody(bad_input: str) -> None:
    """Comparing rubbish with a name is quick and finds nobody."""
    assert not near_name(bad_input, "Nguyễn Thị Mẫu")
    assert not same_name("Nguyễn Thị Mẫu", bad_input)


@pytest.mark.parametrize(
    ("typed", "kept"),
    [
        ("  một\nhai ", "một hai"),
        ("giúp tôi 😀 =1+1", "giúp tôi 😀 =1+1"),
        ("a" * 1000, "a" * 1000),
    ],
)
def test_free_text_is_kept(typed: str, kept: str) -> None:
    """Her own words stay as they are, on one line."""
    assert free_text(typed) == kept


def test_free_text_has_a_limit_and_a_beginning() -> None:
    """Too much and nothing at all are asked again."""
    with pytest.raises(Unclear) as long:
        free_text("a" * 1001)
    assert (long.value.key, long.value.facts) == ("error-too-long?", {"limit": 1000})
    with pytest.raises(Unclear) as empty:
        free_text("\u200b \x00")
    assert empty.value.key == "error-unclear?"
    assert free_text("abc", limit=3) == "abc"
    with pytest.raises(Unclear):
        free_text("abcd", limit=3)
