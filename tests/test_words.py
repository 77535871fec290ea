"""How words are looked up and filled, and that every word used in the code exists."""

import ast
import re
import shutil
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.words import Words
from union.rules import Rule

ROOT = Path(__file__).parents[1]
LOCALES = ROOT / "locales"
WORDS = Words.load(LOCALES)
# Which calls say something, and the place of the key among their arguments.
SAYING = {"say": 0, "ask": 0, "words": 0, "tell": 1, "push": 1, "news": 2}
KEY = re.compile(r"[a-z][a-z0-9-]*\??")


@pytest.fixture
def made(tmp_path):
    """Make a folder with the Vietnamese words and a language that has hardly any."""
    shutil.copytree(LOCALES / "vi", tmp_path / "vi")
    (tmp_path / "en").mkdir()
    (tmp_path / "en" / "bot.po").write_text(
        'msgid "menu?"\nmsgstr "Well?"\n\n#, fuzzy\nmsgid "edit?"\nmsgstr "Old words"\n\nmsgid "help"\nmsgstr ""\n',
        "utf-8",
    )
    return tmp_path


def test_missing_words_are_said_in_vietnamese(made):
    """What a language lacks, leaves empty or marks as doubtful is said in Vietnamese."""
    words = Words.load(made)
    assert words.text("menu?", "en") == "Well?"
    for key in ("edit?", "help", "stop?"):
        assert words.text(key, "en") == words.text(key, "vi")
    assert words.label("sign", "en") == "Ghi tên"
    assert words.topic("dues_cost", "en") == words.topic("dues_cost", "vi")
    assert words.paper("consent-start", "en").version == "DY-1"
    assert {"edit?", "help", "rights/dues_cost", "papers/consent-start"} <= set(
        words.missing("en")
    )
    assert "menu?" not in words.missing("en")


def test_a_language_that_is_gone_is_answered_in_vietnamese():
    """A conversation kept in a language that was taken away must go on in Vietnamese."""
    facts = {"due": date(2026, 12, 7)}
    assert WORDS.text("withdraw-late-asked", "km", **facts) == WORDS.text(
        "withdraw-late-asked", "vi", **facts
    )
    assert WORDS.topics("km") == WORDS.topics("vi")


def test_languages_begin_with_the_reference():
    """The first language is the one that a new conversation speaks."""
    assert WORDS.languages == ("vi", "en")


@pytest.mark.parametrize("language", WORDS.languages)
def test_nothing_is_missing(language):
    """Every language of this release is complete."""
    assert WORDS.missing(language) == []


def test_unknown_keys_are_errors():
    """A key, button, topic or paper that nobody wrote must be an error, not an empty message."""
    for ask in (
        lambda: WORDS.text("no-such-key", "vi"),
        lambda: WORDS.label("no-such-choice", "vi"),
        lambda: WORDS.topic("no_such_topic", "vi"),
        lambda: WORDS.paper("no-such-paper", "vi"),
    ):
        with pytest.raises(KeyError, match=r"no.such"):
            ask()


def test_a_gap_without_a_fact_is_an_error():
    """A sentence must never go out with an open gap."""
    with pytest.raises(KeyError, match="body"):
        WORDS.text("page-whose-plain", "vi")


@pytest.mark.parametrize("fact", [None, True, ("a", "b")])
def test_a_fact_that_nobody_could_read_is_an_error(fact):
    """Nobody must ever read "None" or "True"; a fact that the sentence does not name is no matter."""
    with pytest.raises(TypeError):
        WORDS.text("page-whose-plain", "vi", body=fact)
    assert WORDS.text("page-head", "vi", body=fact) == "Kết Đoàn"


@pytest.mark.parametrize(
    "fact", ["{code}", "{0.__class__}", "%(body)s", "}{", "{", "\\1", "{body}", "\x00"]
)
def test_what_people_type_is_never_a_template(fact):
    """Braces and format signs in a fact stay what they are."""
    assert WORDS.text("page-whose-plain", "vi", body=fact, code="K7M2QX") == f"Trang của {fact}."


@given(st.text(max_size=100))
def test_any_fact_is_shown_as_it_is(fact):
    """Whatever a fact holds, it is shown letter by letter."""
    assert WORDS.text("page-whose-plain", "en", body=fact) == f"Page of {fact}."


@pytest.mark.parametrize(
    ("language", "fact", "said"),
    [
        ("vi", date(2026, 12, 7), "07/12/2026"),
        ("en", date(2026, 12, 7), "7 December 2026"),
        ("vi", datetime(2026, 12, 9, 11, 30, tzinfo=UTC), "18:30"),
        ("en", datetime(2026, 12, 9, 17, 5, tzinfo=UTC), "00:05"),
        ("vi", 2530000, "2.530.000"),
        ("en", 2530000, "2,530,000"),
        ("vi", Decimal("0.5"), "0,5"),
        ("vi", 0, "0"),
        ("vi", "2530000", "2530000"),
    ],
)
def test_dates_hours_and_numbers_are_written_as_people_write_them(language, fact, said):
    """A date is written out, a moment is the hour in Vietnam, a number is grouped, a text is left."""
    assert said in WORDS.text("page-whose-plain", language, body=fact)


def test_a_moment_is_told_with_its_day_in_vietnam():
    """Just before midnight UTC it is already the next morning in Vietnam, and another weekday."""
    at = datetime(2026, 12, 5, 23, 30, tzinfo=UTC)
    assert WORDS.when(at, "vi") == "06:30 Chủ nhật 06/12/2026"
    assert WORDS.when(at, "en") == "06:30, Sunday 6 December 2026"


