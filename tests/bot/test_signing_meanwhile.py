"""Who signs while an officer merges or recognises her place: on a server both act at once."""

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest
from chat import CDCS, MAY, Chat, Town
from sqlalchemy import select

from storage.store import Store
from storage.tables import case_file

pytestmark = pytest.mark.store("postgresql", reason="a file has one writer: nobody is between")


@contextmanager
def under_way(town: Town, work: Callable[[Store], None]) -> Iterator[None]:
    """Let an officer's work be done but not committed until the block has begun to wait for it."""
    done, go_on = threading.Event(), threading.Event()

    def slowly(store: Store) -> None:
        work(store)
        done.set()
        go_on.wait(20)

    officer = town.database.submit(slowly)
    assert done.wait(20)
    yield
    go_on.set()
    officer.result()


def taps_meanwhile(town: Town, chat: Chat, work: Callable[[Store], None]) -> None:
    """Let her last tap wait for that work."""
    last = threading.Thread(target=lambda: chat.taps("put-name"))
    with under_way(town, work):
        last.start()
        _until_somebody_waits(town)
    last.join(30)


def _until_somebody_waits(town: Town) -> None:
    until = time.monotonic() + 20
    while time.monotonic() < until:
        waiting = town.read(
            lambda store: store.connection.exec_driver_sql(
                "SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock'"
                " AND datname = current_database()"
            ).scalar()
        )
        if waiting:
            return
        time.sleep(0.02)
    pytest.fail("nobody waits")


def stands_before_the_last_tap(town: Town, name: str, token: str) -> Chat:
    """Somebody who has answered everything."""
    chat = town.person(name)
    chat.scans(token)
    chat.taps("sign")
    chat.taps("consent-a")
    chat.says(name)
    return chat


def petitions(town: Town) -> list[tuple[int | None, bool, int]]:
    """Return place, whether it lives, and count of each petition."""

    def look(store: Store) -> list[tuple[int | None, bool, int]]:
        rows = store.connection.execute(
            select(case_file).where(case_file.c.kind == "petition").order_by(case_file.c.id)
        )
        return [(row.enterprise_id, row.is_live, row.counted) for row in rows]

    return town.read(look)


@pytest.mark.parametrize("others", [0, 1], ids=["she is the first", "others have signed"])
def test_a_place_merged_meanwhile_takes_no_signature(town: Town, others: int) -> None:
    """She is asked again for the right place; no petition is left where nobody looks."""
    place = town.write(lambda store: store.enterprises.register("Xưởng May Thử Nghiệm", "xa"))
    right = town.read(lambda store: store.enterprises.by_code(MAY))
    token = town.write(lambda store: store.posters.share_of(place.id)).token
    for number in range(others):
        stands_before_the_last_tap(town, f"Lê Thị {'ABC'[number]}n", token).taps("put-name")
    chat = stands_before_the_last_tap(town, "Nguyễn Thị Mẫu", token)

    def merge(store: Store) -> None:
        assert store.enterprises.merge(place.id, right.id)

    taps_meanwhile(town, chat, merge)
    assert all(where == right.id for where, _, _ in petitions(town))


def test_a_place_recognised_meanwhile_gets_no_second_petition(town: Town) -> None:
    """Where a grassroots union exists by now she is told so and asked whether to join it."""
    town.gather(5)
    token = town.tokens[MAY]
    chat = stands_before_the_last_tap(town, "Nguyễn Thị Mẫu", token)

    def recognise(store: Store) -> None:
        place = store.enterprises.by_code(MAY)
        live = store.cases.live_petition(place.id)
        case = store.cases.locked(live.id)
        store.cases.change(case, state="recognised", is_live=False)
        store.enterprises.set_cdcs(place.id, store.bodies.by_code(CDCS).id)

    taps_meanwhile(town, chat, recognise)
    assert [(is_live, counted) for _, is_live, counted in petitions(town)] == [(False, 5)]
