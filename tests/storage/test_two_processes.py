"""Several processes on one store at once: nothing is lost, nothing is done twice, nobody is stuck."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from chat import GIAY, KEYS, MAY, PHUONG, TINH, ZONE, Chat, Clock, Town
from crash import snapshot
from processes import Work, side_by_side
from sqlalchemy import func, select, update
from stores import Founded

from bot import rounds
from bot.hear import hear
from bot.office import Office
from bot.speech import Heard
from storage.bodies import TRIAGE
from storage.database import Database
from storage.law import read_rules
from storage.store import Store
from storage.tables import case_file, conversation, inbox, ledger, letter, rule, setting, signature

ROOT = Path(__file__).parents[2]
Build = Callable[[], Town]


def count(town: Town, column: Any, *where: Any) -> int:
    """Count rows."""
    query = select(func.count(column)).where(*where)
    return int(town.read(lambda store: store.connection.execute(query).scalar()) or 0)


def acts(town: Town) -> Counter[tuple[str, int | None]]:
    """How often each act was written down for each case."""
    rows = town.read(lambda store: store.connection.execute(select(ledger)).all())
    return Counter((row.act, row.case_id) for row in rows)


def nothing_broke(town: Town) -> None:
    """No turn of anybody broke."""
    assert [one.error for one in town.read(lambda store: store.inbox.failed())] == []


# --- one event, one person ------------------------------------------------------------------------


def test_an_event_brought_to_two_processes_is_heard_once(town: Town) -> None:
    """Whichever process hears it first answers, the other knows it; letters lie there once."""
    chat = town.person("Nguyễn Thị Mẫu")
    chat.scans(MAY)

    def hears(office: Office, meet: Callable[[], None]) -> list[bool]:
        said = []
        for number in range(30):
            meet()
            event = Heard(chat.channel, chat.address, f"both{number}", text="menu")
            said.append(hear(event, office).is_repeat)
        return said

    one, two = side_by_side(town.office, town.clock.now, hears, hears)
    assert [a != b for a, b in zip(one, two, strict=True)] == [True] * 30
    assert count(town, letter.c.id, letter.c.key.like("paper:both%")) == 30
    nothing_broke(town)


def test_two_turns_of_one_person_come_one_after_the_other(town: Town) -> None:
    """Neither turn forgets what the other has done: all buttons are counted, all lines kept."""
    chat = town.person("Nguyễn Thị Mẫu")
    chat.scans(MAY)

    def offered() -> int:
        look = select(conversation.c.offer).where(conversation.c.id == chat.conversation_id())
        return int(town.read(lambda store: store.connection.execute(look).scalar_one()))

    before = offered()

    def says(who: str) -> Work:
        def work(office: Office, meet: Callable[[], None]) -> None:
            for number in range(30):
                meet()
                hear(Heard(chat.channel, chat.address, f"{who}{number}", text="menu"), office)

        return work

    side_by_side(town.office, town.clock.now, says("one"), says("two"))
    assert offered() - before == 60
    nothing_broke(town)


def test_a_new_address_is_met_by_two_processes_at_once(town: Town) -> None:
    """The first two words of somebody, heard in the same moment, make one conversation."""

    def says(who: str) -> Work:
        def work(office: Office, meet: Callable[[], None]) -> None:
            for number in range(20):
                meet()
                hear(Heard("paper", f"new{number}", f"{who}{number}", text="chào"), office)

        return work

    before = count(town, conversation.c.id)
    side_by_side(town.office, town.clock.now, says("one"), says("two"))
    assert count(town, conversation.c.id) - before == 20
    assert count(town, inbox.c.id) == 40
    nothing_broke(town)


# --- one petition ---------------------------------------------------------------------------------


def sign_through(chat_name: str, address: str, token: str) -> Callable[[Office], None]:
    """Return a walk from the scan to the last tap, without a town around it."""
    numbers = iter(range(100))

    def walk(office: Office) -> None:
        shown: list[Any] = []

        def does(**what: Any) -> None:
            outcome = hear(Heard("paper", address, f"{address}-{next(numbers)}", **what), office)
            shown.extend(outcome.letters)

        def taps(choice: str) -> None:
            found = [c for reply in reversed(shown) for c in reply.choices if c.id == choice]
            assert found, f"no button {choice}: {shown[-1].text}"
            does(choice=found[0].payload)

        does(scan=token)
        taps("sign")
        taps("consent-a")
        does(text=chat_name)
        taps("put-name")

    return walk


@pytest.mark.parametrize("processes", [2, 4])
def test_signers_of_one_place_in_several_processes_are_all_counted(
    town: Town, processes: int
) -> None:
    """The first of all found one petition; the number is that of the rows; it is ready once."""
    town.officer("Lê Thị Thử")
    each = 12 // processes

    def signs(which: int) -> Work:
        def work(office: Office, meet: Callable[[], None]) -> None:
            walks = [
                sign_through("Nguyễn Thị Mẫu", f"p{which}-{number}", town.tokens[MAY])
                for number in range(each)
            ]
            for walk in walks:
                meet()
                walk(office)

        return work

    side_by_side(town.office, town.clock.now, *map(signs, range(processes)))
    nothing_broke(town)
    assert count(town, case_file.c.id, case_file.c.kind == "petition") == 1
    petition = town.petition()
    assert petition.counted == count(town, signature.c.id) == 12
    assert petition.state == "ready"
    written = acts(town)
    assert written["opened", petition.id] == 1
    assert written["ready", petition.id] == 1


def test_signing_and_taking_back_at_once_ends_at_the_number_of_the_rows(town: Town) -> None:
    """Some take their names back while others sign: whatever the order, the number is right."""
    town.officer("Lê Thị Thử")
    signers = town.gather(6)
    for chat in signers:
        chat.says("rút tên")
    taps = [(chat.address, chat.button("withdraw-now").payload) for chat in signers]

    def withdraw(office: Office, meet: Callable[[], None]) -> None:
        for address, payload in taps:
            meet()
            hear(Heard("paper", address, f"back-{address}", choice=payload), office)

    def sign(office: Office, meet: Callable[[], None]) -> None:
        for number in range(6):
            meet()
            sign_through("Trần Thị Thử", f"new{number}", town.tokens[MAY])(office)

    side_by_side(town.office, town.clock.now, withdraw, sign)
    nothing_broke(town)
    assert count(town, signature.c.id, signature.c.state == "valid") == 6
    assert town.petition().counted == 6
    assert town.petition().state == "ready"


def test_officers_and_signers_at_once_lock_nobody_out(town: Town) -> None:
    """An officer decides, which tells every signer, while they talk: nobody's turn is lost."""
    officer = town.officer("Lê Thị Thử")
    signers = town.gather(5)
    code = town.petition().code

    def decide(office: Office, meet: Callable[[], None]) -> None:
        numbers = iter(range(1000))

        def does(**what: Any) -> Any:
            event = f"desk{next(numbers)}"
            return hear(Heard("paper", officer.address, event, **what), office).letters

        for _ in range(10):
            meet()
            shown = does(text=code)
            take = next(c for one in shown for c in one.choices if c.id == "desk-take")
            shown = does(choice=take.payload)
            more = next(c for one in shown for c in one.choices if c.id == "desk-more")
            shown = does(choice=more.payload)
            back = next(c for one in shown for c in one.choices if c.id == "desk-release")
            does(choice=back.payload)

    def talk(office: Office, meet: Callable[[], None]) -> None:
        for number in range(10):
            meet()
            for chat in signers:
                event = f"s{number}-{chat.address}"
                hear(Heard("paper", chat.address, event, text="menu"), office)

    side_by_side(town.office, town.clock.now, decide, talk)
    nothing_broke(town)
    petition = town.petition()
    assert acts(town)["taken", petition.id] == acts(town)["released", petition.id] == 10
    assert petition.counted == 5


