"""Zalo's Bot Platform as a channel: no buttons, so that choices are numbered lines."""

from bot.speech import Abilities

CHANNEL = "zalo-bot"

ABILITIES = Abilities(pushes=True, asks_identity=False, longest=2000, unit="character", lists=True)

API_URL = "https://bot-api.zaloplatforms.com"

# No figure is published but the plan's number of messages a month: as slow as an account.
PER_SECOND = 1.5
PER_CHAT_SECONDS = 1.0
