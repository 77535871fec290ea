"""The texts that people agree to: a change of one letter needs a new version."""

import pytest

from union.papers import fingerprint, gaps

# What stands behind each version. Whoever changes a text gives it a new version and a new line here;
# the old text stays in the history, since people agreed to it.
AGREED = {
    "TL-1": "53ab4866e4f4ff2cab9993443f77c8b8fa007976f448542168fe9107c91404fd",
    "TL-1-en": "6cb541ad621092e6f51e0f1fff27301350e0e3e235d75b4f40568557e291f88b",
    "GN-1": "3c7153b3a1fe5c14ce54eafdb51fcc2efe8c27602507137e7baed42ad7323b60",
    "GN-1-en": "3ad4d168895d2be78061ce2a610a71e2defd36d0b84f9ae4ccda424c78d6693c",
    "NN-1": "72d06a509f570fe568d079193ef5260367491f0c09fb76c954912c605aa8b70b",
    "NN-1-en": "d2ecf35a28dc9a4a8d86e9392c7138cfde8e1f7b41959ba552e30d9fd2519545",
    "DY-1": "5b2eae4192addbef5814d6fa769a31b5e25688d795cb81a7cde7bb780ee2cf93",
    "DY-1-en": "b9f0c1570215963929559628d796f42abe3079dc2fd4dd350f11099b405b92d1",
    "DY-2": "2b1bf2dedde12039a27e658b14b1ba925489e86d9c90eb325f352a724e28b146",
    "DY-2-en": "ee9bdcbcbe2147a65240ee45e048182930f5b0ce9cb25ca564d6aa022fe129d3",
    "DY-3": "890db3eacb9f1fe2b0547e1c7990abd7ec8d31723a4ef1fb59c6b74867ed1846",
    "DY-3-en": "3c17e8078d2edd3233c0a6af71cef66bb50667c90bcd77fb087240e8f00963cf",
}
KEYS = {
    "statement-start": ("TL-1", {"name", "enterprise", "body"}),
    "statement-join": ("GN-1", {"name", "enterprise", "receiver"}),
    "statement-foreign": ("NN-1", {"name", "enterprise", "receiver"}),
    "consent-start": ("DY-1", {"body"}),
    "consent-join-above": ("DY-2", {"body", "cdcs"}),
    "consent-join-cdcs": ("DY-3", {"cdcs"}),
}
# A, B and C are agreed to together with DY-1, DY-2 or DY-3: changing them needs new versions of those.
CHOICES = {
    "vi": "656e40d90cab32703b1535cbbd514fc5be52236d0dc4043757af0fec1bef67b9",
    "en": "6115c649e372d231365dd7475a4f517de3f53c075c42965f9372f0cc93cbbdf3",
}


@pytest.mark.parametrize("language", ["vi", "en"])
@pytest.mark.parametrize("key", KEYS)
def test_a_text_stays_what_was_agreed_to(words, key, language):
    """The text of a version must never change."""
    paper = words.paper(key, language)
    assert AGREED[paper.version] == fingerprint(paper.text)
    assert paper.since.isoformat() == "2026-11-20"


@pytest.mark.parametrize("key", KEYS)
def test_a_translation_is_a_version_of_its_own(words, key):
    """A translation carries its own version, asks for the same facts and names the reference."""
    version, wanted = KEYS[key]
    vi, en = words.paper(key, "vi"), words.paper(key, "en")
    assert (vi.version, en.version) == (version, f"{version}-en")
    assert gaps(vi.text) == gaps(en.text) == wanted
    assert "Vietnamese text is the reference" in en.text


@pytest.mark.parametrize("language", ["vi", "en"])
def test_the_choices_agreed_to_stay(catalogues, language):
    """A, B and C of the consent must stay as they were agreed to."""
    assert fingerprint(catalogues[language]["consent?"].text) == CHOICES[language]


@pytest.mark.parametrize("language", ["vi", "en"])
@pytest.mark.parametrize("key", [key for key in KEYS if key.startswith("statement-")])
def test_a_statement_says_who_she_is_and_that_it_can_be_taken_back(words, key, language):
    """A statement says that she is no owner, signs for herself, and that it is no application yet."""
    text = words.paper(key, language).text.casefold()
    needed = {
        "vi": ["không phải chủ", "tự ghi tên cho mình", "chưa phải đơn chính thức", "rút tên"],
        "en": [
            "not an owner",
            "put down my own name",
            "not a formal application",
            "take my name back",
        ],
    }
    assert all(phrase in text for phrase in needed[language])


@pytest.mark.parametrize("key", [key for key in KEYS if key.startswith("consent-")])
def test_consent_says_who_reads_and_what_may_happen(words, key):
    """The five facts say who reads, that openings are recorded, what the company learns, the risk."""
    text = words.paper(key, "vi").text
    assert [line[:2] for line in text.split("\n")] == ["1.", "2.", "3.", "4.", "5."]
    for phrase in ("Ai đọc tên bạn", "được ghi lại", "Công ty:", "Rút tên:", "không ai dám chắc"):
        assert phrase in text
