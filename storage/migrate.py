"""Bring a database to the newest schema, or back; one process at a time."""

from collections.abc import Callable
from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection

from storage.engines import single

# Held by whoever migrates; two processes that start on one server run one after the other.
_LOCK = 5_108_220_261
_HERE = Path(__file__).parent / "migrations"


def upgrade(url: str, revision: str = "head") -> None:
    """Bring the schema of *url* forward to *revision*, in one transaction."""
    _in_one_transaction(url, lambda config: command.upgrade(config, revision))


def downgrade(url: str, revision: str = "base") -> None:
    """Bring the schema of *url* back to *revision*; what does not fit there is lost."""
    _in_one_transaction(url, lambda config: command.downgrade(config, revision))


def is_current(url: str) -> bool:
    """Whether the schema of *url* is the newest one."""
    head = ScriptDirectory.from_config(_config(None)).get_current_head()
    engine = single(url)
    with engine.connect() as connection:
        return MigrationContext.configure(connection).get_current_revision() == head


def _config(connection: Connection | None) -> Config:
    config = Config()
    config.set_main_option("script_location", str(_HERE).replace("%", "%%"))
    config.attributes["connection"] = connection
    return config


def _in_one_transaction(url: str, run: Callable[[Config], None]) -> None:
    engine = single(url)
    with engine.connect() as connection:
        raw = connection.connection.dbapi_connection
        if engine.dialect.name == "sqlite":
            # The write lock is taken before the first look: two processes that start on one
            # file run one after the other, and the second finds nothing left to do.
            raw.isolation_level = None  # type: ignore[union-attr]
            connection.exec_driver_sql("PRAGMA journal_mode = WAL")
            connection.exec_driver_sql("PRAGMA busy_timeout = 30000")
            connection.exec_driver_sql("BEGIN IMMEDIATE")
        else:
            connection.exec_driver_sql(f"SELECT pg_advisory_xact_lock({_LOCK})")
        run(_config(connection))
        connection.commit()
    engine.dispose()
