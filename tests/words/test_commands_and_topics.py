"""What may be typed at any time, and the answers on rights."""

import tomllib
from datetime import date
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.words import Words
from union.folding import fold
from union.papers import gaps
from union.rules import Rule, RuleBook

ROOT = Path(__file__).parents[2]
LANGUAGES = ["vi", "en"]
TOPICS = [1, 3, 5, 6, 8, 9, 10, 11, 12, 13, 50, 51]
BAD_INPUT = [
    "", " ", "\x00", "?" * 4000, "a" * 4000, "dừng " * 900, "\u200b\u200b", "🙂", "d\u0300",
    "{0.__class__}", "%s", "\ud800",
]  # fmt: skip
WORDS = Words.load(ROOT / "locales")


@pytest.fixture
def rules():
    rows = tomllib.loads((ROOT / "law" / "figures.toml").read_text("utf-8"))["figure"]
    book = RuleBook(Rule.from_row(row) for row in rows)
    return {key: book.in_force(key, date(2026, 11, 20)) for key in book.keys}


@pytest.mark.parametrize(
    ("typed", "meant"),
    [
        ("dừng", "stop"), ("\u202edừng", "stop"), ("DUNG", "stop"), ("Dừng.", "stop"), ("hủy nhận tin", "stop"), ("d\u01b0\u0300ng", "stop"),
        ("đúng", None), ("dùng", None), ("máy dừng rồi sao", None),
        ("hủy", "cancel"), ("huỷ", "cancel"), ("huy", "cancel"), ("thôi", "cancel"), ("thôi vận động", "leave-committee"),
        ("ky", "sign"), ("ký tên", "sign"), ("kỷ", None), ("Ghi Tên", "sign"),
        ("toi dau roi???", "status"), ("Tới đâu rồi", "status"), ("status", "status"),
        ("khoá", "lock"), ("khoa", "lock"), ("mở khóa", "unlock"), ("unlock", "unlock"),
        ("?", "help"), ("???", "help"), ("giup voi", "help"),
        ("ＭＥＮＵ", "menu"), ("\u200bmenu\u200b", "menu"), ("  quay   lai ", "back"),
        ("tieng viet", "vietnamese"), ("tiếng Anh", "english"), ("English", "english"),
        ("rut ten", "withdraw"), ("không phải tôi", "not-me"), ("xoá dữ liệu", "erase"),
        ("đường dẫn mới", "new-link"), ("việc", "desk"), ("viết", None), ("Xem việc", "desk"),
    ],
)  # fmt: skip
def test_commands_are_understood(words, typed, meant):
    """A command is understood with or without marks; one word with other marks is another word."""
    assert words.command(typed) == meant


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_phrase_is_its_own_command(words, language):
    """Each phrase in the files, also without marks, in capitals or with a full stop, is understood."""
    table = tomllib.loads((ROOT / "locales" / language / "commands.toml").read_text("utf-8"))
    for name, phrases in table.items():
        for phrase in phrases:
            for typed in (
                phrase,
                fold(phrase) or phrase,
                phrase.upper(),
                phrase + "." * bool(fold(phrase)),
            ):
                assert words.command(typed) == name, typed


def test_both_languages_know_the_same_commands():
    """A command must not be out of reach of whoever types in one of the languages."""
    tables = [
        tomllib.loads((ROOT / "locales" / one / "commands.toml").read_text("utf-8"))
        for one in LANGUAGES
    ]
    english_only = set(tables[1]) - set(tables[0])
    assert english_only == set()
    assert set(tables[0]) - set(tables[1]) == {"news"}


@pytest.mark.parametrize("text", BAD_INPUT)
def test_bad_input_is_no_command_and_no_topic(words, text):
    """Empty, endless, invisible and strange input must neither raise nor mean anything."""
    assert words.command(text) is None
    assert words.find_topic(text) is None


@given(st.text(max_size=200))
def test_anything_may_be_typed(text):
    """Whatever is typed, asking for its command or topic must not raise."""
    WORDS.command(text)
    WORDS.find_topic(text)


def test_a_phrase_with_two_meanings_is_refused(tmp_path):
    """Two commands with one folded phrase must be found when the words are loaded."""
    folder = tmp_path / "vi"
    folder.mkdir()
    (folder / "bot.po").write_text('msgid "help"\nmsgstr "A"\n', "utf-8")
    (folder / "commands.toml").write_text(
        'new-link = ["đường dẫn mới"]\ninvite = ["đường dẫn mời"]\n', "utf-8"
    )
    with pytest.raises(ValueError, match="means both"):
        Words.load(tmp_path)


