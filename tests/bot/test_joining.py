"""One person, several channels: joined only by a code or a verified number, agreed to in both."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from chat import GIAY, MAY, PHUONG, Chat, Town
from joined import NAME, are_one, code_of, join, neutral, push, who
from sqlalchemy import select

from storage.store import Store
from storage.tables import joining, ledger

Golden = Callable[[str, str], None]
NOT_ALLOWED = "Việc này bạn không làm được ở đây."


@pytest.fixture
def mau(town: Town) -> Chat:
    """Somebody who has put her name down on one channel."""
    chat = town.person(NAME)
    chat.signs(MAY)
    return chat


@pytest.fixture
def other(town: Town) -> Chat:
    """Another place, on another channel, where nobody has talked yet."""
    return town.person("Nơi kia", channel="terminal", address="may-kia")


def nothing_broke(town: Town) -> None:
    """No turn of anybody broke."""
    assert [one.error for one in town.read(lambda store: store.inbox.failed())] == []


# --- the whole way ----------------------------------------------------------------------------------


def test_the_whole_way(town: Town, mau: Chat, other: Chat, golden: Golden) -> None:
    """A code from one, typed in the other, agreed to in both: her matters are read in either."""
    code = mau.code
    town.log.clear()
    join(mau, other)
    other.says("tới đâu rồi")
    assert code in other.last
    town.rounds(days=1)
    golden("joining", neutral(town.transcript()))
    assert are_one(town, mau, other)
    nothing_broke(town)


def test_nothing_is_joined_before_both_agreed(town: Town, mau: Chat, other: Chat) -> None:
    """Who got hold of a code and typed it reads nothing: she who showed it has not agreed."""
    code = mau.code
    other.says(code_of(mau))
    other.taps("joining-same")
    assert not are_one(town, mau, other)
    other.says("tới đâu rồi")
    assert code not in other.last
    mau.taps("joining-no")
    assert not are_one(town, mau, other)
    mau.taps("joining-yes")
    assert "không còn dùng được" in mau.last
    assert not are_one(town, mau, other)


def test_who_is_talked_into_typing_a_code_is_warned(
    town: Town, mau: Chat, other: Chat, golden: Golden
) -> None:
    """She reads that the other phone's holder would see her matters, and may still say no."""
    town.log.clear()
    mau.says(code_of(other))
    assert "người cầm máy kia sẽ xem được mã và việc của bạn" in mau.last
    mau.taps("Không nối")
    golden("joining_tricked", neutral(town.transcript()))
    assert not are_one(town, mau, other)
    assert not any("joining-yes" in (c.id for c in reply.choices) for reply in other.received)


def test_broken_off_and_taken_up(town: Town, mau: Chat, other: Chat, golden: Golden) -> None:
    """A code that ran out asks for a new one; a mistake is asked again; the second way ends."""
    town.log.clear()
    first = code_of(mau)
    town.clock.advance(minutes=16)
    other.says(first)
    assert not are_one(town, mau, other)
    other.says(code_of(mau))
    other.says("hả")
    other.says("cả hai là của tôi")
    mau.says("đúng, nối lại")
    golden("joining_again", neutral(town.transcript()))
    assert are_one(town, mau, other)


def test_what_was_under_way_goes_on(town: Town, mau: Chat, other: Chat) -> None:
    """A code typed in the middle of signing is understood, and the question waits after it."""
    other.scans(MAY)
    other.taps("sign")
    asked = other.last
    other.says(code_of(mau))
    other.taps("Không nối")
    assert asked.splitlines()[-1] in other.last


# --- codes that open nothing ------------------------------------------------------------------------


def test_a_code_is_good_once(town: Town, mau: Chat, other: Chat) -> None:
    """Used, it reads like any wrong code, whoever types it."""
    code = code_of(mau)
    other.says(code)
    other.taps("joining-same")
    third = town.person("Trần Văn Ví Dụ")
    third.says("chào")
    third.says(code)
    used = third.last
    third.says("K7M 2QX")
    assert third.last == used


