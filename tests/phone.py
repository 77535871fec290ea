"""What a person does with a phone: tap, type, read."""

from __future__ import annotations

import re
from urllib.parse import urljoin

from playwright.sync_api import Page, expect


class Phone:
    """One person's browser; it counts what she taps, types and submits."""

    def __init__(self, page: Page) -> None:
        self.page = page
        self.steps = 0

    def scan(self, address: str) -> None:
        """Open the page behind a QR code: not yet a step."""
        self.page.goto(address)

    def start(self) -> None:
        """Tap the door of the web chat on the landing page."""
        self.steps += 1
        self.page.get_by_role("button", name="Nhắn tại đây").click()
        expect(self.page.locator(".log")).to_be_visible()

    def tap(self, label: str) -> None:
        """Tap the newest button with these words, and wait for an answer."""
        self.steps += 1
        before = self.bubbles
        self.page.locator(
            ".log button", has_text=re.compile(f"^(\\d+\\s*)?\\W*{re.escape(label)}$")
        ).last.click()
        self._answered(before)

    def say(self, text: str) -> None:
        """Type a line and send it."""
        self.steps += 1
        before = self.bubbles
        self.page.locator("textarea[name=text]").fill(text)
        self.page.locator("form[data-say] button").click()
        self._answered(before)

    @property
    def bubbles(self) -> int:
        """How many messages of the bot there are."""
        return self.page.locator(".log li.us").count()

    def _answered(self, before: int) -> None:
        expect(self.page.locator(".log li.us").nth(before)).to_be_attached()
        expect(self.page.locator("main")).not_to_have_attribute("aria-busy", "true")

    @property
    def last(self) -> str:
        """The newest message of the bot."""
        return self.page.locator(".log li.us").last.inner_text()

    @property
    def text(self) -> str:
        """Everything on the page."""
        return self.page.locator("main").inner_text()

    @property
    def link(self) -> str:
        """The address of the newest one-time link in the chat."""
        found = self.page.locator(".log a.button").last.get_attribute("href") or ""
        return urljoin(self.page.url, found)

    def reload(self) -> None:
        """Load the page anew."""
        self.page.goto(re.match(r"https?://[^/]+", self.page.url)[0] + "/chat")  # type: ignore[index]
