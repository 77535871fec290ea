"""Two conversations become one person's, and an address stands by itself again."""

from datetime import datetime

from bot import casework
from bot.addresses import carry_letters
from bot.mail import Mail
from bot.turn import Turn
from storage.cases import Case
from storage.conversations import MOST_ADDRESSES, Conversation
from storage.signatures import Signature
from storage.store import Store
from union import membership

DRAFT = "draft"


def why_not(store: Store, one: Conversation, other: Conversation) -> str | None:
    """Return the key of what stands in the way of making these one person, or None."""
    if one.id == other.id:
        return "joining-already"
    if store.merging.have_officers(one.id, other.id) > 1:
        # Whose roles would be whose? Nobody gains a desk by a code.
        return "joining-two-officers"
    together = store.conversations.addresses_of(one.id) + store.conversations.addresses_of(
        other.id
    )
    return "joining-too-many" if len(together) > MOST_ADDRESSES else None


def make_one(turn: Turn, other: Conversation) -> None:
    """Join the conversation of this turn and *other*, both locked, with all that is recorded.

    A name that stands twice on a case counts once from now on. What outsiders may know of the
    count changes with the next daily run, as ever.
    """
    store, here = turn.store, turn.conversation
    sides = [here.id, other.id]
    for case_id in store.merging.cases_of(*sides):
        store.cases.locked(case_id)
    names = [name for one in (here, other) if (name := _name_in_draft(one))]
    for one in (here, other):
        if not one.is_joined:
            one.named_at = _named_at(store, one)
    _know_the_place(here, other)
    owner_id = store.conversations.join(here, other)
    for case_id, signature_id in store.merging.move(sides, owner_id, names):
        _count_once(turn.mail, store.cases.locked(case_id), signature_id)
    _join_once(turn)
    store.conversations.remember(other)
    store.ledger.write(
        "addresses_joined", addresses=len(store.conversations.addresses_of(owner_id))
    )


def _name_in_draft(one: Conversation) -> str:
    return str(one.memory.get(DRAFT, {}).get("wish", {}).get("name", ""))


def _named_at(store: Store, one: Conversation) -> datetime:
    people = store.people.at(one.id)
    return store.people.made_at(people[0].id) if people else store.now


def _know_the_place(one: Conversation, other: Conversation) -> None:
    """Let an address that knows no place of work know the other's."""
    known = one.enterprise_id or other.enterprise_id
    one.enterprise_id = one.enterprise_id or known
    other.enterprise_id = other.enterprise_id or known


def _count_once(mail: Mail, case: Case, signature_id: int) -> None:
    facts = {"signature": signature_id}
    mail.store.ledger.write("counted_once", case_id=case.id, body_id=case.body_id, **facts)
    if case.kind == "petition":
        casework.recount(mail, case)


def _join_once(turn: Turn) -> None:
    """Of two joins of one person to one union, both live, end the one that nobody has taken."""
    store = turn.store
    standing: dict[tuple[int, int | None], tuple[Signature, Case]] = {}
    for one in casework.lock_signed(store, turn.conversation.id):
        case = store.cases.locked(one.case_id)
        if case.kind != "join" or not case.is_live or one.state != "valid":
            continue
        first = standing.setdefault((one.person_id, case.enterprise_id), (one, case))
        if first[1].id == case.id:
            continue
        untaken = [pair for pair in ((one, case), first) if pair[1].state == "waiting"]
        if not untaken:
            continue
        signature, ended = untaken[0]
        if ended.id == first[1].id:
            standing[one.person_id, case.enterprise_id] = (one, case)
        store.signatures.withdraw(signature.id)
        state = membership.step("waiting", "withdraw", "worker")
        store.cases.change(ended, state=state, is_live=False, due_on=None)
        store.ledger.write("counted_once", case_id=ended.id, body_id=ended.body_id)


# --- apart again ---------------------------------------------------------------------------------


def others_of(turn: Turn) -> list[Conversation]:
    """Return the other addresses of who speaks, the one used last first."""
    here = turn.conversation
    every = turn.store.conversations.addresses_of(here.id) if here.is_joined else []
    return [one for one in every if one.row_id != here.row_id]


def part(turn: Turn, one: Conversation) -> None:
    """Let an address, locked, leave: from now on it sees nothing, and what waits for it goes on.

    What is recorded stays with the addresses that remain.
    """
    store = turn.store
    carry_letters(store, turn.office, one)
    store.links.close_all(one.row_id, "sign", "mine", "text", "consents", "return", "names")
    store.joinings.end_all(one.row_id)
    store.conversations.part(one)
    store.ledger.write("address_parted")


def went_first(one: Conversation, other: Conversation) -> bool:
    """Whether *one* may let *other* leave: a name stood at *one* before it stood at *other*."""
    assert one.named_at is not None
    assert other.named_at is not None
    return (one.named_at, one.row_id) < (other.named_at, other.row_id)
