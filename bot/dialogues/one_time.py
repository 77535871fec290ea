"""One-time links to pages of ours: made here, opened by a button, each kind by its own page."""

from collections.abc import Callable
from datetime import timedelta

from bot.admission import OPENS
from bot.dialogue import Act, on_form
from bot.turn import Turn
from storage.links import Link

OpensPage = Callable[[Turn, Link], None]

_pages: dict[str, OpensPage] = {}
# So many links in so short a time is somebody's finger on a button, or a program.
_MOST_LINKS = 5
_WITHIN = timedelta(minutes=15)


def opens_link(kind: str) -> Callable[[OpensPage], OpensPage]:
    """Register what fills the page behind links of a kind."""

    def mark(show: OpensPage) -> OpensPage:
        _pages[kind] = show
        return show

    return mark


def send_link(
    turn: Turn,
    kind: str,
    key: str,
    minutes: int,
    *,
    then: Act | None = None,
    case_id: int | None = None,
) -> None:
    """Say *key* with a fresh link of this kind, good for *minutes*; earlier ones close.

    With *then* it is a question: what is typed next comes to that step.
    """
    if _asked_too_often(turn):
        turn.say("error-too-many-links", ["resume", "menu"])
        return
    links = turn.store.links
    links.close_all(turn.conversation.row_id, kind)
    token = links.make(kind, turn.conversation.row_id, minutes, case_id=case_id)
    address = turn.office.page(f"/t/{token}")
    if then is None:
        turn.say(key, link=address, minutes=minutes)
    else:
        turn.ask(key, then=then, link=address, minutes=minutes)


def _asked_too_often(turn: Turn) -> bool:
    since = (turn.now - _WITHIN).isoformat()
    times = [one for one in turn.memory.get("links", []) if one > since]
    turn.memory["links"] = [*times, turn.now.isoformat()][-_MOST_LINKS - 1 :]
    return len(times) >= _MOST_LINKS


def link_of(turn: Turn, *kinds: str) -> Link | None:
    """Return the link whose token a form carries, if it is of *kinds* and of this conversation."""
    token = turn.fields.get("token", "")
    link = turn.store.links.find(token, lock=True, at=turn.said_at)
    if link is None or link.conversation_id != turn.conversation.row_id:
        return None
    return link if link.kind in kinds else None


@on_form(OPENS)
def open_link(turn: Turn) -> None:
    """Show the page behind a link; one unknown, expired, used or another's shows nothing."""
    link = link_of(turn, *_pages)
    if link is None:
        turn.show("expired")
        return
    turn.store.links.open(link.id)
    _pages[link.kind](turn, link)
