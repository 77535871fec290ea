"""Commands for posters: make, print, list, revoke."""

from pathlib import Path
from typing import Annotated

import typer

from webhook.trouble import Trouble


def add_to(app: typer.Typer) -> None:
    """Add this family of commands."""
    app.command()(qr)


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
