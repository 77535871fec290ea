"""Commands for officers: invite, revoke, suspend."""

from typing import Annotated

import typer

from webhook.trouble import Trouble

_ROLES = ("receives", "checks", "signs")

_Body = Annotated[str, typer.Option(help="Code of the union body.")]
_Json = Annotated[bool, typer.Option("--json", help="Print JSON.")]


def add_to(app: typer.Typer) -> None:
    """Add this family of commands."""
    for command in (invite, revoke):
        app.command()(command)


def invite(
    body: _Body,
    role: Annotated[str, typer.Option(help="receives, checks or signs.")],
    name: Annotated[str, typer.Option(help="The officer's name, for her colleagues.")] = "",
    days: Annotated[int, typer.Option(min=1, max=60, help="How long the code is good.")] = 7,
    as_json: _Json = False,
) -> None:
    """Print a one-time code that an officer types in any channel to act for a body in a role."""
    _check_role(role)
    from webhook.counter import open_office, order, print_facts

    fields = {"body": body, "role": role, "name": name, "days": str(days), "inviter": ""}
    with open_office() as (_, office):
        print_facts(order(office, "invite", fields), as_json=as_json)


def revoke(
    body: _Body,
    role: Annotated[str, typer.Option(help="Only this role; all of them without it.")] = "",
    officer: Annotated[
        str, typer.Option(help="Id or name of the officer; everybody without it.")
    ] = "",
    suspend: Annotated[
        bool, typer.Option("--suspend", help="Stop for now; the roles can be given back.")
    ] = False,
    restore: Annotated[
        bool, typer.Option("--restore", help="Give a suspended officer, by id, her roles back.")
    ] = False,
    as_json: _Json = False,
) -> None:
    """Stop officers of a body, and close its open invitations, at once."""
    if role:
        _check_role(role)
    from webhook.counter import open_office, order, print_facts

    fields = {
        "body": body,
        "role": role,
        "officer": officer,
        "suspend": "yes" if suspend else "no",
    }
    with open_office() as (_, office):
        facts = order(office, "restore" if restore else "revoke", fields)
        print_facts(facts, as_json=as_json)


def _check_role(role: str) -> None:
    if role not in _ROLES:
        raise Trouble(f"--role: {role!r} is none; write one of {', '.join(_ROLES)}", code=2)
