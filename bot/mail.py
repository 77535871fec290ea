"""Letters as they are written in a turn or a round, and laid in the outbox at its end."""

from dataclasses import dataclass, field, replace
from datetime import datetime, time, timedelta
from typing import Any

from bot.addresses import letters_go_to
from bot.facts import to_keep
from bot.office import Office
from bot.parts import in_parts
from bot.payloads import ANY_TIME, payload, whose
from bot.speech import Choice, IfUnsure, Lane, Reply
from bot.windows import can_hear
from storage.cases import Case
from storage.conversations import Conversation
from storage.desk import VIETNAM
from storage.store import Store
from union.consent import QUIET_FROM, QUIET_TO, Consent, Topic, may_push

# A choice is the id of its label, or an id with words of its own (a name in a list).
Option = str | tuple[str, str]

# Stands in the `call` of a request whose sender wants no letter: she looks by herself.
NOT_REACHED = "-"


@dataclass
class _Laid:
    conversation: Conversation
    reply: Reply
    lane: Lane
    if_unsure: IfUnsure
    state: str
    not_before_at: datetime | None


@dataclass
class Mail:
    """Collects letters; `post` lays them out, each once for *key* and its place in the row.

    *here* is where the person speaks from whose turn it is.

    One that its channel does not take at once becomes several there, so that each is paced,
    tried again and waited for like any other.
    """

    store: Store
    office: Office
    key: str
    here: Conversation | None = None
    laid: list[_Laid] = field(default_factory=list)
    _enveloped: set[int] = field(default_factory=set)
    _awaiting: set[int] = field(default_factory=set)

    def lay(
        self,
        conversation: Conversation,
        reply: Reply,
        *,
        state: str = "waiting",
        not_before_at: datetime | None = None,
        if_unsure: IfUnsure = "resend",
        first: bool = False,
    ) -> None:
        """Add a letter to this conversation (*first*: before all others)."""
        one = _Laid(conversation, reply, "talk", if_unsure, state, not_before_at)
        self.laid.insert(0 if first else len(self.laid), one)

    def without_numbers(self, conversation: Conversation) -> None:
        """Take the numbers of earlier lists away: a typed one answers the list said last."""
        for one in self.laid:
            if one.conversation is conversation and one.reply.choices:
                bare = tuple(replace(choice, number=None) for choice in one.reply.choices)
                one.reply = replace(one.reply, choices=bare)

    def choices(
        self, conversation: Conversation, options: list[Option], offer: int
    ) -> tuple[Choice, ...]:
        """Return buttons with payloads that only this conversation can send back."""
        return tuple(
            Choice(
                id=name,
                label=label,
                payload=payload(self.store.keys, whose(conversation, offer), offer, name),
            )
            for name, label in (
                (one, self.office.words.label(one, conversation.language))
                if isinstance(one, str)
                else one
                for one in options
            )
        )

    def push(
        self,
        conversation_id: int,
        key: str,
        options: list[Option] | None = None,
        *,
        topic: Topic = "case",
        **facts: Any,
    ) -> bool:
        """Write to someone who did not ask; return False where she may not be written to.

        *options* must be such as may be pressed at any time. A letter in the quiet hours waits
        for the morning on channels that make a phone ring. Of several addresses of hers it goes
        to one.
        """
        other = letters_go_to(self.store, self.office, conversation_id, self.here)
        when = self._may_push(other, topic)
        if when == "never":
            return False
        text = self.office.words.text(key, other.language, **facts)
        reply = Reply(text, self.choices(other, options or [], ANY_TIME))
        waits = when == "later" and self.office.can(other.channel).pushes
        self.lay(other, reply, not_before_at=self._morning() if waits else None)
        return True

    def news(self, conversation_id: int, case: Case | None, key: str, **facts: Any) -> None:
        """Lay news out behind a neutral envelope; one envelope for all that waits.

        Who did not agree to be contacted finds it when she asks; nothing is pushed. Who sent a
        request said with it how she wants to be reached, and that holds for its answer.
        """
        kept = to_keep(facts)
        alone = self.store.news.lay_out(conversation_id, case.id if case else None, key, kept)
        # Where she can not be reached the envelope tells those who look for other ways to her.
        wanted = alone or not can_hear(self.store, self.office, conversation_id)
        if wanted and conversation_id not in self._enveloped:
            self._enveloped.add(conversation_id)
            if _is_awaited(case):
                self._awaiting.add(conversation_id)
            self.push(conversation_id, "news-envelope", ["open-news", "later"])

    def template(self, conversation_id: int) -> None:
        """Write the neutral message that needs no window; at night it waits for the morning."""
        other = self.store.conversations.by_id(conversation_id)
        local = self.store.now.astimezone(VIETNAM).time()
        waits = not QUIET_TO <= local < QUIET_FROM
        text = self.office.words.text("news-template", other.language)
        when = self._morning() if waits else None
        self.lay(other, Reply(text, is_template=True), not_before_at=when)

    def note(self, conversation_id: int, case: Case, key: str, **facts: Any) -> None:
        """Lay news out for an officer, behind a line that names no case: it may lie on a table."""
        alone = self.store.news.lay_out(conversation_id, case.id, key, to_keep(facts))
        if alone and conversation_id not in self._enveloped:
            self._enveloped.add(conversation_id)
            self.push(conversation_id, "desk-note", ["open-news", "later"], topic="desk")

    def post(self) -> None:
        """Lay every letter in the outbox. Order is the order of writing."""
        parts = ((one, reply) for one in self.laid for reply in self._parts(one))
        for number, (one, reply) in enumerate(parts):
            self.store.outbox.post(
                key=f"{self.key}:{number}",
                conversation_id=one.conversation.row_id,
                channel=one.conversation.channel,
                reply=reply.to_json(),
                lane=one.lane,
                if_unsure=one.if_unsure,
                state=one.state,
                not_before_at=one.not_before_at,
                is_template=reply.is_template,
            )

    def _parts(self, one: _Laid) -> tuple[Reply, ...]:
        return in_parts(one.reply, self.office.can(one.conversation.channel))

    def _may_push(self, other: Conversation, topic: Topic) -> str:
        if other.gone_at is not None and topic not in ("desk", "urgent"):
            return "never"
        agreed = other.id in self._awaiting or self.store.people.may_contact(other.id)
        return may_push(
            topic,
            Consent(handling=True, contact=agreed, statistics=False),
            self.store.now.astimezone(VIETNAM).time(),
            stopped_all=other.stopped_all_at is not None and topic not in ("desk", "urgent"),
            stopped_news=other.stopped_news_at is not None,
            news_agreed=bool(other.wants_news),
        )

    def _morning(self) -> datetime:
        local = self.store.now.astimezone(VIETNAM)
        day = local.date() + timedelta(days=1 if local.time() >= time(12) else 0)
        return datetime.combine(day, QUIET_TO, tzinfo=VIETNAM)


def _is_awaited(case: Case | None) -> bool:
    """Whether the sender of a request asked to be written to about its answer."""
    return case is not None and case.kind == "request" and case.call != NOT_REACHED
