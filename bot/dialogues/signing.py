"""Putting one's name down: to found a union or to join the one there is, in the same steps."""

from bot.dialogue import opening, opens_on, step
from bot.dialogues import naming, statement
from bot.dialogues.recording import is_outdated
from bot.dialogues.wish import (
    DRAFT,
    Wish,
    consent_facts,
    draft_of,
    facts_of,
    kind_of,
    moving_draft,
    receiver,
    under_way,
)
from bot.turn import Turn
from union.answers import consent_choice
from union.refusals import Unclear

_CONSENTS = {
    "consent-a": (True, False, False),
    "consent-ab": (True, True, False),
    "consent-ac": (True, False, True),
    "consent-abc": (True, True, True),
}


# --- the way in ----------------------------------------------------------------------------------


@opens_on("sign")
def sign(turn: Turn) -> None:
    """Begin anew; typed under the statement itself, it is the answer to it."""
    if turn.conversation.step == "statement.decide" and turn.heard.text is not None:
        statement.put_name(turn)
        return
    begin_signing(turn)


def begin_signing(turn: Turn, *, on_page: bool = False) -> None:
    """Ask the first question. Name and phone come along only from another place of work."""
    before = moving_draft(turn)
    turn.done()
    enterprise = turn.enterprise
    if enterprise is None:
        opening("find")(turn)
        return
    wish = Wish(enterprise.id, kind_of(enterprise), on_page=on_page)
    if before is not None:
        wish.name, wish.phone, wish.known = before.name, before.phone, before.known
        wish.phone_asked = before.phone_asked
        wish.on_page = wish.on_page or before.on_page
    start(turn, wish)


def start(turn: Turn, wish: Wish) -> None:
    """Ask where to send it, where that can be chosen, and then for consent."""
    if wish.kind == "join":
        wish.keep(turn)
        above = Wish(wish.enterprise_id, "join")
        turn.ask(
            "join-where?",
            then=take_where,
            choices=["to-above", "to-cdcs", "ask-first"],
            **_named(facts_of(turn, above), "body", "cdcs"),
        )
    else:
        ask_consent(turn, wish)


@opens_on("go-on-draft")
def go_on_draft(turn: Turn) -> None:
    """Take up what was put off: the text is shown again, in full."""
    draft = draft_of(turn)
    if draft is None or not draft.is_agreed:
        begin_signing(turn)
        return
    turn.done()
    if is_outdated(turn, draft):
        turn.say("error-stale")
        statement.begin_anew(turn, draft)
    else:
        naming.ask_next(turn, draft)


# --- where to, and consent -----------------------------------------------------------------------


@step
def take_where(turn: Turn) -> None:
    """Take her choice of receiver: it binds everybody after her."""
    wish = under_way(turn)
    if turn.choice == "ask-first":
        above = Wish(wish.enterprise_id, "join")
        named = _named(facts_of(turn, above), "body", "cdcs")
        turn.say("who-sees-join", ["sign", "rights", "person", "menu"], **named)
        return
    if turn.choice not in ("to-above", "to-cdcs"):
        raise Unclear("error-choose?")
    wish.wants_cdcs = turn.choice == "to-cdcs"
    ask_consent(turn, wish)


def ask_consent(turn: Turn, wish: Wish) -> None:
    """Say who will read it, what it is and is not, and the risk; then ask for three answers."""
    key, facts = consent_facts(turn, wish)
    wish.is_agreed = False
    wish.keep(turn)
    turn.say(key, **facts)
    turn.ask(
        "consent?",
        then=take_consent,
        choices=["consent-a", "consent-ab", "consent-ac", "consent-abc", "consent-none"],
        receiver=receiver(turn, wish).name,
    )


@step
def take_consent(turn: Turn) -> None:
    """Take A, B and C; without A nothing is kept."""
    if turn.choice == "consent-none":
        keep_nothing(turn)
        turn.say("consent-declined?", ["rights", "person", "menu"])
        return
    given = _CONSENTS.get(turn.choice or "") or consent_choice(turn.text)
    if given is None or not given[0]:
        raise Unclear("error-choose?")
    wish = under_way(turn)
    wish.is_agreed, wish.contact, wish.statistics = given
    if not wish.contact:
        wish.phone, wish.known, wish.phone_asked = "", "none", False
    naming.ask_next(turn, wish)


def keep_nothing(turn: Turn) -> None:
    """Wipe her answers, and a draft from before."""
    turn.done()
    if turn.memory.pop(DRAFT, None) is not None:
        turn.store.people.end_drafts(turn.conversation.id)


def _named(facts: dict[str, str], *names: str) -> dict[str, str]:
    return {name: facts[name] for name in names}
