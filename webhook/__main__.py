"""The command `ketdoan`: what an operator types. Each family of commands has its own file."""

import os
import sys

import typer

from webhook import (
    demo,
    imports,
    letters,
    officers,
    operator,
    poll,
    posters,
    send,
    talk,
    zalo_commands,
)
from webhook.trouble import Trouble
from webhook.uncaught import note, note_the_uncaught

app = typer.Typer(
    name="ketdoan",
    help="Kết Đoàn: from a scan to an officer's decision.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)
for family in (
    operator,
    letters,
    talk,
    poll,
    send,
    demo,
    imports,
    posters,
    officers,
    zalo_commands,
):
    family.add_to(app)


def main() -> None:
    """Run one command; whatever stops it is one line on standard error."""
    note_the_uncaught()
    try:
        app()
    except Trouble as trouble:
        typer.echo(f"ketdoan: {trouble}", err=True)
        sys.exit(trouble.code)
    except BrokenPipeError:
        # Whoever read our lines has gone; that is no trouble of ours.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(1)
    except Exception as error:  # noqa: BLE001 -- a stack trace would show what a person typed
        note("stopped", error)
        sys.exit(1)


if __name__ == "__main__":
    main()
