"""The command for letters that found no way: list them, send them again, lay them aside."""

from typing import Annotated

import typer

from webhook.trouble import Trouble


def add_to(app: typer.Typer) -> None:
    """Add this family of commands."""
    app.command()(letters)


def letters(
    again: Annotated[
        str, typer.Option(help="Send this one again, by its number; `dead` for all that are dead.")
    ] = "",
    aside: Annotated[
        str, typer.Option(help="Wipe the words of this one: it will not be sent.")
    ] = "",
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """List letters that found no way, without words and addresses, or do something about one.

    `dead`: no try would deliver it. `held`: it may have arrived, and must not go twice.
    """
    if again and aside:
        raise Trouble("--again, --aside: choose one of them", code=2)
    from dataclasses import asdict

    from webhook.counter import open_office, order, print_facts

    with open_office() as (_, office):
        if again or aside:
            form = "letter-again" if again else "letter-aside"
            print_facts(order(office, form, {"letter": again or aside}), as_json=as_json)
            return
        with office.database.read() as store:
            found = [asdict(one) for one in store.backlog.stuck_letters()]
    if found or as_json:
        print_facts({"letters": found}, as_json=as_json)
    else:
        typer.echo("no letter waits to be looked at")
