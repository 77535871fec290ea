"""What every sentence and button must be, whatever it says."""

import re
import unicodedata
from collections import Counter
from pathlib import Path
from typing import get_args

import pytest

from union import bands, bodies, cases, membership, petitions
from union.folding import fold
from union.papers import fill, gaps

LOCALES = Path(__file__).parents[2] / "locales"
LANGUAGES = ["vi", "en"]

# Words that must not stand in the first line of what arrives unasked: it shows on a locked phone.
TELLING = {
    "vi": "công đoàn|đoàn viên|đơn|ký|ghi tên|rút tên|đồng ý|kết nạp|đại hội|ban vận động|thành lập|công ty",
    "en": "union|member|members|application|sign|signed|your name|approved|admitted|congress|committee|company",
}
# Claims that no software can keep, and what they read like in English.
NEVER_SAID = {
    "vi": [
        "đơn hợp lệ",
        "đã là đoàn viên",
        "bảo mật tuyệt đối",
        "công ty không bao giờ biết",
        "chắc chắn được công nhận",
        "bạn sẽ không bị đuổi",
        "không thể làm gì bạn",
        "yên tâm",
    ],
    "en": [
        "valid application",
        "you are a member now",
        "already a member",
        "absolutely secure",
        "will never know",
        "guarantee",
        "you will not be fired",
        "rest assured",
    ],
}
# Office language; each has a plain word in the glossary of the project's words.
OFFICE_WORDS = [
    "vui lòng", "quý khách", "anh chị", "chúc mừng", "thành công", "hoàn tất", "xử lý", "liên hệ",
    "thông báo", "từ chối", "thẩm định", "phê duyệt", "bác đơn", "trợ lý ảo", "chuyên viên",
    "người sử dụng lao động", "cam kết", "token", "mật khẩu của bạn", "chiến dịch",
]  # fmt: skip
LONGEST_MESSAGE = 2000  # letters that Zalo takes in one message
LONGEST_LABEL = 30
LONGEST_SENTENCE = 30  # syllables


def _whole_words(phrase, text):
    return re.search(rf"(?<!\w)(?:{phrase})(?!\w)", text.casefold())


@pytest.mark.parametrize("language", LANGUAGES)
def test_no_key_stands_twice(language):
    """A key must stand once in a catalogue, since a second one silently wins over the first."""
    keys = re.findall(
        r'^msgid "(.+)"$', (LOCALES / language / "bot.po").read_text("utf-8"), re.MULTILINE
    )
    assert [key for key, times in Counter(keys).items() if times > 1] == []


def test_english_has_every_key_with_the_same_gaps(catalogues):
    """Every Vietnamese key must exist in English, with the same gaps, readers and buttons."""
    vi, en = catalogues["vi"], catalogues["en"]
    assert set(vi) == set(en)
    for key, entry in vi.items():
        assert entry.gaps == en[key].gaps, key
        assert (entry.readers, entry.choices) == (en[key].readers, en[key].choices), key


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_entry_says_who_reads_it(catalogues, language):
    """Each entry must name its readers, so that the rules below know what they look at."""
    known = {"w", "o", "p", "push", "label"}
    for entry in catalogues[language].values():
        assert entry.readers, entry.key
        assert entry.readers <= known, entry.key
        assert entry.is_label == ("label" in entry.readers), entry.key


@pytest.mark.parametrize("language", LANGUAGES)
def test_texts_are_tidy(catalogues, language):
    """Texts must be composed Unicode with well-formed gaps and without stray spaces."""
    for entry in catalogues[language].values():
        gaps(entry.text)
        assert unicodedata.is_normalized("NFC", entry.text), entry.key
        assert entry.text == entry.text.strip(), entry.key
        assert not re.search(r" \n|\n |  |\n\n\n|\t", entry.text), entry.key
        assert "..." not in entry.text, entry.key


@pytest.mark.parametrize("language", LANGUAGES)
def test_no_exclamation_marks_and_no_pictograms(catalogues, words, language):
    """Nothing may shout or wink: no exclamation mark, no pictogram, in sentences and topics."""
    texts = [entry.text for entry in catalogues[language].values()]
    texts += [topic.title + topic.short + topic.text for topic in words.topics(language)]
    for text in texts:
        odd = {char for char in text if unicodedata.category(char) in {"So", "Sk", "Cs", "Co"}}
        assert not odd, text
        assert "!" not in text, text


@pytest.mark.parametrize("language", LANGUAGES)
def test_buttons_are_short_and_told_apart_by_two_words(catalogues, language):
    """Every button offered must exist, hold at most 30 letters, and differ in its first two words."""
    entries = catalogues[language]
    for entry in entries.values():
        offered = [entries[f"choice-{one}"].text for one in entry.choices]
        assert len(offered) <= 5, entry.key
        starts = [tuple(fold(label).split()[:2]) for label in offered]
        assert len(set(starts)) == len(starts), (entry.key, offered)
    for label in (entry for entry in entries.values() if entry.is_label):
        assert len(label.text) <= LONGEST_LABEL, label.key
        assert "\n" not in label.text, label.key
        assert not label.text.endswith("."), label.key


@pytest.mark.parametrize("language", LANGUAGES)
def test_what_arrives_unasked_begins_neutrally(catalogues, language):
    """The first line of a pushed message must not tell on a locked screen, nor name anyone."""
    pushed = [entry for entry in catalogues[language].values() if "push" in entry.readers]
    assert len(pushed) >= 8
    for entry in pushed:
        assert not _whole_words(TELLING[language], entry.first_line), entry.key
        assert not re.findall(r"\{(?!hour\})", entry.first_line), entry.key


