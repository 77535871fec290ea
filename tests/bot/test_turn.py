"""The turn: choices however they come, refusals, repeats, broken turns, and going back."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator

import pytest
from chat import MAY, Chat, Town

from bot import dialogue
from bot.dialogues import signing_page
from bot.hear import hear, replay
from bot.speech import Form, Heard
from union.refusals import NotAllowed, Unclear

CHOICES = ["consent-a", "consent-ab", "no-phone"]


@pytest.fixture(autouse=True)
def small_talk() -> Iterator[None]:
    """Register a small dialogue of the tests' own, and take it out again."""
    before = (dict(dialogue._steps), dict(dialogue._openings), dict(dialogue._forms))

    @dialogue.step
    def second(turn) -> None:
        turn.done()
        turn.say("tip-thanks")

    @dialogue.step
    def first(turn) -> None:
        turn.store.settings.put("heard", turn.choice or turn.text)
        if turn.text == "unclear":
            turn.say("help")
            raise Unclear("error-unclear?")
        if turn.text == "forbidden":
            raise NotAllowed("error-not-allowed")
        if turn.text == "break":
            turn.store.settings.put("half", "written")
            raise RuntimeError(f"a message that quotes her: {turn.text}")
        turn.ask("edit-name?", then=second)

    @dialogue.on_form("test-open")
    def open_it(turn) -> None:
        turn.ask("menu?", then=first, choices=CHOICES)

    yield
    dialogue._steps.clear()
    dialogue._steps.update(before[0])
    dialogue._openings.clear()
    dialogue._openings.update(before[1])
    dialogue._forms.clear()
    dialogue._forms.update(before[2])


@pytest.fixture
def chat(town: Town) -> Chat:
    """Somebody who has just been asked the question of the small dialogue."""
    chat = town.person("Nguyễn Thị Mẫu")
    chat.submits("test-open")
    return chat


def heard(town: Town) -> str | None:
    """Return what the step was told."""
    return town.read(lambda store: store.settings.get("heard"))


@pytest.mark.parametrize(
    "typed",
    [
        "2",
        "[2]",
        "2.",
        " 2 ",
        "số 2",
        "so 2",
        "\uff12",
        "Thêm nhắn tin (A, B)",
        "them nhan tin (a, b)",
        "THEM NHAN TIN",
        unicodedata.normalize("NFD", "Thêm nhắn tin"),
        "\u200bThêm nhắn tin\u200e",
    ],
)
def test_a_choice_is_understood_however_it_is_typed(town: Town, chat: Chat, typed: str) -> None:
    """Its number or its words, with or without marks, composed or not, mean the choice."""
    chat.says(typed)
    assert heard(town) == "consent-ab"


def test_a_choice_is_understood_when_tapped(town: Town, chat: Chat) -> None:
    """A tap means the choice."""
    chat.taps("consent-ab")
    assert heard(town) == "consent-ab"


def test_a_choice_pressed_twice_counts_once(town: Town, chat: Chat) -> None:
    """The second press of the same button finds its question passed and changes nothing."""
    payload = chat.button("consent-a").payload
    chat.presses(payload)
    town.write(lambda store: store.settings.put("heard", "-"))
    chat.presses(payload)
    assert heard(town) == "-"
    assert "không dùng nữa" in chat.last
    assert "gõ lại họ và tên" in chat.last, "the open question is asked again"


@pytest.mark.parametrize(
    "forged", ["", "consent-a", "1.consent-a", "1.consent-a.AAAAAAAAAAAAAAAAAAAA", "..", "9" * 500]
)
def test_a_forged_button_is_refused(town: Town, chat: Chat, forged: str) -> None:
    """A payload that we did not sign opens nothing."""
    chat.presses(forged)
    assert heard(town) is None
    assert "không làm được ở đây" in chat.last


def test_a_button_of_another_person_is_refused(town: Town, chat: Chat) -> None:
    """A genuine payload works only in the conversation it was made for."""
    other = town.person("Trần Văn Ví Dụ")
    other.submits("test-open")
    other.presses(chat.button("consent-a").payload)
    assert heard(town) is None
    assert "không làm được ở đây" in other.last


def test_the_same_event_twice_is_one(town: Town, chat: Chat) -> None:
    """An event brought again answers nothing and changes nothing."""
    chat.says("1", event="same")
    town.write(lambda store: store.settings.put("heard", "-"))
    assert chat.says("2", event="same") == []
    assert chat.outcome.is_repeat
    assert heard(town) == "-"


def test_what_is_unclear_leaves_nothing_behind_and_is_asked_again(town: Town, chat: Chat) -> None:
    """Neither a write nor a half answer of the step survives; the question comes with its choices."""
    replies = chat.says("unclear")
    assert heard(town) is None
    assert len(replies) == 1
    assert replies[0].text.startswith("Chúng tôi chưa hiểu câu này.")
    assert [choice.id for choice in replies[0].choices] == CHOICES
    chat.taps("consent-a")
    assert heard(town) == "consent-a"


def test_after_two_unclear_answers_a_person_is_offered(town: Town, chat: Chat) -> None:
    """Who is stuck is shown the way to a human."""
    chat.says("unclear")
    replies = chat.says("unclear")
    assert "person" in [choice.id for choice in replies[0].choices]


