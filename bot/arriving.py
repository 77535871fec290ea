"""Before any talk: a page of a poster asks for the code by which somebody comes on Zalo."""

from dataclasses import dataclass

from bot.speech import Outcome, Page
from storage.store import Store


@dataclass(frozen=True)
class Asked:
    """A page asks for a code: of which poster, in which language, and for how many minutes.

    `nonce` is the number of its form: sent again, it is the same code.
    """

    token: str
    nonce: str
    language: str
    minutes: int


def give_code(store: Store, asked: Asked) -> Outcome:
    """Give an arrival code; no page in the outcome where there is none to give.

    Nobody has said anything yet: no conversation is made, and nothing of her is kept.
    """
    poster = store.posters.by_token(asked.token)
    if poster is None:
        return Outcome()
    given = store.arrivals.give(poster.id, asked.nonce, asked.language, asked.minutes)
    if given is None:
        return Outcome()
    return Outcome(page=Page("zalo", {"code": given.code, "expires_at": given.expires_at}))
