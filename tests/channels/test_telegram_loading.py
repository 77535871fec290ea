"""aiogram without what nobody here uses: small, and whole for whoever uses more of it."""

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]

USED = """
import sys
from channels.telegram_loading import load_aiogram
def mib():
    return next(int(line.split()[1]) for line in open("/proc/self/status") if line.startswith("VmRSS")) // 1024
import aiohttp, pydantic, structlog
before = mib()
if sys.argv[1] == "ours":
    load_aiogram()
import aiogram
from aiogram.types import Update
loaded = mib() - before
built = sum(kind.__pydantic_complete__ for kind in map(vars(aiogram.types).get, aiogram.types.__all__) if hasattr(kind, "model_fields"))
update = Update.model_validate({"update_id": 1, "message": {"message_id": 2, "date": 3,
    "chat": {"id": 4, "type": "private"}, "from": {"id": 4, "is_bot": False, "first_name": "M"},
    "entities": [{"type": "bold", "offset": 0, "length": 1}], "text": "x"}})
print(loaded, built, update.message.from_user.id, update.message.entities[0].type)
"""


def use(how: str) -> tuple[int, int, list[str]]:
    """Load aiogram in a process of its own; return MiB, how many types were built, and a reading."""
    ran = subprocess.run(
        [sys.executable, "-c", USED, how], cwd=ROOT, capture_output=True, text=True, check=True
    )
    loaded, built, *read = ran.stdout.split()
    return int(loaded), int(built), read


@pytest.mark.skipif(
    sys.platform != "linux", reason="reads the memory of a process as Linux tells it"
)
def test_loading_it_costs_a_fraction():
    """Few types are built, little memory is taken, and a type that we never use still works."""
    ours, plain = use("ours"), use("plain")
    assert ours[2] == plain[2] == ["4", "bold"]
    assert ours[1] < plain[1] / 2
    assert ours[0] < plain[0] / 2


def test_the_way_to_build_types_is_put_back():
    """After loading, other libraries build their types as ever, also when loading failed."""
    code = """
import sys
from pydantic import BaseModel
from channels.telegram_loading import load_aiogram
before = BaseModel.__dict__["model_rebuild"]
if sys.argv[1] == "broken":
    sys.modules["aiogram.methods"] = None
    try:
        load_aiogram()
    except ImportError:
        pass
else:
    load_aiogram()
    load_aiogram()
assert BaseModel.__dict__["model_rebuild"] is before
class Later(BaseModel):
    one: "Other"
class Other(BaseModel):
    two: int
Later.model_rebuild()
print(Later.model_validate({"one": {"two": 2}}).one.two)
"""
    for how in ("well", "broken"):
        ran = subprocess.run(
            [sys.executable, "-c", code, how],
            cwd=ROOT,
            capture_output=True,
            text=True,
            check=False,
        )
        assert ran.stdout.strip() == "2", ran.stderr
