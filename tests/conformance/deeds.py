"""What a line in brackets makes somebody do, each channel in its own way."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Protocol

from conformance.person import Person
from storage.posters import Poster

_PRESS = re.compile(r"\[(?P<label>[^]]+)\](?P<fields>.*)")


class Place(Protocol):
    """What of the installation somebody may have in her hand."""

    def poster(self, enterprise: str) -> Poster:
        """Return the poster of an enterprise, by its code."""

    def invitations(self, what: str) -> list[str]:
        """Return codes of fresh invitations."""


Deed = Callable[[Place, Person, str], None]


def _named(what: str) -> tuple[str, str | None]:
    """Return a name and, where it is said, a number: `Nguyễn Thị Mẫu; 0912 345 678`."""
    name, has_phone, phone = what.partition(";")
    return name.strip(), phone.strip() if has_phone else None


def _accept(place: Place, who: Person, what: str) -> None:
    for code in place.invitations(what):
        who.accepts(code)


def _put_off(place: Place, who: Person, what: str) -> None:
    del place
    name, phone = _named(what)
    who.signs(name, phone, "Để sau")


def _press(place: Place, who: Person, what: str) -> None:
    """Press a button of a one-time page: `[Lưu lựa chọn] contact=; statistics=yes`."""
    del place
    found = _PRESS.fullmatch(what)
    assert found is not None, what
    pairs = [one.partition("=") for one in found["fields"].split(";") if one.strip()]
    who.presses_on_page(found["label"], **{name.strip(): one.strip() for name, _, one in pairs})


def _look(place: Place, who: Person, what: str) -> None:
    del place
    assert what in who.page.words, who.page.words


DEEDS: Mapping[str, Deed] = {
    "say": lambda _, who, what: who.says(what),
    "tap": lambda _, who, what: who.taps(what),
    "thấy": lambda _, who, what: who.sees(what),
    "không thấy": lambda _, who, what: who.does_not_see(what),
    "quét mã": lambda place, who, what: who.scans(place.poster(what)),
    "được mời": _accept,
    "gõ mã mời": lambda place, who, what: who.says(place.invitations(what)[0]),
    "ghi tên": lambda _, who, what: who.signs(*_named(what)),
    "điền sai": lambda _, who, what: who.fails_to_sign(*_named(what)),
    "để sau": _put_off,
    "ghi nốt": lambda _, who, __: who.signs_what_stands(),
    "mở trang": lambda _, who, __: who.opens_page(),
    "trang": _press,
    "trang thấy": _look,
    "rời máy": lambda _, who, __: who.leaves_machine(),
    "định rời máy rồi ở lại": lambda _, who, __: who.stays_at_machine(),
    "về với mã": lambda _, who, __: who.comes_back(),
}
