"""Where she works: found in spite of typing errors, reported as new, or changed."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from chat import MAY, TINH, Chat, Town

from bot.dialogues.place import look, place_name
from bot.hear import prepare
from bot.speech import Heard
from storage.store import Store
from union.refusals import Unclear

Golden = Callable[[str, str], None]


def place_of(town: Town, chat: Chat) -> str | None:
    """Return the name of the enterprise that a conversation is at."""

    def look_up(store: Store) -> str | None:
        known = store.conversations.by_id(chat.conversation_id())
        return store.enterprises.by_id(known.enterprise_id).name if known.enterprise_id else None

    return town.read(look_up)


def employ(
    town: Town, code: str, name: str, commune: str = "26041", tax: str | None = None
) -> None:
    """Add a place of work to the town."""
    values = {"name": name, "commune_code": commune, "province_code": "75", "tax_code": tax}
    town.write(lambda store: store.enterprises.keep(code, values))


@pytest.fixture
def mau(town: Town) -> Chat:
    """Somebody who looks for her place of work."""
    chat = town.person("Nguyễn Thị Mẫu")
    chat.says("tìm theo tên")
    return chat


# --- finding --------------------------------------------------------------------------------------


def test_a_place_is_found_by_name(town: Town, golden: Golden) -> None:
    """A name without marks and with a wrong letter finds her place, and the poster's welcome follows."""
    chat = town.person("Nguyễn Thị Mẫu")
    chat.says("")
    chat.taps("Tìm theo tên")
    chat.says("may vi zu")
    chat.says("công ty bao bì nháp xyz")
    chat.taps("Gõ lại tên")
    chat.says("may vi zu")
    chat.says("Số 2")
    assert chat.last.startswith("Chào bạn. Đây là kênh của Công đoàn phường Mẫu.")
    golden("place-found", town.transcript())


@pytest.mark.parametrize(
    "typed",
    [
        "CÔNG TY MAY VÍ DỤ",
        "may ví dụ",
        "may vi du",
        "mayy vi du",
        "may\u200b vi\u0301 du\u0323",
        "ｍａｙ ví dụ",
    ],
)
def test_a_name_is_found_however_it_is_typed(town: Town, mau: Chat, typed: str) -> None:
    """Marks, capitals, slips, decomposed and full-width letters all find the place."""
    mau.says(typed)
    assert "Công ty May Ví Dụ" in mau.last
    labels = [one for one in mau.labels if one.startswith("Số")]
    assert 1 <= len(labels) <= 3
    assert all(len(label) <= 30 for label in mau.labels)


def test_a_place_is_found_by_tax_code(town: Town, mau: Chat) -> None:
    """A tax code finds exactly one place, and it is still shown before it is taken."""
    employ(town, "DN-T", "Công ty Thuế Nháp", tax="9900000016")
    mau.says("9900 000 016")
    assert "1. Công ty Thuế Nháp" in mau.last
    mau.says("1")
    assert place_of(town, mau) == "Công ty Thuế Nháp"


def test_a_place_is_found_by_commune(town: Town, mau: Chat) -> None:
    """The name of a ward shows places there."""
    mau.says("phường biên hòa")
    assert "Công ty May Ví Dụ Hai" in mau.last


def test_many_namesakes_are_told_apart_by_their_commune(town: Town, mau: Chat) -> None:
    """With more than three alike, at most three are shown and a commune typed next finds hers."""
    for number, name in enumerate(["Một", "Ba", "Bốn", "Năm", "Sáu"]):
        employ(town, f"DN-X{number}", f"Công ty Giấy Mẫu {name}", "26041")
    employ(town, "DN-X9", "Công ty Giấy Mẫu Bảy", "26368")
    mau.says("giay mau")
    assert mau.last.startswith("Chúng tôi thấy nhiều nơi gần giống. 3 nơi giống nhất:")
    assert mau.labels[3:] == ["Gõ lại tên", "Báo nơi mới"]
    commune = town.read(lambda store: store.enterprises.by_code("DN-X9"))
    assert commune is not None
    mau.says(commune.where)
    assert "1. Công ty Giấy Mẫu Bảy" in mau.last
    assert "2. " not in mau.last


@pytest.mark.parametrize("typed", ["a", "🙂", "\x00", "\u202e", "...", "%"])
def test_what_cannot_be_a_name_is_asked_again(mau: Chat, typed: str) -> None:
    """One letter, a picture or nothing finds no place: the question is asked again."""
    mau.says(typed)
    assert "ít nhất hai chữ cái" in mau.last or "chưa thấy" in mau.last
    assert mau.labels


@pytest.mark.parametrize(
    "typed", ["x" * 900, "{0.__class__} y", "%s %s", "' or 1=1 --", "\ud800\ud800 ab"]
)
def test_strange_names_find_nothing_and_harm_nothing(mau: Chat, typed: str) -> None:
    """A very long or odd name is answered like any name that nobody knows."""
    mau.says(typed)
    assert mau.last.startswith("Chúng tôi chưa thấy nơi nào tên")
    assert len(mau.last) < 400


