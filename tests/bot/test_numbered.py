"""Choices as lines: which numbers are understood, what has only words, and lists in pages."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import pytest
from chat import MAY, Chat, Town

from bot import dialogue
from bot.mail import Mail
from bot.office import Office
from bot.speech import Abilities, Choice, Reply
from storage.store import Store

MANY = [(f"place:{n}", f"Nơi {chr(64 + n)}") for n in range(1, 12)]


@pytest.fixture
def office(office: Office) -> Office:
    """An installation with a channel of five buttons, and one of lines alone."""
    five = Abilities(pushes=True, asks_identity=True, longest=2000, lists=True, most_choices=5)
    return replace(
        office,
        abilities={**office.abilities, "five": five, "lines": replace(five, most_choices=None)},
    )


@pytest.fixture(autouse=True)
def small_talk() -> Iterator[None]:
    """Register a small dialogue of the tests' own, and take it out again."""
    before = (dict(dialogue._steps), dict(dialogue._forms))

    @dialogue.step
    def chosen(turn) -> None:
        turn.store.settings.put("chosen", turn.choice or turn.text)
        turn.done()
        turn.say("tip-thanks")

    @dialogue.on_form("test-many")
    def many(turn) -> None:
        turn.ask("menu?", then=chosen, choices=MANY)

    @dialogue.on_form("test-many-then-words")
    def many_then_words(turn) -> None:
        turn.ask("menu?", then=chosen, choices=MANY)
        turn.say("tip-thanks")

    @dialogue.on_form("test-ways")
    def ways(turn) -> None:
        turn.say("help", ["status", "person", "mine", "news", "place", "language", "menu"])

    @dialogue.on_form("test-two-lists")
    def two_lists(turn) -> None:
        turn.say("help", ["status", "person"])
        turn.ask("menu?", then=chosen, choices=MANY[:2])

    @dialogue.on_form("test-list-then-words")
    def list_then_words(turn) -> None:
        turn.say("help", ["status", "person"])
        turn.ask("edit-name?", then=chosen)

    yield
    dialogue._steps.clear()
    dialogue._steps.update(before[0])
    dialogue._forms.clear()
    dialogue._forms.update(before[1])


def chosen(town: Town) -> str | None:
    """Return what the small dialogue was answered."""
    return town.read(lambda store: store.settings.get("chosen"))


def labels(chat: Chat) -> list[str]:
    """Return the lines of the choices that were said last."""
    return chat.received[-1].listed.split("\n")[-len(chat.received[-1].choices) :]


# --- in pages ------------------------------------------------------------------------------------


def test_more_than_five_are_pages_of_four(town: Town) -> None:
    """Four and "Tiếp", again and again to the end; the last page has no "Tiếp", then it begins anew."""
    chat = town.person("Nguyễn Thị Mẫu", "five")
    chat.submits("test-many")
    seen = []
    for _ in range(4):
        seen.append([one.label for one in chat.received[-1].choices])
        if "Tiếp" in seen[-1]:
            chat.taps("Tiếp")
        else:
            chat.presses(
                next(one.payload for one in chat.received[0].choices if one.label == "Tiếp")
            )
    assert seen == [
        ["Nơi A", "Nơi B", "Nơi C", "Nơi D", "Tiếp"],
        ["Nơi E", "Nơi F", "Nơi G", "Nơi H", "Tiếp"],
        ["Nơi I", "Nơi J", "Nơi K"],
        ["Nơi A", "Nơi B", "Nơi C", "Nơi D", "Tiếp"],
    ]


@pytest.mark.parametrize("pages", [0, 1, 2])
@pytest.mark.parametrize("label", ["Nơi A", "Nơi E", "Nơi K"])
def test_a_button_of_any_page_that_was_shown_works(town: Town, pages: int, label: str) -> None:
    """Going on to the next page takes nothing of the pages before away; words work for all."""
    chat = town.person("Nguyễn Thị Mẫu", "five")
    chat.submits("test-many")
    for _ in range(pages):
        chat.taps("Tiếp")
    shown = {one.label for reply in chat.received for one in reply.choices}
    if label in shown:
        chat.taps(label)
    else:
        chat.says(label)
    assert chosen(town) == f"place:{ord(label[-1]) - 64}"


def test_ways_that_are_no_question_have_pages_too(town: Town) -> None:
    """The next page of what may be pressed at any time keeps its numbers and its buttons."""
    chat = town.person("Nguyễn Thị Mẫu", "five")
    chat.submits("test-ways")
    chat.taps("Tiếp")
    assert labels(chat) == ["5. Đổi nơi làm", "6. English", "7. Về menu"]
    chat.says("6")
    assert chat.received[-2].text.startswith("We write in English")


def test_what_is_said_after_it_leaves_a_list_alone(town: Town) -> None:
    """A sentence behind the question changes nothing of its pages."""
    chat = town.person("Nguyễn Thị Mẫu", "five")
    chat.submits("test-many-then-words")
    chat.taps("Tiếp")
    assert chat.received[-1].choices[0].label == "Nơi E"


