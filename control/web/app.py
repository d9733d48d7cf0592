"""The web app: its routes and their answers."""

from __future__ import annotations

import asyncio
import zlib
from collections.abc import AsyncGenerator, AsyncIterator, Sequence
from contextlib import aclosing, asynccontextmanager
from dataclasses import dataclass

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.middleware.gzip import GZipMiddleware
from starlette.middleware.trustedhost import TrustedHostMiddleware
from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, PlainTextResponse, Response, StreamingResponse
from starlette.routing import Route

from control.web.access import Hardened, TokenNeeded
from control.web.assets import Assets, first_page
from control.web.curves import POINTS_AT_MOST, curve_columns, read_curve
from control.web.feed import Feed, beside
from control.web.inside import Outside, end_of
from scaling.study.store import Study

LOG_BYTES = 64 * 1024
"""Longest part of a log that is sent: its end."""


@dataclass(frozen=True, kw_only=True)
class Door:
    """What requests must bring."""

    hosts: Sequence[str]
    """Host names and addresses under which the page is served."""
    token: str | None
    """Token that a browser must bring; None for none."""
    cookie: str
    """Name of the cookie that holds the token."""


def make_app(study: Study, feed: Feed, door: Door) -> Starlette:
    pages, assets = Pages(study, feed), Assets()

    @asynccontextmanager
    async def living(_: Starlette) -> AsyncIterator[None]:
        tasks = [asyncio.create_task(work) for work in (feed.follow(), feed.learn())]
        try:
            yield
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)

    token = [Middleware(TokenNeeded, door.token, door.cookie)] if door.token is not None else []
    return Starlette(
        lifespan=living,
        routes=[
            Route("/", pages.index),
            Route("/events", pages.events),
            Route("/curves", pages.curves),
            Route("/log/{point_id}", pages.log),
            Route("/static/{name}", assets.answer),
        ],
        middleware=[
            Middleware(Hardened),
            Middleware(TrustedHostMiddleware, allowed_hosts=door.hosts, www_redirect=False),
            *token,
            Middleware(GZipMiddleware, minimum_size=1000, compresslevel=6),
        ],
    )


@dataclass(frozen=True)
class Pages:
    study: Study
    feed: Feed

    async def index(self, request: Request) -> Response:
        del request
        return HTMLResponse(first_page(self.study, self.feed.news))

    async def events(self, request: Request) -> Response:
        kind = "text/event-stream"
        if request.method == "HEAD":
            return Response(media_type=kind)
        if "gzip" not in request.headers.get("accept-encoding", ""):
            return StreamingResponse(self.feed.stream(), media_type=kind)
        zipped = _zipped(self.feed.stream())
        return StreamingResponse(zipped, media_type=kind, headers={"Content-Encoding": "gzip"})

    async def curves(self, request: Request) -> Response:
        ids = [each for each in request.query_params.get("ids", "").split(",") if each]
        if len(ids) > POINTS_AT_MOST:
            raise HTTPException(400, f"{len(ids)} points are too many: ask for at most {POINTS_AT_MOST}.")
        for point_id in ids:
            await self._require(point_id)
        found = await beside(lambda: curve_columns(ids, lambda each: read_curve(self.study, each)))
        return JSONResponse(found)

    async def log(self, request: Request) -> Response:
        point_id = request.path_params["point_id"]
        await self._require(point_id)
        try:
            content = await beside(lambda: end_of(self.study, point_id, "log.txt", LOG_BYTES))
        except Outside as outside:
            raise HTTPException(403, str(outside)) from outside
        except OSError as error:
            raise HTTPException(404, f"The log of {point_id} cannot be read: {error.strerror}.") from error
        return PlainTextResponse(content.decode(errors="replace"))

    async def _require(self, point_id: str) -> None:
        """Answer 404 unless the study has this point."""
        if not self.feed.has(point_id) and point_id not in await beside(self.study.point_ids):
            raise HTTPException(404, "This study has no such point.")


async def _zipped(events: AsyncGenerator[bytes]) -> AsyncIterator[bytes]:
    """Compress each event as soon as it arrives; the gzip middleware would wait for the whole answer."""
    packer = zlib.compressobj(level=1, wbits=_GZIP)
    async with aclosing(events):
        async for each in events:
            yield packer.compress(each) + packer.flush(zlib.Z_SYNC_FLUSH)
    yield packer.flush()


_GZIP = 16 + zlib.MAX_WBITS
