"""What somebody is about to put her name to: the answers so far, who will read them, the texts."""

from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any, Literal, Self

from bot import casework
from bot.turn import Turn
from storage.enterprises import Enterprise
from union.bodies import Body
from union.papers import fill
from union.refusals import Unclear

MEMORY = "sign"
DRAFT = "draft"
DRAFT_DAYS = 7
# Stands where the one-time page puts the name that is being typed.
NAME_GAP = "{name}"


@dataclass
class Wish:
    """The answers of one person on her way to the statement. It lives in the sealed memory."""

    enterprise_id: int
    kind: Literal["start", "join"]
    body_id: int = 0
    wants_cdcs: bool = False
    is_agreed: bool = False
    contact: bool = False
    statistics: bool = False
    consent_version: str = ""
    consent_language: str = ""
    consent_text: str = ""
    name: str = ""
    short: str = ""
    phone: str = ""
    known: str = "none"
    phone_asked: bool = False
    is_foreign: bool = False
    version: str = ""
    language: str = ""
    text: str = ""
    on_page: bool = False
    correcting: int | None = None

    @classmethod
    def of(cls, turn: Turn) -> Self | None:
        """Return the wish that is under way in this conversation, or None."""
        kept = turn.memory.get(MEMORY)
        return cls(**kept) if kept else None

    def keep(self, turn: Turn) -> None:
        """Remember the answers until the next turn."""
        turn.memory[MEMORY] = dict(vars(self))


def under_way(turn: Turn) -> Wish:
    """Return the answers so far. Raises Unclear where they are gone."""
    wish = Wish.of(turn)
    if wish is None:
        raise Unclear("error-old-button?")
    return wish


# --- drafts --------------------------------------------------------------------------------------


def keep_draft(turn: Turn, wish: Wish, *, moves: bool = False) -> date:
    """Put the answers aside for some days; return the last one.

    *moves*: she is on her way to another place of work, where name and phone need not be typed
    again.
    """
    until = turn.today + timedelta(days=DRAFT_DAYS)
    kept = {"wish": dict(vars(wish)), "until": until.isoformat(), "moves": moves}
    turn.memory[DRAFT] = kept
    return until


def draft_of(turn: Turn) -> Wish | None:
    """Return what was put aside, unless its days are over: then it is wiped."""
    kept: dict[str, Any] | None = turn.memory.get(DRAFT)
    if kept is None:
        return None
    if date.fromisoformat(kept["until"]) < turn.today:
        turn.memory.pop(DRAFT)
        return None
    return Wish(**kept["wish"])


def moving_draft(turn: Turn) -> Wish | None:
    """Return the answers that go along to another place of work, or None."""
    draft = draft_of(turn)
    return draft if draft and turn.memory[DRAFT]["moves"] else None


# --- who will read it ----------------------------------------------------------------------------


def kind_of(enterprise: Enterprise) -> Literal["start", "join"]:
    """Return whether a grassroots union (CĐCS) can be joined here or is still to be founded."""
    return "start" if enterprise.cdcs_id is None else "join"


def receiver(turn: Turn, wish: Wish) -> Body:
    """Return the body whose people will read the name."""
    store = turn.store
    enterprise = store.enterprises.by_id(wish.enterprise_id)
    if wish.kind == "join":
        return casework.join_receiver(store, enterprise, wants_cdcs=wish.wants_cdcs).body
    # A petition that was handed on is read where it lies now.
    petition = store.cases.live_petition(enterprise.id)
    if petition is not None:
        return store.bodies.by_id(petition.body_id)
    return casework.responsible(store, enterprise, "petition", "receives").body


def facts_of(turn: Turn, wish: Wish) -> dict[str, str]:
    """Return the facts that the texts of this wish are filled with, but for the name."""
    enterprise = turn.store.enterprises.by_id(wish.enterprise_id)
    cdcs = casework.grassroots_of(turn.store, enterprise)
    body = receiver(turn, wish).name
    return {
        "enterprise": enterprise.name,
        "body": body,
        "receiver": body,
        "cdcs": cdcs.name if cdcs else "",
    }


# --- the texts -----------------------------------------------------------------------------------


def consent_side(turn: Turn, wish: Wish) -> str:
    """Return which facts of consent hold: start, join-above or join-cdcs, by who will read."""
    if wish.kind == "start":
        return "start"
    is_below = receiver(turn, wish).level == "grassroots"
    return "join-cdcs" if is_below else "join-above"


def consent_facts(turn: Turn, wish: Wish) -> tuple[str, dict[str, Any]]:
    """Return the key and the facts of what she must know before she agrees, and note its text."""
    side = consent_side(turn, wish)
    paper = turn.office.words.paper(f"consent-{side}", turn.language)
    named = facts_of(turn, wish)
    facts = {
        "paper": fill(paper.text, named),
        "consent_version": paper.version,
        "version_date": paper.since,
    }
    key = f"consent-facts-{side}"
    asked = turn.words("consent?", receiver=named["receiver"])
    wish.consent_text = f"{turn.words(key, **facts)}\n\n{asked}"
    wish.consent_version, wish.consent_language = paper.version, turn.language
    wish.body_id = receiver(turn, wish).id
    return key, facts


def statement_key(wish: Wish) -> str:
    """Return which statement this is: start, join or foreign."""
    return "foreign" if wish.is_foreign else wish.kind


def statement_facts(turn: Turn, wish: Wish, name: str) -> dict[str, Any]:
    """Return the statement filled with *name*, its version and date, and note the exact text."""
    paper = turn.office.words.paper(f"statement-{statement_key(wish)}", turn.language)
    wish.text = fill(paper.text, facts_of(turn, wish) | {"name": name})
    wish.version, wish.language = paper.version, turn.language
    return {"paper": wish.text, "paper_version": paper.version, "version_date": paper.since}
