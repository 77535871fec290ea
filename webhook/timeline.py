"""What happened, out of the ledger, in sentences: acts, bodies and case codes, never a person."""

from datetime import datetime

from bot.words import Words
from storage.ledger import Entry
from storage.store import Store

MOST = 200

# Acts of the ledger that are told, each with the key of its sentence; the others are not.
_KEYS = {
    "arrived": "event-arrived",
    "opened": "event-opened",
    "signed": "event-signed",
    "withdrawn": "event-withdrawn",
    "not_me": "event-not-me",
    "claimed": "event-not-me",
    "ready": "event-ready",
    "fell": "event-unready",
    "taken": "event-taken",
    "released": "event-released",
    "names_opened": "event-names-opened",
    "approved": "event-approved",
    "returned": "event-returned",
    "refused": "event-refused",
    "handed_on": "event-handed-on",
    "handed_over": "event-handed-on",
    "guided": "event-guided",
    "checked": "event-checked",
    "recognised": "event-recognised",
    "decided": "event-admitted",
    "told": "event-told",
    "escalated": "event-escalated",
    "question": "event-question",
    "urgent": "event-urgent",
    "answered": "event-answered",
    "invited": "event-invited",
    "role_accepted": "event-officer-joined",
    "role_revoked": "event-revoked",
    "role_suspended": "event-revoked",
    "place_registered": "event-place-registered",
    "erased": "event-erased",
}
# What was told by the daily run has a sentence of its own.
_TOLD = {"news-enough?": "event-enough-told", "news-late?": "event-late"}


def told(store: Store, words: Words, language: str) -> list[tuple[datetime, str]]:
    """Return the last acts, newest first, each with its moment."""
    lines = []
    for entry in reversed(store.ledger.newest(MOST)):
        key = _TOLD.get(str(entry.facts.get("key"))) or _KEYS.get(entry.act)
        if key is not None:
            lines.append((entry.at, words.text(key, language, **_facts(store, entry))))
    return lines


def _facts(store: Store, entry: Entry) -> dict[str, str | int]:
    """Return what sentences name: the code officers use, the body, how many."""
    case = store.cases.by_id(entry.case_id) if entry.case_id is not None else None
    body_id = entry.body_id if entry.body_id is not None else (case.body_id if case else None)
    return {
        "code": case.code if case else "",
        "body": _body(store, body_id),
        "n": len(store.signatures.live_addresses(case.id)) if case else 0,
    }


def _body(store: Store, body_id: int | None) -> str:
    try:
        return store.bodies.by_id(body_id).name if body_id is not None else ""
    except LookupError:
        return ""
