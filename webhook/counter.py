"""The counter where commands are served: an open office, and orders that it hears."""

import getpass
import json
import secrets
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import date, datetime
from typing import Any

import typer

from bot.hear import hear
from bot.office import Office
from bot.speech import Form, Heard
from storage.database import Clock, NotWritten, TooBusy, utc_now
from webhook import setup
from webhook.demo_clock import go_with_demo
from webhook.logs import set_up_logs
from webhook.settings import Settings, read_settings
from webhook.trouble import Trouble
from webhook.wiring import make_office


@contextmanager
def open_office(
    settings: Settings | None = None, clock: Clock | None = None
) -> Iterator[tuple[Settings, Office]]:
    """Open the office of the settings in force, and close it; a demo's clock may be ahead.

    Raises SettingTrouble.
    """
    set_up_logs()
    chosen = settings or read_settings()
    chosen.keys()
    setup.check(chosen)
    office = make_office(chosen, clock or utc_now)
    try:
        setup.check_key(office.database)
        if clock is None:
            go_with_demo(office.database)
        yield chosen, office
    finally:
        office.database.close()
        if office.spool is not None:
            office.spool.close()


def order(
    office: Office, form: str, fields: Mapping[str, str], event_id: str = ""
) -> Mapping[str, Any]:
    """Let the office hear a command and return what it shows. Raises Trouble.

    With an *event_id* the same command given again is refused as done.
    """
    event = event_id or secrets.token_hex(12)
    user = _user()
    try:
        asked = Heard("operator", user, event, form=Form(form, fields), language="en")
        outcome = hear(asked, office)
    except (TooBusy, NotWritten):
        raise Trouble("the database is busy or the disk is full; nothing was changed") from None
    if outcome.is_repeat:
        raise Trouble("this very command has been carried out before; nothing was changed")
    if outcome.page is None:
        told = outcome.letters[0].text if outcome.letters else "no answer"
        raise Trouble(told)
    facts = outcome.page.facts
    if refused := facts.get("refused"):
        rest = {name: value for name, value in facts.items() if name not in ("refused", "text")}
        raise Trouble(office.words.text(str(refused), "en", **rest))
    return facts


def _user() -> str:
    try:
        return getpass.getuser()
    except (KeyError, OSError):  # a user without a name, as in some containers
        return "operator"


def print_facts(facts: Mapping[str, Any], *, as_json: bool) -> None:
    """Print what a command came to, for a program or for people."""
    if as_json:
        typer.echo(json.dumps(facts, ensure_ascii=False, default=_plain))
        return
    for name, value in facts.items():
        if name == "text":
            continue  # the same in a sentence
        if isinstance(value, list | tuple):
            for one in value:
                typer.echo(_line(one))
        else:
            typer.echo(f"{name}: {_plain(value)}")


def _line(value: object) -> str:
    if isinstance(value, Mapping):
        return "  ".join(f"{name}={_plain(one)}" for name, one in value.items())
    return str(_plain(value))


def _plain(value: object) -> str | int | float | bool | None:
    if isinstance(value, datetime | date):
        return value.isoformat()
    if value is None or isinstance(value, str | int | float):
        return value
    return str(value)
