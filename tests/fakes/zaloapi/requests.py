"""A request as it came, and a right call on its way to being done."""

import asyncio
import json
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qsl

from fakes.zaloapi.account import Platform
from fakes.zaloapi.arrivals import Arrival
from fakes.zaloapi.faults import AFTER
from fakes.zaloapi.people import Json
from fakes.zaloapi.refusals import Spoilt

Deed = Callable[[], Json]


@dataclass
class Request:
    """What came over HTTP. Names of headers are small."""

    method: str
    path: str
    query: dict[str, str]
    headers: dict[str, str]
    body: bytes
    answer_headers: dict[str, str] = field(default_factory=dict)

    @property
    def kind(self) -> str:
        return self.headers.get("content-type", "")

    def is_kind(self, kind: str) -> bool:
        return self.kind.split(";")[0].strip().lower() == kind

    def form(self) -> dict[str, str] | None:
        """The fields of a form in the body; None when it holds none."""
        if not self.is_kind("application/x-www-form-urlencoded"):
            return None
        try:
            return dict(parse_qsl(self.body.decode(), keep_blank_values=True))
        except UnicodeDecodeError:
            return None

    def json(self) -> Any:
        """What JSON the body holds; None when it holds none."""
        if not self.is_kind("application/json"):
            return None
        return read_json(self.body)


def read_json(raw: bytes | str) -> Any:
    try:
        return json.loads(raw)
    except (ValueError, RecursionError):
        return None


async def carried_out(platform: Platform, arrival: Arrival, deed: Deed) -> Json:
    """Do a right call, unless or until something was ordered to go wrong with it."""
    fault = platform.faults.strike(platform.chance, arrival.call, arrival.user)
    if fault is None or (fault.name == "no_refresh_token" and arrival.call != "refresh"):
        answer = deed()
        arrival.outcome = "accepted"
        return answer
    arrival.outcome = fault.name
    seconds = float(fault.more.get("seconds", 0))
    if fault.name not in AFTER:
        raise Spoilt(fault.name, seconds)
    answer = deed()
    if fault.name == "no_refresh_token":
        return answer
    if fault.name == "slow":
        await asyncio.sleep(seconds or 1.0)
        return answer
    raise Spoilt(fault.name, seconds, json.dumps(answer).encode())
