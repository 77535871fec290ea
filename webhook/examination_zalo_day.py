"""What a first day with a real account shows: what came, what can be reached, what is open.

Zalo's documents leave some things open. Each stands here with the way to find it out.
"""

import urllib.error
import urllib.request
from collections.abc import Mapping
from datetime import datetime, timedelta
from http.client import HTTPException

from storage.store import Store
from webhook.findings import Findings
from webhook.settings import PREFIX, Settings

_SECONDS = 10
_MOST_BYTES = 256 * 1024
_DAY = timedelta(days=1)
# What letters died of where the shape of a message is not taken.
_SHAPE = ("zalo -201", "zalo -233")
_METER = 'ketdoan_updates_total{kind="zalo '

OPEN: Mapping[str, str] = {
    "which term begins the signature (expected: the app id)": (
        f"set {PREFIX}ZALO_SIGNATURE=log for the first event; where the log then says `zalo: "
        "wrong signature`, its fits_as names the term"
    ),
    "whether num_retry comes and five failures switch the webhook off": (
        "stop `serve` for two hours on a day without users and look into the console"
    ),
    "text with buttons, its webhook when one is pressed, and what six buttons are answered with": (
        "`ketdoan zalo probe`, then press the button: `zalo press` must grow among the updates"
    ),
    "whether a number in the contact form can be edited": (
        "answer Zalo's own form, where it is sent, with another number; we take it as a claim"
    ),
    "whether zalo.me/<account>?text= fills the line in": (
        "open it on Android, iOS and a computer; nothing depends on it"
    ),
    "what user/detail says of who does not follow": (
        "`ketdoan zalo probe --to` with the id of somebody who wrote and does not follow"
    ),
    "whether the old access token ends with the renewal": (
        "nothing depends on it; the log says `-216` where another program uses the old one"
    ),
    "the prices beyond 48 hours, and the limit of the package": (
        "the contract of the package; nothing is sent that costs unless it is set"
    ),
}


def look_at_events(store: Store, settings: Settings, found: Findings) -> None:
    """Note whether events come at all, and what letters died of that has to do with Zalo."""
    if not settings.has_zalo:
        return
    count, newest = store.inbox.came_since("zalo", store.now - _DAY)
    if newest is None:
        found.notes.append(
            "zalo: no event was ever heard; is the webhook set in the console to "
            f"{settings.origin}/zalo and switched on? Write to the account to try it"
        )
    else:
        found.notes.append(f"zalo: {count} events heard in a day, {_since(store.now, newest)}")
        if settings.zalo_signature == "enforce":
            found.notes.append("zalo: signatures are enforced, and events passed")
    halted = store.paces.halts().get("zalo", 0.0)
    if halted > 0:
        found.troubles.append(
            f"zalo: nothing is sent for {halted:.0f} s: quota, rate, or something that only a "
            "person can put right; the log says which (`zalo halts`)"
        )
    dead = sum(
        one.letters
        for one in store.backlog.stuck()
        if one.channel == "zalo" and (one.reason or "").startswith(_SHAPE)
    )
    if dead and settings.zalo_buttons:
        found.troubles.append(
            f"zalo: {dead} letters were refused for their shape (-201, -233): if `ketdoan zalo "
            f"probe` says that buttons fail, set {PREFIX}ZALO_BUTTONS=false"
        )


def _since(now: datetime, newest: datetime) -> str:
    hours = (now - newest).total_seconds() / 3600
    line = f"the newest {hours:.1f} h ago"
    return line if hours < _DAY.total_seconds() / 3600 else f"{line}: is the webhook still on?"


def look_at_address(settings: Settings, found: Findings) -> None:
    """Note whether our door, and what proves that the address is ours, are reached from here."""
    if not settings.has_zalo:
        return
    if not settings.is_https:
        found.troubles.append(
            f"{PREFIX}PUBLIC_URL: Zalo delivers to https on a verified domain alone"
        )
    if _fetched(f"{settings.origin}/zalo") is None:
        found.notes.append(
            f"zalo: {settings.origin}/zalo does not answer from here; from outside it must, by "
            "GET with 200"
        )
    else:
        found.notes.append(f"zalo: {settings.origin}/zalo answers")
    _look_at_proofs(settings, found)


def _look_at_proofs(settings: Settings, found: Findings) -> None:
    file, mark = settings.zalo_verifier_file, settings.zalo_site_verification
    if file is None and not mark:
        found.notes.append(
            f"zalo: neither {PREFIX}ZALO_VERIFIER_FILE nor {PREFIX}ZALO_SITE_VERIFICATION is "
            "set: the console shows whether the domain is verified"
        )
    if file is not None:
        shown = _fetched(f"{settings.origin}/{file.name}")
        is_there = shown is not None and file.is_file() and shown == file.read_bytes()
        _note_proof(f"/{file.name}", is_there=is_there, found=found)
    if mark:
        page = _fetched(f"{settings.origin}/") or b""
        sign = f'name="zalo-platform-site-verification" content="{mark}"'.encode()
        _note_proof("the mark of the first page", is_there=sign in page, found=found)


def _note_proof(what: str, *, is_there: bool, found: Findings) -> None:
    told = "is shown as it is set" if is_there else "is not shown from here as it is set"
    found.notes.append(f"zalo: {what} {told}")


def look_at_kinds(settings: Settings, found: Findings) -> None:
    """Note what kinds of events `serve` counted since it began, where it shows its counts."""
    if not settings.has_zalo or settings.metrics_port is None:
        return
    host = settings.metrics_host
    page = _fetched(
        f"http://{f'[{host}]' if ':' in host else host}:{settings.metrics_port}/metrics"
    )
    if page is None:
        found.notes.append("zalo: the counts of `serve` can not be read")
        return
    kinds = [
        line.removeprefix(_METER).replace('"} ', " ").removesuffix(".0")
        for line in page.decode("utf-8", "replace").splitlines()
        if line.startswith(_METER)
    ]
    found.notes.append(f"zalo: kinds of events since `serve` began: {', '.join(kinds) or 'none'}")


def tell_what_is_open(found: Findings) -> None:
    """Note everything that no document settles, and how to find it out."""
    found.notes += [f"zalo, not verified: {what}. To verify: {how}" for what, how in OPEN.items()]


def _fetched(url: str) -> bytes | None:
    """Return what an address of ours answers with 200, or None."""
    try:
        # Only http and https pass the setting.
        with urllib.request.urlopen(url, timeout=_SECONDS) as answer:  # noqa: S310
            return bytes(answer.read(_MOST_BYTES)) if answer.status == 200 else None
    except urllib.error.HTTPError as refusal:
        refusal.close()
    except (OSError, ValueError, HTTPException):
        pass
    return None
