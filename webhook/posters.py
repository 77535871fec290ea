"""Commands for posters: make, print, list, revoke."""

import os
import secrets
from contextlib import suppress
from pathlib import Path
from typing import Annotated, cast, get_args
from urllib.parse import urlsplit

import typer

from webhook.trouble import Trouble


def add_to(app: typer.Typer) -> None:
    """Add this family of commands."""
    for command in (qr, poster):
        app.command()(command)


def poster(
    enterprise: Annotated[str, typer.Argument(help="Code or tax code of the enterprise.")],
    output: Annotated[Path, typer.Option("--output", "-o", help="Write the PDF to this file.")],
    size: Annotated[str, typer.Option(help="a4 or a5.")] = "a4",
    lang: Annotated[str, typer.Option(help="Language of its words: vi or en.")] = "vi",
    variant: Annotated[
        str, typer.Option(help="Which of its posters: a gate, a shift, a campaigner.")
    ] = "",
    plain: Annotated[
        bool, typer.Option("--plain", help="The page does not name the enterprise.")
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Write a poster as PDF, ready to print; the same one again while it is not revoked."""
    from webhook.counter import open_office, order, print_facts
    from webhook.poster_pdf import pdf
    from webhook.poster_words import Size, origin_of, sheet_of

    size = size.lower()
    _check_choice("--size", size, get_args(Size))
    _check_free(output)
    with open_office() as (settings, office):
        _check_choice("--lang", lang, office.words.languages)
        origin = origin_of(office, enterprise)
        fields = {
            "enterprise": enterprise,
            "variant": variant,
            "plain": "yes" if plain else "no",
            "again": "yes",
        }
        facts = order(office, "qr", fields)
        address, code = str(facts["link"]), str(facts["code"])
        sheet = sheet_of(office, settings.oa_name, origin, cast("Size", size), lang, address, code)
    _write_whole(output, pdf(sheet))
    print_facts({**facts, "file": str(output)}, as_json=as_json)
    _warn_of_an_address_for_nobody(address)


def _check_choice(option: str, chosen: str, choices: tuple[str, ...]) -> None:
    if chosen not in choices:
        raise Trouble(f"{option}: must be one of {', '.join(choices)}", code=2)


def _check_free(path: Path) -> None:
    """Refuse what is there already, and where nothing can be put. Raises Trouble."""
    if os.path.lexists(path):
        wrong = "a folder; name a file in it" if path.is_dir() else "there already; choose another"
        raise Trouble(f"--output: {path} is {wrong}", code=2)
    if not os.access(path.parent, os.W_OK):
        raise Trouble(f"{path} cannot be written: no folder to write in")


def _write_whole(path: Path, content: bytes) -> None:
    """Write a file that is there as a whole or not at all. Raises Trouble."""
    beside = path.with_name(f".{secrets.token_hex(6)}.part")
    try:
        beside.write_bytes(content)
        beside.rename(path)
    except OSError as trouble:
        raise Trouble(f"{path} cannot be written ({trouble.strerror})") from None
    finally:
        with suppress(OSError):
            beside.unlink()


def _warn_of_an_address_for_nobody(address: str) -> None:
    host = urlsplit(address).hostname or ""
    if host in ("localhost", "::1") or host.startswith("127."):
        typer.echo(
            f"ketdoan: do not print this one: only this machine can open {address};"
            " set KETDOAN_PUBLIC_URL",
            err=True,
        )


def qr(
    enterprise: Annotated[str, typer.Argument(help="Code or tax code of the enterprise.")],
    variant: Annotated[
        str, typer.Option(help="Which of its posters: a gate, a shift, a campaigner.")
    ] = "",
    plain: Annotated[
        bool, typer.Option("--plain", help="The page does not name the enterprise.")
    ] = False,
    svg: Annotated[Path | None, typer.Option(help="Write the QR code to this file.")] = None,
    png: Annotated[Path | None, typer.Option(help="Write the QR code to this file.")] = None,
    listed: Annotated[
        bool, typer.Option("--list", help="List the posters with their scans; make none.")
    ] = False,
    revoke: Annotated[str, typer.Option(help="Revoke the poster with this code; make none.")] = "",
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Make a poster for an enterprise and print its address and code."""
    from webhook import qr as drawing
    from webhook.counter import open_office, order, print_facts
    from webhook.tables import posters_of

    with open_office() as (_, office):
        if listed:
            print_facts({"posters": posters_of(office, enterprise)}, as_json=as_json)
            return
        if revoke:
            print_facts(order(office, "qr-revoke", {"code": revoke}), as_json=as_json)
            return
        fields = {
            "enterprise": enterprise,
            "variant": variant,
            "plain": "yes" if plain else "no",
        }
        facts = order(office, "qr", fields)
    address = str(facts["link"])
    if svg is not None:
        _write(svg, drawing.svg(address))
    if png is not None:
        _write(png, drawing.png(address))
    print_facts(facts, as_json=as_json)


def _write(path: Path, content: bytes) -> None:
    try:
        path.write_bytes(content)
    except OSError as trouble:
        raise Trouble(f"{path} cannot be written ({trouble.strerror})") from None