# --- the same case --------------------------------------------------------------------------------


def test_two_officers_in_two_processes_never_both_hold_a_case(town: Town) -> None:
    """Of each case one officer is told that it is hers, and it is."""
    officers = [town.officer("Lê Thị Thử"), town.officer("Phạm Văn Nháp")]
    codes = [sent_above(town, number) for number in range(12)]

    def takes(chat: Chat) -> Work:
        def work(office: Office, meet: Callable[[], None]) -> list[str]:
            won = []
            for number, code in enumerate(codes):
                who = (chat.channel, chat.address)
                card = hear(Heard(*who, f"{chat.name}c{number}", text=code), office).letters
                choices = [one for reply in card for one in reply.choices]
                take = next(one for one in choices if one.id == "desk-take")
                meet()
                event = Heard(*who, f"{chat.name}t{number}", choice=take.payload)
                if "Bạn đã nhận" in hear(event, office).letters[0].text:
                    won.append(code)
            return won

        return work

    one, two = side_by_side(town.office, town.clock.now, *map(takes, officers))
    assert sorted(one + two) == sorted(codes)
    nothing_broke(town)
    taken = Counter(act for act, _ in acts(town).elements())
    assert taken["taken"] == len(codes)


def sent_above(town: Town, number: int) -> str:
    """Let somebody ask to join at a place; return the code that the desk reads."""
    chat = town.person(f"Nguyễn Thị Mẫu {'ABCDEGHIKLMN'[number]}")
    chat.signs(GIAY)
    return chat.code


# --- time -----------------------------------------------------------------------------------------


def lived(town: Town) -> None:
    """Let there be something for every round."""
    town.officer("Lê Thị Thử")
    town.officer("Trần Văn Tỉnh", TINH, "receives", "signs")
    town.gather(5)
    town.gather(2, ZONE)
    town.person("Ngô Thị Nháp").signs(GIAY)
    late = town.person("Đỗ Thị Mẫu")
    late.scans(MAY)
    late.taps("sign")
    late.taps("consent-a")
    late.says("Đỗ Thị Mẫu")
    late.taps("later")


