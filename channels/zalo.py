"""Zalo's Official Account as a channel: what it can do there, and the token it speaks with.

Reading, speaking and the line stand beside it; the line loads an HTTP client and is imported only
by who sends there.
"""

from typing import Protocol

from bot.speech import Abilities

CHANNEL = "zalo"

# Names, phones and statements are given on a page of ours: what is typed there, Zalo keeps. A
# message holds 2,000 characters and five buttons; where buttons fail, choices are lines of it.
ABILITIES = Abilities(
    pushes=True,
    asks_identity=False,
    # Whether a number can be changed in Zalo's form is not documented.
    vouches=False,
    news_line="receipt-news-zalo",
    longest=2000,
    unit="character",
    lists=True,
    most_choices=5,
)

API_URL = "https://openapi.zalo.me"
OAUTH_URL = "https://oauth.zaloapp.com"
# Where an account is opened, by its id; nothing in it tells us where somebody comes from.
DOOR_URL = "https://zalo.me/"

# Far below the limit of the smallest paid package, which no page of Zalo's states: 100 a minute.
PER_SECOND = 1.5

# What a button of ours sends back, and what follows is its payload: Zalo brings a press like
# typed text. Whoever types one by hand has only what its signature in there allows, which is none.
PRESS = "#c."


class NeedsConsent(Exception):
    """An administrator of the account must consent again: no token can be had by ourselves."""


class Tokens(Protocol):
    """Who keeps the account's token fresh."""

    async def access(self) -> str:
        """Return a token that can be used now. Raises NeedsConsent, Unreachable."""

    async def refused(self, token: str) -> None:
        """Note that Zalo refused a token: another is needed. Raises NeedsConsent, Unreachable."""


class OneToken:
    """A token that was set by hand and that nobody renews."""

    def __init__(self, token: str) -> None:
        self._token = token

    async def access(self) -> str:
        """Return it. Raises NeedsConsent where none is set."""
        if not self._token:
            raise NeedsConsent
        return self._token

    async def refused(self, token: str) -> None:
        """Raise NeedsConsent: there is no other one."""
        del token
        raise NeedsConsent
