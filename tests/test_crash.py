"""Every storage call and every outgoing call of a turn has once been the place of a crash."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from pathlib import Path

import pytest
from chat import GIAY, MAY, PHUONG, TINH, Chat, Clock, Town
from crash import Scene, hears
from joined import code_of
from stores import Store

from bot.office import Office
from bot.speech import Form, Heard
from bot.words import Words

Act = Callable[[Office], object]


def tap(chat: Chat, label: str) -> Act:
    """Return the act of one more tap."""
    return hears(Heard(chat.channel, chat.address, "subject", choice=chat.button(label).payload))


def say(chat: Chat, text: str) -> Act:
    """Return the act of one more line."""
    return hears(Heard(chat.channel, chat.address, "subject", text=text))


def form(chat: Chat, name: str, **fields: str) -> Act:
    """Return the act of one more form."""
    return hears(Heard(chat.channel, chat.address, "subject", form=Form(name, fields)))


def to_the_last_tap(town: Town, enterprise: str, name: str = "Nguyễn Thị Mẫu") -> Chat:
    """Let somebody stand before her last tap."""
    chat = town.person(name)
    chat.scans(enterprise)
    chat.taps("sign")
    if town.has_cdcs(enterprise):
        chat.taps("to-above")
    chat.taps("consent-ab")
    chat.says(name)
    chat.taps("no-phone")
    return chat


# --- the moments looked at ------------------------------------------------------------------------


def first_scan(town: Town) -> Act:
    chat = town.person("Nguyễn Thị Mẫu")
    return hears(Heard(chat.channel, chat.address, "subject", scan=town.tokens[MAY]))


def a_name_is_typed(town: Town) -> Act:
    chat = town.person("Nguyễn Thị Mẫu")
    chat.scans(MAY)
    chat.taps("sign")
    chat.taps("consent-ab")
    return say(chat, "Nguyễn Thị Mẫu")


def the_first_signature(town: Town) -> Act:
    return tap(to_the_last_tap(town, MAY), "put-name")


def the_signature_that_makes_enough(town: Town) -> Act:
    town.officer("Lê Thị Thử")
    town.officer("Phạm Văn Nháp")
    town.gather(4)
    return tap(to_the_last_tap(town, MAY), "put-name")


def a_withdrawal_that_makes_too_few(town: Town) -> Act:
    town.officer("Lê Thị Thử")
    signers = town.gather(5)
    signers[0].says("rút tên")
    return tap(signers[0], "withdraw-now")


def a_wish_to_join(town: Town) -> Act:
    town.officer("Lê Thị Thử")
    return tap(to_the_last_tap(town, GIAY), "put-name")


def a_request(town: Town) -> Act:
    town.officer("Lê Thị Thử")
    chat = town.person("Nguyễn Thị Mẫu")
    chat.scans(GIAY)
    return say(chat, "quản đốc đang đánh bạn em")


def an_officer_takes(town: Town) -> Act:
    officer = town.officer("Lê Thị Thử")
    town.gather(5)
    officer.says("việc")
    officer.says("1")
    return tap(officer, "desk-take")


def an_officer_accepts_an_invitation(town: Town) -> Act:
    officer = town.person("Lê Thị Thử")
    officer.says(town.invitation(PHUONG, "receives", "Lê Thị Thử"))
    return tap(officer, "accept-role")


def names_are_opened(town: Town) -> Act:
    officer = town.officer("Lê Thị Thử")
    town.gather(5)
    officer.says("việc")
    officer.says("1")
    officer.taps("desk-take")
    officer.says("việc")
    officer.says("1")
    officer.taps("desk-open-names")
    officer.opens()
    return form(officer, "open-names", token=officer.token(), reason="papers", note="")


def everything_is_erased(town: Town) -> Act:
    chat = town.person("Nguyễn Thị Mẫu")
    chat.signs(MAY)
    chat.says("xóa dữ liệu")
    return tap(chat, "erase-all")


def the_daily_run(town: Town) -> Act:
    town.officer("Lê Thị Thử")
    town.officer("Trần Văn Tỉnh", TINH, "signs")
    town.gather(5)
    town.clock.set(date(2026, 11, 23), 7, 30)
    from bot.rounds import tick

    return tick


def a_turn_that_breaks(town: Town) -> Act:
    chat = town.person("Nguyễn Thị Mẫu")
    chat.scans(MAY)

    def break_it(office: Office) -> object:
        from bot import dialogue

        def broken(turn) -> None:
            turn.store.settings.put("half", "done")
            raise RuntimeError("on purpose")

        known = dialogue._openings["menu"]
        dialogue._openings["menu"] = broken
        try:
            return say(chat, "menu")(office)
        finally:
            dialogue._openings["menu"] = known

    return break_it


def an_answer_in_three_parts(town: Town) -> Act:
    chat = town.person("Nguyễn Thị Mẫu", "abroad")
    chat.scans(MAY)

    def tell_it(office: Office) -> object:
        from bot import dialogue

        known = dialogue._openings["menu"]
        text = " ".join(f"Đây là câu số {n} mà thôi." for n in range(450))
        dialogue._openings["menu"] = lambda turn: turn._post(text, ["menu"], None)
        try:
            return say(chat, "menu")(office)
        finally:
            dialogue._openings["menu"] = known

    return tell_it


def two_become_one(town: Town) -> Act:
    one, two = town.person("Nguyễn Thị Mẫu"), town.person("Nơi kia", address="kia")
    for chat in (one, two):
        chat.signs(MAY, name="Nguyễn Thị Mẫu")
    two.says(code_of(one))
    two.taps("joining-same")
    return tap(one, "joining-yes")


MOMENTS = [
    first_scan,
    a_name_is_typed,
    the_first_signature,
    the_signature_that_makes_enough,
    a_withdrawal_that_makes_too_few,
    a_wish_to_join,
    a_request,
    an_officer_takes,
    an_officer_accepts_an_invitation,
    names_are_opened,
    everything_is_erased,
    the_daily_run,
    a_turn_that_breaks,
    an_answer_in_three_parts,
    two_become_one,
]


# Every so many points of a moment are tried by `make test`; `make test-long` tries them all. A
# process dies on PostgreSQL at the same statements, and what differs is the server's to undo.
STEPS = {"sqlite": 5, "postgresql": 20}


@pytest.mark.parametrize("moment", MOMENTS, ids=lambda one: one.__name__)
def test_a_crash_anywhere_loses_and_doubles_nothing(
    moment: Callable[[Town], Act],
    town: Town,
    store: Store,
    words: Words,
    clock: Clock,
    tmp_path: Path,
) -> None:
    """Whatever point the process dies at, the event brought again ends as if nothing had been."""
    act = moment(town)
    town.database.close()
    scene = Scene(store, town.database.url, Clock(clock.now), words, act)
    # Not the same points of every moment.
    crash_everywhere(scene, tmp_path, STEPS[store.name], MOMENTS.index(moment))


@pytest.mark.long
@pytest.mark.timeout(1800)
@pytest.mark.parametrize("moment", MOMENTS, ids=lambda one: one.__name__)
def test_a_crash_at_every_point_loses_and_doubles_nothing(
    moment: Callable[[Town], Act],
    town: Town,
    store: Store,
    words: Words,
    clock: Clock,
    tmp_path: Path,
) -> None:
    """The same at each and every point."""
    act = moment(town)
    town.database.close()
    scene = Scene(store, town.database.url, Clock(clock.now), words, act)
    crash_everywhere(scene, tmp_path, 1, 0)


def crash_everywhere(scene: Scene, folder: Path, step: int, first: int) -> None:
    """Die at every *step*-th point, and around the end of the transaction at each."""
    expected, arrived, points = scene.reference(folder)
    assert points.count > 10
    chosen = [
        place
        for place in range(1, points.count + 1)
        if (place + first) % step == 0 or -3 < place - points.written < 2
    ]
    print(f"{len(chosen)} of {points.count} crash points {dict(points.kinds)}")
    for place in chosen:
        kept, again, died = scene.crashed(folder, place)
        assert died or place > points.count - 12, f"point {place} was not reached"
        assert kept == expected, f"point {place} of {points.count}"
        missing, doubled = arrived - again, again - arrived
        assert not missing, f"point {place}: lost {missing}"
        # What was sent and not yet noted may go again, once: that is what `resend` says. Before
        # the first letter is on its way nothing at all is double.
        assert place > points.written or not doubled, f"point {place}: doubled {doubled}"
        assert all(doubled[one] <= arrived[one] for one in doubled), f"point {place}: {doubled}"
    scene.if_unsure = "hold"
    for place in chosen:
        if place <= points.written:
            continue
        kept, again, _ = scene.crashed(folder, place)
        # Under `hold` no letter arrives twice, and each that may be missing is shown as unsure.
        assert not again - arrived, f"point {place}: doubled {again - arrived}"
        held = sum("state=held" in row for row in kept["letter"])
        assert (arrived - again).total() <= held, f"point {place}: lost {arrived - again}"


def test_two_runs_without_a_crash_are_alike(
    town: Town, store: Store, words: Words, clock: Clock, tmp_path: Path
) -> None:
    """The comparison itself is sound: the same event twice gives the same snapshot, one change another."""
    act = the_first_signature(town)
    town.database.close()
    scene = Scene(store, town.database.url, Clock(clock.now), words, act)
    (tmp_path / "a").mkdir()
    (tmp_path / "b").mkdir()
    one, _, _ = scene.reference(tmp_path / "a")
    two, _, _ = scene.reference(tmp_path / "b")
    assert one == two
    scene.act = lambda office: None
    (tmp_path / "c").mkdir()
    other, _, _ = scene.reference(tmp_path / "c")
    assert other != one
