"""The shortcut: hot calls that are in order are answered before the framework looks for their route.

It is the innermost part of the edge: all that stands before every route stands before these as well. Who is refused
here gets the answer of the ordinary way, and what is not in order goes that way.
"""

from collections.abc import Mapping

from fastapi import Request
from starlette.types import ASGIApp, Receive, Scope, Send

from guibin.core.errors import Refusal
from guibin.web.problems import answer_refusal
from guibin.web.route import Shortcut


class Shortcuts:
    """Takes the calls of the routes that have a shortcut, by method and path."""

    def __init__(self, app: ASGIApp, *, shortcuts: Mapping[tuple[str, str], Shortcut]) -> None:
        self._app = app
        self._shortcuts = shortcuts

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        shortcut = self._shortcuts.get((scope["method"], scope["path"])) if scope["type"] == "http" else None
        if shortcut is None:
            await self._app(scope, receive, send)
            return
        request = Request(scope, receive)
        try:
            response = await shortcut(request)
        except Refusal as refusal:
            response = answer_refusal(request, refusal)
        await (response or self._app)(scope, receive, send)
