"""What every turn needs beside the person: memory, words, public address, channels."""

import threading
from collections.abc import Mapping
from dataclasses import dataclass, field

from bot.speech import Abilities
from bot.words import Words
from storage.database import Database


@dataclass(frozen=True)
class Office:
    """The installation as the conversation sees it. `abilities` names every configured channel."""

    database: Database
    words: Words
    public_url: str
    abilities: Mapping[str, Abilities]
    doors: Mapping[str, str] = field(default_factory=dict)
    letters_wait: threading.Event = field(default_factory=threading.Event)

    def can(self, channel: str) -> Abilities:
        """Return what a channel can do; one that is not configured (any more) can do nothing."""
        return self.abilities.get(channel, Abilities(pushes=False, asks_identity=True))

    def page(self, path: str) -> str:
        """Return the full address of a page of ours."""
        return f"{self.public_url.rstrip('/')}{path}"
