"""The command `ketdoan`: what an operator types. Each family of commands has its own file."""

import os
import sys

import typer

from webhook import demo, imports, officers, operator, posters, talk
from webhook.trouble import Trouble

app = typer.Typer(
    name="ketdoan",
    help="Kết Đoàn: from a scan to an officer's decision.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)
for family in (operator, talk, demo, imports, posters, officers):
    family.add_to(app)


def main() -> None:
    """Run one command; whatever stops it is one line on standard error."""
    try:
        app()
    except Trouble as trouble:
        typer.echo(f"ketdoan: {trouble}", err=True)
        sys.exit(trouble.code)
    except BrokenPipeError:
        # Whoever read our lines has gone; that is no trouble of ours.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(1)


if __name__ == "__main__":
    main()
