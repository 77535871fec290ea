"""Commands of bots: fetch their updates instead of waiting for them; hand a database over."""

from typing import Annotated

import typer

from webhook.trouble import SettingTrouble, Trouble


def add_to(app: typer.Typer) -> None:
    """Add this family of commands."""
    app.command()(poll)
    app.command(name="bot")(own)


def poll(
    channel: Annotated[str, typer.Argument(help="telegram, or zalo-bot.")] = "telegram",
    no_send: Annotated[
        bool, typer.Option("--no-send", help="Leave the letters to `serve` or `send`.")
    ] = False,
) -> None:
    """Fetch what people say to a bot, where its platform can not deliver to us. Ends with Ctrl-C.

    Takes the webhook away first. Beside `serve`, or alone; the private pages are `serve`'s.
    """
    if channel == "telegram":
        _poll_telegram(sends=not no_send)
    elif channel == "zalo-bot":
        _poll_zalo_bot(sends=not no_send)
    else:
        raise Trouble("only telegram and zalo-bot can be fetched from", code=2)


def _poll_zalo_bot(*, sends: bool) -> None:
    from webhook.counter import open_office
    from webhook.metrics import watched

    with open_office() as (settings, opened):
        if not settings.zalo_bot_token:
            raise SettingTrouble("KETDOAN_ZALO_BOT_TOKEN: must be set for this command")
        from webhook.zalo_bot_polling import run

        with watched(settings, opened, insists=False) as office:
            run(settings, office, sends=sends)


def _poll_telegram(*, sends: bool) -> None:
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
            run(settings, office, sends=sends)


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
