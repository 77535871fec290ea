"""A server in the tests' own process that answers as it is told and notes what it was asked."""

import asyncio
import json
from collections.abc import Awaitable, Callable
from typing import Any

from aiohttp import web


class Server:
    """Answers the calls of a test one after the other; the last answer is given again."""

    def __init__(self, *answers: object) -> None:
        self.answers = list(answers)
        self.asked: list[dict[str, Any]] = []
        self.url = ""

    async def _answer(self, request: web.Request) -> web.StreamResponse:
        raw = await request.read()
        headers = {name.lower(): value for name, value in request.headers.items()}
        self.asked.append({"path": request.path, "headers": headers, "raw": raw})
        answer = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
        if answer == "silence":
            await asyncio.sleep(30)
        if answer == "hang up":
            request.transport.abort()
        status, body = answer if isinstance(answer, tuple) else (200, answer)
        text = body if isinstance(body, str) else json.dumps(body)
        return web.Response(status=status, text=text, headers={"location": "/other"})

    @property
    def bodies(self) -> list[Any]:
        """What was asked, as JSON."""
        return [json.loads(one["raw"]) for one in self.asked]

    async def _during(self, act: Callable[[str], Awaitable[Any]]) -> Any:
        app = web.Application(client_max_size=10_000_000)
        app.router.add_route("*", "/{path:.*}", self._answer)
        runner = web.AppRunner(app, shutdown_timeout=0.1)
        await runner.setup()
        site = web.TCPSite(runner, "127.0.0.1", 0)
        await site.start()
        host, port = runner.addresses[0][:2]
        self.url = f"http://{host}:{port}"
        try:
            return await act(self.url)
        finally:
            await runner.cleanup()

    def during(self, act: Callable[[str], Awaitable[Any]]) -> Any:
        """Let *act* call while the server stands; return what it returns."""
        return asyncio.run(self._during(act))


def ok(**told: object) -> dict[str, object]:
    """Return an answer that something worked."""
    return {"data": told, "error": 0, "message": "Success"}


def no(code: object, message: str = "Nguyễn Thị Mẫu 0912345678") -> dict[str, object]:
    """Return an answer by which Zalo says no, in words that must not go on."""
    return {"error": code, "message": message}
