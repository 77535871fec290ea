"""Turn what a dialogue wants shown into a page of ours."""

import json
from collections.abc import Mapping
from typing import Any

from starlette.responses import Response

from bot.admission import Reader
from bot.speech import Outcome, Page
from storage.conversations import Conversation
from webhook import cookies, nonces
from webhook.door import Door

# Which pages tell that the browser's own address has ended.
_LEFT = "left"
_FILES = {"mine-file": "ket-doan.json"}


def page_after(
    door: Door, known: Conversation | Reader, outcome: Outcome, *, whose: str
) -> Response:
    """Return the page that a turn of this conversation asked for, in the language it has now.

    Its forms carry a nonce bound to *whose* (an address or a token).
    """
    assert outcome.page is not None
    language = outcome.language or known.language
    return shown(door, language, outcome.page, whose=whose, is_web=known.channel == "web")


def shown(door: Door, language: str, page: Page, *, whose: str, is_web: bool = False) -> Response:
    """Return a page with its facts, as HTML or as a file to keep; *is_web*: the chat is ours."""
    if page.name in _FILES:
        return _file(_FILES[page.name], page.facts)
    facts = {"token": "", "now": door.office.database.clock(), "is_web": is_web} | dict(page.facts)
    nonce = nonces.fresh(door.office.database.keys, whose)
    answer = door.pages.show(
        f"page-{page.name}",
        language,
        status=404 if page.name == "expired" else 200,
        nonce=nonce,
        **facts,
    )
    if page.name == _LEFT:
        cookies.forget(answer, door.settings)
    return answer


def _file(name: str, facts: Mapping[str, Any]) -> Response:
    text = facts["text"]
    content = text if isinstance(text, str) else json.dumps(text, ensure_ascii=False, indent=1)
    return Response(
        content,
        media_type="application/json; charset=utf-8",
        headers={"content-disposition": f'attachment; filename="{name}"'},
    )
