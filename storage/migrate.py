"""Bring a database to the newest schema, or back; one process at a time."""

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from sqlalchemy import Connection, inspect

from storage.engines import single

if TYPE_CHECKING:
    from alembic.config import Config

# Alembic is loaded only to migrate: a server that only asks whether it must stays 9 MB lighter.

# Held by whoever migrates; two processes that start on one server run one after the other.
_LOCK = 5_108_220_261
_HERE = Path(__file__).parent / "migrations"


def upgrade(url: str, revision: str = "head") -> None:
    """Bring the schema of *url* forward to *revision*, in one transaction."""
    from alembic import command

    _in_one_transaction(url, lambda config: command.upgrade(config, revision))


def downgrade(url: str, revision: str = "base") -> None:
    """Bring the schema of *url* back to *revision*; what does not fit there is lost."""
    from alembic import command

    _in_one_transaction(url, lambda config: command.downgrade(config, revision))


def is_current(url: str) -> bool:
    """Whether the schema of *url* is the newest one."""
    engine = single(url)
    with engine.connect() as connection:
        if not inspect(connection).has_table("alembic_version"):
            return False
        found = connection.exec_driver_sql("SELECT version_num FROM alembic_version").scalar()
    return bool(found == newest())


def newest() -> str:
    """Return the newest revision: they are named by their days, and so are their files."""
    last = max(path.name for path in (_HERE / "versions").glob("2*.py"))
    return "_".join(last.split("_")[:2])


def _config(connection: Connection | None) -> "Config":
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", str(_HERE).replace("%", "%%"))
    config.attributes["connection"] = connection
    return config


def _in_one_transaction(url: str, run: Callable[["Config"], None]) -> None:
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
