"""Zalo's Official Account in a run: windows, echoes, and a token that ends now and then."""

import asyncio
import json
import os
import sys
import time
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from bench.grounds import PUBLIC_URL
from bench.load import HOST, Door, fetched, posted
from bench.places import ROOT
from bench.platforms import Button, Json, asked, choice_of

# What a button of ours sends back begins so.
_PRESS = "#c."
# Far above what is sent in a run: how fast it speaks is looked at elsewhere.
_LIMIT = {"per_second": None, "per_minute": 10**9}
_LOGIN_SECONDS = 60.0


class Zalo:
    """The account that everybody writes to."""

    channel = "zalo"
    # The id of a person has nineteen digits.
    first_chat = 2_468_013_500_001_000_000

    def __init__(self) -> None:
        self.door = Door(0)
        self.consents = 0

    @contextmanager
    def running(self, seed: int) -> Iterator[None]:
        """Run it, a process of its own."""
        from fakes.zalo_client import FakeZalo

        with FakeZalo(seed=seed) as fake:
            self.door = Door(fake.port)
            yield

    def settings(self, port: int) -> Mapping[str, Any]:
        """Return app, account, first pair of tokens and addresses."""
        del port
        from fakes.zalo_client import FakeZalo

        named = FakeZalo(port=self.door.port).environment()
        return {
            name.removeprefix("KETDOAN_").lower(): value
            for name, value in named.items()
            if "BOT" not in name
        }

    async def prepare(self, servers: list[int], rounds: int) -> None:
        """Let the first server hear echoes; nobody may be written to before she has come."""
        del rounds
        await self._control("webhook", url=f"http://{HOST}:{servers[0]}/zalo")
        await self._control("faults", latency_ms=[0, 12], limit=_LIMIT, receipts=True)

    async def meets(self, chat: int) -> None:
        """Open her window: she does something. The event itself is brought by ourselves."""
        await self._control("oa/crowd", users=[str(chat)])

    def event(self, number: int) -> str:
        """Return the number of a message."""
        return f"{number:020x}"

    def typed(self, chat: int, number: int, text: str) -> bytes:
        """Return a signed event with a message."""
        from fakes.zalo_client import APP_ID, OA_ID, signed

        event = {
            "app_id": APP_ID,
            "sender": {"id": str(chat)},
            "recipient": {"id": OA_ID},
            "user_id_by_app": str(chat),
            "event_name": "user_send_text",
            "message": {"text": text, "msg_id": self.event(number)},
            "timestamp": str(int(time.time() * 1000)),
        }
        raw, headers = signed(event)
        return posted("/zalo", raw, **{"X-ZEvent-Signature": headers["x-zevent-signature"]})

    def tapped(self, chat: int, number: int, payload: str) -> bytes:
        """Return a signed event with a press, which comes like typed words."""
        return self.typed(chat, number, payload)

    def arriving(self, token: str, code: str) -> str:
        """Return the poster's code: no link says where somebody comes from."""
        del token
        return code

    async def said(self, chat: int, after: int, wait: float) -> tuple[list[Json], int]:
        """Return what the account said in a chat."""
        path = f"/_fake/oa/chat/{chat}?after={after}&wait={wait}"
        told = await asked(self.door, fetched(path))
        return [one for one in told["messages"] if one["from_bot"]], int(told["change"])

    def buttons(self, message: Json) -> Iterator[Button]:
        """Return the buttons under a message."""
        for one in message["buttons"]:
            if one["type"] == "oa.open.url":
                yield Button("", "", one["payload"]["url"])
            else:
                choice = choice_of(one["payload"].removeprefix(_PRESS))
                yield Button(choice, one["payload"], "")

    async def disturb(self) -> None:
        """Let the access token end; and a webhook that Zalo has given up is switched on again."""
        await self._control("expire")
        await self._control("webhook")

    async def is_mended(self) -> bool:
        """Whether the token that has ended was replaced."""
        pair = await asked(self.door, fetched("/_fake/tokens"))
        return bool(pair["access_works"])

    async def arrivals(self) -> AsyncIterator[Json]:
        """Return every letter that came."""
        found = await asked(self.door, fetched("/_fake/log"))
        for one in found["log"]:
            # Whose it is, is not read where its token has ended.
            if one["call"] == "cs" and one["user"]:
                kept = {name: one[name] for name in ("hash", "message_id", "outcome")}
                yield kept | {"chat": int(one["user"]), "method": one["call"]}

    async def ending(self) -> Mapping[str, Any]:
        """Return the pair that Zalo holds, how often it was renewed, and what it refused."""
        pair = await asked(self.door, fetched("/_fake/tokens"))
        hook = await asked(self.door, fetched("/_fake/hook"))
        refused = await asked(self.door, fetched("/_fake/refusals"))
        return {
            "access": pair["access_token"],
            "refresh": pair["refresh_token"],
            "renewed": pair["issued"] - self.consents,
            "consents": self.consents,
            "echoes": hook["accepted"],
            "refusals": refused["refusals"],
        }

    # --- who looks after the account -----------------------------------------------------------

    async def consent(self, settings: Mapping[str, Any]) -> int:
        """Consent again, as an administrator does by `ketdoan zalo login`; return how it ended."""
        told = await asked(self.door, posted("/_fake/consent", b"{}"))
        self.consents += 1
        given = {f"KETDOAN_{name}".upper(): str(value) for name, value in settings.items()}
        kept = {name: one for name, one in os.environ.items() if not name.startswith("KETDOAN_")}
        login = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "webhook", "zalo", "login"),
            cwd=ROOT,
            env=kept | given,
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.DEVNULL,
        )
        pasted = f"{PUBLIC_URL}/?code={told['code']}&oa_id={told['oa_id']}\n"
        async with asyncio.timeout(_LOGIN_SECONDS):
            await login.communicate(pasted.encode())
        return login.returncode or 0

    async def _control(self, what: str, **given: Any) -> None:
        await asked(self.door, posted(f"/_fake/{what}", json.dumps(given).encode()))
