"""Learning: answers on rights with their figures, dates and sources; who sees her name."""

from datetime import date
from functools import partial
from typing import Any

from bot.casework import grassroots_of
from bot.dialogue import Act, opens_on, reads_text, step
from bot.dialogues import danger
from bot.dialogues.menu import go_on
from bot.dialogues.place import receiving_body
from bot.mail import Option
from bot.turn import Turn
from bot.words import Topic
from union.answers import free_text
from union.rules import NoRule, Rule

# Topics by their number; what is in none of these stands under "rights-other".
_GROUPS: dict[str, frozenset[int]] = {
    "rights-union": frozenset({1, 2, 3, 4, 7, 8, 51}),
    "rights-join": frozenset(range(9, 20)),
    "rights-safe": frozenset({5, 6, 50, 53}),
}
_MOST_CHOICES = 5
_HIGHEST_NUMBER = 99
# Steps that take her own words, and officers' dialogues: what is typed there is no question to us.
_OWN_WORDS = frozenset({"request.write", "request.write_more", "request.read_place"})
_OWN_ROOMS = ("desk", "decisions", "place.read_")


# --- the menu of topics --------------------------------------------------------------------------


@opens_on("rights", "ask-another", "ask-differently", "topics")
def rights(turn: Turn) -> None:
    """Offer the groups of topics; a question may be typed as well."""
    groups = [one for one in (*_GROUPS, "rights-other") if _topics(turn, one)]
    turn.ask("rights-menu?", then=read, choices=[*groups, "person"])


@opens_on(*_GROUPS, "rights-other")
def group(turn: Turn) -> None:
    """Offer the topics of a group."""
    _show(turn, str(turn.choice), 0)


def _topics(turn: Turn, name: str) -> list[Topic]:
    grouped = frozenset().union(*_GROUPS.values())
    return [
        one
        for one in turn.office.words.topics(turn.language)
        if (one.number in _GROUPS[name] if name in _GROUPS else one.number not in grouped)
    ]


def _show(turn: Turn, name: str, begin: int) -> None:
    """Show the topics of a group from place *begin* on, as many as there are buttons."""
    topics = _topics(turn, name)[begin:]
    is_last = len(topics) <= _MOST_CHOICES
    shown = topics if is_last else topics[: _MOST_CHOICES - 1]
    choices: list[Option] = [(f"topic-{one.number}", one.short) for one in shown]
    if not is_last:
        choices.append("next-page")
        turn.memory["rights"] = {"group": name, "begin": begin + len(shown)}
    turn.ask("rights-topics?", then=read, choices=choices)


@step
def read(turn: Turn) -> None:
    """Turn the page, or answer a question that no topic fits."""
    if turn.choice == "next-page":
        noted = turn.memory["rights"]
        _show(turn, str(noted["group"]), int(noted["begin"]))
    else:
        unanswered(turn)


@opens_on("unanswered")
def unanswered(turn: Turn) -> None:
    """Say that there is no answer yet, rather than guess."""
    turn.memory["asked"] = free_text(turn.text)
    turn.ask("rights-no-answer?", then=read, choices=["ask-officer", "ask-differently", "topics"])


# --- an answer -----------------------------------------------------------------------------------


@opens_on(*(f"topic-{number}" for number in range(1, _HIGHEST_NUMBER + 1)))
def topic(turn: Turn) -> None:
    """Answer the topic whose button was pressed."""
    number = int(str(turn.choice).removeprefix("topic-"))
    found = [one for one in turn.office.words.topics(turn.language) if one.number == number]
    if found:
        answer(turn, slug=found[0].slug)
    else:
        rights(turn)


@reads_text
def read_question(turn: Turn) -> Act | None:
    """Understand a question in the middle of any step but those that ask for her own words."""
    step_now = turn.conversation.step
    if step_now in _OWN_WORDS or step_now.startswith(_OWN_ROOMS):
        return None
    if danger.phrases("refusals.toml")["who"].inside(turn.text):
        return refuse_who
    slug = turn.office.words.find_topic(turn.text)
    return None if slug is None else partial(answer, slug=slug)


