"""How the console makes sure that a domain is ours: a file at its root, or a mark in its head."""

import asyncio
import re
from urllib.parse import urlsplit

from fakes.botapi.line import Broken, Line
from fakes.zaloapi.account import Platform
from fakes.zaloapi.people import Json

META = re.compile(
    r"<meta\s+name=\"zalo-platform-site-verification\"\s+content=\"([^\"]*)\"", re.IGNORECASE
)


async def verified(platform: Platform, url: str, code: str) -> Json:
    """Look for `zalo_verifier<code>.html` and for the mark in the home page."""
    file = await page(platform, url, f"/zalo_verifier{code}.html")
    home = await page(platform, url, "/")
    mark = META.search(home or "")
    return {"file": file, "by_file": file is not None, "by_meta": bool(mark and mark[1] == code)}


async def page(platform: Platform, url: str, path: str) -> str | None:
    """A page of the domain; None when there is none."""
    there = urlsplit(platform.postman.routed(url))
    try:
        _, line = await asyncio.get_running_loop().create_connection(
            Line, there.hostname or "", there.port or 80
        )
        asked = f"GET {path} HTTP/1.1\r\nHost: {there.netloc}\r\nConnection: close\r\n\r\n"
        answer = await line.ask(asked.encode(), 5)
    except (Broken, OSError):
        return None
    line.close()
    return answer.body.decode("utf-8", "replace") if answer.status == 200 else None
