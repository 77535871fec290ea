"""What an OA may know of people and of itself."""

from datetime import datetime
from typing import Any

from fakes.zaloapi.account import Oa
from fakes.zaloapi.arrivals import Arrival
from fakes.zaloapi.clock import VIETNAM
from fakes.zaloapi.people import Json
from fakes.zaloapi.refusals import Refused, wrong
from fakes.zaloapi.requests import Deed
from fakes.zaloapi.shapes import part, whole
from fakes.zaloapi.window import addressed

MOST_AT_ONCE, LAST_OFFSET = 50, 9951
SHARED = ("address", "city", "district", "phone", "name")


def detail(oa: Oa, given: Any, arrival: Arrival) -> Deed:
    """A follower's profile. Who does not follow has none."""
    arrival.user = part(given, "data", ("user_id",))["user_id"]
    chat = addressed(oa, arrival.user)
    if not chat.is_follower:
        raise Refused(-213, "User has not followed OA", "only a follower has a profile")
    seen = datetime.fromtimestamp(chat.last_at, VIETNAM)
    picture = f"https://s120.example/{chat.id}.jpg"
    told: Json = {
        "user_id": chat.id,
        "user_id_by_app": oa.by_app(chat.id),
        "user_external_id": "",
        "display_name": chat.name,
        "user_alias": chat.name,
        "is_sensitive": False,
        "user_last_interaction_date": f"{seen:%d/%m/%Y}",
        "user_is_follower": True,
        "avatar": picture,
        "avatars": {"120": picture, "240": picture},
        "dynamic_param": "",
        "tags_and_notes_info": {"notes": [], "tag_names": []},
        "shared_info": {name: chat.shared.get(name, "") for name in SHARED},
    }
    return lambda: told


def followers(oa: Oa, given: Any, arrival: Arrival) -> Deed:
    asked = part(given, "data", ("offset", "count"), ("is_follower", "last_interaction_period"))
    offset = whole(asked["offset"], "offset", 0, LAST_OFFSET)
    count = whole(asked["count"], "count", 1, MOST_AT_ONCE)
    if asked.get("is_follower", "true") not in ("true", "false"):
        raise wrong('is_follower is "true" or "false"')
    follows = asked.get("is_follower") == "true"
    found = [
        one.id for one in oa.chats.values() if one.is_known and (one.is_follower or not follows)
    ]
    told: Json = {
        "total": len(found),
        "count": count,
        "offset": offset,
        "users": [{"user_id": one} for one in found[offset : offset + count]],
    }
    return lambda: told


def getoa(oa: Oa, given: Any, arrival: Arrival) -> Deed:
    part(given, "data", ())
    told: Json = {
        "oaid": oa.id,
        "oa_id": oa.id,
        "name": "Công đoàn Ví Dụ",
        "is_verified": True,
        "package_name": "Gói Nâng cao",
        "package_valid_through_date": "31/12/2027",
        "linked_zca": "",
        "num_follower": sum(one.is_follower for one in oa.chats.values()),
    }
    return lambda: told


def quota(oa: Oa, given: Any, arrival: Arrival) -> Deed:
    """When she did something last, and a number that is no longer kept."""
    arrival.user = part(given, "body", ("user_id",))["user_id"]
    chat = addressed(oa, arrival.user)
    told = {"last_interaction": str(int(chat.last_at * 1000)), "remain": "8", "total": "8"}
    return lambda: told
