"""Migrations go up, down and up again, with data, and end at the schema that the code knows."""

from __future__ import annotations

import base64
import itertools
import json
import os
import subprocess
import sys
from collections.abc import Callable
from datetime import date, datetime
from pathlib import Path
from typing import Any

import pytest
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from chat import KEYS, MAY, Clock, Town
from sqlalchemy import Engine, MetaData, create_engine, event, insert, inspect, select
from stores import Store

from bot.office import Office
from storage import engines, migrate
from storage.database import Database
from storage.migrate import downgrade, is_current, upgrade
from storage.tables import metadata

# What a database of a released version held, taken from that version itself: it lived some days
# in the tests' town. A file for each; one that was released is never made anew.
RELEASED = sorted((Path(__file__).parent / "released").glob("*.json"))
# What a later migration says in another way; the rest of what was there stays as it was.
SAID_ANEW = {("letter", "not_before_at")}

Rows = dict[str, list[dict[str, Any]]]


@pytest.fixture
def url(store: Store, tmp_path: Path) -> str:
    """A database in which there is nothing yet."""
    return store.empty(tmp_path)


@pytest.fixture(params=RELEASED, ids=lambda path: path.stem)
def lived(request: pytest.FixtureRequest, url: str) -> str:
    """A database as a released version left it."""
    upgrade(url, request.param.stem)
    fill(url, json.loads(request.param.read_text(encoding="utf-8"), object_hook=read))
    return url


def read(value: dict[str, Any]) -> Any:
    """Read what JSON has no word for."""
    if "bytes" in value and len(value) == 1:
        return base64.b64decode(value["bytes"])
    if "at" in value and len(value) == 1:
        return datetime.fromisoformat(value["at"])
    if "on" in value and len(value) == 1:
        return date.fromisoformat(value["on"])
    return value


def fill(url: str, rows: Rows) -> None:
    """Lay rows into the tables as they are at this revision."""
    known, engine = MetaData(), create_engine(url)
    known.reflect(engine)
    with engine.begin() as connection:
        for name, listed in rows.items():
            for row in listed:
                connection.execute(insert(known.tables[name]).values(**row))
    engine.dispose()


def everything(url: str) -> Rows:
    """Return every row of every table, as the store itself holds it."""
    known, engine = MetaData(), create_engine(url)
    known.reflect(engine)
    with engine.connect() as connection:
        found = {
            table.name: [dict(row) for row in connection.execute(select(table)).mappings()]
            for table in known.sorted_tables
            if table.name != "alembic_version"
        }
    engine.dispose()
    return found


def what_was(rows: Rows, before: Rows) -> dict[str, list[str]]:
    """Return so much of *rows* as *before* could hold, in an order of its own."""
    kept = {}
    for name, listed in before.items():
        columns = [one for one in (listed[0] if listed else ()) if (name, one) not in SAID_ANEW]
        kept[name] = sorted(repr([row[one] for one in columns]) for row in rows[name])
    return kept


def revision(url: str) -> str | None:
    """Return the revision at which a database stands."""
    engine = create_engine(url)
    with engine.connect() as connection:
        found = MigrationContext.configure(connection).get_current_revision()
    engine.dispose()
    return found


def revisions() -> list[str]:
    """Return every revision, oldest first."""
    scripts = ScriptDirectory.from_config(migrate._config(None))
    return [one.revision for one in scripts.walk_revisions()][::-1]


# --- the schema -----------------------------------------------------------------------------------


def test_up_down_and_up_again_is_the_same_schema(url: str) -> None:
    """Each migration can be undone and done again."""
    upgrade(url)
    engine = create_engine(url)
    before = sorted(inspect(engine).get_table_names())
    for back in ("-1", "base"):
        downgrade(url, back)
        assert not is_current(url)
        if back == "base":
            assert inspect(engine).get_table_names() == ["alembic_version"]
        upgrade(url)
        assert sorted(inspect(engine).get_table_names()) == before
        assert is_current(url)
    engine.dispose()


def test_the_migrations_end_at_the_schema_of_the_code(url: str) -> None:
    """Nothing in tables.py is missing in the migrations, and the other way round."""
    upgrade(url)
    engine = create_engine(url)
    with engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        assert compare_metadata(context, metadata) == []
    engine.dispose()


def test_several_processes_that_start_on_one_new_store_all_find_it_ready(url: str) -> None:
    """The second waits for the first and finds nothing left to do."""
    script = f"from storage.migrate import upgrade; upgrade({url!r})"
    running = [
        subprocess.Popen([sys.executable, "-c", script], stderr=subprocess.PIPE) for _ in range(3)
    ]
    for one in running:
        _, errors = one.communicate(timeout=60)
        assert one.returncode == 0, errors.decode()
    assert is_current(url)


