"""Arrival codes: the same page gets the same, each is good once and not for long."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import pytest
from chat import GIAY, MAY, Town
from processes import side_by_side
from sqlalchemy import func, select

from bot.office import Office
from storage import arrivals
from storage.arrivals import Arrival, ArrivalCode
from storage.store import Store
from storage.tables import arrival_code
from union.codes import QUIET

ASKED = "page.mark"


def poster_id(town: Town, enterprise: str = MAY) -> int:
    """Return the poster of an enterprise."""
    found = town.read(lambda store: store.posters.by_token(town.tokens[enterprise]))
    assert found is not None
    return found.id


def give(town: Town, asked: str = ASKED, minutes: int = 30) -> ArrivalCode | None:
    """Give a code to a page."""
    poster = poster_id(town)
    return town.write(lambda store: store.arrivals.give(poster, asked, "vi", minutes))


def given(town: Town, asked: str = ASKED) -> ArrivalCode:
    """Give a code that there must be."""
    code = give(town, asked)
    assert code is not None
    return code


def find(town: Town, typed: str) -> Arrival | None:
    """Look up what was typed, now."""
    return town.read(lambda store: store.arrivals.find(typed, store.now))


def count(town: Town) -> int:
    """How many rows there are."""
    query = select(func.count()).select_from(arrival_code)
    return int(town.read(lambda store: store.connection.execute(query).scalar()) or 0)


def test_a_code_has_six_quiet_letters_and_a_digit(town: Town) -> None:
    """No vowel, no D or W, no look-alike: no keyboard changes it, and it is never a word."""
    codes = [given(town, f"page{number}").code for number in range(50)]
    assert len(set(codes)) == 50
    for code in codes:
        assert len(code) == 6
        assert set(code) <= set(QUIET)
        assert any(letter.isdigit() for letter in code)


def test_a_fresh_posters_code_is_quiet_too(town: Town) -> None:
    """What is printed from now on is changed by no keyboard either."""
    made = town.write(lambda store: [store.posters.make(enterprise_id=None) for _ in range(30)])
    assert {letter for one in made for letter in one.code} <= set(QUIET)


def test_the_same_page_gets_the_same_code(town: Town) -> None:
    """A form that is sent again, or a page loaded again, makes no second code."""
    first = given(town)
    town.clock.advance(minutes=5)
    assert given(town) == first
    assert town.read(lambda store: store.arrivals.given(ASKED)) == first
    assert given(town, "another").code != first.code
    assert count(town) == 2


@pytest.mark.parametrize("minutes", [15, 1440])
def test_a_code_ends_with_its_minutes(town: Town, minutes: int) -> None:
    """It opens until its end and nothing from then on; its page shows it no more."""
    code = give(town, minutes=minutes)
    assert code is not None
    assert code.expires_at == town.clock.now + timedelta(minutes=minutes)
    town.clock.advance(minutes=minutes, seconds=-1)
    found = find(town, f" #{code.code.lower()} ")
    assert found is not None
    assert found.poster_id == poster_id(town)
    town.clock.advance(seconds=1)
    assert find(town, code.code) is None
    assert town.read(lambda store: store.arrivals.given(ASKED)) is None


def test_a_used_code_opens_nothing_and_forgets_where_it_led(town: Town) -> None:
    """Used once it reads as unknown; the row that is left leads to no poster, and says no hour."""
    code = given(town).code
    found = find(town, code)
    assert found is not None
    assert town.write(lambda store: store.arrivals.use_up(found)) is True
    assert town.write(lambda store: store.arrivals.use_up(found)) is False
    assert find(town, code) is None
    row = town.read(lambda store: store.connection.execute(select(arrival_code)).one())
    assert row.poster_id is None
    assert set(row._fields) == {
        *("id", "code_blind", "asked_blind", "poster_id", "language", "expires_at"),
    }


def test_a_page_sent_again_does_not_bring_a_used_code_back(town: Town) -> None:
    """Asking again with the same number shows the old code; it still opens nothing."""
    code = given(town)
    found = find(town, code.code)
    assert found is not None
    town.write(lambda store: store.arrivals.use_up(found))
    assert given(town) == code
    assert find(town, code.code) is None


def test_a_page_left_open_gets_a_code_again(town: Town) -> None:
    """After its end the same page is given a good one, however many others have ended too."""
    for number in range(30):
        given(town, f"page{number}")
    first = given(town)
    town.clock.advance(minutes=31)
    again = given(town)
    assert again.expires_at == first.expires_at + timedelta(minutes=31)
    assert find(town, again.code) is not None


def test_the_code_itself_is_kept_nowhere(town: Town, store) -> None:
    """The store holds a keyed index alone: who steals the file types nobody's code."""
    code = given(town).code
    town.database.settle()
    kept = store.bytes_of(town.database.url)
    assert code.encode() not in kept
    assert code.lower().encode() not in kept