def test_two_who_typed_one_code(town: Town, mau: Chat, other: Chat) -> None:
    """Both were asked; the first who says yes uses it up, the second is told to get a new one."""
    third = town.person("Trần Văn Ví Dụ")
    code = code_of(mau)
    for chat in (other, third):
        chat.says(code)
    other.taps("joining-same")
    third.taps("joining-same")
    assert "không còn dùng được" in third.last
    mau.taps("joining-yes")
    assert are_one(town, mau, other)
    assert not are_one(town, mau, third)


@pytest.mark.parametrize("minutes", [15, 60])
def test_an_expired_code(town: Town, mau: Chat, other: Chat, minutes: int) -> None:
    """After its minutes a code reads like one that never was."""
    code = code_of(mau)
    town.clock.advance(minutes=minutes)
    other.says(code)
    assert "joining-same" not in [c.id for c in other.received[-1].choices]


def test_an_expired_question(town: Town, mau: Chat, other: Chat) -> None:
    """Who agrees too late joins nothing."""
    other.says(code_of(mau))
    other.taps("joining-same")
    town.clock.advance(minutes=16)
    mau.taps("joining-yes")
    assert not are_one(town, mau, other)


def test_her_own_code(town: Town, mau: Chat) -> None:
    """Typed where it was shown, it says where it belongs, and stays good."""
    code = code_of(mau)
    mau.says(code)
    assert "của chính nơi này" in mau.last
    other = town.person("Nơi kia", channel="abroad")
    other.says(code)
    other.taps("joining-same")
    mau.taps("joining-yes")
    assert are_one(town, mau, other)


def test_a_new_code_ends_the_one_before(town: Town, mau: Chat, other: Chat) -> None:
    """One code is live in a conversation."""
    first = code_of(mau)
    second = code_of(mau)
    other.says(first)
    assert "joining-same" not in [c.id for c in other.received[-1].choices]
    other.says(second)
    assert "joining-same" in [c.id for c in other.received[-1].choices]


@pytest.mark.parametrize("word", ["khóa", "xóa thông tin"])
def test_locking_and_erasing_end_a_code(town: Town, mau: Chat, other: Chat, word: str) -> None:
    """A code of a conversation that was locked or erased since opens nothing."""
    code = code_of(mau)
    mau.says(word)
    if "xóa" in word:
        mau.taps("erase-all")
    other.says(code)
    assert "joining-same" not in [c.id for c in other.received[-1].choices]


@pytest.mark.parametrize(
    "typed", ["", "K7M2QX", "khong co", "🙂" * 6, "2" * 200, "%s{0}\x00", "\ud800"]
)
def test_what_is_no_code_joins_nobody(town: Town, mau: Chat, other: Chat, typed: str) -> None:
    """Whatever else is typed is answered by somebody else, and breaks nothing."""
    code_of(mau)
    other.says(typed)
    assert not are_one(town, mau, other)
    nothing_broke(town)


def test_the_code_is_kept_as_an_index(town: Town, mau: Chat) -> None:
    """Nobody reads a code in the store, and what expired is forgotten."""
    code = code_of(mau).replace(" ", "")

    def rows(store: Store):
        return store.connection.execute(select(joining)).all()

    (row,) = town.read(rows)
    assert code.encode() not in row.code_blind
    town.rounds(days=3)
    assert town.read(rows) == []