@pytest.mark.parametrize("days", [3, 12, 45])
def test_rounds_in_three_processes_at_once_are_the_rounds_of_one(build: Build, days: int) -> None:
    """Whatever is due is done once: the store ends as if one process had been alone."""
    alone, several = build(), build()
    for town in (alone, several):
        lived(town)
        town.clock.advance(days=days)
    for _ in range(2):
        rounds.tick(alone.office)

    def tick(office: Office, meet: Callable[[], None]) -> list[list[str]]:
        meet()
        return [rounds.tick(office) for _ in range(2)]

    side_by_side(several.office, several.clock.now, tick, tick, tick)
    expected, got = snapshot(alone.database.url), snapshot(several.database.url)
    for table in expected:
        assert got[table] == expected[table], table


# --- what is kept between turns -------------------------------------------------------------------


def test_what_another_process_changes_is_seen_at_the_next_turn(town: Town) -> None:
    """No process answers from law, bodies or settings that another one has changed."""
    with town.database.read() as store:
        assert store.bodies.triage().code == TINH
    other = Database(town.database.url, KEYS, town.clock)
    for code in (PHUONG, TINH):
        other.write(lambda store, code=code: store.settings.put(TRIAGE, code))
        with town.database.read() as store:
            assert store.bodies.triage().code == code
        assert town.write(lambda store: store.bodies.triage().code) == code
    rules = other.write(lambda store: store.law.enact([]))
    assert rules == 0
    with town.database.read() as store, pytest.raises(LookupError):
        store.law.book().number("founding_min_people", store.today)
    other.close()


def test_scans_counted_by_several_processes_add_up(town: Town) -> None:
    """Each process adds its own to what the others have counted."""
    poster = town.read(lambda store: store.posters.by_token(town.tokens[MAY]))

    def counts(office: Office, meet: Callable[[], None]) -> None:
        for _ in range(20):
            meet()
            rounds.count_scans(office, {poster.id: 3})

    side_by_side(town.office, town.clock.now, counts, counts, counts)
    assert town.read(lambda store: store.posters.scans(poster.id)) == 180


# --- locks ----------------------------------------------------------------------------------------


@pytest.mark.store("postgresql", reason="one writer alone locks nobody")
def test_two_that_lock_each_other_both_come_through(
    founded: Founded, tmp_path: Path, town: Town
) -> None:
    """The server ends one of them; it goes again from its beginning, and both are kept."""
    for key in ("a", "b"):
        town.write(lambda store, key=key: store.settings.put(key, "0"))
    meet = threading.Barrier(2)
    tries: list[str] = []

    def adds(first: str, second: str) -> Callable[[Store], None]:
        def work(store: Store) -> None:
            tries.append(first)
            for key in (first, second):
                store.connection.execute(
                    update(setting)
                    .where(setting.c.key == key)
                    .values(value=setting.c.value + first)
                )
                if len(tries) <= 2 and key == first:
                    meet.wait(10)

        return work

    futures = [town.database.submit(adds("a", "b")), town.database.submit(adds("b", "a"))]
    for one in futures:
        one.result(30)
    assert len(tries) > 2, "one was ended, and went again"
    kept = town.read(lambda store: [store.settings.get(key) for key in ("a", "b")])
    assert [sorted(str(one)) for one in kept] == [["0", "a", "b"]] * 2


# --- the first minute -----------------------------------------------------------------------------


def test_several_inits_at_once_found_one_installation(store, tmp_path: Path) -> None:
    """Schema, key, law: each is there once, and none of the commands breaks."""
    url = store.empty(tmp_path)
    kept = {name: value for name, value in os.environ.items() if not name.startswith("KETDOAN_")}
    environment = kept | {"KETDOAN_DATA_DIR": str(tmp_path), "KETDOAN_DATABASE_URL": url}
    command = [sys.executable, "-m", "webhook", "init"]
    subprocess.run(
        [sys.executable, "-c", _MAKE_KEY], env=environment, cwd=ROOT, check=True, timeout=60
    )
    running = [
        subprocess.Popen(
            command, cwd=ROOT, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE
        )
        for _ in range(3)
    ]
    for one in running:
        told, errors = one.communicate(timeout=120)
        assert one.returncode == 0, (told + errors).decode()
    database = Database(url, KEYS, Clock())
    with database.read() as opened:
        rules = opened.connection.execute(select(func.count(rule.c.id))).scalar_one()
        assert rules == len(read_rules(ROOT / "law"))
        assert len(opened.law.holidays()) > 50
    database.close()


_MAKE_KEY = """
from webhook.settings import read_settings
from storage.sealed import make_key_file
make_key_file(read_settings().key_path)
"""
