"""Ask another's server once, and follow it nowhere: what is asked holds a token."""

import urllib.request
from typing import Any


class _Stays(urllib.request.HTTPRedirectHandler):
    """Goes to no other address: there the token would be somebody else's."""

    def redirect_request(self, *_: Any, **__: Any) -> None:
        """Return nothing to go on with: the redirect is an error then."""


_opener = urllib.request.build_opener(_Stays)


def ask(request: urllib.request.Request | str, seconds: float) -> Any:
    """Return the answer, to be closed. Raises HTTPError, also for a redirect, and OSError."""
    return _opener.open(request, timeout=seconds)
