"""The command `demo`: both journeys on this machine, in a folder that can be deleted again."""

from pathlib import Path
from typing import Annotated

import typer


def add_to(app: typer.Typer) -> None:
    """Add this command."""
    app.command()(demo)


def demo(
    lan: Annotated[
        bool, typer.Option("--lan", help="Let phones on the same network in, too.")
    ] = False,
    port: Annotated[int, typer.Option(min=1, max=65535)] = 8000,
    folder: Annotated[Path, typer.Option(help="Where it keeps everything.")] = Path("var/demo"),
    fresh: Annotated[bool, typer.Option("--fresh", help="Delete the folder first.")] = False,
    no_open: Annotated[bool, typer.Option("--no-open", help="Do not open a browser.")] = False,
) -> None:
    """Try it: be a worker, be an officer, see what happened. Nothing leaves this machine."""
    from webhook.serving import serve
    from webhook.staging import demo_settings, open_browser, stage

    settings = demo_settings(folder, port, lan=lan)
    stage(settings, fresh=fresh)
    address = f"{settings.origin}/demo"
    typer.echo(f"Kết Đoàn, demo: open {address} (Ctrl-C ends it)")
    if not no_open:
        open_browser(address)
    serve(settings)