# --- guessing ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("prepare", ["nothing", "in a step", "officer"])
def test_tries_are_limited_together(town: Town, mau: Chat, prepare: str) -> None:
    """After five wrong codes, of whatever kind and in whatever step, a right one is not read."""
    guesser = town.officer("Lê Thị Thử") if prepare == "officer" else town.person("Kẻ Dò")
    if prepare == "in a step":
        guesser.scans(MAY)
        guesser.taps("sign")
    code = code_of(mau)
    for number in range(5):
        guesser.says(f"K7M2Q{number + 2}")
    guesser.says(code)
    assert "joining-same" not in [c.id for c in guesser.received[-1].choices]
    town.clock.advance(minutes=16)
    guesser.says(code_of(mau))
    assert "joining-same" in [c.id for c in guesser.received[-1].choices]


# --- who may not be joined --------------------------------------------------------------------------


def test_a_locked_chat_shows_and_takes_no_code(town: Town, mau: Chat, other: Chat) -> None:
    """Who does not know her code neither shows one from a locked chat nor joins it."""
    code = mau.code
    mau.says("khóa")
    mau.says("nối kênh")
    mau.taps("joining-code")
    assert "Mã nối" not in mau.last
    mau.says(code_of(other))
    assert "joining-same" not in [c.id for c in mau.received[-1].choices]
    mau.says(code)
    mau.says(code_of(other))
    assert "joining-same" in [c.id for c in mau.received[-1].choices]


def test_a_lock_holds_at_the_last_tap(town: Town, mau: Chat, other: Chat) -> None:
    """Locked in between, what was asked is asked no more."""
    other.says(code_of(mau))
    other.taps("joining-same")
    mau.says("khóa")
    mau.taps("joining-yes")
    assert not are_one(town, mau, other)


def test_two_officers_are_refused(town: Town) -> None:
    """No desk is gained by a code: two officers stay two."""
    one, two = town.officer("Lê Thị Thử"), town.officer("Phạm Văn Nháp", channel="abroad")
    two.says(code_of(one))
    assert "hai cán bộ" in two.last
    assert not are_one(town, one, two)


@pytest.mark.parametrize("shows", ["officer", "worker"])
def test_the_other_side_is_an_officer(town: Town, mau: Chat, shows: str) -> None:
    """Whoever is to be joined with an officer's desk reads that it is one, and may be it."""
    officer = town.officer("Lê Thị Thử", channel="abroad")
    first, second = (officer, mau) if shows == "officer" else (mau, officer)
    second.says(code_of(first))
    if shows == "officer":
        assert "bàn làm việc của một cán bộ" in second.last
    second.taps("joining-same")
    if shows == "worker":
        assert "bàn làm việc của một cán bộ" in first.last
    first.taps("joining-yes")
    assert are_one(town, officer, mau)


def test_an_officer_gains_a_second_address(town: Town, other: Chat) -> None:
    """Her desk opens at both, and what is told to her goes to the one used last."""
    officer = town.officer("Lê Thị Thử")
    join(officer, other)
    other.says("việc")
    assert "Việc này" not in other.last
    before = len(officer.received), len(other.received)
    other.says("menu")
    before = len(officer.received), len(other.received)
    town.gather(5)
    assert len(officer.received) == before[0]
    assert len(other.received) == before[1] + 1
    town.revoke(officer)
    other.says("việc")
    assert other.last.startswith("Bạn") or "không" in other.last


def test_at_most_five_addresses(town: Town, mau: Chat) -> None:
    """A sixth place is not joined, from whichever side."""
    for number in range(4):
        join(mau, town.person(f"Nơi {number}", channel=("abroad", "paper")[number % 2]))
    sixth = town.person("Nơi sáu")
    sixth.says(code_of(mau))
    assert "Nhiều nhất nối được 5 nơi" in sixth.last
    mau.says(code_of(sixth))
    assert "Nhiều nhất nối được 5 nơi" in mau.last


def test_joined_already(town: Town, mau: Chat, other: Chat) -> None:
    """A code between two that are one says so."""
    join(mau, other)
    other.says(code_of(mau))
    assert other.last == "Hai nơi này đã nối rồi."


