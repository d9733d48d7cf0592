"""Access: who may see the page, and what browsers are allowed to do with it."""

from __future__ import annotations

from collections.abc import Sequence
from secrets import compare_digest
from urllib.parse import parse_qs

from starlette.datastructures import MutableHeaders
from starlette.requests import HTTPConnection
from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

METHODS = ("GET", "HEAD")
HEADERS = {
    "Content-Security-Policy": (
        "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; "
        "img-src 'self' data: blob:; connect-src 'self'; base-uri 'none'; form-action 'none'; "
        "frame-ancestors 'none'"
    ),  # plotly sets inline styles
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Resource-Policy": "same-origin",
}
LIVES_S = 30 * 24 * 3600
"""Lifetime of the cookie; its token changes at every start of the server."""


class Hardened:
    """Middleware that answers only GET and HEAD, and adds headers that forbid what the page does not need."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return

        async def hardened(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                headers.update(HEADERS)
                headers.setdefault("Cache-Control", "no-store")
            await send(message)

        if scope["method"] not in METHODS:
            refusal = PlainTextResponse(
                "This page is read-only: it answers GET and HEAD.\n", 405, {"Allow": ", ".join(METHODS)}
            )
            await refusal(scope, receive, hardened)
        else:
            await self._app(scope, receive, hardened)


class TokenNeeded:
    """Middleware that requires the token: first as ?token=…, which sets a cookie, and then as that cookie."""

    def __init__(self, app: ASGIApp, token: str, cookie: str) -> None:
        self._app = app
        self._token = token
        self._cookie = cookie

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        asked = parse_qs(scope["query_string"].decode("latin-1")).get("token", [])
        if self._is_right(asked):
            await self._app(scope, receive, self._keeping(send))
        elif not asked and self._is_right([HTTPConnection(scope).cookies.get(self._cookie, "")]):
            await self._app(scope, receive, send)
        else:
            sentence = "This page needs its token: open the address that `control watch --web` printed.\n"
            await PlainTextResponse(sentence, 403)(scope, receive, send)

    def _is_right(self, tokens: Sequence[str]) -> bool:
        return any(compare_digest(each.encode(), self._token.encode()) for each in tokens)

    def _keeping(self, send: Send) -> Send:
        cookie = f"{self._cookie}={self._token}; Max-Age={LIVES_S}; Path=/; HttpOnly; SameSite=Strict"

        async def keep(message: Message) -> None:
            if message["type"] == "http.response.start":
                MutableHeaders(scope=message).append("Set-Cookie", cookie)
            await send(message)

        return keep
