"""Commands of Zalo's Official Account: consent that we speak for it, and try a pair again."""

import sys
from collections.abc import Iterable
from typing import TYPE_CHECKING, Annotated

import typer

from webhook.trouble import SettingTrouble, Trouble

if TYPE_CHECKING:
    from channels.zalo_oauth import Granted
    from webhook.settings import Settings

zalo = typer.Typer(
    help="Speak for a Zalo Official Account.", no_args_is_help=True, rich_markup_mode=None
)
_MOST_LINES = 200


def add_to(app: typer.Typer) -> None:
    """Add this family of commands."""
    zalo.command()(login)
    zalo.command()(retry)
    zalo.command()(own)
    zalo.command()(probe)
    app.add_typer(zalo, name="zalo")


def login(
    pair: Annotated[
        bool, typer.Option("--pair", help="Take a pair of tokens from the console's API Explorer.")
    ] = False,
    callback: Annotated[
        str, typer.Option(help="The callback saved in the console; our first page without it.")
    ] = "",
) -> None:
    """Let an administrator of the account consent. What is pasted is read from standard input."""
    import asyncio

    from webhook.counter import open_office
    from webhook.setup import know_oa
    from webhook.zalo_vault import StoredPair

    with open_office() as (settings, office):
        _check(settings)
        know_oa(office.database, settings.zalo_oa_id)
        granted = _pasted_pair() if pair else _consented(settings, callback)
        for line in _checked_account(settings, granted):
            typer.echo(line)
        asyncio.run(StoredPair(office.database).replace(granted))
    typer.echo(f"the pair is stored; its token is good for {granted.life / 3600:.0f} h")


def retry() -> None:
    """Try the stored pair again after a wrong setting was put right (-14002, -14004)."""
    import asyncio

    from webhook.counter import open_office
    from webhook.zalo_vault import StoredPair

    with open_office() as (settings, office):
        _check(settings)
        was_troubled = asyncio.run(StoredPair(office.database).try_again())
    typer.echo("it will be tried again" if was_troubled else "nothing stood in its way")


def own(
    replace: Annotated[
        bool, typer.Option("--replace", help="Let the account that is set now have it.")
    ] = False,
) -> None:
    """Say whether this database belongs to the account that is set, or hand it over.

    People have to write to the new account first; its pair of tokens is another: log in again.
    """
    from webhook.counter import open_office
    from webhook.setup import know_oa

    with open_office() as (settings, office):
        _check(settings)
        know_oa(office.database, settings.zalo_oa_id, replaces=replace)
        typer.echo(f"this database belongs to account {settings.zalo_oa_id}")


def probe(
    to: Annotated[
        str, typer.Option(help="Id of a person at the account; its only follower without it.")
    ] = "",
) -> None:
    """Send a tester of your own some messages, and print what Zalo says to each: for a first day.

    Nothing is kept, and no token is renewed or shown.
    """
    from webhook.counter import open_office
    from webhook.zalo_probe import probed
    from webhook.zalo_vault import ACCOUNT

    with open_office() as (settings, office):
        _check(settings)
        with office.database.read() as store:
            held = store.tokens.look(ACCOUNT)
        token = held.access if held is not None else settings.zalo_access_token
        if not token:
            raise Trouble("there is no token yet; run `ketdoan zalo login`")
        for line in probed(settings, token, to):
            typer.echo(line)


def _check(settings: "Settings") -> None:
    for name in ("zalo_app_id", "zalo_app_secret"):
        if not getattr(settings, name):
            raise SettingTrouble(f"KETDOAN_{name.upper()}: must be set for this command")


# --- what is pasted ------------------------------------------------------------------------------


def _pasted_pair() -> "Granted":
    from channels.zalo_consent import NotUnderstood, is_whole, read_pair

    typer.echo("Paste the pair as the API Explorer prints it, or access and refresh token:")
    lines: list[str] = []
    for line in _lines():
        lines.append(line)
        if is_whole(lines):
            break
    try:
        return read_pair(lines)
    except NotUnderstood as trouble:
        raise Trouble(str(trouble)) from None


def _consented(settings: "Settings", callback: str) -> "Granted":
    from channels.zalo_consent import NotUnderstood, consent_address, read_consent

    address = consent_address(
        settings.zalo_oauth_url,
        settings.zalo_app_id,
        callback or f"{settings.origin}/",
        settings.zalo_code_verifier,
    )
    typer.echo("1. Open this as an administrator of the account and allow everything asked for:")
    typer.echo(f"   {address}")
    typer.echo("2. Paste here the address that the browser was sent to, within 10 minutes:")
    try:
        consent = read_consent(next(iter(_lines()), ""))
    except NotUnderstood as trouble:
        raise Trouble(str(trouble)) from None
    # Before the code is used: it works once.
    _check_account(settings, consent.oa_id)
    return _exchanged(settings, consent.code)


def _lines() -> Iterable[str]:
    for _, line in zip(range(_MOST_LINES), sys.stdin, strict=False):
        yield line


# --- what Zalo says to it ------------------------------------------------------------------------


def _exchanged(settings: "Settings", code: str) -> "Granted":
    import asyncio

    from bot.speech import TooFast, Unreachable
    from channels.zalo_oauth import Denied, Lost
    from webhook.zalo_account import meaning
    from webhook.zalo_vault import oauth_of

    try:
        return asyncio.run(oauth_of(settings).exchange(code, settings.zalo_code_verifier))
    except Denied as refusal:
        raise Trouble(f"Zalo refuses the code: {refusal.code}: {meaning(refusal.code)}") from None
    except (Unreachable, TooFast):
        raise Trouble("Zalo can not be asked now; paste the same address again soon") from None
    except Lost:
        raise Trouble("the answer was lost: the code may be used up; begin anew") from None


def _checked_account(settings: "Settings", granted: "Granted") -> list[str]:
    """Make sure whose account the pair speaks for; return what to print. Raises Trouble."""
    from webhook.zalo_account import Unanswered, account_of, id_of

    try:
        account = account_of(settings, granted.access)
    except Unanswered as trouble:
        return [f"not checked whose account it is: {trouble}"]
    _check_account(settings, id_of(account))
    return [f"it speaks for {str(account.get('name', ''))[:120]} ({id_of(account)[:32]})"]


def _check_account(settings: "Settings", oa_id: str) -> None:
    if oa_id and settings.zalo_oa_id and oa_id != settings.zalo_oa_id:
        raise Trouble(
            f"this is consent for account {oa_id[:32]}, KETDOAN_ZALO_OA_ID is "
            f"{settings.zalo_oa_id}; nothing was stored"
        )