@pytest.mark.parametrize("language", LANGUAGES)
def test_topics_are_whole(words, language):
    """Every topic of this release stands in each language, under its number and name, with sources."""
    files = sorted(path.name for path in (ROOT / "locales" / language / "rights").glob("*.md"))
    topics = words.topics(language)
    assert [topic.number for topic in topics] == TOPICS
    assert files == [f"{topic.number:02d}_{topic.slug}.md" for topic in topics]
    for topic in topics:
        assert len(topic.short) <= 30
        assert topic.sources
        assert not any("{" in source for source in topic.sources)
        assert topic.review_on > topic.updated_on
        assert topic.certainty in {"seen", "second-hand", "unverified"}
        assert 10 <= len(topic.phrases) <= 20
        assert len({fold(phrase) for phrase in topic.phrases}) == len(topic.phrases), topic.slug


def test_topics_agree_across_languages(words):
    """A translation shows the same figures, is as sure and as approved as the Vietnamese answer."""
    for vi, en in zip(words.topics("vi"), words.topics("en"), strict=True):
        same = (
            "number",
            "slug",
            "certainty",
            "figures",
            "computed",
            "approved",
            "hand_over",
            "review_on",
        )
        for name in same:
            assert getattr(vi, name) == getattr(en, name), (vi.slug, name)
        assert vi.text != en.text


@pytest.mark.parametrize("language", LANGUAGES)
def test_answers_show_the_figures_in_force(words, rules, language):
    """Each gap of an answer is a figure of the dated law or computed from such, and gets filled."""
    for topic in words.topics(language):
        factors = {one for several in topic.computed.values() for one in several}
        assert gaps(topic.text) - set(topic.computed) <= set(topic.figures), topic.slug
        assert set(topic.computed) <= gaps(topic.text), topic.slug
        assert set(topic.figures) <= gaps(topic.text) | factors, topic.slug
        answer = words.answer(topic.slug, language, rules)
        assert "{" not in answer
        assert len(answer) <= 1200


def test_dues_are_reckoned(words, rules):
    """The cap and the example of dues follow from the rate and the base salary in force."""
    answer = words.answer("dues_cost", "vi", rules)
    assert "mức đóng là 0,5% tiền lương" in answer
    assert "không quá 253.000 đồng, tức 10% lương cơ sở" in answer
    assert "8 triệu đồng thì đóng 40.000 đồng" in answer
    assert "0.5% of the salary" in words.answer("dues_cost", "en", rules)


def test_a_figure_that_is_not_given_is_not_made_up(words, rules):
    """Without a figure in force the answer must fail instead of showing a gap or an old number."""
    del rules["founding_min_people"]
    with pytest.raises(KeyError, match="founding_min_people"):
        words.answer("how_many_signatures", "vi", rules)


def test_hard_topics_end_with_a_person(words):
    """After the topic on retaliation a person must be offered."""
    assert words.topic("is_it_safe_retaliation", "vi").hand_over


def test_no_topic_claims_approval(words):
    """No answer counts as approved before the union's lawyer has read it."""
    assert not any(topic.approved for language in LANGUAGES for topic in words.topics(language))


@pytest.mark.parametrize("language", LANGUAGES)
def test_topics_are_found_by_their_phrases(words, language):
    """Each phrase and each title, also without marks, leads to its own topic."""
    for topic in words.topics(language):
        for phrase in (topic.title, *topic.phrases):
            assert words.find_topic(phrase) == topic.slug, phrase
            assert words.find_topic(fold(phrase)) == topic.slug, phrase


@pytest.mark.parametrize(
    ("asked", "slug"),
    [
        ("dong doan phi bn z ad", "dues_cost"),
        ("chị ơi vào công đoàn có bị đuổi việc không ạ", "is_it_safe_retaliation"),
        ("Cho em hỏi ai thấy tên tôi vậy?", "who_sees_my_name"),
        ("mua xe máy trả góp ở đâu", None),
        ("bao nhiêu tiền một ký gạo", None),
        ("an toàn lao động mất bao lâu để học", None),
    ],
)
def test_topics_are_found_in_questions(words, asked, slug):
    """A long phrase inside a question finds its topic; without one nothing is guessed."""
    found = words.find_topic(asked)
    assert found == slug
