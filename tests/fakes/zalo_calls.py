"""What the tests of the fake Zalo share: calls as the product makes them, and well-made bodies."""

import ssl
from typing import Any

import httpx

from fakes.zalo_client import APP_ID, APP_SECRET, BOT_TOKEN, FakeZalo, Who, bot_user, oa_user

LAN, TUNG = 1001, 1002
YES = {"title": "Tôi đồng ý", "type": "oa.query.hide", "payload": "#c.7Qk2"}
SHOWN = {"title": "Giúp đỡ", "type": "oa.query.show", "payload": "/help"}
OPENS = {"title": "Mở trang", "type": "oa.open.url", "payload": {"url": "https://example.org/x"}}
CARD = {
    "title": "Thông tin liên hệ",
    "subtitle": "Bấm để chia sẻ số điện thoại",
    "image_url": "https://cdn.example.org/logo.png",
}
PHOTO = {"media_type": "image", "url": "https://cdn.example.org/a.jpg"}
Json = dict[str, Any]
# Nobody here speaks TLS: the certificates of the world need not be read for every call.
PLAIN = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)


def templated(**payload: Any) -> Json:
    return {"attachment": {"type": "template", "payload": payload}}


def buttoned(*buttons: Any, text: str = "Chọn một mục:") -> Json:
    return {"text": text, **templated(buttons=list(buttons))}


def asking(*cards: Any) -> Json:
    return templated(template_type="request_user_info", elements=list(cards or (CARD,)))


def pictured(*elements: Any) -> Json:
    return templated(template_type="media", elements=list(elements or (PHOTO,)))


def call(zalo: FakeZalo, path: str, body: Any = None, **more: Any) -> Json:
    """A call of the OpenAPI with the live token; a body makes it a POST."""
    token = more.pop("token", None) or zalo.tokens()["access_token"]
    headers = {"access_token": token, **more.pop("headers", {})}
    method = "GET" if body is None and not more.get("files") else "POST"
    if body is not None:
        more["json"] = body
    answer = httpx.request(method, zalo.url + path, headers=headers, verify=PLAIN, **more)
    assert answer.status_code == 200
    return dict(answer.json())


def cs(zalo: FakeZalo, message: Any, person: Who = LAN, **more: Any) -> Json:
    """A message to a person; the whole answer."""
    body = {"recipient": {"user_id": oa_user(person)}, "message": message}
    return call(zalo, "/v3.0/oa/message/cs", body, **more)


def good(told: Json) -> Json:
    """What a call that must go well answered."""
    assert told.get("error") == 0, told
    return dict(told["data"])


def oauth(zalo: FakeZalo, *, secret: str = APP_SECRET, **form: str) -> Json:
    """A request for tokens: a form, the app's secret in the header."""
    answer = httpx.post(
        f"{zalo.url}/v4/oa/access_token",
        data={"app_id": APP_ID, **form},
        headers={"secret_key": secret},
        verify=PLAIN,
    )
    assert answer.status_code == 200
    return dict(answer.json())


def refresh(zalo: FakeZalo, token: str, **more: str) -> Json:
    return oauth(zalo, grant_type="refresh_token", refresh_token=token, **more)


def exchange(zalo: FakeZalo, code: str, **more: str) -> Json:
    return oauth(zalo, grant_type="authorization_code", code=code, **more)


def bot_call(zalo: FakeZalo, method: str, token: str = BOT_TOKEN, **given: Any) -> Json:
    """A method of the Bot Platform; the whole answer."""
    timeout = httpx.Timeout(60)
    address = f"{zalo.url}/bot{token}/{method}"
    answer = httpx.post(address, json=given, timeout=timeout, verify=PLAIN)
    return dict(answer.json())


def bot_says(zalo: FakeZalo, text: str, person: Who = LAN, **more: Any) -> Json:
    return bot_call(zalo, "sendMessage", chat_id=bot_user(person), text=text, **more)


def bot_good(told: Json) -> Any:
    assert told["ok"] is True, told
    return told.get("result")
