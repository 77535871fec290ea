"""Danger: numbers to call first, and in the same transaction an officer who knows of it."""

import re
import tomllib
import unicodedata
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import timedelta
from functools import cache
from pathlib import Path

from bot import dialogue
from bot.casework import desk_of
from bot.dialogue import Act, reads_text, step
from bot.dialogues.menu import leave, put_aside
from bot.dialogues.request_sent import open_request, phone_and_time, set_call, tell
from bot.turn import Turn
from storage.cases import Case
from union.folding import clean, fold
from union.refusals import Unclear

LOCALES = Path(__file__).parents[2] / "locales"
# Asked for in this order: who speaks of her own death is answered so, whatever else she says.
KINDS = ("self-harm", "violence", "accident")
_ABOUT = {"self-harm": "other", "violence": "violence", "accident": "accident"}
_CHOICES = {
    "self-harm": ("talk-person", "better-now"),
    "violence": ("person", "call-me", "safe-now"),
    "accident": ("person", "safe-now"),
}
# An officer's own sentences may speak of accidents.
_OFFICERS_ROOMS = ("desk", "decisions")
# Within this time further words belong to the same cry for help.
_SAME = timedelta(hours=12)
_MOST_KEPT = 3000

Word = tuple[str, str]


@dataclass(frozen=True)
class Phrases:
    """Phrases that are looked for inside what somebody types, word by word.

    A word typed with marks must have the right ones, a word typed without any fits all: "từ từ" is
    not "tự tử". A phrase after "=" is only found when it is typed with its marks.
    """

    listed: tuple[tuple[bool, tuple[Word, ...]], ...]

    @classmethod
    def of(cls, phrases: Iterable[str]) -> "Phrases":
        """Take phrases as they stand in a file."""
        return cls(tuple((one.startswith("="), _words(one.removeprefix("="))) for one in phrases))

    def inside(self, text: str) -> bool:
        """Whether one of the phrases stands in *text*."""
        typed = _words(text)
        return any(
            _is_same(phrase, typed[start : start + len(phrase)], is_strict)
            for is_strict, phrase in self.listed
            for start in range(len(typed) - len(phrase) + 1)
        )


def _words(text: str) -> tuple[Word, ...]:
    plain = unicodedata.normalize("NFKC", clean(text)).casefold()
    return tuple((word, fold(word)) for word in re.findall(r"\w+", plain))


def _is_same(phrase: Sequence[Word], typed: Sequence[Word], is_strict: bool) -> bool:  # noqa: FBT001 -- one of two ways
    return all(
        said == wanted or (not is_strict and said == bare == bare_wanted)
        for (wanted, bare_wanted), (said, bare) in zip(phrase, typed, strict=True)
    )


@cache
def phrases(file: str) -> dict[str, Phrases]:
    """Return the phrases of a file by what they mean, those of every language together."""
    found: dict[str, list[str]] = {}
    for path in sorted(LOCALES.glob(f"*/{file}")):
        for name, listed in tomllib.loads(path.read_text("utf-8")).items():
            found.setdefault(name, []).extend(listed)
    return {name: Phrases.of(listed) for name, listed in found.items()}


def find(text: str) -> str | None:
    """Return the danger that *text* speaks of (self-harm, violence, accident), or None."""
    known = phrases("danger.toml")
    for kind in KINDS:
        if known[kind].inside(text) and not known[f"not-{kind}"].inside(text):
            return kind
    return None


@reads_text
def read(turn: Turn) -> Act | None:
    """Hear danger in whatever is typed, at any step."""
    if turn.officer is not None and turn.conversation.step.startswith(_OFFICERS_ROOMS):
        return None
    kind = find(turn.text)
    return None if kind is None else _answers[kind]


def _respond(turn: Turn, kind: str) -> None:
    """Say whom to call, after the body was told; what was under way waits."""
    case, listeners = _tell_body(turn, kind)
    body = turn.store.bodies.by_id(case.body_id).name
    leave(turn, "danger")
    turn.memory["danger"] = {"kind": kind}
    turn.ask(
        f"danger-{kind}?" if listeners else "danger-nobody?",
        then=after,
        choices=_CHOICES[kind],
        body=body,
    )


def self_harm(turn: Turn) -> None:
    """Answer who does not want to live."""
    _respond(turn, "self-harm")


def violence(turn: Turn) -> None:
    """Answer who is beaten or threatened."""
    _respond(turn, "violence")


def accident(turn: Turn) -> None:
    """Answer who sees an accident."""
    _respond(turn, "accident")


_answers: dict[str, Act] = {"self-harm": self_harm, "violence": violence, "accident": accident}


def _tell_body(turn: Turn, kind: str) -> tuple[Case, int]:
    """Keep her words as an urgent request, without name and number; return it and who was told."""
    cry = _open_cry(turn)
    if cry is None:
        body = desk_of(turn.store, turn.enterprise)
        place = turn.conversation.enterprise_id
        cry = open_request(turn, _ABOUT[kind], turn.text, body, place, at_once=True)
        turn.store.ledger.write("urgent", case_id=cry.id, body_id=cry.body_id)
    else:
        text = f"{cry.text}\n{turn.text}"[-_MOST_KEPT:]
        cry = turn.store.cases.change(cry, text=text)
    return cry, tell(turn, cry)


def _open_cry(turn: Turn) -> Case | None:
    """Return the cry for help from here that is still open, or None."""
    since = turn.now - _SAME
    sent = turn.store.cases.requests_of(turn.conversation.id)
    return next(
        (
            one
            for one in reversed(sent)
            if one.is_live
            and one.is_urgent
            and one.about in _ABOUT.values()
            and one.opened_at > since
        ),
        None,
    )


@step
def after(turn: Turn) -> None:
    """Read a number to call, that all is well again, or more of what happens."""
    cry = _open_cry(turn)
    if turn.choice in ("safe-now", "better-now"):
        leave(turn, "danger")
        turn.ask("danger-ok?", then=after, choices=["person", "done"])
    elif cry is None:
        leave(turn, "danger")
        dialogue.opening("greet")(turn)
    else:
        _read_more(turn, cry)


def _read_more(turn: Turn, cry: Case) -> None:
    try:
        wish = phone_and_time(turn.text)
    except Unclear:
        _respond(turn, str(turn.memory.get("danger", {}).get("kind", KINDS[-1])))
        return
    set_call(turn, cry, wish)
    leave(turn, "danger")
    put_aside(turn)
    turn.say("human-call-set", ["status"])
