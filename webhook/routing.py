"""Say in words which body plays which role for an enterprise on a day."""

from datetime import date

from bot.words import Words
from storage import communes
from storage.bodies import TRIAGE, NoTriage
from storage.enterprises import Enterprise
from storage.store import Store
from union.bodies import CaseKind, Responsible, Role, responsible_for
from webhook.trouble import Trouble

KINDS: tuple[CaseKind, ...] = ("join", "petition", "request")
ROLES: tuple[Role, ...] = ("receives", "checks", "signs")


def routes(
    store: Store, words: Words, code: str, on: date | None, language: str = "en"
) -> list[dict[str, str]]:
    """Return body and reason for every kind of case and every role. Raises Trouble."""
    known = store.enterprises.by_code(code)
    if known is None:
        raise Trouble(f"no enterprise has the code or tax code {code}")
    day = on or store.today
    place = store.bodies.place_of(known.id)
    try:
        jurisdiction = store.bodies.jurisdiction(place, day)
    except NoTriage:
        raise Trouble(_unset(store, day)) from None
    rows = []
    for kind in KINDS:
        for role in ROLES:
            found = responsible_for(place, kind, role, day, jurisdiction)
            why = words.text(found.reason, language, **_facts(found, known))
            rows.append(_row(kind, role, found, why))
    return rows


def _unset(store: Store, day: date) -> str:
    """Say why nobody takes what is left over: nobody was named, or not yet on that day."""
    if code := store.settings.get(TRIAGE):
        return f"{code}, which takes what is left over, does not exist on {day.isoformat()}"
    return "no triage body is set; run `ketdoan init --triage CODE`"


def _row(kind: str, role: str, found: Responsible, why: str) -> dict[str, str]:
    return {
        "kind": kind,
        "role": role,
        "code": found.body.code,
        "body": found.body.name,
        "reason": found.reason,
        "why": why,
    }


def _facts(found: Responsible, known: Enterprise) -> dict[str, str]:
    return {
        "place": _ground(str(found.facts.get("coverage", "")), known),
        "from_body": str(found.facts.get("from_body", "")),
        "body": found.body.name,
    }


def _ground(coverage: str, known: Enterprise) -> str:
    """Return what the coverage that decided is called: the firm, its zone, sector or place."""
    province = communes.province(known.province_code or "")
    called = {
        "zone": known.zone,
        "sector": known.sector,
        "commune": known.where,
        "province": province.name if province else None,
    }
    return called.get(coverage) or known.name
