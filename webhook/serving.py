"""Serve door, sender and rounds together, once for each database."""

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager

import uvicorn

from webhook.app import create_app
from webhook.counter import open_office
from webhook.metrics import watched
from webhook.settings import Settings
from webhook.setup import check, file_of, know_bot, know_oa
from webhook.trouble import Trouble

_GRACE_SECONDS = 10
_KEPT_ALIVE_SECONDS = 20


@contextmanager
def only_one(settings: Settings) -> Iterator[None]:
    """Hold the right to serve this database; others may talk, import or invite beside it.

    Raises Trouble where another `serve` holds it. The right ends with the process, however it
    ends.
    """
    path = file_of(settings.store_url)
    if path is None:
        yield
        return
    descriptor = os.open(f"{path}.serve", os.O_RDWR | os.O_CREAT, 0o600)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        os.close(descriptor)
        raise Trouble(f"another `ketdoan serve` is running on {path}; stop it first") from None
    try:
        yield
    finally:
        os.close(descriptor)


def serve(settings: Settings) -> None:
    """Serve until told to stop. Raises Trouble, SettingTrouble."""
    check(settings)
    with (
        only_one(settings),
        open_office(settings) as (_, opened),
        watched(settings, opened) as office,
    ):
        with office.database.read() as store:
            is_demo = store.settings.is_demo
        if settings.telegram_token:
            know_bot(office.database, settings.telegram_token)
        if settings.has_zalo:
            know_oa(office.database, settings.zalo_oa_id)
        app = create_app(settings, office, is_demo=is_demo)
        server = uvicorn.Server(
            uvicorn.Config(
                app,
                host=settings.host,
                port=settings.port,
                log_config=None,
                # An access log would hold a network address beside a token.
                access_log=False,
                server_header=False,
                loop="uvloop",
                http="httptools",
                timeout_graceful_shutdown=_GRACE_SECONDS,
                timeout_keep_alive=_KEPT_ALIVE_SECONDS,
            )
        )
        try:
            server.run()
        except SystemExit:
            raise Trouble(
                f"KETDOAN_HOST, KETDOAN_PORT: cannot listen on {settings.host}:{settings.port}",
                code=2,
            ) from None
