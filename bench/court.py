"""What every judgement of a run needs: the story, what was kept, and the findings so far."""

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Literal

from cryptography.exceptions import InvalidTag

from bench.evidence import Deed, Kept, Row, Story

Kind = Literal["lost", "doubled", "wrong"]


@dataclass
class Court:
    """Compares a story with what was kept, and notes what does not fit."""

    story: Story
    kept: Kept
    findings: list[tuple[Kind, str]] = field(default_factory=list)
    resent: int = 0

    def finds(self, kind: Kind, what: str) -> None:
        """Note something that does not fit."""
        self.findings.append((kind, what))

    def compares(self, what: str, found: int, wanted: int) -> None:
        """Note too few as lost and too many as doubled."""
        if found != wanted:
            kind: Kind = "lost" if found < wanted else "doubled"
            self.finds(kind, f"{what}: {found} instead of {wanted}")

    def kinds(self) -> Counter[Kind]:
        """Return how many findings there are of each kind."""
        return Counter(kind for kind, _ in self.findings)

    def opened(self, table: str, row: Row, column: str) -> str | None:
        """Return a sealed value as text, or None; one that does not open is noted."""
        try:
            return self.kept.opened(table, row, column)
        except (InvalidTag, UnicodeDecodeError):
            self.finds("wrong", f"{table} {row['id']}: {column} does not open")
            return None

    def name(self, event: str) -> str:
        """Return an event's kind and name."""
        deed = self.story.deeds.get(event)
        return f"{deed.kind if deed else '?'} {event}"

    # --- what really happened ----------------------------------------------------------------

    @cached_property
    def inbox(self) -> Mapping[str, Row]:
        """What was heard on the channel, by the event's name."""
        mine = [row for row in self.kept["inbox"] if row["channel"] == self.story.channel]
        return {row["event_id"]: row for row in mine}

    @cached_property
    def lives(self) -> Mapping[int, Sequence[Deed]]:
        """What was heard of each person, in her order."""
        found: dict[int, list[Deed]] = defaultdict(list)
        for one in self.story.deeds.values():
            if one.event in self.inbox:
                found[one.chat].append(one)
        return found

    @cached_property
    def chats(self) -> Mapping[int, Sequence[Row]]:
        """The conversations by the chat that they are held in."""
        found: dict[int, list[Row]] = defaultdict(list)
        for row in self.kept["conversation"]:
            address = self.opened("conversation", row, "address_sealed") or ""
            if address.isdigit():
                found[int(address)].append(row)
        return found

    @cached_property
    def chat_of(self) -> Mapping[int, int]:
        """The chats by the ids of their conversations."""
        return {row["id"]: chat for chat, rows in self.chats.items() for row in rows}

    @property
    def most_resent(self) -> int:
        """How many letters were in flight when their server died."""
        return sum(one["in_flight"] for one in self.story.kills)
