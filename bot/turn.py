"""One turn of a talk: what was heard, who says it, and the words that answer."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from functools import cached_property
from typing import Any

from bot import dialogue, payloads
from bot.facts import to_keep, to_use
from bot.mail import Mail, Option
from bot.office import Office
from bot.reach import hearers, touch
from bot.speech import Choice, Heard, Outcome, Page, Reply
from storage.conversations import Conversation
from storage.enterprises import Enterprise
from storage.officers import Officer
from storage.store import Store
from union.choices import pick
from union.folding import clean, fold
from union.refusals import NotAllowed, Unclear
from union.rules import RuleBook

# After this long a typed line is first asked whether it goes on with what was left.
INTERRUPTED_AFTER = timedelta(hours=3)
_TRAIL = 12
_KEPT = ("draft", "tries", "claims", "greeting", "came_by")
_UNCLEAR_BEFORE_A_PERSON = 2
# The choice that shows what did not fit under the question.
NEXT = "next-choices"
# What stands under letters that are pushed to a desk and is no command of everybody's.
_AT_DESK = ("desk-queue", "desk-late", "desk-remind-later", "digest-open", "urgent-busy")


@dataclass(frozen=True)
class Prepared:
    """What was read before the transaction: for a step, for a text, the ids that were found."""

    step: str = ""
    text: str = ""
    found: tuple[int, ...] = ()


class Turn:
    """What a step may use: `say`, `ask`, `tell`, `show`, the store, the memory, the words."""

    def __init__(
        self,
        heard: Heard,
        conversation: Conversation,
        store: Store,
        office: Office,
        prepared: Prepared,
        said_at: datetime | None = None,
    ) -> None:
        """Begin a turn of *conversation* within the transaction of *store*.

        *said_at*: when it was said, where that was not just now.
        """
        self.heard = heard
        self.conversation = conversation
        self.store = store
        self.office = office
        self.prepared = prepared
        self.mail = Mail(store, office, heard.key, conversation)
        self.memory = conversation.memory
        self.text = clean(heard.text or "")
        self.choice: str | None = None
        self.page: Page | None = None
        self.is_hidden = False
        self._offered: list[list[str]] | None = None
        self._earlier: list[list[str]] = []
        self.said_at = said_at or store.now
        self._gap = self.said_at - conversation.heard_at
        self._replies: list[Reply] = []

    # --- what a step reads -------------------------------------------------------------------

    @property
    def now(self) -> datetime:
        """The moment of this turn, in UTC."""
        return self.store.now

    @property
    def today(self) -> date:
        """The date in Vietnam."""
        return self.store.today

    @property
    def language(self) -> str:
        """The language of this conversation."""
        return self.conversation.language

    @cached_property
    def fields(self) -> dict[str, str]:
        """The cleaned fields of the form that was sent, or nothing."""
        form = self.heard.form
        return {name: clean(value) for name, value in form.fields.items()} if form else {}

    @cached_property
    def officer(self) -> Officer | None:
        """The officer who speaks from here, with active roles only; read anew each turn."""
        return self.store.officers.at(self.conversation.id, lock=True)

    @cached_property
    def rules(self) -> RuleBook:
        """The dated rules of law."""
        return self.store.law.book()

    @property
    def enterprise(self) -> Enterprise | None:
        """The place of work that this conversation is about, or None."""
        row_id = self.conversation.enterprise_id
        return None if row_id is None else self.store.enterprises.by_id(row_id)

    def label(self, choice: str) -> str:
        """Return the words of a choice in this conversation's language."""
        return self.office.words.label(choice, self.language)

    def words(self, key: str, **facts: Any) -> str:
        """Return a sentence in this conversation's language."""
        return self.office.words.text(key, self.language, **facts)

    # --- what a step says --------------------------------------------------------------------

    def say(
        self,
        key: str,
        choices: Sequence[Option] = (),
        *,
        link: str | None = None,
        **facts: Any,
    ) -> None:
        """Say something. Its *choices* must be such as may be pressed at any time."""
        self._post(self.words(key, **_with_link(facts, link)), choices, link)

    def ask(
        self,
        key: str,
        *,
        then: dialogue.Act,
        choices: Sequence[Option] = (),
        link: str | None = None,
        **facts: Any,
    ) -> None:
        """Ask something; the next choice or typed line is answered by the step *then*."""
        facts = _with_link(facts, link)
        question = {
            "key": key,
            "then": dialogue.name_of(then),
            "choices": [[one] if isinstance(one, str) else list(one) for one in choices],
            "facts": to_keep(facts),
        }
        trail = self._trail
        if trail and trail[-1]["then"] == question["then"] and trail[-1]["key"] == key:
            trail.pop()
        trail.append(question)
        del trail[:-_TRAIL]
        self.conversation.step = dialogue.name_of(then)
        self.memory.pop("unclear", None)
        # Buttons of earlier questions end here, also where this one offers none of its own.
        self._offer(choices)
        self._post(self.words(key, **facts), choices, link)

    def tell(
        self,
        conversations: Sequence[int],
        key: str,
        choices: Sequence[Option] = (),
        **facts: Any,
    ) -> None:
        """Push a letter about work to other people's desks, each in her own language.

        Where none of them can be reached now, to whoever can be beside or above them.
        """
        for one in hearers(self.store, self.office, conversations):
            self.mail.push(one, key, list(choices), topic="desk", **facts)

    def show(self, page: str, **facts: Any) -> None:
        """Fill a page of ours with facts that are not stored."""
        self.page = Page(page, facts)

    def hide(self) -> None:
        """Leave no trace of what she tapped or typed in this turn, where the channel can."""
        self.is_hidden = True

    def _post(self, text: str, choices: Sequence[Option], link: str | None) -> None:
        options = list(choices)
        if options:
            self._offer(options)
        self._lay(text, options, link)

    def _lay(self, text: str, options: list[Option], link: str | None, first: int = 0) -> None:
        """Lay a text out with what may be pressed under it, from the choice at *first* on."""
        made = self._choices(options, first) if options else ()
        opens = self.label("open-private") if link and "/t/" in link else ""
        asks = "share-phone" in options
        reply = Reply(text, made, ask_phone=asks, link=link, link_label=opens)
        self.mail.lay(self.conversation, reply)
        self._replies.append(reply)

    def _choices(self, options: list[Option], first: int) -> tuple[Choice, ...]:
        """Return the buttons from *first* on, with their numbers in the whole list."""
        most = self.office.can(self.conversation.channel).most_choices
        fits = most is None or len(options) - first <= most
        shown = options[first:] if fits else options[first : first + (most or 0) - 1]
        offer = self.conversation.offer
        made = self.mail.choices(self.conversation, shown, offer)
        made = tuple(replace(one, number=n) for n, one in enumerate(made, first + 1))
        self.memory.pop("choices_shown", None)
        if fits:
            return made
        self.memory["choices_shown"] = first + len(shown)
        return made + self.mail.choices(self.conversation, [NEXT], offer)

    def next_choices(self) -> bool:
        """Show the choices behind those shown last, or the first again; False where all are shown.

        They belong to the same question: buttons of the pages before still work.
        """
        offered: list[list[str]] = self.memory.get("offered", [])
        first = int(self.memory.get("choices_shown", 0))
        if not offered or not 0 < first < len(offered):
            return False
        options: list[Option] = [(one[0], one[1]) for one in offered]
        self._offered = offered
        self._lay(self.words("choices-next"), options, None, first)
        return True

    def _offer(self, options: Sequence[Option]) -> None:
        if self._offered is None:
            self.conversation.offer += 1
        # A typed number answers the list said last; of earlier ones only the words do.
        self.mail.without_numbers(self.conversation)
        self._earlier += self._offered or []
        self._offered = [
            [one, self.label(one)] if isinstance(one, str) else list(one) for one in options
        ]

    # --- where the talk stands ---------------------------------------------------------------

    @property
    def _trail(self) -> list[dict[str, Any]]:
        return self.memory.setdefault("trail", [])  # type: ignore[no-any-return]

    def done(self) -> None:
        """End what was under way; the conversation remembers nothing of it but a draft put off.

        Wrong codes and claims stay counted: nobody guesses on by ending something in between.
        """
        self.conversation.step = ""
        kept = {name: self.memory[name] for name in _KEPT if name in self.memory}
        self.memory.clear()
        self.memory.update(kept)

    def again(self) -> bool:
        """Ask the question anew that is waiting for its answer; False where none is."""
        question = self._trail[-1] if self._trail else None
        if question is None or not self.conversation.step:
            return False
        self._offer(self._options(question))
        self._post(self._question_text(question), self._options(question), None)
        return True

    def back(self) -> bool:
        """Go back to the question before; False at the first one."""
        if len(self._trail) < 2:
            return False
        self._trail.pop()
        self.conversation.step = self._trail[-1]["then"]
        return self.again()

    def was_interrupted(self) -> bool:
        """Whether a question was left open long ago and a line was typed now."""
        return bool(self.conversation.step) and self._gap > INTERRUPTED_AFTER

    def refuse(self, why: Unclear | NotAllowed) -> None:
        """Say what stood in the way; when unclear, ask again: the one place of re-asking."""
        if isinstance(why, NotAllowed):
            self._post(self.words(why.key, **why.facts), ["menu", "person"], None)
            return
        question = self._trail[-1] if self._trail and self.conversation.step else None
        text = self.words(
            why.key, question_again=self._question_again(question), **why.facts
        ).strip()
        options: list[Option] = [*why.choices]
        shown = {one if isinstance(one, str) else one[0] for one in options}
        options += [
            one
            for one in (self._options(question) if question else ["menu"])
            if (one if isinstance(one, str) else one[0]) not in shown
        ]
        options = self._with_a_person(options)[:5]
        self._offer(options)
        self._post(text, options, None)

    def _with_a_person(self, options: list[Option]) -> list[Option]:
        unclear = int(self.memory.get("unclear", 0)) + 1
        self.memory["unclear"] = unclear
        if unclear >= _UNCLEAR_BEFORE_A_PERSON and "person" not in options:
            return [*options[:4], "person"]
        return options

    def _question_again(self, question: dict[str, Any] | None) -> str:
        return self._question_text(question) if question else self.words("menu?")

    def _question_text(self, question: dict[str, Any]) -> str:
        return self.words(question["key"], **to_use(question["facts"]))

    @staticmethod
    def _options(question: dict[str, Any]) -> list[Option]:
        return [one[0] if len(one) == 1 else (one[0], one[1]) for one in question["choices"]]

    # --- what was chosen ---------------------------------------------------------------------

    def pressed(self) -> payloads.Pressed | None:
        """Return the button that was pressed, or None where it is not one of this conversation."""
        carried = self.heard.choice or ""
        return payloads.read_here(self.store.keys, self.conversation, carried)

    def offers(self, choice: str) -> bool:
        """Whether a choice stands among those offered last."""
        return any(one[0] == choice for one in self.memory.get("offered", []))

    def chosen_by_words(self) -> str | None:
        """Return the choice that was typed as its number or its words, or None."""
        offered = self.memory.get("offered", [])
        place = pick(self.text, [one[1] for one in offered]) if offered else None
        return None if place is None else str(offered[place][0])

    def said_by_words(self) -> str | None:
        """Return the choice whose whole words were typed, of lists said before the last, or None.

        Where choices are lines, these have no numbers: other lists of the turn before, and letters
        that were pushed to a desk.
        """
        typed = fold(self.text)
        if not typed:
            return None
        earlier = self.memory.get("earlier", [])
        found = next((str(one[0]) for one in earlier if fold(one[1]) == typed), None)
        if found is not None:
            return found
        if "choices_shown" in self.memory and fold(self.label(NEXT)) == typed:
            return NEXT
        pushed = next((one for one in _AT_DESK if fold(self.label(one)) == typed), None)
        return pushed if pushed is not None and self.officer is not None else None

    # --- the end of the turn -----------------------------------------------------------------

    def close(self) -> Outcome:
        """Keep where the talk stands, lay the letters out, and say what the turn came to."""
        if self._offered is not None:
            self.memory["offered"] = self._offered
            self.memory.pop("earlier", None)
            if earlier := [one for one in self._earlier if one not in self._offered]:
                self.memory["earlier"] = earlier
        elif self._replies and not self.conversation.step:
            self.memory.pop("offered", None)
        if self.office.can(self.heard.channel).echoes and not self.is_hidden:
            self._echo()
        self.conversation.heard_at = self.now
        self.conversation.gone_at = None
        touch(self.mail, self.conversation, self.heard)
        self.store.conversations.remember(self.conversation)
        self.mail.post()
        return Outcome(tuple(self._replies), self.page, language=self.language)

    def _echo(self) -> None:
        said = self.text
        if self.heard.choice is not None and self.choice is not None:
            said = self._label_of(self.choice)
        if said:
            echo = Reply(said, is_echo=True)
            self.mail.lay(self.conversation, echo, state="echo", first=True)

    def _label_of(self, choice: str) -> str:
        try:
            return self.label(choice)
        except KeyError:
            # A choice with words of its own, a place in a list: its words went with the question.
            return ""


def _with_link(facts: dict[str, Any], link: str | None) -> dict[str, Any]:
    """Return the facts of a sentence; a link that goes with it may stand in its words too."""
    return facts if link is None else facts | {"link": link}
