"""A poster as a file for the printer: one page, drawn by Typst with the fonts it brings along."""

from dataclasses import asdict
from pathlib import Path
from typing import Literal, cast

from webhook import qr
from webhook.poster_words import Sheet
from webhook.trouble import Trouble

_TEMPLATES = Path(__file__).parent / "templates"
# What the template says where even small letters leave no room.
_TOO_LONG = "too long"


def pdf(sheet: Sheet) -> bytes:
    """Return the poster as PDF, the same bytes for the same words. Raises Trouble.

    The words are handed over as values, so that nothing in a name is read as a command.
    """
    return drawn(sheet, "pdf")


def drawn(sheet: Sheet, form: Literal["pdf", "png"], dots: float | None = None) -> bytes:
    """Return the poster as PDF, or as a picture with so many dots an inch. Raises Trouble."""
    # 34 MB that nothing else here needs.
    import typst

    # The fonts of the machine are passed over: a poster looks the same wherever it is made.
    compiler = typst.Compiler(root=_TEMPLATES, ignore_system_fonts=True)
    template = (_TEMPLATES / "poster.typ").read_bytes()
    try:
        return cast(
            "bytes", compiler.compile(template, format=form, ppi=dots, sys_inputs=_values(sheet))
        )
    except typst.TypstError as trouble:
        if _TOO_LONG not in trouble.message:
            raise
        raise Trouble(f"the words do not fit on a sheet of size {sheet.size}") from None


def _values(sheet: Sheet) -> dict[str, str]:
    drawing = qr.svg(sheet.address).decode()
    sides = {"modules": str(qr.modules(sheet.address)), "edge": str(qr.EDGE)}
    return asdict(sheet) | sides | {"drawing": drawing}
