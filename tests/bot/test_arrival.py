"""How people come: by a scan, by a typed code, by neither; and the ways through every talk."""

from __future__ import annotations

import unicodedata
from collections.abc import Callable

import pytest
from chat import GIAY, MAY, PHUONG, TINH, ZONE, Chat, Town

from storage.store import Store

Golden = Callable[[str, str], None]
MENU = ["Ghi tên", "Hỏi quyền lợi", "Ai thấy tên tôi?", "Gặp cán bộ", "Việc khác"]
WRONG = "K7M2QX"


def poster_code(town: Town, enterprise: str = MAY) -> str:
    """Return the code printed on the poster of an enterprise."""
    found = town.read(lambda store: store.posters.by_token(town.tokens[enterprise]))
    assert found is not None
    return found.code


def place_of(town: Town, chat: Chat) -> str | None:
    """Return the code of the enterprise that a conversation is at."""

    def look(store: Store) -> str | None:
        known = store.conversations.find(chat.channel, chat.address)
        if known is None or known.enterprise_id is None:
            return None
        return store.enterprises.by_id(known.enterprise_id).code

    return town.read(look)


def poster(
    town: Town, *, enterprise: str | None, body: str | None = None, named: bool = True
) -> str:
    """Print one more poster and return its token."""

    def work(store: Store) -> str:
        place = store.enterprises.by_code(enterprise) if enterprise else None
        of = store.bodies.by_code(body) if body else None
        made = store.posters.make(
            enterprise_id=place.id if place else None,
            body_id=of.id if of else None,
            names_enterprise=named,
        )
        return made.token

    return town.write(work)


@pytest.fixture
def mau(town: Town) -> Chat:
    """Somebody with a phone."""
    return town.person("Nguyễn Thị Mẫu")


# --- scanning -------------------------------------------------------------------------------------


def test_a_scan_says_who_speaks_and_whether_there_is_a_union(town: Town, golden: Golden) -> None:
    """Each kind of place is welcomed by the body that receives there, with the same five buttons."""
    mau, du = town.person("Nguyễn Thị Mẫu"), town.person("Trần Văn Ví Dụ")
    mau.scans(MAY)
    assert mau.labels == MENU
    du.scans(GIAY)
    assert du.labels == MENU
    mau.scans(ZONE)
    assert "Công đoàn các khu công nghiệp tỉnh Mẫu" in mau.last
    golden("arrival-scan", town.transcript())


@pytest.mark.parametrize(
    "token", ["", "0", "x" * 300, "không có", "\x00\ud800", "AAAAAAAAAAAAAAAAAAAAAA"]
)
def test_an_unknown_token_reads_like_no_code(town: Town, mau: Chat, token: str) -> None:
    """Whatever opens nothing asks for the code, in the name of the province's body."""
    mau.scans(token)
    assert "Liên đoàn Lao động tỉnh Mẫu" in mau.last
    assert mau.labels == ["Tìm theo tên", "Hỏi quyền lợi", "Gặp cán bộ"]
    assert place_of(town, mau) is None


def test_a_revoked_poster_reads_like_an_unknown_one(town: Town) -> None:
    """Nobody learns from a torn-down poster that it once was one."""
    one, two = town.person("Một Mẫu"), town.person("Hai Mẫu")
    found = town.read(lambda store: store.posters.by_token(town.tokens[MAY]))
    assert found is not None
    town.write(lambda store: store.posters.revoke(found.id))
    one.scans(MAY)
    two.scans("never-a-token")
    assert one.last == two.last
    one.says(found.code)
    two.says(WRONG)
    assert one.last == two.last
    assert "chưa tìm ra nơi làm theo mã này" in one.last


@pytest.mark.parametrize("enterprise", [None, MAY])
def test_a_poster_that_names_no_place_leads_to_the_search(
    town: Town, mau: Chat, enterprise: str | None
) -> None:
    """What the page does not show the chat does not tell: she is asked, in the name of its body."""
    mau.scans(poster(town, enterprise=enterprise, body=PHUONG, named=False))
    assert "Đây là kênh của Công đoàn phường Mẫu" in mau.last
    assert "May Ví Dụ" not in mau.last
    assert place_of(town, mau) is None
    mau.says("may vi du")
    mau.taps("pick-1")
    assert place_of(town, mau) is not None


def test_scanning_again_welcomes_again_and_keeps_what_was_begun(town: Town, mau: Chat) -> None:
    """The same poster in the middle of a matter loses nothing: "làm tiếp" goes on there."""
    mau.scans(MAY)
    mau.taps("sign")
    mau.taps("consent-ab")
    asked = mau.last
    mau.scans(MAY)
    assert mau.last.startswith("Chào bạn.")
    mau.says("làm tiếp")
    assert mau.last == asked