def test_the_search_happens_before_the_turn(
    town: Town, mau: Chat, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What was found outside is used inside: the turn itself searches nothing."""
    heard = Heard("paper", mau.address, "prepared", text="may vi du")
    prepared = prepare(heard, town.office)
    assert prepared.step == "place.search"
    assert prepared.found

    from bot.hear import submit
    from storage.enterprises import Enterprises

    monkeypatch.setattr(Enterprises, "find", lambda *_: pytest.fail("searched inside the turn"))
    outcome = submit(heard, town.office, prepared).result()
    assert "Công ty May Ví Dụ" in outcome.letters[0].text


def test_a_search_prepared_for_other_words_is_not_used(town: Town, mau: Chat) -> None:
    """Ids found for another line or another step are never shown."""
    from bot.hear import submit
    from bot.turn import Prepared

    wrong = town.read(lambda store: store.enterprises.by_code(MAY))
    assert wrong is not None
    for prepared in (
        Prepared("place.search", "khác", (wrong.id,)),
        Prepared("x.y", "không có đâu", (wrong.id,)),
    ):
        heard = Heard("paper", mau.address, f"p{prepared.step}", text="không có đâu")
        outcome = submit(heard, town.office, prepared).result()
        assert "May Ví Dụ" not in outcome.letters[0].text


def test_very_long_lines_are_not_searched(town: Town, mau: Chat) -> None:
    """Four thousand letters cost no search."""
    known = town.read(lambda store: store.conversations.by_id(mau.conversation_id()))
    assert town.read(lambda store: look(store, known, "may vi du " * 400)).found == ()


def test_an_old_list_is_refused(town: Town, mau: Chat) -> None:
    """A place in a list that has passed, pressed late or twice, changes nothing."""
    mau.says("may vi du")
    old = mau.button("pick-1").payload
    mau.says("dien tu ban nhap")
    mau.presses(old)
    assert mau.last.startswith("Nút này thuộc câu trước")
    mau.taps("pick-1")
    found = place_of(town, mau)
    mau.presses(old)
    assert mau.last.startswith("Nút này thuộc câu trước")
    assert place_of(town, mau) == found


# --- a new place ----------------------------------------------------------------------------------


def test_a_new_place_is_registered_and_the_triage_body_told(town: Town, golden: Golden) -> None:
    """She reports a place, may ask and sign at once, and the officers who divide work are told once."""
    officer = town.officer("Lê Thị Thử", TINH)
    officer.received.clear()
    town.log.clear()
    chat = town.person("Nguyễn Thị Mẫu")
    chat.says("tìm theo tên")
    chat.says("cong ty bao bi nhap")
    chat.taps("Báo nơi mới")
    chat.says("Công ty Bao Bì Nháp")
    chat.says("xã Thử, gần chợ")
    chat.taps("Đúng, đi tiếp")
    assert "Chúng tôi chưa rõ Công ty Bao Bì Nháp đã có công đoàn chưa." in chat.last
    assert [one.text for one in officer.received] == ["Có nơi làm mới cần kiểm tra."]
    chat.taps("who-sees")
    golden("place-new", town.transcript())


def test_the_same_new_place_twice_is_one_place(town: Town) -> None:
    """A colleague who reports the same place comes to it, and nobody is told a second time."""
    officer = town.officer("Lê Thị Thử", TINH)
    officer.received.clear()
    for name in ("Nguyễn Thị Mẫu", "Trần Văn Ví Dụ"):
        chat = town.person(name)
        chat.says("tìm theo tên")
        chat.says("khong co dau het")
        chat.taps("register")
        chat.says("Công ty Bao Bì Nháp")
        chat.says("xã Thử")
        chat.taps("yes-go-on")
        assert place_of(town, chat) == "Công ty Bao Bì Nháp"
    assert len(officer.received) == 1
    assert len(town.read(lambda store: store.enterprises.waiting())) == 1


def test_a_new_place_is_found_by_nobody_until_checked(town: Town, mau: Chat) -> None:
    """A made-up name is no notice board: the search does not show it."""
    mau.says("xyz xyz xyz")
    mau.taps("register")
    mau.says("Công ty Ông Chủ Xấu Tính")
    mau.says("xã Thử")
    mau.taps("yes-go-on")
    other = town.person("Trần Văn Ví Dụ")
    other.says("tìm theo tên")
    other.says("ong chu xau tinh")
    assert other.last.startswith("Chúng tôi chưa thấy")


def test_a_new_place_can_be_corrected_and_dropped(town: Town, mau: Chat) -> None:
    """Before it is kept the name can be typed again, and the whole be dropped without a trace."""
    mau.says("không có nơi này")
    mau.taps("register")
    mau.says("Cong ty Sai")
    mau.says("xã Thử")
    mau.taps("Sửa lại")
    assert mau.last.startswith("Nơi mới tên là gì?")
    mau.says("Công ty Đúng Nháp")
    mau.says("xã Thử")
    assert mau.last.startswith("Nơi mới: Công ty Đúng Nháp, xã Thử.")
    mau.says("chưa biết nữa")
    assert mau.last.startswith("Bạn bấm một nút")
    mau.taps("Bỏ")
    assert mau.last.startswith("Đã bỏ.")
    assert town.read(lambda store: store.enterprises.waiting()) == []


@pytest.mark.parametrize(
    ("typed", "why"),
    [
        ("", "error-empty?"),
        ("\x00\u200b\u202e", "error-empty?"),
        ("🙂🙂🙂", "error-enterprise-name?"),
        ("1", "error-enterprise-name?"),
        ("http://xau.example/abc", "error-enterprise-name?"),
        ("ư" * 101, "error-too-long?"),
    ],
)
def test_bad_names_of_places_are_refused(typed: str, why: str) -> None:
    """Nothing, pictures, links and very long names are no names of places."""
    with pytest.raises(Unclear) as refused:
        place_name(typed)
    assert refused.value.key == why


@pytest.mark.parametrize(
    "typed", ["Công ty May 10", "Vi\u0323êt Tiê\u0301n", "7-Eleven Việt Nam", "ร้านอาหาร", "បឋម"]
)
def test_names_of_places_of_every_kind_pass(typed: str) -> None:
    """Digits, decomposed letters and other scripts are names, kept in composed form."""
    import unicodedata

    assert place_name(typed) == unicodedata.normalize("NFC", typed)


# --- another place --------------------------------------------------------------------------------


def test_changing_the_place(town: Town, mau: Chat, golden: Golden) -> None:
    """From the menu to another place: asked once, kept on request, changed by the search."""
    town.log.clear()
    mau.scans(MAY)
    mau.taps("more")
    mau.taps("place")
    mau.taps("Giữ như cũ")
    mau.says("đổi nơi làm")
    mau.taps("Đổi nơi làm")
    mau.says("giay thi nghiem")
    mau.taps("pick-1")
    assert place_of(town, mau) == "Công ty Giày Thí Nghiệm"
    golden("place-change", town.transcript())


def test_keeping_the_place_in_the_middle_of_a_matter_goes_on_there(mau: Chat) -> None:
    """Asked in the middle of signing, "keep" comes back to the same question."""
    mau.scans(MAY)
    mau.taps("sign")
    mau.taps("consent-ab")
    asked = mau.last
    mau.says("đổi nơi làm")
    mau.taps("keep")
    assert mau.last == asked


def test_finding_another_place_in_the_middle_asks_first(town: Town, mau: Chat) -> None:
    """A search pressed in the middle of a matter does not throw it away silently."""
    mau.scans(MAY)
    mau.taps("sign")
    mau.taps("consent-ab")
    mau.says("tìm theo tên")
    mau.says("giay thi nghiem")
    mau.taps("pick-1")
    assert "Bạn muốn đổi sang nơi khác?" in mau.last
    mau.taps("keep")
    assert mau.last.startswith("Họ và tên đầy đủ")
    assert place_of(town, mau) == "Công ty May Ví Dụ"


def test_without_a_place_changing_it_is_finding_it(town: Town) -> None:
    """The words "Đổi nơi làm" of whoever has none yet asks for the name."""
    chat = town.person("Trần Văn Ví Dụ")
    chat.says("đổi nơi làm")
    assert chat.last.startswith("Nơi bạn làm tên gì?")


def test_a_matter_typed_before_a_place_was_known_is_not_lost(town: Town) -> None:
    """Whoever writes to an officer first and scans then can go on where she was."""
    chat = town.person("Trần Văn Ví Dụ")
    chat.says("gặp cán bộ")
    chat.taps("kind-wage")
    asked = chat.last
    chat.scans(MAY)
    assert chat.last.startswith("Chào bạn.")
    chat.says("làm tiếp")
    assert chat.last.splitlines()[0] == asked.splitlines()[0]


def test_at_a_new_place_it_is_said_who_really_receives(town: Town, mau: Chat) -> None:
    """The province checks a new place; names go to the body of its ward, and that is what is said."""
    mau.says("không có nơi này")
    mau.taps("register")
    mau.says("Công ty Bao Bì Nháp")
    mau.says("phường Trấn Biên")
    mau.taps("yes-go-on")
    assert "Cán bộ của Liên đoàn Lao động tỉnh Mẫu sẽ kiểm tra." in mau.last
    mau.taps("who-sees")
    assert "cán bộ của Công đoàn phường Mẫu mở để kiểm tra" in mau.last
    mau.taps("sign")
    assert "Công đoàn phường Mẫu" in mau.received[-2].text
