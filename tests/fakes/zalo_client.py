"""How a test starts the fake Zalo and plays the people in it.

    with FakeZalo() as zalo:
        zalo.connect("http://127.0.0.1:8000/zalo")
        zalo.say(1001, "Xin chào")
        zalo.wait_for(1001, "Kết Đoàn")
        zalo.press(1001, "Tôi đồng ý")
        zalo.bot.say(1001, "Xin chào")
        assert zalo.refusals() == []

Everything here is synchronous and speaks the control API that `fakes/zalo.py` describes. A person
is a number of the test's own, which stands for a well-shaped id, or such an id.
"""

import json
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

from fakes.process import FakeProcess, Json
from fakes.zaloapi.signing import mac

APP_ID, APP_SECRET = "1122334455667788990", "appSecretDemo0001"
OA_ID, OA_SECRET = "3579246801357924680", "oaSecretDemo0001"
ACCESS, REFRESH = "AT_first_demo", "RT_first_demo"
BOT_TOKEN, BOT_SECRET = "1234567890:TEST-zalo-bot-token", "botSecretDemo0001"
Who = int | str


def oa_user(person: Who) -> str:
    """A person's id at an OA: nineteen digits."""
    return person if isinstance(person, str) else f"24680135{person:011d}"


def bot_user(person: Who) -> str:
    """A person's id at a bot: twenty hexadecimals."""
    return person if isinstance(person, str) else f"7f3a0c51d2{person:010x}"


def signed(event: Json, *, secret: str = OA_SECRET) -> tuple[bytes, dict[str, str]]:
    """An event's bytes and headers as Zalo would send them, for a door that is tested alone."""
    raw = json.dumps(event, ensure_ascii=False, separators=(",", ":")).encode()
    found = mac(APP_ID, raw, str(event.get("timestamp", "")), secret)
    return raw, {"content-type": "application/json", "x-zevent-signature": f"mac={found}"}


class Side:
    """The people at one account: the OA's or the bot's."""

    def __init__(self, zalo: "FakeZalo", name: str) -> None:
        self.zalo, self.name = zalo, name
        self.marks: dict[str, int] = {}

    def id_of(self, person: Who) -> str:
        return oa_user(person) if self.name == "oa" else bot_user(person)

    def do(self, what: str, person: Who | None = None, **more: Any) -> Json:
        """Something a person does, as the control API names it."""
        if person is None:
            return self.zalo.ask("POST", f"{self.name}/{what}", more)
        user = self.id_of(person)
        told = self.zalo.ask("POST", f"{self.name}/{what}", {"user": user, **more})
        self.marks[user] = told["change"]
        return told

    def say(self, person: Who, text: str, **more: Any) -> Json:
        """She types; the answer holds message_id."""
        return self.do("say", person, text=text, **more)

    def send(self, person: Who, kind: str, **more: Any) -> Json:
        """She sends what is no text."""
        return self.do("send", person, kind=kind, **more)

    def crowd(self, first: int, count: int, **more: Any) -> Json:
        """People who were here long ago; `ago` seconds, at the OA."""
        users = [self.id_of(one) for one in range(first, first + count)]
        return self.do("crowd", users=users, **more)

    def raw(self, event: Json) -> Json:
        """An event as the test wrote it."""
        return self.do("raw", event=event)

    def chat(self, person: Who, **query: Any) -> list[Json]:
        """The messages of a chat, hers and the account's, oldest first."""
        return list(self.view(person, **query)["messages"])

    def view(self, person: Who, *, wait: float = 0, **query: Any) -> Json:
        asked = urlencode({**query, "wait": wait})
        return self.zalo.ask("GET", f"{self.name}/chat/{self.id_of(person)}?{asked}", wait=wait)

    def wait_for(
        self, person: Who, text: str = "", *, seconds: float = 10, after: int | None = None
    ) -> Json:
        """The first message to her with this text since she last did something."""
        mark = self.marks.get(self.id_of(person), 0) if after is None else after
        seen = self.view(person, wait=seconds, after=mark, contains=text)
        said = [one["text"] for one in seen["messages"] if one["from_bot"]]
        assert seen["found"], f"nobody said {text!r} to her within {seconds} s, but {said}"
        return dict(seen["found"])