def test_a_code_is_never_a_posters(town: Town, monkeypatch: pytest.MonkeyPatch) -> None:
    """What is printed on some poster, also a revoked one, is given to nobody."""
    taken = given(town).code
    monkeypatch.setattr(
        arrivals.Posters, "has_code", lambda self, code: code == taken or code.startswith("2")
    )
    town.clock.advance(days=2)
    again = given(town)
    assert again.code != taken
    assert not again.code.startswith("2")
    assert town.read(lambda store: store.arrivals.given(ASKED)) == again


def test_nobody_fills_the_store(town: Town, monkeypatch: pytest.MonkeyPatch) -> None:
    """Beyond a number none is given; what has ended makes room, and is swept away by asking."""
    monkeypatch.setattr(arrivals, "MOST_LIVE", 3)
    kept = [given(town, f"page{number}") for number in range(3)]
    assert give(town, "one more") is None
    assert given(town, "page1") == kept[1]
    town.clock.advance(minutes=31)
    for number in range(5):
        give(town, f"later{number}")
    assert count(town) == 3


def test_old_codes_are_forgotten_in_the_daily_round(town: Town) -> None:
    """The day after nothing is left of them."""
    given(town)
    town.rounds(days=1)
    assert count(town) == 0


@pytest.mark.parametrize("typed", ["", " ", "#", "K7M2QX", "ớ ợ ừ", "\x00", "\ud800", "x" * 5000])
def test_what_is_no_code_finds_nothing(town: Town, typed: str) -> None:
    """Rubbish finds no code."""
    given(town)
    assert find(town, typed) is None


def test_two_processes_use_a_code_once(build: Callable[[], Town]) -> None:
    """Of several who send the same code at the same moment one comes in."""
    town = build()
    code = given(town).code

    def uses(office: Office, meet: Callable[[], None]) -> list[bool]:
        with office.database.read() as store:
            found = store.arrivals.find(code, store.now)
        assert found is not None
        meet()
        return [office.database.write(lambda store: store.arrivals.use_up(found))]

    done = side_by_side(town.office, town.clock.now, *[uses] * 4)
    assert sorted(one for [one] in done) == [False, False, False, True]


def test_two_processes_give_a_page_one_code(build: Callable[[], Town]) -> None:
    """A form that was sent twice is answered with one code, whoever answers."""
    town = build()
    poster = poster_id(town)

    def gives(office: Office, meet: Callable[[], None]) -> list[str | None]:
        meet()

        def work(store: Store) -> ArrivalCode | None:
            return store.arrivals.give(poster, ASKED, "vi", 30)

        made = office.database.write(work)
        return [made.code if made else None]

    codes = {code for [code] in side_by_side(town.office, town.clock.now, *[gives] * 4)}
    assert len(codes) == 1
    assert None not in codes
    assert count(town) == 1


def test_an_ambiguous_spelling_opens_no_poster(town: Town) -> None:
    """Where a keyboard's marks leave open which of two posters is meant, it is neither."""
    made = [town.tokens[MAY], town.tokens[GIAY]]

    def rename(store: Store) -> None:
        from storage.tables import poster

        for token, code in zip(made, ("K7A82Q", "K7AW2Q"), strict=True):
            found = store.posters.by_token(token)
            assert found is not None
            blind = store.keys.blind("poster-code", code)
            store._change(poster, found.id, code_blind=blind)

    town.write(rename)
    assert town.read(lambda store: store.posters.by_code("K7A82Q")) is not None
    assert town.read(lambda store: store.posters.by_code("K7Ă2Q")) is None
