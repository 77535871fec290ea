"""Coming with an arrival code, typed in any way; used, expired and wrong ones read alike."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from chat import GIAY, MAY, PHUONG, Chat, Town

from bot.arriving import Asked
from bot.hear import hear, submit_arrival
from bot.speech import Heard
from storage.store import Store

Golden = Callable[[str, str], None]
WRONG = "K7M2QX"


def given(town: Town, token: str = MAY, *, language: str = "vi", nonce: str = "a page") -> str:
    """Ask for a code as the page of a poster does; return it."""
    asked = Asked(town.tokens.get(token, token), nonce, language, 30)
    page = submit_arrival(asked, town.office).result().page
    assert page is not None
    return str(page.facts["code"])


def place_of(town: Town, chat: Chat) -> str | None:
    """Return the code of the enterprise that a conversation is at."""

    def look(store: Store) -> str | None:
        known = store.conversations.find(chat.channel, chat.address)
        if known is None or known.enterprise_id is None:
            return None
        return store.enterprises.by_id(known.enterprise_id).code

    return town.read(look)


@pytest.fixture
def mau(town: Town) -> Chat:
    """Somebody with a phone."""
    return town.person("Nguyễn Thị Mẫu")


def test_from_the_page_to_the_welcome(town: Town, mau: Chat, golden: Golden) -> None:
    """A code from the page, sent twice by a nervous thumb; then by somebody else, who reads "wrong"."""
    code = given(town)
    mau.says(f"#{code}")
    mau.says(code.lower())
    du = town.person("Trần Văn Ví Dụ")
    du.says(code)
    du.taps("find")
    du.says("may vi du")
    golden("arrival-code", town.transcript())


@pytest.mark.parametrize(
    "spell",
    [
        str,
        str.lower,
        "#{}".format,
        lambda code: f"# {code[:3]} {code[3:]}",
        lambda code: f" {code[:3]}-{code[3:].lower()}. ",
        lambda code: f"Mã: {code}",
        lambda code: f"mã để bắt đầu: {code[:3]} {code[3:]}",
        lambda code: f"ma {code.lower()}",
        lambda code: f"ma\u0303 {code}",
        lambda code: f"/start {code}",
        lambda code: f"/START #{code.lower()}",
        lambda code: f"code {code}",
        lambda code: "".join(chr(ord(one) + 0xFEE0) for one in code),
        "\u200b".join,
        lambda code: f"\u202e{code}\x00",
    ],
)
def test_it_is_understood_however_it_is_typed(
    town: Town, mau: Chat, spell: Callable[[str], str]
) -> None:
    """Case, spaces, signs, the word before it and what cannot be seen do not matter."""
    mau.says(spell(given(town)))
    assert place_of(town, mau) == MAY


def test_a_link_to_the_chat_may_carry_it(town: Town, mau: Chat) -> None:
    """Where a channel hands over what a link carried, a code in it is used up like a typed one."""
    code = given(town)
    mau.scans(code)
    assert place_of(town, mau) == MAY
    du = town.person("Trần Văn Ví Dụ")
    du.scans(code)
    assert place_of(town, du) is None


def test_used_expired_unknown_and_revoked_codes_read_alike(town: Town) -> None:
    """Nobody learns from an answer whether a code once was one."""
    used, expired = given(town, nonce="one"), given(town, nonce="two")
    town.person("Một Mẫu").says(used)
    town.clock.advance(minutes=30)
    revoked = given(town, GIAY, nonce="three")

    def revoke(store: Store) -> None:
        found = store.posters.by_token(town.tokens[GIAY])
        assert found is not None
        store.posters.revoke(found.id)

    town.write(revoke)
    chats = [town.person(f"Người Mẫu {letter}") for letter in "ABCD"]
    for chat, code in zip(chats, (used, expired, revoked, WRONG), strict=True):
        chat.says(code)
        assert place_of(town, chat) is None
    assert len({chat.last for chat in chats}) == 1
    assert "chưa tìm ra nơi làm theo mã này" in chats[0].last


def test_a_revoked_poster_takes_its_codes_along(town: Town, mau: Chat) -> None:
    """A code leads to what its poster shows now; in the middle of a talk it is no code at all."""
    code = given(town, GIAY)

    def revoke(store: Store) -> None:
        found = store.posters.by_token(town.tokens[GIAY])
        assert found is not None
        store.posters.revoke(found.id)

    mau.scans(MAY)
    town.write(revoke)
    mau.says(code)
    assert place_of(town, mau) == MAY
    assert (
        submit_arrival(Asked(town.tokens[GIAY], "x", "vi", 30), town.office).result().page is None
    )


def test_it_opens_no_more_than_the_page_shows(town: Town, mau: Chat) -> None:
    """From a poster that names no place it leads to the search, in the name of its body."""

    def make(store: Store) -> str:
        place = store.enterprises.by_code(MAY)
        assert place is not None
        return store.posters.make(enterprise_id=place.id, names_enterprise=False).token

    code = given(town, town.write(make))
    mau.says(code)
    assert "Đây là kênh của Công đoàn phường Mẫu" in mau.last
    assert "May Ví Dụ" not in mau.last
    assert place_of(town, mau) is None
    asked = mau.last
    mau.says(code)
    assert mau.last == asked


def test_a_share_link_gives_codes_too(town: Town, mau: Chat) -> None:
    """What a colleague passes on leads to the same place."""

    def make(store: Store) -> str:
        place = store.enterprises.by_code(MAY)
        assert place is not None
        return store.posters.share_of(place.id).token

    mau.says(given(town, town.write(make)))
    assert place_of(town, mau) == MAY


def test_the_talk_goes_on_in_the_language_of_the_page(town: Town, mau: Chat) -> None:
    """Whoever tapped on an English page is answered in English; made-up languages change nothing."""
    mau.says(given(town, language="en"))
    assert mau.labels[0] == "Put my name down"
    du = town.person("Trần Văn Ví Dụ")
    du.says(given(town, language="zz", nonce="other"))
    assert du.labels[0] == "Ghi tên"


def test_wrong_ones_are_counted_with_the_posters(town: Town, mau: Chat) -> None:
    """After six wrong codes a good one waits, and is not used up by trying."""
    code = given(town)
    for number in range(6):
        mau.says(f"B7WK{number + 2}3")
    mau.says(code)
    assert mau.last.startswith("Bạn đã thử nhiều lần.")
    town.clock.advance(minutes=16)
    mau.says(code)
    assert place_of(town, mau) == MAY


def test_the_same_event_again_is_no_second_use(town: Town, mau: Chat) -> None:
    """What a platform brings twice is heard once, and nobody is told that the code is wrong."""
    heard = Heard("paper", mau.address, "once", text=given(town))
    assert len(hear(heard, town.office).letters) == 1
    assert hear(heard, town.office).is_repeat
    assert place_of(town, mau) == MAY


def test_at_another_place_in_the_middle_she_is_asked_first(town: Town, mau: Chat) -> None:
    """A code of another place loses nothing that was begun, also when it is typed twice."""
    code = given(town, GIAY)
    mau.scans(MAY)
    mau.taps("sign")
    mau.taps("consent-ab")
    mau.says(code)
    assert "đổi sang nơi khác" in mau.last
    mau.says(code)
    assert "đổi sang nơi khác" in mau.last
    mau.taps("Đổi nơi làm")
    assert place_of(town, mau) == GIAY


def test_typed_again_later_she_is_where_she_is(town: Town, mau: Chat) -> None:
    """Her own used code, typed an hour later in the middle of a step, asks that step again."""
    code = given(town)
    mau.says(code)
    mau.taps("sign")
    asked = mau.last
    town.clock.advance(hours=1)
    mau.says(code)
    assert mau.last == asked
    mau.says("hủy")
    mau.says(code)
    assert "Đây là kênh của Công đoàn phường Mẫu" in mau.last


def test_her_memory_holds_no_code_to_read(town: Town, mau: Chat) -> None:
    """What knows her code again is a keyed mark; it is wiped with the rest."""
    code = given(town)
    mau.says(code)
    kept = town.read(lambda store: store.conversations.by_id(mau.conversation_id()).memory)
    assert kept["came_by"]
    assert code not in str(kept)
    town.rounds(days=31)
    kept = town.read(lambda store: store.conversations.by_id(mau.conversation_id()).memory)
    assert "came_by" not in kept


def test_nothing_is_given_for_what_is_no_poster(town: Town) -> None:
    """Unknown tokens, a body's or made-up ones, get no code and leave no row."""
    for token in ("", "0", "x" * 64, "\x00", "không"):
        asked = Asked(token, "a page", "vi", 30)
        assert submit_arrival(asked, town.office).result().page is None


def test_a_body_without_a_place_gives_codes(town: Town, mau: Chat) -> None:
    """The poster of a body alone leads to the search in its name."""

    def make(store: Store) -> str:
        body = store.bodies.by_code(PHUONG)
        assert body is not None
        return store.posters.make(enterprise_id=None, body_id=body.id).token

    mau.says(given(town, town.write(make)))
    assert "Đây là kênh của Công đoàn phường Mẫu" in mau.last


def test_giving_makes_no_conversation(town: Town) -> None:
    """Nobody has said anything yet: no conversation, no event and no letter is kept."""
    from sqlalchemy import func, select

    from storage.tables import conversation, inbox, letter

    def count(store: Store) -> list[int]:
        return [
            int(store.connection.execute(select(func.count()).select_from(one)).scalar() or 0)
            for one in (conversation, inbox, letter)
        ]

    before = town.read(count)
    given(town)
    assert town.read(count) == before
