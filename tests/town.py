"""The invented town of the tests: bodies with dates and powers, enterprises, posters."""

from __future__ import annotations

from datetime import date
from pathlib import Path

from chat import CDCS, GIAY, KCN, MAY, PHUONG, TINH, XA, ZONE

from storage.bodies import TRIAGE
from storage.law import read_holidays, read_rules
from storage.store import Store

ROOT = Path(__file__).parent.parent
SINCE = date(2025, 7, 1)


def found_town(store: Store) -> dict[str, str]:
    """Found the town on an empty database; return the tokens of its posters."""
    store.law.enact(read_rules(ROOT / "law"))
    store.law.proclaim(read_holidays(ROOT / "law", range(2025, 2029)))
    return _settle(store)


def _settle(store: Store) -> dict[str, str]:
    """Found the town: bodies with dates and powers, enterprises, posters. Return the tokens."""
    bodies = store.bodies
    always = {"valid_from": SINCE, "valid_to": None, "source": "test"}
    named = {
        TINH: ("Liên đoàn Lao động tỉnh Mẫu", "province", None),
        PHUONG: ("Công đoàn phường Mẫu", "commune", TINH),
        XA: ("Công đoàn xã Thử", "commune", TINH),
        KCN: ("Công đoàn các khu công nghiệp tỉnh Mẫu", "special", TINH),
        CDCS: ("Công đoàn Công ty Giày Thí Nghiệm", "grassroots", PHUONG),
    }
    ids = {code: bodies.keep(code) for code in named}
    for code, (name, level, parent) in named.items():
        bodies.describe(
            ids[code],
            name=name,
            level=level,
            parent_id=ids[parent] if parent else None,
            hotline=None,
            **always,
        )
    powers = {
        TINH: ("receives", "checks", "signs"),
        PHUONG: ("receives", "checks"),
        XA: ("receives", "checks"),
        KCN: ("receives", "checks", "signs"),
    }
    for code, roles in powers.items():
        for kind in ("join", "petition", "request"):
            for role in roles:
                bodies.empower(ids[code], kind, role, **always)
    for role in ("receives", "checks", "signs"):
        bodies.empower(ids[CDCS], "join", role, **always)
    bodies.cover(ids[TINH], "province", "75", priority=0, **always)
    bodies.cover(ids[PHUONG], "commune", "26041", priority=0, **always)
    bodies.cover(ids[XA], "commune", "26068", priority=0, **always)
    bodies.cover(ids[KCN], "zone", "KCN Mẫu", priority=0, **always)
    store.settings.put(TRIAGE, TINH)
    return _employ(store, ids[CDCS])


def _employ(store: Store, cdcs_id: int) -> dict[str, str]:
    places = {
        MAY: ("Công ty May Ví Dụ", "26041", None, 350),
        GIAY: ("Công ty Giày Thí Nghiệm", "26041", None, 1200),
        ZONE: ("Công ty Điện Tử Bản Nháp", "26068", "KCN Mẫu", 5000),
        "DN-MAY-2": ("Công ty May Ví Dụ Hai", "26068", None, 90),
    }
    tokens = {}
    for code, (name, commune, zone, workers) in places.items():
        row_id = store.enterprises.keep(
            code,
            {
                "name": name,
                "commune_code": commune,
                "province_code": "75",
                "zone": zone,
                "workers": workers,
            },
        )
        if code == GIAY:
            store.enterprises.set_cdcs(row_id, cdcs_id)
        tokens[code] = store.posters.make(enterprise_id=row_id).token
    return tokens