def test_chains(town: Town, mau: Chat, other: Chat) -> None:
    """Two pairs become four of one person, with one count, whoever showed the code."""
    third, fourth = town.person("Ba", channel="terminal"), town.person("Bốn", channel="web")
    third.signs(MAY, name=NAME)
    assert town.petition().counted == 2
    join(mau, other)
    join(fourth, third)
    join(third, other)
    assert are_one(town, mau, other, third, fourth)
    assert town.petition().counted == 1
    fourth.says("tới đâu rồi")
    assert "Mã" in fourth.last
    nothing_broke(town)


# --- by a verified number ---------------------------------------------------------------------------


def give_number(chat: Chat, *, verified: bool) -> None:
    """Sign with a number that the channel vouches for, or that was typed."""
    chat.scans(MAY)
    chat.taps("sign")
    chat.taps("consent-ab")
    chat.says(NAME)
    if verified:
        chat.shares_contact("0912 345 678")
    else:
        chat.says("0912 345 678")
    chat.taps("put-name")


@pytest.mark.parametrize(
    ("one", "two"), [(True, True), (True, False), (False, True), (False, False)]
)
def test_only_a_number_that_both_verified(town: Town, *, one: bool, two: bool) -> None:
    """Offered where both channels vouch for it, never for a typed one; agreed to in both."""
    first, second = town.person("Một"), town.person("Hai")
    give_number(first, verified=one)
    give_number(second, verified=two)
    assert town.petition().counted == 2
    second.says("nối kênh")
    offered = [choice.id for choice in second.received[-1].choices]
    assert ("joining-number" in offered) == (one and two)
    if not (one and two):
        return
    second.taps("joining-number")
    second.taps("joining-same")
    assert not are_one(town, first, second), "asked, never silently done"
    first.taps("joining-yes")
    assert are_one(town, first, second)
    assert town.petition().counted == 1


# --- what becomes of what was recorded --------------------------------------------------------------


def test_one_name_counts_once(town: Town, mau: Chat, other: Chat) -> None:
    """Two signatures of one person become one; nobody watching sees it before the daily run."""
    other.signs(MAY, name="NGUYEN thi mau")
    codes = mau.code, other.code
    town.gather(3)
    town.rounds(days=1)
    shown = band(town)
    assert town.petition().counted == 5
    join(mau, other)
    assert town.petition().counted == 4
    assert band(town) == shown
    town.rounds(days=1)
    assert band(town) != shown
    for code in codes:
        for chat in (mau, other):
            chat.says(code)
            assert "Mã" in chat.last
            assert "không có" not in chat.last.casefold()
    acts = town.read(lambda store: store.connection.execute(select(ledger)).all())
    (act,) = [row for row in acts if row.act == "counted_once"]
    assert NAME not in str(act.facts)
    nothing_broke(town)


def band(town: Town):
    """Return the band that outsiders may know."""
    known = town.read(lambda store: store.cases.band(town.petition().id))
    return known.low, known.is_enough


def test_two_names_stay_two(town: Town, mau: Chat, other: Chat) -> None:
    """Another name may be her daughter's: both count, and the officer sees that they share."""
    other.signs(MAY, name="Trần Văn Ví Dụ")
    join(mau, other)
    assert town.petition().counted == 2
    case_id = town.petition().id
    assert town.read(lambda store: store.signatures.doubles(case_id))[0] == 2


@pytest.mark.parametrize(
    ("first", "second", "counted"),
    [("stands", "withdrawn", 1), ("withdrawn", "stands", 1), ("aside", "stands", 0), ("stands", "aside", 0), ("withdrawn", "withdrawn", 0)],
)  # fmt: skip
def test_how_two_become_one(
    town: Town, mau: Chat, other: Chat, first: str, second: str, counted: int
) -> None:
    """One that was taken back does not undo one that stands; what was set aside stays aside."""
    other.signs(MAY, name=NAME)
    for chat, how in ((mau, first), (other, second)):
        if how == "withdrawn":
            chat.says("rút tên")
            chat.taps("withdraw-now")
        if how == "aside":
            chat.says("không phải tôi")
            chat.taps("not-me-yes")
    join(mau, other)
    assert town.petition().counted == counted
    nothing_broke(town)