def test_another_poster_in_the_middle_asks_first(town: Town, mau: Chat, golden: Golden) -> None:
    """What was begun at one place is not lost silently by a scan at another."""
    mau.scans(MAY)
    mau.taps("sign")
    mau.taps("consent-ab")
    asked = mau.last
    mau.scans(GIAY)
    assert mau.last.startswith("Bạn đang xem Công ty May Ví Dụ. Bạn muốn đổi sang nơi khác?")
    mau.says("abc xyz")
    mau.taps("Giữ như cũ")
    assert mau.last == asked
    assert place_of(town, mau) == MAY
    mau.scans(GIAY)
    mau.taps("Đổi nơi làm")
    assert "Công ty Giày Thí Nghiệm đã có công đoàn" in mau.last
    assert place_of(town, mau) == GIAY
    golden("arrival-other-place", town.transcript())


def test_another_poster_with_nothing_begun_just_welcomes(town: Town, mau: Chat) -> None:
    """Where nothing can be lost nothing is asked."""
    mau.scans(MAY)
    mau.scans(GIAY)
    assert place_of(town, mau) == GIAY
    assert mau.labels == MENU


def test_a_repeated_scan_event_is_heard_once(town: Town, mau: Chat) -> None:
    """The same event twice brings one welcome."""
    from bot.hear import hear
    from bot.speech import Heard

    heard = Heard("paper", mau.address, "once", scan=town.tokens[MAY])
    assert len(hear(heard, town.office).letters) == 1
    assert hear(heard, town.office).is_repeat


# --- typing a code --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "spell",
    [
        lambda code: code,
        str.lower,
        lambda code: f"#{code[:3]} {code[3:]}",
        lambda code: f" {code[:3]}-{code[3:].lower()} ",
        "\u200b".join,
        lambda code: f"\u202e{code}\x00",
        lambda code: "".join(chr(ord(one) + 0xFEE0) for one in code),
    ],
)
def test_a_code_is_understood_however_it_is_typed(
    town: Town, mau: Chat, spell: Callable[[str], str]
) -> None:
    """Small letters, spaces, signs and what cannot be seen do not matter."""
    mau.says(spell(poster_code(town)))
    assert place_of(town, mau) == MAY


def test_arriving_without_a_code(town: Town, mau: Chat, golden: Golden) -> None:
    """No code, a greeting, a mistyped code, the right one: each answered as what it is."""
    mau.says("")
    mau.says("alo")
    assert mau.last.startswith("Chào bạn. Đây là kênh của Liên đoàn Lao động tỉnh Mẫu.")
    mau.says("B7WKO3")
    assert mau.last.startswith("Chúng tôi chưa tìm ra nơi làm theo mã này.")
    mau.says(f"#{poster_code(town).lower()}")
    assert mau.last.startswith("Chào bạn. Đây là kênh của Công đoàn phường Mẫu.")
    shown = town.transcript().replace(poster_code(town).lower(), "mã-1")
    # A code of digits alone has no small letters.
    golden("arrival-no-code", shown.replace("#MÃ-1", "#mã-1"))


def test_the_sixth_wrong_code_waits(town: Town, mau: Chat) -> None:
    """After more than five wrong codes even the right one waits for 15 minutes, whatever she does between."""
    for number in range(5):
        mau.says(f"B7WK{number + 2}3")
        assert "chưa tìm ra" in mau.last
        mau.says("hủy")
        mau.says("tìm theo tên")
    mau.says("B7WK93")
    assert mau.last.startswith("Bạn đã thử nhiều lần.")
    mau.says(poster_code(town))
    assert mau.last.startswith("Bạn đã thử nhiều lần.")
    assert place_of(town, mau) is None
    town.clock.advance(minutes=16)
    mau.says(poster_code(town))
    assert place_of(town, mau) == MAY


def test_wrong_codes_long_ago_are_forgotten(town: Town, mau: Chat) -> None:
    """Five today and one after half an hour are not six in fifteen minutes."""
    for number in range(5):
        mau.says(f"B7WK{number + 2}3")
    town.clock.advance(minutes=30)
    mau.says("B7WK93")
    assert "chưa tìm ra" in mau.last


def test_a_code_in_the_scan_is_counted_too(town: Town, mau: Chat) -> None:
    """Whoever guesses codes by way of scans waits as well."""
    for _ in range(6):
        mau.scans("B7WK93")
    mau.scans(poster_code(town))
    assert place_of(town, mau) is None
    town.clock.advance(minutes=16)
    mau.scans(poster_code(town))
    assert place_of(town, mau) == MAY


