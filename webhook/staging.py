"""Set the demo up: its own folder, key and database, and an invented province, really imported."""

import os
import shutil
import socket
import sys
import threading
import webbrowser
from pathlib import Path

from bot.office import Office
from webhook import setup
from webhook.counter import open_office, order
from webhook.serving import only_one
from webhook.settings import ROOT, Settings, read_settings
from webhook.tables import read_in, read_table
from webhook.trouble import Trouble

TABLES = ROOT / "demo"
TRIAGE = "LD-MAU"
# A place without a grassroots union and one with it.
SAMPLES = ("DN-0001", "DN-0002")
_MARK = ".ketdoan-demo"


def demo_settings(folder: Path, port: int, *, lan: bool) -> Settings:
    """Return settings for a demo: nothing of an installation in earnest is touched."""
    host = "0.0.0.0" if lan else "127.0.0.1"  # noqa: S104 -- asked for with --lan
    return read_settings(
        data_dir=folder,
        database_url="",
        key="",
        key_file=folder / "ketdoan.key",
        public_url=f"http://{_own_address() if lan else host}:{port}",
        host=host,
        port=port,
        zalo_url="",
        telegram_url="",
        telegram_token="",
        zalo_app_id="",
        zalo_app_secret="",
        zalo_oa_id="",
        zalo_oa_secret="",
        zalo_bot_token="",
        zalo_site_verification="",
        spool=folder / "spool",
    )


def stage(settings: Settings, *, fresh: bool = False) -> None:
    """Make the demo's folder, database, bodies, places and posters, unless they are there.

    Raises Trouble.
    """
    _take_folder(settings.data_dir, fresh=fresh)
    with only_one(settings):
        setup.prepare(settings)
        with open_office(settings) as (_, office):
            with office.database.read() as store:
                is_staged = store.enterprises.by_code(SAMPLES[0]) is not None
            if not is_staged:
                _fill(office)


def _fill(office: Office) -> None:
    setup.know_key(office.database)
    setup.mark_demo(office.database)
    setup.proclaim_law(office.database)
    for kind in ("enterprises", "bodies", "coverage"):
        sheet, mark = read_table(kind, TABLES / f"{kind}.csv")
        read_in(office, sheet, mark)
    setup.name_triage(office.database, TRIAGE)
    for code in SAMPLES:
        order(office, "qr", {"enterprise": code, "variant": "cổng chính", "plain": "no"})


def _take_folder(folder: Path, *, fresh: bool) -> None:
    """Make the folder ours; one that was not made by a demo is never touched. Raises Trouble."""
    mark = folder / _MARK
    if folder.exists() and any(folder.iterdir()) and not mark.exists():
        raise Trouble(f"--folder: {folder} is not a demo's folder; choose another", code=2)
    if fresh and folder.exists():
        shutil.rmtree(folder)
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    mark.touch()


def _own_address() -> str:
    """Return this machine's address on the local network; nothing is sent to find it."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as asked:
        try:
            asked.connect(("192.0.2.1", 9))  # an address for examples, that nobody has
            return str(asked.getsockname()[0])
        except OSError:
            raise Trouble("--lan: this machine is on no network", code=2) from None


def open_browser(address: str) -> None:
    """Open a browser where there is a screen; silently nothing where there is none."""
    has_screen = sys.platform == "darwin" or any(
        os.environ.get(name) for name in ("DISPLAY", "WAYLAND_DISPLAY")
    )
    if has_screen:
        opening = threading.Timer(1.5, webbrowser.open, (address,))
        opening.daemon = True
        opening.start()
