"""Telegram as a channel: what it can do there, and whose bot a token is.

Reading and speaking stand beside it and load aiogram, which takes seconds and a hundred megabytes:
they are imported only by who listens or sends there.
"""

from bot.speech import Abilities

# Names, phones and statements are given on a page of ours: what is typed there, Telegram keeps.
# A message holds 4,096 units of UTF-16, once its markup is read; ours has none.
ABILITIES = Abilities(pushes=True, asks_identity=False, longest=4096, unit="utf-16")

# Where the Bot API is, unless the operator runs a server of his own.
API_URL = "https://api.telegram.org"

# What is delivered at all: everything else is not asked for.
UPDATES = ("message", "callback_query", "my_chat_member")


def bot_id(token: str) -> int:
    """Return the number of the bot that a token belongs to."""
    return int(token.partition(":")[0])
