"""Migrations go up, down and up again, and end at the schema that the code knows."""

import subprocess
import sys
from pathlib import Path

from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from sqlalchemy import create_engine, inspect

from storage.migrate import downgrade, is_current, upgrade
from storage.tables import metadata


def test_up_down_and_up_again_is_the_same_schema(tmp_path: Path) -> None:
    """Each migration can be undone and done again."""
    url = f"sqlite:///{tmp_path}/m.db"
    upgrade(url)
    engine = create_engine(url)
    before = sorted(inspect(engine).get_table_names())
    downgrade(url)
    assert inspect(engine).get_table_names() == ["alembic_version"]
    assert not is_current(url)
    upgrade(url)
    assert sorted(inspect(engine).get_table_names()) == before
    assert is_current(url)
    engine.dispose()


def test_the_migrations_end_at_the_schema_of_the_code(tmp_path: Path) -> None:
    """Nothing in tables.py is missing in the migrations, and the other way round."""
    url = f"sqlite:///{tmp_path}/m.db"
    upgrade(url)
    engine = create_engine(url)
    with engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        assert compare_metadata(context, metadata) == []
    engine.dispose()


def test_two_processes_that_start_on_one_new_file_both_find_it_ready(tmp_path: Path) -> None:
    """The second waits for the first and finds nothing left to do."""
    url = f"sqlite:///{tmp_path}/m.db"
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
