"""Letters that lie in the outbox when the program is brought up to date, and when it goes back."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from chat import KEYS, Clock
from sqlalchemy import Connection, MetaData, Table, insert, select
from sqlalchemy.exc import IntegrityError
from stores import Store as Kind

from bot.speech import Reply
from storage.database import Database
from storage.engines import single
from storage.letters import AT_ONCE
from storage.migrate import downgrade, upgrade

BEFORE, AFTER = "20261120_01", "20261120_02"
MADE = datetime(2026, 11, 20, 1, 0, tzinfo=UTC)
MORNING = MADE + timedelta(hours=9)
AGAIN = MADE + timedelta(hours=1)

# state, tries, not_before_at of a letter in the schema before
LETTERS: dict[str, tuple[str, int, datetime]] = {
    "at once": ("waiting", 0, MADE),
    "morning": ("waiting", 0, MORNING),
    "tried": ("waiting", 2, AGAIN),
    "in hand": ("claimed", 1, MADE),
    "sent": ("sent", 1, MADE),
    "on a page": ("echo", 0, MADE),
}


def reflected(connection: Connection, name: str) -> Table:
    """Return a table as it is."""
    return Table(name, MetaData(), autoload_with=connection)


def moment(connection: Connection, at: datetime) -> datetime:
    """Return a moment as this store keeps it."""
    return at.replace(tzinfo=None) if connection.dialect.name == "sqlite" else at


def fill(url: str) -> None:
    """Lay letters out as the version before did, one address each."""
    with single(url).begin() as connection:
        talks, letters = reflected(connection, "conversation"), reflected(connection, "letter")
        made_at = moment(connection, MADE)
        for number, (key, (state, tries, not_before_at)) in enumerate(LETTERS.items(), 1):
            talk: dict[str, Any] = {
                "id": number,
                "channel": "paper",
                "address_blind": KEYS.blind("address", f"paper|{key}"),
                "address_sealed": KEYS.seal("conversation", number, "address_sealed", key),
                "language": "vi",
                "made_at": made_at,
                "heard_at": made_at,
            }
            connection.execute(insert(talks).values(**talk))
            sealed = KEYS.seal("letter", 100 + number, "reply_sealed", Reply(key).to_json())
            one: dict[str, Any] = {
                "id": 100 + number,
                "key": key,
                "conversation_id": number,
                "channel": "paper",
                "lane": "talk",
                "if_unsure": "resend",
                "state": state,
                "tries": tries,
                "reply_sealed": sealed,
                "made_at": made_at,
                "not_before_at": moment(connection, not_before_at),
            }
            connection.execute(insert(letters).values(**one))


def kept(url: str) -> dict[str, Any]:
    """Return the letters by their keys."""
    with single(url).connect() as connection:
        letters = reflected(connection, "letter")
        return {row.key: row for row in connection.execute(select(letters))}


def utc(at: datetime) -> datetime:
    """Return a moment of either store with its zone."""
    return at.replace(tzinfo=UTC) if at.tzinfo is None else at.astimezone(UTC)


def claimed(url: str, now: datetime) -> list[str]:
    """Return which letters a sender of this version would claim at a moment; claim nothing."""
    database = Database(url, KEYS, Clock(now))
    got: list[str] = []

    def look(store: Any) -> None:
        got.extend(one.key for one in store.outbox.claim("x", 60, ["paper"]))
        raise LookupError

    try:
        database.write(look)
    except LookupError:
        pass
    finally:
        database.close()
    return sorted(got)


def test_letters_that_wait_stay_what_they_were(store: Kind, tmp_path: Path) -> None:
    """Up: who may go at once goes, who was put off and who keeps an hour waits as long as before."""
    url = store.empty(tmp_path)
    upgrade(url, BEFORE)
    fill(url)
    upgrade(url)
    rows = kept(url)
    assert utc(rows["at once"].not_before_at) == AT_ONCE
    assert utc(rows["morning"].not_before_at) == MORNING
    assert rows["morning"].put_off_at is None
    assert utc(rows["tried"].not_before_at) == AGAIN
    assert rows["tried"].put_off_at is not None
    assert claimed(url, MADE + timedelta(minutes=1)) == ["at once"]
    assert claimed(url, AGAIN) == ["at once", "tried"]
    assert claimed(url, MORNING) == ["at once", "morning", "tried"]


def test_going_back_loses_no_letter(store: Kind, tmp_path: Path) -> None:
    """Down: every letter has its moment again; and up once more it is as before."""
    url = store.empty(tmp_path)
    upgrade(url, BEFORE)
    fill(url)
    before = {key: (row.state, utc(row.not_before_at)) for key, row in kept(url).items()}
    upgrade(url)
    up = {key: tuple(row) for key, row in kept(url).items()}
    downgrade(url, BEFORE)
    after = {key: (row.state, utc(row.not_before_at)) for key, row in kept(url).items()}
    assert after == before
    upgrade(url)
    assert {key: tuple(row) for key, row in kept(url).items()} == up


def test_a_letter_put_off_without_a_try_that_counts_is_known_by_its_tries_before(
    store: Kind, tmp_path: Path
) -> None:
    """Down: it still holds back the next letter to its address, which there shows in its tries."""
    url = store.empty(tmp_path)
    upgrade(url, BEFORE)
    fill(url)
    upgrade(url, AFTER)
    with single(url).begin() as connection:
        letters = reflected(connection, "letter")
        connection.execute(letters.update().where(letters.c.key == "tried").values(tries=0))
    downgrade(url, BEFORE)
    assert kept(url)["tried"].tries == 1
    assert kept(url)["at once"].tries == 0


def test_the_checks_of_the_table_are_still_there(store: Kind, tmp_path: Path) -> None:
    """Up and down again, a letter of an unknown state is refused as ever."""
    url = store.empty(tmp_path)
    upgrade(url, BEFORE)
    fill(url)
    upgrade(url)
    downgrade(url, BEFORE)
    with single(url).connect() as connection:
        letters = reflected(connection, "letter")
        with pytest.raises(IntegrityError):
            connection.execute(letters.update().values(state="lost"))
