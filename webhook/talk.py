"""The command `talk`: any dialogue in a terminal, by hand or from a script."""

from typing import Annotated

import typer


def add_to(app: typer.Typer) -> None:
    """Add this command."""
    app.command()(talk)


def talk(
    name: Annotated[str, typer.Option("--as", help="Who talks: one conversation for each name.")],
    scan: Annotated[
        str, typer.Option(help="Begin by scanning a poster: its token, or the code typed.")
    ] = "",
) -> None:
    """Talk: one line of standard input is one message. Ends with the input."""
    from webhook.counter import open_office
    from webhook.talking import Talking

    with open_office() as (_, office):
        Talking(office, name).run(scan)
