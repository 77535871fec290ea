"""Load aiogram without what nobody here uses: a second instead of four, 20 MB instead of 120.

On import aiogram builds what checks and writes each of its several hundred types, of which we use
fifteen. So that building is put off while it is imported; a type is then built when it is first
used, by whomever. Where somebody has imported it before, it is whole already.
"""

import sys
from collections.abc import Iterator
from typing import Any

from pydantic import BaseModel


def load_aiogram() -> None:
    """Import aiogram, its types unbuilt. Does nothing where it is imported already."""
    if "aiogram" in sys.modules:
        return
    names: dict[str, Any] = {}

    def put_off(_kind: type[BaseModel], /, **how: Any) -> None:
        names.update(how.get("_types_namespace") or {})

    builds = BaseModel.__dict__["model_rebuild"]
    BaseModel.model_rebuild = classmethod(put_off)  # type: ignore[assignment, method-assign]
    try:
        from aiogram.methods import TelegramMethod
        from aiogram.types import TelegramObject
    finally:
        BaseModel.model_rebuild = builds  # type: ignore[method-assign]
    for kind in (*_kinds(TelegramObject), *_kinds(TelegramMethod)):
        # What the names in its annotations mean, for when it is built.
        kind.__pydantic_parent_namespace__ = names


def _kinds(of: type[BaseModel]) -> Iterator[type[BaseModel]]:
    for kind in of.__subclasses__():
        yield kind
        yield from _kinds(kind)