@pytest.mark.parametrize("language", LANGUAGES)
def test_letters_of_news_are_neutral(catalogues, language):
    """A letter behind the envelope names no body, workplace, person or code, and begins neutrally."""
    asked_for = {"news-offer?", "news-settings?", "news-again-done"}
    letters = [
        entry
        for key, entry in catalogues[language].items()
        if (key.startswith("news-") and key not in asked_for) or key == "moved-body"
    ]
    assert len(letters) >= 12
    for entry in letters:
        assert entry.gaps <= {"today", "due", "new_due"}, entry.key
        assert not _whole_words(TELLING[language], entry.first_line), entry.key


@pytest.mark.parametrize("language", LANGUAGES)
def test_nothing_is_promised_that_cannot_be_kept(catalogues, words, language):
    """None of the claims that software must not make stands in a sentence, topic or signed text."""
    texts = [entry.text for entry in catalogues[language].values()]
    texts += [topic.title + "\n" + topic.text for topic in words.topics(language)]
    texts += [words.paper(key, language).text for key in PAPERS]
    for text in texts:
        for claim in NEVER_SAID[language]:
            assert claim not in text.casefold(), text


def test_workers_read_plain_words(catalogues, words):
    """What a worker reads in Vietnamese holds none of the words of offices."""
    texts = [
        entry.text
        for entry in catalogues["vi"].values()
        if entry.readers & {"w", "p", "push", "label"}
    ]
    texts += [topic.title + "\n" + topic.text for topic in words.topics("vi")]
    for text in texts:
        for phrase in OFFICE_WORDS:
            assert not _whole_words(phrase, text), text


def test_sentences_are_short(catalogues, words):
    """One thought a sentence: at most 30 syllables, in what a worker reads in Vietnamese."""
    texts = [entry.text for entry in catalogues["vi"].values() if "o" not in entry.readers]
    texts += [topic.text for topic in words.topics("vi")]
    for text in texts:
        for sentence in re.split(r"[.?:;]\s|\n", text):
            assert len(sentence.split()) <= LONGEST_SENTENCE, sentence


PAPERS = [
    "consent-start",
    "consent-join-above",
    "consent-join-cdcs",
    "statement-start",
    "statement-join",
    "statement-foreign",
]


def _longest(words, catalogues, language):
    """Facts as long as they come: names of 100 letters, a list of four, texts of 1,000 letters."""
    filled = [
        fill(
            words.paper(key, language).text,
            dict.fromkeys(["name", "enterprise", "body", "cdcs", "receiver"], "Ư" * 60),
        )
        for key in PAPERS
    ]
    answers = [topic.text + "0" * 60 for topic in words.topics(language)]
    long = {
        "paper": max(filled, key=len),
        "answer": max(answers, key=len),
        "list": "\n".join(["Ư" * 100] * 4),
        "text": "Ư" * 1000,
        "reason": "Ư" * 1000,
        "how_news": catalogues[language]["receipt-news-zalo"].text,
        "link": "https://" + "x" * 120,
        "name": "Ư" * 100,
        "question_again": "Ư" * 1200,
        "flags": "Ư" * 200,
    }
    return lambda gap: long.get(gap, "Ư" * 60)


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_message_fits_into_one(catalogues, words, language):
    """Filled with long facts and followed by its choices as lines, a message stays within 2,000."""
    fact = _longest(words, catalogues, language)
    for entry in catalogues[language].values():
        text = fill(entry.text, {gap: fact(gap) for gap in entry.gaps})
        lines = [
            f"{n}. {catalogues[language]['choice-' + one].text}"
            for n, one in enumerate(entry.choices, 1)
        ]
        whole = "\n".join([text, *lines])
        assert len(whole) <= LONGEST_MESSAGE, (entry.key, len(whole))


@pytest.mark.parametrize(
    ("language", "typed"), [("vi", r"gõ: ([^.,{\n]+)"), ("en", r"[Tt]ype: ([^.,{\n]+)")]
)
def test_what_we_tell_her_to_type_is_understood(catalogues, words, language, typed):
    """Every "type: …" in a sentence or a topic must be a command that is understood."""
    texts = [entry.text for entry in catalogues[language].values()]
    texts += [topic.text for topic in words.topics(language)]
    told = {phrase for text in texts for phrase in re.findall(typed, text)}
    assert len(told) >= 10
    assert {phrase for phrase in told if words.command(phrase) is None} == set()


@pytest.mark.parametrize("language", LANGUAGES)
def test_help_names_commands_that_are_understood(catalogues, words, language):
    """Each line of the help must name a command that is understood."""
    named = re.findall(r"• ([^:]+):", catalogues[language]["help"].text)
    assert len(named) == 6
    assert all(words.command(phrase) for phrase in named)


def test_what_the_rules_say_has_words(catalogues):
    """Bands, reasons, states, kinds and refusals that the rules name must all have a sentence."""
    wanted = {band.key for band in bands.BANDS} | set(get_args(bodies.Reason))
    wanted |= {f"state-{state}" for state in get_args(petitions.State)}
    wanted |= {f"state-{state}" for state in get_args(membership.State)}
    wanted |= {f"kind-{kind}" for kind in get_args(bodies.CaseKind)}
    wanted |= {f"role-{role}" for role in get_args(bodies.Role)}
    wanted |= {f"about-{kind}" for kind in cases.REQUEST_KINDS}
    assert wanted - set(catalogues["vi"]) == set()


def test_every_last_step_of_hers_has_one_receipt(catalogues):
    """The receipt must not say what was chosen: no word of signing or taking back in its opening."""
    for language, telling in TELLING.items():
        assert not _whole_words(telling, catalogues[language]["receipt-recorded"].first_line)
        assert "Đã ghi nhận theo ý bạn vừa chọn." in catalogues["vi"]["page-sign-done"].text
