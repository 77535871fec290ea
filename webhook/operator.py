"""Commands of the installation itself: set up, serve, let time act, look at it, replay."""

import json
from datetime import UTC, date, datetime
from typing import Annotated

import typer

from webhook.trouble import Trouble


def add_to(app: typer.Typer) -> None:
    """Add this family of commands."""
    for command in (init, serve, rounds, route, replay, doctor):
        app.command()(command)


def init(
    triage: Annotated[
        str, typer.Option(help="Code of the body that takes what nobody else is responsible for.")
    ] = "",
) -> None:
    """Make the data folder, the key and the database, and read in the law. Safe to run again."""
    from webhook import setup
    from webhook.counter import open_office
    from webhook.settings import read_settings

    settings = read_settings()
    for line in setup.prepare(settings):
        typer.echo(line)
    with open_office(settings) as (_, office):
        setup.know_key(office.database)
        figures, days = setup.proclaim_law(office.database)
        typer.echo(f"read in {figures} dated figures and {days} holidays")
        if triage:
            name = setup.name_triage(office.database, triage)
            typer.echo(f"{name} takes what nobody else is responsible for")


def serve() -> None:
    """Serve the pages, send the letters, and let time act."""
    from webhook.serving import serve as run
    from webhook.settings import read_settings

    run(read_settings())


def rounds(
    at: Annotated[
        str, typer.Option(help="Do what is due at this time, 2026-12-31T08:00; demo data only.")
    ] = "",
) -> None:
    """Do now what time brings: deadlines, reminders, the daily run. `serve` does so by itself."""
    from bot import rounds as due
    from webhook.counter import open_office

    moment = _moment(at) if at else None
    with open_office(clock=(lambda: moment) if moment else None) as (_, office):
        if moment is not None:
            with office.database.read() as store:
                if not store.settings.is_demo:
                    raise Trouble("--at: only a demo may choose its time; this is none", code=2)
        done = due.tick(office)
    typer.echo("\n".join(done) or "nothing was due")


def _moment(said: str) -> datetime:
    from storage.desk import VIETNAM

    try:
        moment = datetime.fromisoformat(said)
    except ValueError:
        raise Trouble(f"--at: {said!r} is no time; write 2026-12-31T08:00", code=2) from None
    local = moment if moment.tzinfo else moment.replace(tzinfo=VIETNAM)
    return local.astimezone(UTC)


def route(
    enterprise: Annotated[str, typer.Argument(help="Code or tax code of the enterprise.")],
    on: Annotated[str, typer.Option(help="As on this date, 2026-12-31; today without it.")] = "",
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Print which body receives, checks and signs for an enterprise, and why."""
    from webhook.counter import open_office
    from webhook.routing import routes

    day = _day(on) if on else None
    with open_office() as (_, office), office.database.read() as store:
        found = routes(store, office.words, enterprise, day)
    if as_json:
        typer.echo(json.dumps(found, ensure_ascii=False))
        return
    for one in found:
        typer.echo(f"{one['kind']:9}{one['role']:9}{one['code']:16}{one['body']}")
        typer.echo(f"{'':18}{one['why']}")


def _day(said: str) -> date:
    try:
        return date.fromisoformat(said)
    except ValueError:
        raise Trouble(f"--on: {said!r} is no date; write 2026-12-31", code=2) from None


def replay(
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Let events that broke their turn take it again."""
    from bot.hear import replay as again
    from storage.database import NotWritten, TooBusy
    from webhook.counter import open_office

    with open_office() as (_, office):
        try:
            passed, broke, aside = again(office)
        except (TooBusy, NotWritten):
            raise Trouble("the database is busy or the disk is full; run it again") from None
    if as_json:
        typer.echo(json.dumps({"passed": passed, "broke": broke, "aside": aside}))
    else:
        typer.echo(f"{passed} passed, {broke} broke again")
        if aside:
            typer.echo(f"{aside} laid aside: who said it has gone on talking since")
    if broke:
        raise typer.Exit(1)


def doctor(
    channel: Annotated[
        str, typer.Argument(help="Ask this channel, too: telegram or zalo; needs the network.")
    ] = "",
    online: Annotated[
        bool, typer.Option("--online", help="Ask all channels, too; needs the network.")
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Print every setting in force, secrets masked, and what needs a look."""
    from webhook.examination import CHANNELS, examine

    if channel not in ("", *CHANNELS):
        raise Trouble(f"{channel[:32]}: no channel that can be asked is called so", code=2)
    found = examine(CHANNELS if online else (channel,))
    if as_json:
        typer.echo(json.dumps(found.facts(), ensure_ascii=False))
    else:
        for name, value in found.settings.items():
            typer.echo(f"{name}={value}")
        for line in (*found.notes, *(f"TROUBLE: {one}" for one in found.troubles)):
            typer.echo(line)
    if found.troubles:
        raise typer.Exit(1)
