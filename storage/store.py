"""The desks that one transaction may use, by name."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from typing import Any, Generic, TypeVar, overload

from sqlalchemy import Connection

from storage.arrivals import Arrivals
from storage.backlog import Backlog
from storage.bodies import Bodies
from storage.cases import Cases
from storage.conversations import Conversations
from storage.desk import Desk
from storage.enterprises import Enterprises
from storage.inbox import Inbox
from storage.joinings import Joinings
from storage.law import Law
from storage.ledger import Ledger
from storage.links import Links
from storage.merging import Merging
from storage.news import NewsShelf
from storage.officers import Officers
from storage.outbox import Outbox
from storage.pace import Paces
from storage.people import People
from storage.posters import Posters
from storage.ready import release, roll_back, savepoint
from storage.reference import Known
from storage.sealed import Keyring
from storage.settings import Settings
from storage.signatures import Signatures
from storage.spending import Spending
from storage.tokens import Tokens

D = TypeVar("D", bound=Desk)


class _LaidOut(Generic[D]):
    """A desk, laid out when it is first used. One thread uses a store: no lock is needed."""

    def __init__(self, desk: type[D]) -> None:
        self.desk = desk
        self.name = ""

    def __set_name__(self, owner: type, name: str) -> None:
        self.name = name

    @overload
    def __get__(self, store: None, owner: type) -> "_LaidOut[D]": ...
    @overload
    def __get__(self, store: "Store", owner: type) -> D: ...
    def __get__(self, store: "Store | None", owner: type) -> Any:
        if store is None:
            return self
        made = store.__dict__[self.name] = self.desk(
            store.connection, store.keys, store.now, store.known
        )
        return made


class Store(Desk):
    """Everything a turn may read and change; it lives as long as its transaction."""

    def __init__(
        self, connection: Connection, keys: Keyring, now: datetime, known: Known | None = None
    ) -> None:
        """Lay the desks out on *connection*; *now* is the moment of this transaction."""
        super().__init__(connection, keys, now, known)

    @contextmanager
    def savepoint(self) -> Iterator[None]:
        """Undo what is done within, and only that, when it raises."""
        savepoint(self.line, "within")
        try:
            yield
        except BaseException:
            roll_back(self.line, "within")
            self.known.look_again()
            raise
        release(self.line, "within")

    #: What came in.
    inbox = _LaidOut(Inbox)
    #: Who talks from where.
    conversations = _LaidOut(Conversations)
    #: Conversations on their way to become one person, and the way there.
    joinings = _LaidOut(Joinings)
    merging = _LaidOut(Merging)
    #: What goes out.
    outbox = _LaidOut(Outbox)
    #: What lies about, for who watches.
    backlog = _LaidOut(Backlog)
    #: How fast accounts may speak.
    paces = _LaidOut(Paces)
    #: What letters cost.
    spending = _LaidOut(Spending)
    #: By what right accounts may speak.
    tokens = _LaidOut(Tokens)
    #: Places of work.
    enterprises = _LaidOut(Enterprises)
    #: Union bodies and who is responsible.
    bodies = _LaidOut(Bodies)
    #: People, consents, receipts.
    people = _LaidOut(People)
    #: Petitions, joins, requests.
    cases = _LaidOut(Cases)
    #: Signatures and their texts.
    signatures = _LaidOut(Signatures)
    #: Officers and invitations.
    officers = _LaidOut(Officers)
    #: Posters and share links.
    posters = _LaidOut(Posters)
    #: Arrival codes.
    arrivals = _LaidOut(Arrivals)
    #: One-time links.
    links = _LaidOut(Links)
    #: News behind envelopes.
    news = _LaidOut(NewsShelf)
    #: Dated rules and holidays.
    law = _LaidOut(Law)
    #: Who did what.
    ledger = _LaidOut(Ledger)
    #: Settings and rounds.
    settings = _LaidOut(Settings)