def test_taking_back_at_either_address(town: Town, mau: Chat, other: Chat) -> None:
    """What was put down at one is taken back at the other."""
    join(mau, other)
    other.says("rút tên")
    other.taps("withdraw-now")
    assert town.petition().counted == 0


def test_signing_again_elsewhere_counts_once(town: Town, mau: Chat, other: Chat) -> None:
    """After joining, the same name put down at the other address confirms it, with its code."""
    code = mau.code
    join(mau, other)
    other.signs(MAY, name=NAME)
    assert town.petition().counted == 1
    assert other.code == code


def test_two_joins_of_one_person(town: Town, other: Chat) -> None:
    """Who asked twice to join one union waits on the desk once."""
    mau = town.person(NAME)
    officer = town.officer("Lê Thị Thử")
    mau.signs(GIAY)
    other.signs(GIAY, name=NAME)
    owner = who(town, mau)[0], who(town, other)[0]
    assert len(owner) == 2
    join(mau, other)
    enterprise = town.read(lambda store: store.enterprises.by_code(GIAY))
    live = town.read(lambda store: store.cases.live_join(who(town, mau)[0], enterprise.id))
    assert len(live) == 1
    officer.says("việc")
    assert officer.last.count("gia nhập") <= 1
    nothing_broke(town)


def test_falling_below_the_number(town: Town, mau: Chat, other: Chat) -> None:
    """Joined, a petition of five is one of four: it opens again, and the desk is told in a note."""
    other.signs(MAY, name=NAME)
    officer = town.officer("Lê Thị Thử")
    town.gather(3)
    assert town.petition().state == "ready"
    join(mau, other)
    assert (town.petition().state, town.petition().counted) == ("open", 4)
    assert NAME not in "".join(reply.text for reply in officer.received)


def test_the_stricter_answer_holds(town: Town, mau: Chat, other: Chat) -> None:
    """A no to being contacted and a stop of one address hold for both, and later changes for both."""
    other.signs(MAY, name=NAME, consent="consent-a")
    mau.says("dừng")
    mau.taps("stop-all")
    join(mau, other)

    def settings(chat: Chat):
        return town.read(lambda store: store.conversations.find(chat.channel, chat.address))

    assert not town.read(lambda store: store.people.may_contact(who(town, mau)[0]))
    assert settings(mau).stopped_all_at == settings(other).stopped_all_at is not None
    other.says("nhận tin")
    for chat in (mau, other):
        assert settings(chat).stopped_all_at is None
        assert settings(chat).wants_news is True


# --- where letters go -------------------------------------------------------------------------------


def test_letters_go_to_the_address_used_last(town: Town, mau: Chat, other: Chat) -> None:
    """One letter, where she spoke last; answers go where she asked; its buttons work in both."""
    join(mau, other)
    town.clock.advance(minutes=5)
    other.says("menu")
    before = len(mau.received), len(other.received)
    push(town, mau)
    assert (len(mau.received) - before[0], len(other.received) - before[1]) == (0, 1)
    envelope = other.received[-1].choices[0].payload
    mau.presses(envelope)
    assert mau.last != NOT_ALLOWED
    town.clock.advance(minutes=5)
    mau.says("menu")
    before = len(mau.received), len(other.received)
    push(town, mau)
    assert (len(mau.received) - before[0], len(other.received) - before[1]) == (1, 0)


def test_an_answer_belongs_to_its_address(town: Town, mau: Chat, other: Chat) -> None:
    """A button of a question that one address was asked answers nothing at the other."""
    join(mau, other)
    mau.says("rút tên")
    other.presses(mau.button("withdraw-now").payload)
    assert other.last.startswith(NOT_ALLOWED)
    assert town.petition().counted == 1