class FakeZalo(FakeProcess, Side):
    """A running fake Zalo; itself it is the people of the OA, `bot` those of the bot.

    `speed` shortens the waits of redelivery, `seed` draws all chances, `keep` bounds a chat's
    messages (0: all). `url` is the base of OAuth, the OpenAPI and the Bot Platform alike.
    """

    programme = Path(__file__).with_name("zalo.py")
    control = "/_fake/"

    def __init__(
        self, *, speed: float = 1000, seed: int = 1, keep: int = 0, port: int = 0
    ) -> None:
        FakeProcess.__init__(self, port, {"--seed": seed, "--speed": speed, "--keep": keep})
        Side.__init__(self, self, "oa")
        self.bot = Side(self, "bot")

    def environment(self) -> dict[str, str]:
        """The settings with which the product speaks to this Zalo."""
        named = {
            "APP_ID": APP_ID, "APP_SECRET": APP_SECRET, "OA_ID": OA_ID, "OA_SECRET": OA_SECRET,
            "ACCESS_TOKEN": ACCESS, "REFRESH_TOKEN": REFRESH, "API_URL": self.url,
            "OAUTH_URL": self.url, "BOT_TOKEN": BOT_TOKEN, "BOT_SECRET": BOT_SECRET,
            "BOT_API_URL": self.url,
        }  # fmt: skip
        return {f"KETDOAN_ZALO_{name}": value for name, value in named.items()}

    # What people of the OA alone can do.

    def press(self, person: Who, title: str, **more: Any) -> Json:
        """She presses the newest button with this title."""
        return self.do("press", person, title=title, **more)

    def follow(self, person: Who, **more: Any) -> Json:
        return self.do("follow", person, **more)

    def unfollow(self, person: Who) -> Json:
        return self.do("unfollow", person)

    def submit(self, person: Who, name: str, phone: str | int, **more: Any) -> Json:
        """She fills the card that asked for her name and number."""
        return self.do("submit", person, name=name, phone=phone, **more)

    def withdraw(self, person: Who, **more: Any) -> Json:
        return self.do("withdraw", person, **more)

    def chatnow(self, person: Who) -> Json:
        return self.do("chatnow", person)

    # The console, the clock, what goes wrong.

    def connect(self, url: str | None) -> Json:
        """Set the app's webhook."""
        return self.ask("POST", "webhook", {"url": url})

    def switch_on(self) -> Json:
        """Switch the webhook on again, after it was given up."""
        return self.ask("POST", "webhook", {})

    def hook(self) -> Json:
        """The webhook: url, is_on, and counts of deliveries."""
        return self.ask("GET", "hook")

    def tokens(self) -> Json:
        """The live pair, how many pairs were issued, and whether they work."""
        return self.ask("GET", "tokens")

    def expire(self) -> None:
        """The access token is too old from now on."""
        self.ask("POST", "expire", {})

    def revoke(self) -> None:
        """The OA takes its consent back."""
        self.ask("POST", "revoke", {})

    def consent(self, **console: Any) -> str:
        """An administrator agrees: the code. `challenge`: what the console holds from now on."""
        if console:
            self.ask("POST", "app", console)
        return str(self.ask("POST", "consent", {})["code"])

    def move_clock(self, *, days: float = 0, hours: float = 0, seconds: float = 0) -> float:
        """Move the fake's clock on; its Unix time."""
        by = days * 86_400 + hours * 3600 + seconds
        return float(self.ask("POST", "clock", {"by": by})["now"])

    def set_clock(self, moment: float) -> float:
        """Set the fake's clock to a moment of Unix time; it goes on from there."""
        return float(self.ask("POST", "clock", {"to": moment})["now"])

    def reset(self) -> None:
        """Forget everything but the first app, OA and bot."""
        self.marks.clear()
        self.bot.marks.clear()
        self.ask("POST", "reset", {})

    # What came.

    def log(self, after: int = 0, call: str | None = None) -> list[Json]:
        """The arrivals after a sequence number, of one kind of call or of all."""
        found: list[Json] = self.ask("GET", f"log?after={after}")["log"]
        return [one for one in found if call in (None, one["call"])]

    def refusals(self, but: tuple[int, ...] = ()) -> list[Json]:
        """The requests that were refused, except those with these numbers."""
        found: list[Json] = self.ask("GET", "refusals")["refusals"]
        return [one for one in found if one["error"] not in but]