def test_words_of_six_letters_are_no_wrong_codes(town: Town, mau: Chat) -> None:
    """In the middle of a matter a word of six letters is an answer, and never counted."""
    mau.scans(MAY)
    mau.taps("sign")
    mau.taps("consent-ab")
    for _ in range(8):
        mau.says("ABCDEF")
    mau.says("menu")
    mau.says(poster_code(town, GIAY))
    assert "đổi sang nơi khác" in mau.last or place_of(town, mau) == GIAY


def test_her_own_code_is_hers_and_a_strangers_is_wrong(mau: Chat, town: Town) -> None:
    """Where a poster's code is asked for, her own code is still understood; another's reads as unknown."""
    mau.signs(MAY)
    code = mau.code
    mau.scans("unknown")
    mau.says(code)
    assert "chưa tìm ra" not in mau.last
    assert code in mau.last
    one, two = town.person("Một Mẫu"), town.person("Hai Mẫu")
    for chat, typed in ((one, code), (two, WRONG)):
        chat.says("")
        chat.says(typed)
    assert one.last == two.last


def test_a_code_typed_after_a_pause_is_understood(town: Town, mau: Chat) -> None:
    """Nobody is asked whether to go on who has just typed a poster's code."""
    mau.says("")
    town.clock.advance(days=2)
    mau.says(poster_code(town))
    assert place_of(town, mau) == MAY


# --- what fits nothing ----------------------------------------------------------------------------


@pytest.mark.parametrize(
    "typed",
    [
        "",
        " ",
        "\x00",
        "\u202e\u200b",
        "🙂",
        "asdkjh",
        "{0.__class__}",
        "%s",
        "\ud800",
        unicodedata.normalize("NFD", "ơi ời"),
    ],
)
def test_odd_lines_are_answered_at_a_known_place(town: Town, mau: Chat, typed: str) -> None:
    """Whatever is typed, she gets the menu's buttons and stays where she is."""
    mau.scans(MAY)
    mau.says(typed)
    assert mau.labels == MENU
    assert place_of(town, mau) == MAY


@pytest.mark.parametrize(
    "typed", ["\x00", "🙂🙂🙂", "{0.__class__}", "\ud800x", "d\u0300\u0300" * 40]
)
def test_odd_lines_are_answered_without_a_place(town: Town, mau: Chat, typed: str) -> None:
    """Whatever is typed at the question for a code, there is an answer with buttons."""
    mau.says("")
    mau.says(typed)
    assert mau.labels
    assert "trục trặc" not in mau.last


def test_four_thousand_letters_are_not_read(mau: Chat) -> None:
    """A very long line is refused with its limit, and the question is asked again."""
    mau.scans(MAY)
    mau.says("ư" * 4000)
    assert mau.last.startswith("Tin hơi dài, chúng tôi chỉ đọc được 1.000 ký tự một lần.")
    assert mau.labels


def test_an_unclear_line_twice_offers_a_person(mau: Chat) -> None:
    """After two lines that nobody understood, an officer is offered."""
    mau.scans(MAY)
    mau.taps("sign")
    mau.says("xyz")
    mau.says("xyz")
    assert "Gặp cán bộ" in mau.labels


def test_a_forged_button_and_a_strangers_are_refused(town: Town, mau: Chat) -> None:
    """A payload made up, or of another person, changes nothing."""
    other = town.person("Trần Văn Ví Dụ")
    other.scans(MAY)
    mau.scans(GIAY)
    for payload in (other.button("sign").payload, "1.sign.AAAA", "", "x" * 5000, "\x00"):
        mau.presses(payload)
        assert mau.last == "Việc này bạn không làm được ở đây."
    assert place_of(town, mau) == GIAY


def test_a_shared_number_without_a_question_is_not_kept(town: Town, mau: Chat) -> None:
    """A number handed over where none was asked for is answered, and stands in no memory."""
    mau.scans(MAY)
    mau.shares_contact("0900000000")
    assert mau.labels == MENU
    memory = town.read(lambda store: store.conversations.by_id(mau.conversation_id()).memory)
    assert "900000000" not in str(memory)


# --- ways through a talk --------------------------------------------------------------------------


def test_ways_through_a_talk(mau: Chat, town: Town, golden: Golden) -> None:
    """Menu, more, help, back, go on, cancel and begin again, as a worker uses them."""
    mau.scans(MAY)
    mau.says("5")
    mau.says("menu")
    mau.taps("sign")
    mau.taps("consent-ab")
    mau.says("giúp")
    mau.taps("resume")
    mau.says("menu")
    mau.says("làm tiếp")
    mau.says("quay lại")
    mau.says("hủy")
    mau.taps("restart")
    golden("arrival-ways", town.transcript())