def test_a_page_comes_after_a_phone(town: Town, mau: Chat) -> None:
    """Used last, the web page still gets no letter that a phone can get; alone, it does."""
    page = town.person("Trang", channel="web", address="ABCDEFGHJKMNPQRS")
    join(mau, page)
    town.clock.advance(minutes=5)
    page.says("menu")
    before = len(mau.received), len(page.received)
    push(town, mau)
    assert (len(mau.received) - before[0], len(page.received) - before[1]) == (1, 0)
    mau.taps("open-news")
    mau._does("(chặn)", left=True)
    push(town, mau)
    assert page.last == "Bạn có tin mới."


def test_a_page_of_ours_belongs_to_who_asked(town: Town, mau: Chat, other: Chat) -> None:
    """A one-time link leads back to the address where it was asked for."""
    join(mau, other)
    other.says("thông tin của tôi")
    other.taps("see-kept")
    other.taps("open-private")
    assert other.opens().page.name == "mine"
    shown = str(other.outcome.page.facts)
    assert NAME in shown
    assert "Nối với: một kênh khác" in shown


# --- apart again ------------------------------------------------------------------------------------


def test_leaving(town: Town, mau: Chat, other: Chat, golden: Golden) -> None:
    """An address that leaves sees nothing any more; what is recorded stays with the other."""
    code = mau.code
    join(mau, other)
    town.log.clear()
    mau.says("tách ra")
    mau.taps("joined-leave")
    mau.taps("joined-leave-now")
    mau.says("tới đâu rồi")
    assert code not in mau.last
    other.says("tới đâu rồi")
    assert code in other.last
    golden("joining_parted", town.transcript())
    assert not are_one(town, mau, other)
    assert town.petition().counted == 1
    mau.says("rút tên")
    mau.taps("withdraw-now")
    assert town.petition().counted == 1
    before = len(mau.received)
    push(town, other)
    town.rounds(days=2)
    assert len(mau.received) == before


def test_an_old_button_of_who_left_opens_nothing(town: Town, mau: Chat, other: Chat) -> None:
    """The envelope that came before she left is no way back in."""
    join(mau, other)
    town.clock.advance(minutes=5)
    mau.says("menu")
    push(town, mau)
    envelope = mau.button("open-news").payload
    mau.says("tách ra")
    mau.taps("joined-leave")
    mau.taps("joined-leave-now")
    mau.presses(envelope)
    assert mau.last.startswith(NOT_ALLOWED)


def test_a_link_of_who_left_opens_nothing(town: Town, mau: Chat, other: Chat) -> None:
    """A page asked for before leaving stays shut after it."""
    join(mau, other)
    mau.says("thông tin của tôi")
    mau.taps("see-kept")
    mau.taps("open-private")
    token = mau.token()
    mau.says("tách ra")
    mau.taps("joined-leave")
    mau.taps("joined-leave-now")
    assert mau.submits("open-link", token=token).page.name == "expired"


def test_who_named_herself_first_puts_the_other_out(
    town: Town, mau: Chat, other: Chat, golden: Golden
) -> None:
    """Tricked into joining, she puts the other address out; it is told, and never can her."""
    code = mau.code
    join(other, mau)
    town.log.clear()
    other.says("nơi đã nối")
    assert not any("put-out" in choice.id for choice in other.received[-1].choices)
    mau.says("nơi đã nối")
    mau.taps("put-out-1")
    golden("joining_put_out", town.transcript())
    assert not are_one(town, mau, other)
    other.says(code)
    assert "Bạn đã ghi tên" not in other.last
    mau.says("tới đâu rồi")
    assert code in mau.last


