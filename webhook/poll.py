"""Commands of Telegram: fetch its updates instead of waiting for them; hand a database over."""

from typing import Annotated

import typer

from webhook.trouble import SettingTrouble


def add_to(app: typer.Typer) -> None:
    """Add this family of commands."""
    app.command()(poll)
    app.command(name="bot")(own)


def poll(
    no_send: Annotated[
        bool, typer.Option("--no-send", help="Leave the letters to `serve` or `send`.")
    ] = False,
) -> None:
    """Fetch what people say on Telegram, where it can not deliver to us. Ends with Ctrl-C.

    Takes the webhook away first. Beside `serve`, or alone; the private pages are `serve`'s.
    """
    from channels.telegram_loading import load_aiogram
    from webhook.counter import open_office
    from webhook.metrics import watched
    from webhook.setup import know_bot

    with open_office() as (settings, opened):
        if not settings.telegram_token:
            raise SettingTrouble("KETDOAN_TELEGRAM_TOKEN: must be set for this command")
        know_bot(opened.database, settings.telegram_token)
        load_aiogram()
        from webhook.polling import run

        with watched(settings, opened, insists=False) as office:
            run(settings, office, sends=not no_send)


def own(
    replace: Annotated[
        bool, typer.Option("--replace", help="Let the bot of the token set now have it.")
    ] = False,
) -> None:
    """Say whether this database belongs to the bot of the token that is set, or hand it over.

    People have to write to the new bot first: until then it can not reach them.
    """
    from webhook.counter import open_office
    from webhook.setup import know_bot

    with open_office() as (settings, office):
        if not settings.telegram_token:
            raise SettingTrouble("KETDOAN_TELEGRAM_TOKEN: must be set for this command")
        know_bot(office.database, settings.telegram_token, replaces=replace)
        typer.echo(f"this database belongs to bot {settings.telegram_token.partition(':')[0]}")