def answer(turn: Turn, slug: str) -> None:
    """Answer a topic with figures in force today; then ask again what she was at."""
    asked = turn.office.words.topic(slug, turn.language)
    turn.memory["topic"] = slug
    turn.memory["asked"] = asked.title
    figures = _figures(turn, asked)
    if figures is None:
        turn.say("rights-figure-expired?", ["ask-officer", "ask-another"])
    else:
        _say(turn, asked, figures)
    go_on(turn)


def _figures(turn: Turn, asked: Topic) -> dict[str, Rule] | None:
    """Return the figures in force that an answer needs, or None where one is out of date."""
    factors = {
        one for several in asked.computed.values() for one in several if not one.isdecimal()
    }
    needed = {*asked.figures, *factors}
    if needed and asked.review_on < turn.today:
        return None
    try:
        return {key: turn.rules.in_force(key, turn.today) for key in needed}
    except NoRule:
        return None


def _say(turn: Turn, asked: Topic, figures: dict[str, Rule]) -> None:
    is_draft = not asked.approved and not turn.store.settings.is_demo
    facts: dict[str, Any] = {
        "answer": _text(turn, asked, figures),
        "updated": asked.updated_on,
        "sources": _source_numbers(turn, asked),
    }
    if asked.hand_over:
        if is_draft:
            facts["answer"] = f"{facts['answer']}\n{turn.words('rights-draft')}"
        choices = ["talk-officer", "sources", "ask-another"]
        turn.say("rights-answer-then-human?", choices, **facts)
    else:
        key = "rights-answer-draft?" if is_draft else "rights-answer?"
        turn.say(key, ["sources", "ask-another", "person"], **facts)


def _text(turn: Turn, asked: Topic, figures: dict[str, Rule]) -> str:
    """Return the answer, and from when its figures hold and whether they are only expected."""
    lines = [turn.office.words.answer(asked.slug, turn.language, figures)]
    if figures:
        since: date = max(one.valid_from for one in figures.values())
        lines.append(turn.words("rights-in-force", since=since))
    if any(one.is_provisional(turn.today) for one in figures.values()):
        lines.append(turn.words("rights-provisional"))
    return "\n".join(lines)


def _source_numbers(turn: Turn, asked: Topic) -> str:
    numbers = ", ".join(str(n) for n in range(1, len(asked.sources) + 1))
    return turn.words("rights-source-numbers", numbers=numbers)


@opens_on("sources")
def sources(turn: Turn) -> None:
    """Name the documents behind the answer that she read last."""
    slug = turn.memory.get("topic")
    if slug is None:
        rights(turn)
        return
    named = turn.office.words.topic(str(slug), turn.language).sources
    lines = [turn.words("list-line", n=n, text=one) for n, one in enumerate(named, 1)]
    turn.say("rights-sources", ["ask-another", "person"], list="\n".join(lines))
    go_on(turn)


# --- who sees, who signed ------------------------------------------------------------------------


@opens_on("who-sees")
def who_sees(turn: Turn) -> None:
    """Say who can read her name here, and who cannot."""
    place = turn.enterprise
    body = turn.store.bodies.triage() if place is None else receiving_body(turn, place)
    cdcs = None if place is None else grassroots_of(turn.store, place)
    choices = ["sign", "rights", "person", "menu"]
    if cdcs is None:
        turn.say("who-sees-start", choices, body=body.name)
    else:
        turn.say("who-sees-join", choices, body=body.name, cdcs=cdcs.name)
    go_on(turn)


def refuse_who(turn: Turn) -> None:
    """Tell nobody who has signed: not her, not about her."""
    turn.say("rights-refuse-who?", ["who-sees", "ask-another", "person"])
    go_on(turn)
