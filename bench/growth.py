"""Whether a turn costs more with a million signatures stored than with a thousand.

The same two turns as in `bench.turns`, without HTTP: one after the other, each waited for. First
with a thousand signatures in a thousand places of work, then with a million in the same places.

    python -m bench.growth [--store sqlite|postgresql] [--most 1000000] [--turns 1000] [--json]
"""

import argparse
import json
import secrets
import statistics
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

from sqlalchemy import insert, select, text

from bench.places import postgresql
from bench.stage import CHANNEL, ROOT, Ready, prepare
from bot.hear import hear
from bot.office import Office
from bot.speech import Abilities, Form, Heard
from bot.words import Words
from storage.database import Database
from storage.ids import new_id
from storage.sealed import Keyring
from storage.store import Store
from storage.tables import (
    case_file,
    consent,
    conversation,
    ledger,
    person,
    receipt,
    signature,
    signed_text,
)

KEYS = Keyring({1: b"bench-key-bench-key-bench-key-32"})
PLACES = 1000
FIRST = 1000
_PIECE = 2000
_FAR = 900_000_000


def main() -> None:
    """Measure, and print the figures."""
    asked = argparse.ArgumentParser()
    asked.add_argument("--store", choices=("sqlite", "postgresql"), default="sqlite")
    asked.add_argument("--most", type=int, default=1_000_000)
    asked.add_argument("--turns", type=int, default=1000)
    asked.add_argument("--json", action="store_true")
    given = asked.parse_args()
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="bench-")))
        url = f"sqlite:///{folder}/bench.db"
        if given.store == "postgresql":
            url = stack.enter_context(postgresql())
        figures = measure(url, given.most, given.turns)
    result = {"store": given.store, **figures}
    print(json.dumps(result) if given.json else json.dumps(result, indent=1))


def measure(url: str, most: int, turns: int) -> dict[str, Any]:
    """Return the figures of one store."""
    ready = prepare(url, KEYS, taps=2 * turns, forms=2 * turns, places=PLACES, signed=FIRST)
    database = Database(url, KEYS)
    abroad = {CHANNEL: Abilities(pushes=True, asks_identity=False)}
    office = Office(database, Words.load(ROOT / "locales"), "http://127.0.0.1", abroad)
    few = _act(office, ready, slice(0, turns))
    began = time.perf_counter()
    _fill(database, most - FIRST)
    filling = time.perf_counter() - began
    many = _act(office, ready, slice(turns, 2 * turns))
    stored = _count(database)
    database.close()
    return {
        "few": FIRST,
        "many": stored,
        "few_ms": few,
        "many_ms": many,
        "ratio": {act: round(many[act] / few[act], 3) for act in few},
        "filled_in_seconds": round(filling),
    }


def _act(office: Office, ready: Ready, part: slice) -> dict[str, float]:
    """Let people act one after the other; return the median time of each act in ms."""
    chats = _chats(office, ready)
    taps = [
        Heard(CHANNEL, str(chat), f"g{chat}", choice=payload) for chat, payload in ready.taps[part]
    ]
    forms = [
        Heard(
            CHANNEL, chats[token], f"g{token}", form=Form("sign-page", {**fields, "token": token})
        )
        for token, fields in ready.forms[part]
    ]
    return {"tap": _median(office, taps), "form": _median(office, forms)}


def _chats(office: Office, ready: Ready) -> dict[str, str]:
    with office.database.read() as store:
        found = {}
        for token, _ in ready.forms:
            known = store.links.find(token)
            if known is not None:
                found[token] = store.conversations.by_id(known.conversation_id).address
        return found


def _median(office: Office, events: list[Heard]) -> float:
    taken = []
    for one in events:
        began = time.perf_counter()
        hear(one, office)
        taken.append(time.perf_counter() - began)
    return round(1000 * statistics.median(taken), 3)


def _count(database: Database) -> int:
    with database.read() as store:
        return int(store.connection.execute(text("SELECT count(*) FROM signature")).scalar() or 0)


# --- a million signatures ------------------------------------------------------------------------


def _fill(database: Database, number: int) -> None:
    """Copy somebody who has signed, so many times, over all places."""
    with database.read() as store:
        models = {
            table: dict(store.connection.execute(select(table).limit(1)).mappings().one())
            for table in (conversation, person, consent, receipt, signature, signed_text)
        }
        cases = [row.id for row in store.connection.execute(select(case_file.c.id))]
        entry = dict(
            store.connection.execute(select(ledger).where(ledger.c.act == "signed").limit(1))
            .mappings()
            .one()
        )
    for start in range(0, number, _PIECE):
        size = min(_PIECE, number - start)
        database.write(lambda store, at=start, n=size: _lay(store, models, entry, cases, at, n))


def _lay(
    store: Store,
    models: dict[Any, dict[str, Any]],
    entry: dict[str, Any],
    cases: list[int],
    start: int,
    number: int,
) -> None:
    rows: dict[Any, list[dict[str, Any]]] = {table: [] for table in (*models, ledger)}
    for place in range(start, start + number):
        for table, row in _one(models, entry, cases[place % len(cases)], place):
            rows[table].append(row)
    for table, listed in rows.items():
        store.connection.execute(insert(table), listed)


def _one(
    models: dict[Any, dict[str, Any]], entry: dict[str, Any], case: int, place: int
) -> Iterator[tuple[Any, dict[str, Any]]]:
    ids = {table: new_id() for table in models}
    chat = f"{CHANNEL}|{_FAR + place}"
    here = {"conversation_id": ids[conversation]}
    yield (
        conversation,
        models[conversation]
        | {"id": ids[conversation], "address_blind": KEYS.blind("address", chat)},
    )
    blind = secrets.token_bytes(32)
    yield person, models[person] | here | {"id": ids[person], "name_blind": blind}
    whose = {"person_id": ids[person]}
    yield consent, models[consent] | here | whose | {"id": ids[consent]}
    code = {"id": ids[receipt], "code": _code(place), "name_blind": blind}
    yield receipt, models[receipt] | here | code
    joined = {"receipt_id": ids[receipt], "consent_id": ids[consent], "case_id": case}
    yield signature, models[signature] | here | whose | joined | {"id": ids[signature]}
    of = {"id": ids[signed_text], "signature_id": ids[signature]}
    yield signed_text, models[signed_text] | of
    yield ledger, entry | {"id": new_id(), "case_id": case}


def _code(place: int) -> str:
    """Return a code of its own length, so that it is none of those that people got."""
    return f"{place:07d}"


if __name__ == "__main__":
    main()
