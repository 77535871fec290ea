"""What an operator changes by a command: posters, invitations, the rights of officers."""

from collections.abc import Callable
from datetime import timedelta
from functools import wraps

from bot.dialogue import Act, on_form
from bot.turn import Turn
from storage.officers import Officer
from storage.posters import Poster
from union.bodies import Body
from union.codes import grouped
from union.folding import fold
from union.refusals import NotAllowed

CHANNEL = "operator"
ROLES = ("receives", "checks", "signs")
MOST_DAYS = 90
DEFAULT_DAYS = 7


def operators_only(deed: Callable[[Turn], None]) -> Act:
    """Let this be done by commands on the machine itself and by nobody from outside."""

    @wraps(deed)
    def guarded(turn: Turn) -> None:
        if turn.heard.channel != CHANNEL:
            raise NotAllowed("error-not-allowed")
        deed(turn)

    return guarded


# --- posters -------------------------------------------------------------------------------------


@on_form("qr")
@operators_only
def make_poster(turn: Turn) -> None:
    """Make a poster; fields: enterprise (code or tax code), variant, plain ("yes": unnamed).

    With the field again ("yes") the one that hangs already is shown instead, if there is one:
    printing more of it must not put another beside it.
    """
    code = turn.fields.get("enterprise", "")
    enterprise = turn.store.enterprises.by_code(code.upper()) if code else None
    if code and enterprise is None:
        raise NotAllowed("operator-no-enterprise", code=code)
    body = None if enterprise else _body(turn, turn.fields.get("body", ""))
    variant = turn.fields.get("variant", "")[:64]
    named = enterprise is not None and not _is_yes(turn, "plain")
    made = None
    if enterprise and _is_yes(turn, "again"):
        made = _hanging(turn, enterprise.id, variant, named=named)
    if made is None:
        made = turn.store.posters.make(
            enterprise_id=enterprise.id if enterprise else None,
            body_id=body.id if body else None,
            variant=variant,
            names_enterprise=named,
        )
        turn.store.ledger.write(
            "poster_made", enterprise_id=made.enterprise_id, body_id=made.body_id
        )
    turn.show(
        "operator",
        token=made.token,
        code=grouped(made.code),
        link=turn.office.page(f"/q/{made.token}"),
        enterprise=enterprise.name if enterprise else "",
        variant=made.variant,
    )


def _hanging(turn: Turn, enterprise_id: int, variant: str, *, named: bool) -> Poster | None:
    """Return the poster of this kind that is still good, the oldest of several, or None."""
    for one in turn.store.posters.of_enterprise(enterprise_id):
        if one.revoked_at is None and (one.variant, one.names_enterprise) == (variant, named):
            return one
    return None


@on_form("qr-revoke")
@operators_only
def revoke_poster(turn: Turn) -> None:
    """Let a poster open nothing of its own any more; field: its code or token."""
    typed = turn.fields.get("code", "")
    known = turn.store.posters.by_code(typed) or turn.store.posters.by_token(typed)
    if known is None:
        raise NotAllowed("operator-no-poster", code=typed)
    turn.store.posters.revoke(known.id)
    turn.store.ledger.write("poster_revoked", enterprise_id=known.enterprise_id)
    turn.show("operator", revoked=1, code=grouped(known.code))


# --- officers ------------------------------------------------------------------------------------


@on_form("invite")
@operators_only
def invite(turn: Turn) -> None:
    """Make an invitation; fields: body (code), role, name (may be empty), days, inviter.

    Who reads an invitation without an inviter reads, in her language, that the operator invites.
    """
    body = _body(turn, turn.fields.get("body", ""))
    role = _role(turn)
    days = _days(turn)
    inviter = turn.fields.get("inviter", "")
    code = turn.store.officers.invite(body.id, role, turn.fields.get("name", ""), inviter, days)
    turn.store.ledger.write("invited", body_id=body.id, role=role, days=days)
    turn.show(
        "operator",
        code=grouped(code),
        body=body.name,
        role=role,
        days=days,
        expires_on=(turn.now + timedelta(days=days)).date(),
    )


@on_form("revoke")
@operators_only
def stop_officers(turn: Turn) -> None:
    """End or suspend roles at once; fields: body, role (or none), officer (name, id), suspend.

    Without an officer everybody in the role is meant, and open invitations are closed too.
    """
    body = _body(turn, turn.fields.get("body", ""))
    role = _role(turn) if turn.fields.get("role") else None
    typed = turn.fields.get("officer", "")
    officers = [one for one in turn.store.officers.of_body(body.id, role) if _is_meant(one, typed)]
    if typed and not officers:
        raise NotAllowed("operator-no-officer", name=typed)
    state = "suspended" if _is_yes(turn, "suspend") else "revoked"
    for one in officers:
        _stop(turn, one, body, role, state)
    closed = 0
    if not typed and state == "revoked":
        closed = turn.store.officers.revoke_invitations(body.id, role)
    names = [f"{one.name} ({one.id})" for one in officers]
    facts = {"officers": names, "state": state, "invitations": closed}
    turn.show("operator", revoked=len(officers), body=body.name, **facts)


def _stop(turn: Turn, officer: Officer, body: Body, role: str | None, state: str) -> None:
    """Take the roles; what the officer held at this body is free for colleagues."""
    store = turn.store
    store.officers.set_state(officer.id, body.id, role, state)
    store.ledger.write(f"role_{state}", officer_id=officer.id, body_id=body.id, role=role or "all")
    for one in store.conversations.addresses_of(officer.conversation_id):
        store.links.close_all(one.row_id, "names")
    if body.id in store.officers.by_id(officer.id).bodies:
        return
    for held in store.cases.held_by(officer.id):
        case = store.cases.locked(held.id)
        if case.body_id == body.id and case.officer_id == officer.id:
            store.cases.change(case, officer_id=None, taken_at=None)
            store.ledger.write("released", case_id=case.id, body_id=body.id)


@on_form("restore")
@operators_only
def restore(turn: Turn) -> None:
    """Give a suspended officer her roles back; fields: body, officer (her id), role."""
    body = _body(turn, turn.fields.get("body", ""))
    role = _role(turn) if turn.fields.get("role") else None
    typed = turn.fields.get("officer", "")
    restored = 0
    if typed.isdigit() and len(typed) < 20:
        restored = turn.store.officers.set_state(int(typed), body.id, role, "active")
    if not restored:
        raise NotAllowed("operator-no-officer", name=typed)
    turn.store.ledger.write("role_active", officer_id=int(typed), body_id=body.id)
    turn.show("operator", restored=restored, body=body.name)


def _is_meant(officer: Officer, typed: str) -> bool:
    return not typed or typed == str(officer.id) or fold(officer.name) == fold(typed)


# --- fields --------------------------------------------------------------------------------------


def _body(turn: Turn, code: str) -> Body:
    found = turn.store.bodies.by_code(code.upper())
    if found is None:
        raise NotAllowed("operator-no-body", code=code)
    return found


def _role(turn: Turn) -> str:
    role = turn.fields.get("role", "")
    if role not in ROLES:
        raise NotAllowed("operator-no-role", role=role)
    return role


def _days(turn: Turn) -> int:
    typed = turn.fields.get("days", "") or str(DEFAULT_DAYS)
    if not (typed.isdigit() and len(typed) < 4 and 1 <= int(typed) <= MOST_DAYS):
        raise NotAllowed("operator-days", most=MOST_DAYS)
    return int(typed)


def _is_yes(turn: Turn, field: str) -> bool:
    return turn.fields.get(field, "").casefold() in ("yes", "true", "1")