def test_what_is_typed_after_the_menu_is_no_answer_to_the_step_left(mau: Chat) -> None:
    """The menu leaves the step; a name typed then is not taken for the answer to it."""
    mau.scans(MAY)
    mau.taps("sign")
    mau.taps("consent-a")
    mau.says("menu")
    mau.says("Nguyễn Thị Mẫu")
    assert mau.last.startswith("Chúng tôi chưa hiểu câu này.")


def test_cancel_wipes_what_was_typed(town: Town, mau: Chat) -> None:
    """After "hủy" nothing that she typed stands in the memory any more."""
    mau.scans(MAY)
    mau.taps("sign")
    mau.taps("consent-ab")
    mau.says("Nguyễn Thị Mẫu")
    mau.says("hủy")
    assert mau.last == "Đã bỏ. Phần bạn vừa gõ đã được xóa."
    memory = town.read(lambda store: store.conversations.by_id(mau.conversation_id()).memory)
    assert "Mẫu" not in str(memory)


@pytest.mark.parametrize("word", ["hủy", "quay lại", "làm tiếp", "xóa phần dở", "bắt đầu lại"])
def test_with_nothing_under_way_the_ways_lead_to_the_menu(mau: Chat, word: str) -> None:
    """Where nothing waits, every way ends at the menu and nothing is claimed to be wiped."""
    mau.scans(MAY)
    mau.says(word)
    assert mau.labels == MENU
    assert "Đã bỏ" not in mau.last


def test_a_button_of_yesterday_is_refused_and_openings_are_not(mau: Chat) -> None:
    """An answer to a question that has passed is refused; the menu's buttons always work."""
    mau.scans(MAY)
    welcome = mau.button("rights").payload
    mau.taps("sign")
    old = mau.button("consent-ab").payload
    mau.taps("consent-a")
    asked = mau.last
    mau.presses(old)
    assert mau.last.startswith("Nút này thuộc câu trước")
    assert asked in mau.last
    mau.presses(welcome)
    assert mau.last.startswith("Bạn hỏi về gì?")


def test_after_a_long_pause_she_is_asked_whether_to_go_on(
    town: Town, mau: Chat, golden: Golden
) -> None:
    """The next day a line is no answer at once; the question names neither matter nor place."""
    mau.scans(MAY)
    mau.taps("sign")
    mau.taps("consent-ab")
    mau.says("Nguyễn Thị Mẫu")
    asked = mau.last
    town.clock.advance(days=1)
    mau.says("alo")
    assert mau.last == "Chào bạn. Bạn còn một việc làm dở."
    mau.taps("Làm tiếp")
    assert mau.last == asked
    town.clock.advance(days=1)
    mau.says("alo")
    mau.taps("Xóa phần dở")
    assert mau.last == "Đã bỏ. Phần bạn vừa gõ đã được xóa."
    golden("arrival-come-back", town.transcript())


def test_after_a_pause_a_search_simply_goes_on(town: Town, mau: Chat) -> None:
    """Looking for a place is no matter that could be lost: nobody is asked about it."""
    mau.says("")
    town.clock.advance(days=3)
    mau.says("may vi du")
    assert "nơi gần giống" in mau.last


@pytest.mark.parametrize("word", ["later", "từ từ"])
def test_later_under_an_envelope_leaves_it_be(mau: Chat, word: str) -> None:
    """The words "Để sau" where nothing is asked is answered kindly and changes nothing."""
    mau.scans(MAY)
    mau.says(word)
    assert mau.last == "Vâng. Cần gì bạn cứ gõ vào đây."


def test_languages_change_by_button_and_by_word(mau: Chat) -> None:
    """The button changes to the other language and back, and the question is asked again in it."""
    mau.scans(MAY)
    mau.says("English")
    assert mau.last.startswith("Hello.")
    mau.taps("more")
    mau.taps("Tiếng Việt")
    assert mau.last.startswith("Chào bạn.")
    mau.taps("sign")
    mau.says("tiếng anh")
    assert "Which do you agree to?" in mau.last or mau.labels[0].endswith("(A)")
    mau.says("tiếng việt")
    assert mau.last.startswith("Bạn đồng ý điều nào?")


def test_the_menu_never_changes(town: Town) -> None:
    """Before and after signing the menu is the same, word for word."""
    signer, stranger = town.person("Nguyễn Thị Mẫu"), town.person("Trần Văn Ví Dụ")
    signer.signs(MAY)
    stranger.scans(MAY)
    for chat in (signer, stranger):
        chat.says("menu")
    assert (signer.last, signer.labels) == (stranger.last, stranger.labels)


def test_an_officers_menu_is_the_desk(town: Town) -> None:
    """For an officer the menu opens the desk, never the workers' menu."""
    officer = town.officer("Lê Thị Thử", TINH)
    officer.says("menu")
    assert officer.labels != MENU
    assert "Liên đoàn Lao động tỉnh Mẫu" in officer.last