def test_what_is_forbidden_leaves_nothing_behind(town: Town, chat: Chat) -> None:
    """A refusal is said, and the step wrote nothing."""
    chat.says("forbidden")
    assert heard(town) is None
    assert "không làm được ở đây" in chat.last


def test_a_turn_that_breaks_is_rolled_back_kept_and_answered_once(town: Town, chat: Chat) -> None:
    """Nothing of it stays, the event waits for replay, one apology goes out."""
    replies = chat.says("break", event="poison")
    assert [reply.text.splitlines()[0] for reply in replies] == [
        "Xin lỗi, máy đang trục trặc. Câu vừa rồi đã được giữ, bạn không phải gửi lại."
    ]
    assert town.read(lambda store: store.settings.get("half")) is None
    assert chat.says("break", event="poison") == []
    (kept,) = town.read(lambda store: store.inbox.failed())
    assert kept.error.startswith("RuntimeError at test_turn.py:")
    assert "quotes" not in kept.error
    assert Heard.from_json(kept.event).text == "break"


def test_a_kept_event_can_be_replayed_once(town: Town, chat: Chat, monkeypatch) -> None:
    """When the software is mended the kept event takes its turn, once, and its words are wiped."""
    chat.says("break", event="poison")
    assert replay(town.office) == (0, 1, 0)

    def mended(turn) -> None:
        turn.store.settings.put("heard", "mended")
        turn.say("tip-thanks")

    monkeypatch.setitem(dialogue._steps, "test_turn.first", mended)
    assert replay(town.office) == (1, 0, 0)
    assert replay(town.office) == (0, 0, 0)
    assert heard(town) == "mended"
    town.deliver()
    assert "Cần gì bạn cứ gõ" in chat.last


def test_a_form_nobody_knows_is_refused(town: Town) -> None:
    """An invented form name changes nothing and is answered."""
    chat = town.person("Nguyễn Thị Mẫu")
    chat.submits("no-such-form", x="1")
    assert "không làm được ở đây" in chat.last


@pytest.mark.parametrize("kind", ["photo", "voice", "file", "sticker"])
def test_what_is_not_text_is_not_opened(town: Town, chat: Chat, kind: str) -> None:
    """A photo, voice, file or sticker is refused kindly, and the question stays."""
    chat.sends(kind)
    assert "chỉ đọc được chữ" in chat.last
    assert chat.last.endswith(f"bạn mở trang của chúng tôi: {town.office.public_url}")
    chat.taps("resume")
    chat.taps("consent-a")
    assert heard(town) == "consent-a"


@pytest.mark.parametrize(
    "text", ["x" * 4000, "\x00" * 50, "\u202e" + "a" * 1001, "😀" * 1500, "\ud800"]
)
def test_wild_text_never_breaks_a_turn(town: Town, text: str) -> None:
    """Long, empty, invisible, reversed or half characters are answered, not stored as failures."""
    chat = town.person("Nguyễn Thị Mẫu")
    assert chat.says(text)
    assert town.read(lambda store: store.inbox.failed()) == []


def test_heard_and_kept_are_the_same() -> None:
    """What was heard survives being kept and read again."""
    one = Heard("web", "a", "1", form=Form("sign-page", {"name": "Mẫu"}))
    assert Heard.from_json(one.to_json()) == one


def test_a_turn_is_written_before_it_is_answered(town: Town, chat: Chat) -> None:
    """When `hear` returns, another process sees everything the turn wrote."""
    hear(Heard(chat.channel, chat.address, "seen", text="1"), town.office)
    assert heard(town) == "consent-a"


def _page_that_breaks(town: Town, monkeypatch: pytest.MonkeyPatch) -> Chat:
    """Somebody whose last act of signing breaks, on a page of ours."""
    chat = town.person("Nguyễn Thị Mẫu", channel="abroad")
    chat.scans(MAY)
    chat.taps("sign")
    chat.taps("consent-a")
    chat.opens()

    def broken(*_: object) -> None:
        raise KeyError("on purpose")

    fields = {"name": "Nguyễn Thị Mẫu", "phone": "", "choice": "put-name"}
    version = chat.outcome.page.facts["version"]
    with monkeypatch.context() as patch:
        patch.setattr(signing_page, "put_down", broken)
        chat.submits("sign-page", token=chat.token(), version=version, **fields)
    assert "được giữ" in chat.last
    return chat


def test_a_kept_page_is_signed_as_it_was_sent(town: Town, monkeypatch) -> None:
    """Her link was good when she sent the page; that it has ended meanwhile takes nothing away."""
    chat = _page_that_breaks(town, monkeypatch)
    town.clock.advance(minutes=90)
    assert replay(town.office) == (1, 0, 0)
    town.deliver()
    assert town.petition(MAY).counted == 1
    assert "Mã của bạn" in chat.last or "mã" in chat.last.lower()


def test_a_kept_page_that_nobody_sees_any_more_is_told(town: Town, monkeypatch) -> None:
    """Where the page would have to be filled in again she is told so, and nothing seems done."""
    chat = _page_that_breaks(town, monkeypatch)
    monkeypatch.setattr(signing_page, "is_outdated", lambda *_, **__: False)
    monkeypatch.setattr(signing_page, "_agreed_wish", lambda _: None)
    assert replay(town.office) == (0, 0, 1)
    town.deliver()
    assert town.petition(MAY) is None
    assert "điền lại" in chat.last
    assert replay(town.office) == (0, 0, 0)
