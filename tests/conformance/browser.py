"""The tests' browser, which follows our redirects, keeps cookies and reads forms."""

from __future__ import annotations

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1] / "webhook"))

from browsing import Browser as _Browser


class Browser(_Browser):
    """One browser on one of our pages."""

    @property
    def text(self) -> str:
        """The page as it was sent."""
        assert self.page is not None
        return self.page.text


__all__ = ["Browser"]
