"""Commands that read tables in: bodies, what they cover, enterprises. First dry, then for real."""

from pathlib import Path
from typing import Annotated, Literal

import typer

from webhook.trouble import Trouble

Kind = Literal["bodies", "coverage", "enterprises"]

_tables = typer.Typer(
    help="Read a table in, CSV or XLSX: everything or nothing.", no_args_is_help=True
)

_File = Annotated[Path | None, typer.Argument(help="The table, .csv or .xlsx.")]
_Template = Annotated[bool, typer.Option("--template", help="Print the columns and an example.")]
_Yes = Annotated[bool, typer.Option("--yes", help="Read it in; without this it is only checked.")]
_Dry = Annotated[bool, typer.Option("--dry-run", help="Only check: what happens without --yes.")]
_Json = Annotated[bool, typer.Option("--json", help="Print JSON.")]


def add_to(app: typer.Typer) -> None:
    """Add this family of commands."""
    app.add_typer(_tables, name="import")


@_tables.command()
def bodies(
    file: _File = None,
    template: _Template = False,
    dry_run: _Dry = False,
    yes: _Yes = False,
    as_json: _Json = False,
) -> None:
    """Read in union bodies with their dated names, levels, parents and powers."""
    _command("bodies", file, template=template, yes=yes and not dry_run, as_json=as_json)


@_tables.command()
def coverage(
    file: _File = None,
    template: _Template = False,
    dry_run: _Dry = False,
    yes: _Yes = False,
    as_json: _Json = False,
) -> None:
    """Read in what each body covers."""
    _command("coverage", file, template=template, yes=yes and not dry_run, as_json=as_json)


@_tables.command()
def enterprises(
    file: _File = None,
    template: _Template = False,
    dry_run: _Dry = False,
    yes: _Yes = False,
    as_json: _Json = False,
) -> None:
    """Read in places of work."""
    _command("enterprises", file, template=template, yes=yes and not dry_run, as_json=as_json)


def _command(kind: Kind, file: Path | None, *, template: bool, yes: bool, as_json: bool) -> None:
    if template:
        from bot.sheets import template as columns

        typer.echo(columns(kind), nl=False)
        return
    if file is None:
        raise Trouble("give a file, or --template to see the columns", code=2)
    from webhook.counter import open_office, print_facts
    from webhook.tables import check, read_in, read_table

    sheet, mark = read_table(kind, file)
    with open_office() as (_, office):
        # Checked first in any case: a file that is refused must not use its mark up.
        facts = check(office, sheet)
        if yes:
            facts = read_in(office, sheet, mark)
    print_facts(facts, as_json=as_json)
    if not yes and not as_json:
        typer.echo("nothing was changed; --yes reads it in")