@pytest.mark.parametrize(
    ("value", "unit", "said"),
    [
        ("0.5", "% of the wage", "0,5%"),
        ("10", "working days", "10 ngày làm việc"),
        ("5", "people", "5 người"),
        ("2530000", "VND a month", "2.530.000 đồng"),
        ("100", "people", "100 người"),
    ],
)
def test_figures_carry_their_unit(value, unit, said):
    """A figure of law is shown with its unit in words."""
    rule = Rule("x", value, unit, date(2026, 1, 1), None, "nguồn", "seen")
    assert WORDS.figure(rule, "vi") == said


def test_a_unit_without_words_is_an_error():
    """A figure must not be shown bare because nobody wrote words for its unit."""
    rule = Rule("x", "5", "parsecs", date(2026, 1, 1), None, "nguồn", "seen")
    with pytest.raises(ValueError, match="parsecs"):
        WORDS.figure(rule, "vi")


def test_a_folder_without_vietnamese_is_refused(tmp_path):
    """Without the reference language nothing could be said when a translation is missing."""
    with pytest.raises(ValueError, match="vi"):
        Words.load(tmp_path)


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("commands.toml", "menu = [" ),
        ("rights/01_what_is_union.md", "no header"),
        ("rights/01_what_is_union.md", "+++\nnumber = 1\n+++\ntext\n"),
        ("papers/consent-start.md", '+++\nkey = "x"\nversion = "1"\n+++\ntext\n'),
        ("bot.po", "these are no words\n"),
    ],
)  # fmt: skip
def test_a_broken_file_is_named(made, name, content):
    """Whoever edits the words is told which file cannot be read."""
    (made / "vi" / name).write_text(content, "utf-8")
    with pytest.raises(ValueError, match=name.split("/")[-1]):
        Words.load(made)


# --- every word used in the code exists -------------------------------------------------------


def _calls():
    for room in ("union", "storage", "bot", "channels", "webhook"):
        for path in sorted((ROOT / room).rglob("*.py")):
            for node in ast.walk(ast.parse(path.read_text("utf-8"))):
                if isinstance(node, ast.Call):
                    yield path.relative_to(ROOT), node


def _name(func):
    return func.attr if isinstance(func, ast.Attribute) else getattr(func, "id", "")


def _is_on(func, *owners):
    """Whether a call is made on one of these: `words.text`, `office.words.label`."""
    return isinstance(func, ast.Attribute) and _name(func.value) in owners


def _key_of(call):
    """Return the node that names the sentence which a call says, or None."""
    name, place = _name(call.func), None
    if name in {"Unclear", "NotAllowed"} or (name == "text" and _is_on(call.func, "words")):
        place = 0
    elif name in SAYING and isinstance(call.func, ast.Attribute):
        place = SAYING[name]
    return call.args[place] if place is not None and len(call.args) > place else None


def _literals(node):
    """Give the keys an expression may stand for: both arms of an if, the start of an f-string."""
    if isinstance(node, ast.IfExp):
        return _literals(node.body) + _literals(node.orelse)
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        return [(node.value, False)]
    if (
        isinstance(node, ast.JoinedStr)
        and node.values
        and isinstance(node.values[0], ast.Constant)
    ):
        return [(str(node.values[0].value), True)]
    return []


def _listed(call):
    """Give the choices written out in a call: in `choices=`, or as a list after the key."""
    given = [word.value for word in call.keywords if word.arg == "choices"]
    if _name(call.func) in SAYING:
        given += call.args
    lists = [one for one in given if isinstance(one, ast.List | ast.Tuple)]
    labels = [one.value for many in lists for one in many.elts if isinstance(one, ast.Constant)]
    if _name(call.func) == "label" and _is_on(call.func, "words", "turn", "self") and call.args:
        labels += [key for key, is_start in _literals(call.args[0]) if not is_start]
    return [label for label in labels if isinstance(label, str)]


def test_every_sentence_that_the_code_says_exists():
    """A key written in the code must exist in the Vietnamese catalogue, or begin one that does."""
    known = WORDS._reference.texts
    lacking = []
    for path, call in _calls():
        node = _key_of(call)
        for key, is_start in _literals(node) if node is not None else []:
            if not KEY.fullmatch(key):
                continue
            if not (any(one.startswith(key) for one in known) if is_start else key in known):
                lacking.append(f"{path}:{call.lineno}: {key}")
    assert lacking == []


def test_every_button_that_the_code_offers_has_words():
    """A choice written in the code must have its words."""
    known = WORDS._reference.texts
    lacking = [
        f"{path}:{call.lineno}: {choice}"
        for path, call in _calls()
        for choice in _listed(call)
        if f"choice-{choice}" not in known
    ]
    assert lacking == []


def test_the_search_for_words_in_the_code_sees_them():
    """The two tests above must see keys and buttons in the forms in which the code writes them."""
    source = (
        'turn.ask("no-a?", then=x, choices=["no-b", ("id", "Words")])\n'
        'turn.say("no-c" if x else "no-d", ["no-e"])\nturn.tell(those, f"no-f-{x}")\n'
        'raise Unclear("no-g", choices=("no-h",))\noffice.words.text("no-i", "vi")\nturn.label("no-j")\n'
        'self.mail.news(1, None, "no-k")\n'
    )
    calls = [node for node in ast.walk(ast.parse(source)) if isinstance(node, ast.Call)]
    keys = [
        key for call in calls if (node := _key_of(call)) is not None for key, _ in _literals(node)
    ]
    assert sorted(keys) == ["no-a?", "no-c", "no-d", "no-f-", "no-g", "no-i", "no-k"]
    assert sorted(one for call in calls for one in _listed(call)) == [
        "no-b",
        "no-e",
        "no-h",
        "no-j",
    ]
