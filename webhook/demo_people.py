"""The demo's people: officers who accept real invitations, colleagues who really sign."""

import secrets
from dataclasses import dataclass
from itertools import count

from bot.casework import grassroots_of, responsible
from bot.speech import Choice, Form, Heard, Outcome
from storage.store import Store
from union.bodies import Body, Role
from webhook import cookies
from webhook.door import Door
from webhook.staging import SAMPLES
from webhook.trouble import Trouble

ROLES: tuple[Role, ...] = ("receives", "checks", "signs")
_NAMES = (
    "Trần Văn Ví Dụ",
    "Phạm Thị Nháp",
    "Hoàng Văn Minh Họa",
    "Vũ Thị Giả Định",
    "Đặng Văn Thử Nghiệm",
    "Bùi Thị Làm Mẫu",
    "Đỗ Văn Tạm",
    "Hồ Thị Phác Thảo",
)
_OFFICER = "Lê Thị Thử"
SIGNERS = 4

_counter = count()


@dataclass(frozen=True)
class DemoOffice:
    """A desk that a visitor may sit at. `label` is the key of its words."""

    code: str
    name: str
    label: str
    roles: tuple[Role, ...]


Offices = list[DemoOffice]


def offices(store: Store) -> Offices:
    """Return the desks of both journeys: the bodies that receive and that sign, and a CĐCS."""
    start, join = (store.enterprises.by_code(code) for code in SAMPLES)
    if start is None or join is None:
        return []
    receives = responsible(store, start, "petition", "receives").body
    signs = responsible(store, start, "petition", "signs").body
    cdcs = grassroots_of(store, join)
    found = [_desk(store, receives, "demo-officer-receives", start.id)]
    if signs.id != receives.id:
        found.append(_desk(store, signs, "demo-officer-signs", start.id))
    if cdcs is not None:
        found.append(DemoOffice(cdcs.code, cdcs.name, "demo-officer-receives", ROLES))
    return found


def _desk(store: Store, body: Body, label: str, enterprise_id: int) -> DemoOffice:
    jurisdiction = store.bodies.jurisdiction(store.bodies.place_of(enterprise_id))
    held = {power.role for power in jurisdiction.powers if power.body_id == body.id}
    return DemoOffice(body.code, body.name, label, tuple(one for one in ROLES if one in held))


# --- an officer --------------------------------------------------------------------------------


async def redeem(door: Door, desk: DemoOffice, language: str) -> str:
    """Invite somebody to every role of a desk and let her accept; return her web address.

    Her talk is held in *language*.
    """
    address = cookies.new_address()
    for role in desk.roles:
        fields = {
            "body": desk.code,
            "role": role,
            "name": _OFFICER,
            "days": "1",
            "inviter": "",
        }
        heard = Heard("operator", "demo", _event(), form=Form("invite", fields))
        invited = await door.hear(heard)
        if invited.page is None:
            raise Trouble("the demo could not invite")
        asked = await door.hear(
            Heard(
                "web", address, _event(), text=str(invited.page.facts["code"]), language=language
            )
        )
        await _press(door, address, asked, "accept-role")
    return address


# --- colleagues --------------------------------------------------------------------------------


async def sign_some(door: Door, token: str) -> None:
    """Let some colleagues scan a poster and put their names down, without a phone."""
    for _ in range(SIGNERS):
        address = cookies.new_address()
        said = await door.hear(Heard("web", address, _event(), scan=token))
        said = await _press(door, address, said, "sign")
        await _press(door, address, said, "consent-a")
        name = _NAMES[next(_counter) % len(_NAMES)]
        said = await door.hear(Heard("web", address, _event(), text=name))
        await _press(door, address, said, "put-name")


async def _press(door: Door, address: str, said: Outcome, choice: str) -> Outcome:
    button = _button(said, choice)
    return await door.hear(Heard("web", address, _event(), choice=button.payload))


def _button(said: Outcome, choice: str) -> Choice:
    for reply in reversed(said.letters):
        for one in reply.choices:
            if one.id == choice:
                return one
    raise Trouble(f"the talk offered no {choice}")


def _event() -> str:
    return f"demo:{secrets.token_hex(8)}"