def test_a_forged_wish_to_put_out(town: Town, mau: Chat, other: Chat) -> None:
    """Whatever is typed as a choice, the one that went first stays."""
    join(other, mau)
    other.says("nơi đã nối")
    for typed in ("put-out-1", "3", "99", "Tách một kênh khác"):
        other.says(typed)
    assert are_one(town, mau, other)


def test_letters_that_wait_go_on_when_an_address_leaves(
    town: Town, mau: Chat, other: Chat
) -> None:
    """An envelope that waits for the morning comes to the address that stays, once."""
    join(mau, other)
    town.clock.advance(hours=13)  # 21:00
    mau.says("menu")
    push(town, mau)
    before = len(other.received)
    assert mau.last != "Bạn có tin mới."
    mau.says("tách ra")
    mau.taps("joined-leave")
    mau.taps("joined-leave-now")
    town.rounds(hours=11)
    assert [one.text for one in other.received[before:]].count("Bạn có tin mới.") == 1
    assert mau.last != "Bạn có tin mới."


def test_leaving_the_web_for_good_leaves_the_person(town: Town, mau: Chat) -> None:
    """A machine that was left for good is no address of hers any more."""
    page = town.person("Trang", channel="web", address="ABCDEFGHJKMNPQRS")
    join(mau, page)
    page.submits("left")
    rows = town.read(lambda store: store.conversations.addresses_of(who(town, mau)[0]))
    assert [one.channel for one in rows] == ["paper"]
    nothing_broke(town)


# --- erasing, and what a platform takes back --------------------------------------------------------


def test_erasing_erases_at_every_address(town: Town, mau: Chat, other: Chat) -> None:
    """Erased from one, nothing is left at the other: no name, no memory, no place of work."""
    join(mau, other)
    mau.scans(MAY)
    mau.taps("sign")
    mau.taps("consent-a")
    mau.says("Trần Thị Thử")
    other.says("xóa thông tin")
    other.taps("erase-all")
    known = town.read(lambda store: store.conversations.find(mau.channel, mau.address))
    assert (known.memory, known.enterprise_id, known.step) == ({}, None, "")
    assert town.read(lambda store: store.people.at(known.id)) == []
    assert town.petition().counted == 0


def test_a_platform_takes_back_what_it_gave(town: Town, mau: Chat, other: Chat) -> None:
    """That address leaves and gets nothing more; she is asked at the other whether to erase all."""
    from bot.speech import WITHDRAWN

    code = mau.code
    join(mau, other)
    before = len(mau.received)
    mau.submits(WITHDRAWN)
    assert len(mau.received) == before
    assert not are_one(town, mau, other)
    assert town.petition().counted == 1
    mau.says("tới đâu rồi")
    assert code not in mau.last
    assert other.last == "Bạn có tin mới."
    other.taps("open-news")
    assert "rút lại điều đã cho phép" in other.last
    requests = town.read(lambda store: store.cases.requests_of(who(town, other)[0]))
    assert [one.about for one in requests] == ["erase"]
    other.taps("erase")
    other.taps("erase-all")
    assert town.petition().counted == 0


def test_a_platform_speaks_for_the_last_address(town: Town, mau: Chat, other: Chat) -> None:
    """Where no other address can be reached there is nobody to ask: all is erased."""
    from bot.speech import WITHDRAWN

    join(mau, other)
    mau._does("(chặn)", left=True)
    other.submits(WITHDRAWN)
    assert town.petition().counted == 0
    assert town.read(lambda store: store.people.at(who(town, mau)[0])) == []


def test_an_invited_officer_stays_one_after_leaving(town: Town, other: Chat) -> None:
    """The desk stays with the addresses that remain; who left has none."""
    officer = town.officer("Lê Thị Thử", PHUONG)
    join(officer, other)
    officer.says("tách ra")
    officer.taps("joined-leave")
    officer.taps("joined-leave-now")
    assert town.read(lambda store: store.officers.at(who(town, officer)[0])) is None
    assert town.read(lambda store: store.officers.at(who(town, other)[0])) is not None
