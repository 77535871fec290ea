"""A real Chromium against a real server, with JavaScript on and off."""

import os
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, sync_playwright
from serving import Served, settle
from stores import Founded

CHROMIUM = os.environ.get("KETDOAN_CHROMIUM") or shutil.which("chromium") or "/usr/bin/chromium"
FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]


# Playwright keeps an event loop running in its thread while it is open: no longer than this
# module, or other tests of the same process could run none of their own.
@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """Chromium; without one the tests are skipped loudly, and in CI they fail."""
    if not Path(CHROMIUM).exists():
        if os.environ.get("CI"):
            pytest.fail("no Chromium in CI: .ci/run installs it")
        pytest.skip("NO CHROMIUM HERE: the pages are not tested in a browser")
    with sync_playwright() as playwright:
        opened = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        yield opened
        opened.close()


@pytest.fixture
def served(founded: Founded, tmp_path: Path) -> Iterator[Served]:
    """A server over a fresh town."""
    made = settle(founded, tmp_path / "served")
    made.start()
    yield made
    made.stop()


@pytest.fixture(params=["with JavaScript", "without JavaScript"])
def open_page(request: pytest.FixtureRequest, browser: Browser) -> Iterator[Callable[[], Page]]:
    """Open a page on a phone of its own, 360 pixels wide."""
    contexts = []

    def make() -> Page:
        context = browser.new_context(
            viewport={"width": 360, "height": 740},
            locale="vi-VN",
            java_script_enabled=request.param == "with JavaScript",
        )
        contexts.append(context)
        page = context.new_page()
        page.set_default_timeout(15_000)
        return page

    yield make
    for context in contexts:
        context.close()