def test_every_column_for_personal_words_is_sealed() -> None:
    """No table has a plain column whose name speaks of a person's name, phone, text or address."""
    plain = [
        f"{table.name}.{column.name}"
        for table in metadata.tables.values()
        for column in table.columns
        if any(word in column.name for word in ("phone", "address", "memory", "reply"))
        and not column.name.endswith(("_sealed", "_blind"))
    ]
    assert plain == []


# --- with data ------------------------------------------------------------------------------------


def test_what_was_released_stands_among_the_migrations() -> None:
    """There is a database of a released version, and its revision is still known."""
    assert RELEASED
    assert {path.stem for path in RELEASED} <= set(revisions())


def test_nothing_that_was_there_is_lost_on_the_way_up(lived: str) -> None:
    """Every row of a released version is there in the newest schema, value by value."""
    before = everything(lived)
    assert sum(map(len, before.values())) > 300
    upgrade(lived)
    assert what_was(everything(lived), before) == what_was(before, before)


def test_down_and_up_again_keeps_what_the_older_schema_knows(lived: str) -> None:
    """From the newest schema back, step by step, and forward again: every row is as it was."""
    start, before = revision(lived), everything(lived)
    upgrade(lived)
    newest = everything(lived)
    while revision(lived) != start:
        downgrade(lived, "-1")
    assert what_was(everything(lived), before) == what_was(before, before)
    upgrade(lived)
    assert what_was(everything(lived), newest) == what_was(newest, newest)


def test_the_program_goes_on_where_the_released_one_stopped(lived: str, words) -> None:
    """Sealed names open, the number is that of the rows, a signer takes back, letters go out."""
    upgrade(lived)
    clock = Clock()
    clock.advance(days=4)
    database = Database(lived, KEYS, clock)
    known = settled_in(database, words, clock)
    petition = known.petition()
    assert petition.counted == 6
    with database.read() as store:
        signed = store.signatures.of_case(petition.id)
        names = {store.people.by_id(one.person_id).name for one in signed}
        assert "Người Lạ Thử" in names
        addresses = [store.conversations.by_id(one.conversation_id) for one in signed]
        (failed,) = store.inbox.failed()
        assert failed.error.startswith("RuntimeError")
    one = next(one for one in addresses if one.channel == "paper")
    signer = known.person("Nguyễn Văn Mẫu", address=one.address)
    known.events = itertools.count(10_000)
    signer.says("rút tên")
    signer.taps("withdraw-now")
    assert known.petition().counted == 5
    database.close()


def settled_in(database: Database, words, clock: Clock) -> Town:
    """Return the town of a database that lived before; its tokens are read from it."""
    from chat import ABILITIES

    office = Office(database, words, "https://ketdoan.example", ABILITIES)
    with database.read() as store:
        place = store.enterprises.by_code(MAY)
        assert place
        (poster,) = store.posters.of_enterprise(place.id)
    return Town(office, clock, {MAY: poster.token})


# --- dying on the way -----------------------------------------------------------------------------


def dies_at(number: int, engine: Engine) -> None:
    """Let this process end before its statement of this number."""
    left = [number]

    def count(*_: object) -> None:
        left[0] -= 1
        if left[0] == 0:
            os._exit(77)

    event.listen(engine, "before_cursor_execute", count)
    event.listen(engine, "commit", count)


def in_child(work: Callable[[], None]) -> int:
    """Run *work* in a forked child; return how it ended."""
    pid = os.fork()
    if pid == 0:
        try:
            work()
        except BaseException:
            os._exit(1)
        os._exit(0)
    return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])


@pytest.mark.parametrize(
    "step", [5, pytest.param(1, marks=pytest.mark.long)], ids=["some", "each"]
)
@pytest.mark.parametrize("direction", ["up", "down"])
def test_dying_in_a_migration_leaves_the_old_or_the_new(
    lived: str, store: Store, direction: str, step: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Wherever the process ends, nothing has changed, and the same command then goes through."""
    start, head = revision(lived), revisions()[-1]
    if direction == "down":
        upgrade(lived)
    before, place = everything(lived), 0
    stood = revision(lived)
    real = engines.single
    while True:
        place += step

        def opened(url: str, place: int = place) -> Engine:
            engine = real(url)
            dies_at(place, engine)
            return engine

        def move() -> None:
            monkeypatch.setattr(migrate, "single", opened)
            upgrade(lived) if direction == "up" else downgrade(lived, str(start))

        ended = in_child(move)
        if ended == 0:
            break
        assert ended == 77
        assert revision(lived) == stood
        assert everything(lived) == before, f"statement {place}"
    assert place > 10
    assert revision(lived) == (head if direction == "up" else start)


def test_the_newest_revision_is_known_without_alembic() -> None:
    """The file that is newest by its name is the one that Alembic would go to."""
    assert migrate.newest() == revisions()[-1]
