"""The desks that one transaction may use, by name."""

from datetime import datetime
from functools import cached_property

from sqlalchemy import Connection

from storage.bodies import Bodies
from storage.cases import Cases
from storage.conversations import Conversations
from storage.desk import Desk
from storage.enterprises import Enterprises
from storage.inbox import Inbox
from storage.law import Law
from storage.ledger import Ledger
from storage.links import Links
from storage.news import NewsShelf
from storage.officers import Officers
from storage.outbox import Outbox
from storage.people import People
from storage.posters import Posters
from storage.sealed import Keyring
from storage.settings import Settings
from storage.signatures import Signatures


class Store(Desk):
    """Everything a turn may read and change; it lives as long as its transaction."""

    def __init__(self, connection: Connection, keys: Keyring, now: datetime) -> None:
        """Lay the desks out on *connection*; *now* is the moment of this transaction."""
        super().__init__(connection, keys, now)
        self._sides = (connection, keys, now)

    @cached_property
    def inbox(self) -> Inbox:
        """What came in."""
        return Inbox(*self._sides)

    @cached_property
    def conversations(self) -> Conversations:
        """Who talks from where."""
        return Conversations(*self._sides)

    @cached_property
    def outbox(self) -> Outbox:
        """What goes out."""
        return Outbox(*self._sides)

    @cached_property
    def enterprises(self) -> Enterprises:
        """Places of work."""
        return Enterprises(*self._sides)

    @cached_property
    def bodies(self) -> Bodies:
        """Union bodies and who is responsible."""
        return Bodies(*self._sides)

    @cached_property
    def people(self) -> People:
        """People, consents, receipts."""
        return People(*self._sides)

    @cached_property
    def cases(self) -> Cases:
        """Petitions, joins, requests."""
        return Cases(*self._sides)

    @cached_property
    def signatures(self) -> Signatures:
        """Signatures and their texts."""
        return Signatures(*self._sides)

    @cached_property
    def officers(self) -> Officers:
        """Officers and invitations."""
        return Officers(*self._sides)

    @cached_property
    def posters(self) -> Posters:
        """Posters and share links."""
        return Posters(*self._sides)

    @cached_property
    def links(self) -> Links:
        """One-time links."""
        return Links(*self._sides)

    @cached_property
    def news(self) -> NewsShelf:
        """News behind envelopes."""
        return NewsShelf(*self._sides)

    @cached_property
    def law(self) -> Law:
        """Dated rules and holidays."""
        return Law(*self._sides)

    @cached_property
    def ledger(self) -> Ledger:
        """Who did what."""
        return Ledger(*self._sides)

    @cached_property
    def settings(self) -> Settings:
        """Settings and rounds."""
        return Settings(*self._sides)
