"""The door for Zalo's Bot Platform: who shows our secret is heard, and told so after commit."""

from collections import Counter
from collections.abc import Mapping

from channels.zalo_bot_reading import NotAnUpdate, read
from storage.sealed import Keyring
from webhook.door import Door
from webhook.ear import SecretEar
from webhook.guard import App
from webhook.hearing import hear_within
from webhook.settings import Settings

PATH = "/zalo-bot"

# How many updates of each kind came to this process, by webhook or fetched, heard or not.
heard_kinds: Counter[str] = Counter()


def bot_secret(settings: Settings, keys: Keyring) -> str:
    """Return what the platform must show: as it was set, or a keyed mark of the token."""
    return settings.zalo_bot_secret or keys.mac("zalo-bot", settings.zalo_bot_token)


class ZaloBotEar(SecretEar):
    """Answers `POST /zalo-bot`."""

    path = PATH
    header = b"x-bot-api-secret-token"
    kinds = heard_kinds

    def __init__(self, app: App, *, door: Door) -> None:
        secret = bot_secret(door.settings, door.office.database.keys)
        super().__init__(app, door=door, secret=secret)

    async def _take(self, body: bytes, _: Mapping[bytes, bytes]) -> tuple[int, bytes]:
        try:
            update = read(body, self._door.office.database.clock())
        except NotAnUpdate:
            # Taken all the same: how often it would come again is not documented.
            heard_kinds["malformed"] += 1
            return 200, b""
        heard_kinds[update.kind] += 1
        if update.heard is None:
            return 200, b""
        return await hear_within(self._door, update.heard, heard_kinds), b""