def test_numbers_go_on_over_the_pages(town: Town) -> None:
    """Said as lines, each choice has the number that is understood for it, also on a later page."""
    chat = town.person("Nguyễn Thị Mẫu", "five")
    chat.submits("test-many")
    chat.taps("Tiếp")
    assert labels(chat) == ["5. Nơi E", "6. Nơi F", "7. Nơi G", "8. Nơi H", "• Tiếp"]
    chat.says("tiếp")
    assert labels(chat) == ["9. Nơi I", "10. Nơi J", "11. Nơi K"]
    chat.says("6")
    assert chosen(town) == "place:6"


def test_lines_hold_them_all(town: Town) -> None:
    """Where choices are lines from the start there is one list."""
    chat = town.person("Nguyễn Thị Mẫu", "lines")
    chat.submits("test-many")
    assert labels(chat)[-1] == "11. Nơi K"
    chat.says("11")
    assert chosen(town) == "place:11"


def test_an_old_next_button_shows_the_question_that_waits(town: Town) -> None:
    """Pressed when nothing is left to show it asks again, or leads to the menu; it breaks nothing."""
    chat = town.person("Nguyễn Thị Mẫu", "five")
    chat.submits("test-many")
    old = chat.button("Tiếp").payload
    chat.says("2")
    chat.presses(old)
    assert chat.received[-1].choices[0].label == "Ghi tên"
    other = town.person("Trần Văn Ví Dụ", "five")
    other.presses(old)
    assert other.last == "Việc này bạn không làm được ở đây."


# --- which number means what ---------------------------------------------------------------------


def test_only_the_list_said_last_has_numbers(town: Town) -> None:
    """Of two lists in one turn the first has only words, and both are understood."""
    chat = town.person("Nguyễn Thị Mẫu", "lines")
    chat.submits("test-two-lists")
    first, second = (reply.listed.split("\n")[-2:] for reply in chat.received)
    assert first == ["• Tới đâu rồi?", "• Gặp cán bộ"]
    assert second == ["1. Nơi A", "2. Nơi B"]
    chat.says("1")
    assert chosen(town) == "place:1"


def test_a_list_before_a_question_for_words_has_none(town: Town) -> None:
    """Where a text is asked for last, a typed number is that text, and no list claims it."""
    chat = town.person("Nguyễn Thị Mẫu", "lines")
    chat.submits("test-list-then-words")
    assert "1." not in chat.received[0].listed
    chat.says("1")
    assert chosen(town) == "1"


def test_a_number_never_answers_a_letter_that_was_pushed(town: Town) -> None:
    """A pushed letter between question and number has no numbers, so that "1" is no accident."""
    chat = town.person("Nguyễn Thị Mẫu", "lines")
    chat.signs(MAY)
    chat.says("rút tên")

    def push(store: Store) -> None:
        mail = Mail(store, town.office, "pushed")
        mail.news(chat.conversation_id(), None, "news-late?")
        mail.post()

    town.write(push)
    town.deliver()
    assert chat.received[-1].listed.endswith("• Xem tin\n• Để sau")
    chat.says("xem tin")
    assert town.petition().counted == 1


@pytest.mark.parametrize("choice", ["open-news", "later", "desk", "menu"])
@pytest.mark.parametrize("language", ["vi", "en"])
def test_what_a_pushed_letter_offers_is_understood_in_words(
    office: Office, choice: str, language: str
) -> None:
    """Each choice under a pushed letter can be typed by its words by everybody."""
    assert office.words.command(office.words.label(choice, language)) == choice


@pytest.mark.parametrize("choice", ["desk-queue", "digest-open"])
def test_an_officer_types_what_her_desk_offers(town: Town, choice: str) -> None:
    """The words of what is pushed to a desk open it for an officer, and are no command for others."""
    officer = town.officer("Lê Thị Thử", channel="lines")
    words = town.office.words.label(choice, "vi")
    officer.says(words)
    opened = officer.last
    assert not opened.startswith("Chúng tôi chưa hiểu")
    stranger = town.person("Nguyễn Thị Mẫu", "lines")
    stranger.says(words)
    assert stranger.last != opened


# --- laid out ------------------------------------------------------------------------------------


def test_a_letter_kept_before_numbers_is_read() -> None:
    """What lies in an outbox from an older version has choices without numbers."""
    old = '{"text": "x", "choices": [{"id": "a", "label": "A", "payload": "1.a.X"}], "files": []}'
    assert Reply.from_json(old).choices == (Choice("a", "A", "1.a.X"),)
    assert Reply.from_json(old).listed == "x\n• A"
    new = Reply("x", (Choice("a", "A", "1.a.X", 1),))
    assert Reply.from_json(new.to_json()) == new
