"""The architecture as tests: the direction of imports, who may open a transaction, frozen start."""

import ast
import asyncio
import gc
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
ROOMS = ("union", "storage", "bot", "channels", "webhook")
# Who may open a transaction; the reason of each exception stands in docs/decisions.
MAY_WRITE = {
    "bot/hear.py",
    "bot/sender.py",
    "bot/rounds.py",
    "webhook/setup.py",
    "webhook/zalo_vault.py",
}
OWNS_BEGIN = {"storage/database.py", "storage/migrate.py"}
STANDARD = sys.stdlib_module_names


def files(*rooms: str) -> list[Path]:
    """Return the code of these rooms, migrations apart."""
    return [
        path
        for room in rooms
        for path in sorted((ROOT / room).rglob("*.py"))
        if "versions" not in path.parts
    ]


def imports(path: Path) -> set[str]:
    """Return the modules that a file imports, anywhere in it."""
    found = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            found |= {one.name for one in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            found.add(node.module)
    return found


def calls(path: Path) -> set[str]:
    """Return the names of the methods that a file calls."""
    return {
        node.func.attr
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute)
    }


def name(path: Path) -> str:
    """Return a file's path inside the project."""
    return path.relative_to(ROOT).as_posix()


def test_imports_go_one_way() -> None:
    """import-linter finds no import against the direction of the rooms."""
    ran = subprocess.run(
        [Path(sys.executable).with_name("lint-imports")],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert ran.returncode == 0, ran.stdout


@pytest.mark.parametrize("path", files("union"), ids=name)
def test_the_rules_use_the_standard_library_alone(path: Path) -> None:
    """The room of rules imports nothing but Python itself, and reads no clock."""
    foreign = {one for one in imports(path) if one.split(".")[0] not in STANDARD | {"union"}}
    assert not foreign
    assert not calls(path) & {"now", "utcnow", "today"}


@pytest.mark.parametrize("path", files("bot"), ids=name)
def test_the_conversation_knows_no_platform(path: Path) -> None:
    """The room of conversation imports no platform, no web framework, no HTTP client."""
    top = {one.split(".")[0] for one in imports(path)}
    assert not top & {"aiogram", "httpx", "fastapi", "starlette", "requests", "uvicorn"}


@pytest.mark.parametrize("path", files("channels"), ids=name)
def test_channels_know_only_how_the_conversation_speaks(path: Path) -> None:
    """A channel takes from the conversation its speech and nothing else, and touches no store."""
    taken = {one for one in imports(path) if one.split(".")[0] in ("bot", "storage", "union")}
    assert taken <= {"bot.speech"}


@pytest.mark.parametrize("path", files(*ROOMS), ids=name)
def test_only_three_files_open_a_transaction(path: Path) -> None:
    """`write` and `submit` of the store are called only where a transaction may begin."""
    asks = ast.walk(ast.parse(path.read_text(encoding="utf-8")))
    opens = {
        node.attr
        for node in asks
        if isinstance(node, ast.Attribute)
        and node.attr in ("write", "submit")
        and isinstance(node.value, ast.Name | ast.Attribute)
        and (getattr(node.value, "attr", None) or getattr(node.value, "id", "")) == "database"
    }
    assert not opens or name(path) in MAY_WRITE


@pytest.mark.parametrize("path", files(*ROOMS), ids=name)
def test_business_code_never_commits(path: Path) -> None:
    """`begin`, `commit` and `rollback` stand in the store's own two files."""
    assert not calls(path) & {"begin", "commit", "rollback"} or name(path) in OWNS_BEGIN


@pytest.mark.parametrize("path", files("bot", "channels", "webhook"), ids=name)
def test_only_the_memory_speaks_sql(path: Path) -> None:
    """No statement is written outside the room of memory."""
    assert not {one for one in imports(path) if one.split(".")[0] == "sqlalchemy"}


@pytest.mark.parametrize("path", files(*ROOMS), ids=name)
def test_every_file_says_what_it_is_for(path: Path) -> None:
    """Each module opens with a sentence."""
    said = ast.get_docstring(ast.parse(path.read_text(encoding="utf-8")))
    assert said
    assert said[0].isupper()


def test_every_table_with_personal_words_is_wiped_by_an_erasure() -> None:
    """Each table with sealed columns is named where a person is forgotten, or says why not."""
    from storage.tables import metadata

    sealed = {
        table.name
        for table in metadata.tables.values()
        if any(column.name.endswith("_sealed") for column in table.columns)
    }
    forgotten = {"person", "consent", "signed_text", "case_file", "news", "conversation", "letter"}
    # Not a worker's: posters carry no person, officers and invitations name officers, a failed
    # event is wiped when it is replayed or given up, tokens are the installation's own.
    kept = {"poster", "officer", "invitation", "inbox", "channel_token"}
    assert sealed == forgotten | kept


def test_start_up_is_frozen(office, tmp_path) -> None:
    """What start-up made is out of the collector's way, or the slowest answers take ten times as long."""
    from webhook.app import create_app
    from webhook.settings import read_settings

    app = create_app(read_settings(data_dir=tmp_path), office)

    async def live() -> int:
        async with app.router.lifespan_context(app):
            return gc.get_freeze_count()

    assert asyncio.run(live()) > 10_000
