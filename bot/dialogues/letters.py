"""Letters behind the envelope: neutral first, plain at her next tap; and what she is asked."""

from typing import Any

from bot import casework
from bot.dialogue import opening, opens_on
from bot.dialogues import details, standing
from bot.facts import to_use
from bot.mail import Option
from bot.turn import Turn
from storage.cases import Case
from storage.news import News
from storage.signatures import Signature

_MOST_AT_ONCE = 5
# What a letter offers; each may be pressed at any time.
_CHOICES: dict[str, list[Option]] = {
    "news-answer?": ["open-letter", "person", "menu"],
    "moved-body": ["see-new-body", "menu"],
    "erase-done": ["menu"],
    "desk-unreachable": ["desk-other-way", "desk-next"],
    "desk-unreachable-some": ["desk-queue", "menu"],
    "news-taken-back?": ["erase", "menu"],
}


# --- the envelope --------------------------------------------------------------------------------


@opens_on("open-news")
def open_news(turn: Turn) -> None:
    """Bring what lies behind the envelope; tapped again, say how it stands."""
    waiting = _take_all(turn)
    for news in waiting:
        _say(turn, news)
    if not waiting:
        opening("status")(turn)


def _take_all(turn: Turn) -> list[News]:
    found: list[News] = []
    while len(found) < _MOST_AT_ONCE:
        news = turn.store.news.take(turn.conversation.id)
        if news is None:
            break
        found.append(news)
    return found


def _say(turn: Turn, news: News) -> None:
    at_desk: list[Option] = ["desk-queue", "menu"]
    usual: list[Option] = at_desk if _is_for_desk(news) else ["detail", "person", "menu"]
    choices = _CHOICES.get(news.key, usual)
    turn.say(news.key, choices, **_facts(turn, news))


def _is_for_desk(news: News) -> bool:
    """Whether an officer is told, of a case that she handles."""
    return news.key.startswith("desk-")


def _facts(turn: Turn, news: News) -> dict[str, Any]:
    """Return the facts of a letter: those laid in with it, the rest from how the case stands."""
    case = _case_of(turn, news)
    due = standing.expected_on(turn.store, case) if case else turn.today
    known = {"today": standing.day_of(news.made_at), "due": due, "new_due": due}
    return known | to_use(news.facts)


def _case_of(turn: Turn, news: News) -> Case | None:
    return None if news.case_id is None else turn.store.cases.by_id(news.case_id)


@opens_on("desk-other-way")
def other_way(turn: Turn) -> None:
    """Tell an officer how to call somebody whom no letter reaches, without harm to her."""
    news = turn.store.news.newest(turn.conversation.id)
    if turn.officer is None or news is None or news.key != "desk-unreachable":
        opening("desk")(turn)
        return
    turn.say("desk-call-how", ["desk-next", "desk-queue"], code=str(news.facts.get("code", "")))


# --- what a letter was about ---------------------------------------------------------------------


def tell_newest(turn: Turn) -> bool:
    """Tell what the letter read last was about, where it was no mere step; False otherwise."""
    news = turn.store.news.newest(turn.conversation.id)
    if news is None:
        return False
    if news.key == "news-question?":
        return tell_questions(turn)
    if news.key == "news-answer?":
        open_letter(turn)
        return True
    return False


def tell_waiting(turn: Turn) -> None:
    """Mark what waits as read, now that she is told how it stands; say what only a letter says."""
    for news in _take_all(turn):
        if news.key in ("erase-done", "news-taken-back?") or _is_for_desk(news):
            _say(turn, news)


def tell_questions(turn: Turn) -> bool:
    """Ask what she is asked and has not answered; False where there is nothing."""
    asked = [*_hand_downs(turn)]
    for signature, case in asked:
        turn.say(
            "detail-hand-down?",
            ["hand-yes", "hand-no", "person"],
            code=signature.code,
            time=turn.now,
            today=turn.today,
            receiver=standing.body_name(turn.store, case),
            cdcs=standing.signer_name(turn.store, case),
        )
    is_invited = any(
        state == "invited" for _, state in turn.store.cases.committees_of(turn.conversation.id)
    )
    if is_invited:
        turn.say("committee-invite?", ["committee-yes", "committee-no", "person"])
    return bool(asked) or is_invited


@opens_on("open-letter")
def open_letter(turn: Turn) -> None:
    """Show the officer's answer to her question."""
    if standing.needs_code(turn):
        details.ask_code(turn)
        return
    news = turn.store.news.newest(turn.conversation.id)
    if news is not None and news.key == "news-answer?" and news.case_id is not None:
        answer = str(news.facts.get("text", ""))
        details.tell_request(turn, turn.store.cases.by_id(news.case_id), answer)
    else:
        opening("status")(turn)


@opens_on("see-new-body")
def see_new_body(turn: Turn) -> None:
    """Say who handles her matter now, and who did before."""
    found = standing.my_signature(turn)
    news = turn.store.news.newest(turn.conversation.id)
    if standing.needs_code(turn):
        details.ask_code(turn)
    elif found is None or news is None or news.key != "moved-body":
        opening("status")(turn)
    else:
        signature, case = found
        before = str(news.facts.get("from_body", "")) or turn.words("body-ended")
        turn.say(
            "detail-moved?",
            ["person", "menu"],
            code=signature.code,
            time=turn.now,
            today=turn.today,
            receiver=standing.body_name(turn.store, case),
            from_body=before,
            due=standing.expected_on(turn.store, case),
        )


# --- may her name go to the union of her workplace? ----------------------------------------------


def _hand_downs(turn: Turn) -> list[tuple[Signature, Case]]:
    """Return her joins of which an officer asked to hand them down, and she has not answered."""
    receipt = standing.my_receipt(turn)
    if receipt is None:
        return []
    found = standing.standing_signatures(turn.store, receipt)
    return [pair for pair in found if _is_asked(turn, pair[1])]


def _is_asked(turn: Turn, case: Case) -> bool:
    acts = ("hand_down_asked", "hand_down_yes", "hand_down_no")
    said = [one.act for one in turn.store.ledger.of_case(case.id) if one.act in acts]
    return case.is_live and bool(said) and said[-1] == "hand_down_asked"


@opens_on("hand-yes", "hand-no")
def answer_hand_down(turn: Turn) -> None:
    """Let the name go down, or stay: her answer binds. Nothing waits: nothing changes."""
    if standing.needs_code(turn):
        details.ask_code(turn)
        return
    asked = _hand_downs(turn)
    if not asked:
        opening("status")(turn)
        return
    turn.hide()
    is_yes = turn.choice == "hand-yes"
    for signature, case in asked:
        act = "hand_down_yes" if is_yes else "hand_down_no"
        turn.store.ledger.write(act, case_id=case.id, body_id=case.body_id)
        if is_yes:
            turn.store.cases.change(case, wants_cdcs=True)
        _tell_answer(turn, signature, case, is_yes=is_yes)
    turn.say("hand-answered", ["status", "menu"])


def _tell_answer(turn: Turn, signature: Signature, case: Case, *, is_yes: bool) -> None:
    answer = turn.office.words.text(f"desk-answer-{'yes' if is_yes else 'no'}", "vi")
    casework.tell_desk(
        turn.mail,
        case,
        "desk-hand-answered",
        ["desk", "later"],
        code=signature.code,
        answer=answer,
    )
