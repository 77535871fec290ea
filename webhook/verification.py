"""The file by which Zalo sees that this address is ours, served under its own name."""

import re
from pathlib import Path

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from webhook.settings import PREFIX
from webhook.trouble import SettingTrouble

_NAME = re.compile(r"zalo_verifier[A-Za-z0-9_-]{1,100}\.html")
_MOST_BYTES = 16 * 1024


def verifier_route(path: Path) -> Route:
    """Return the page that shows this file, byte for byte. Raises SettingTrouble."""
    name = f"{PREFIX}ZALO_VERIFIER_FILE"
    if not _NAME.fullmatch(path.name):
        raise SettingTrouble(f"{name}: the file must keep its name, zalo_verifier….html")
    try:
        content = path.read_bytes()
    except OSError as trouble:
        raise SettingTrouble(f"{name}: it cannot be read ({trouble.strerror})") from None
    if len(content) > _MOST_BYTES:
        raise SettingTrouble(f"{name}: it is too big to be the file that Zalo gave")

    async def show(request: Request) -> Response:
        del request
        return Response(content, media_type="text/html")

    return Route(f"/{path.name}", show, methods=["GET"])
