"""Assets: the static files of the page, and plotly's script."""

from __future__ import annotations

import gzip
import hashlib
import importlib.util
import mimetypes
import time
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache, cached_property
from pathlib import Path

import jinja2
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

from control.web.feed import beside
from control.web.news import News, place_of
from scaling.study.store import Study

HERE = Path(__file__).parent
PLOTLY = "plotly.min.js"
_FOR_GOOD = "private, max-age=31536000, immutable"


@dataclass(frozen=True)
class Asset:
    path: Path

    @cached_property
    def content(self) -> bytes:
        return self.path.read_bytes()

    @cached_property
    def gzipped(self) -> bytes:
        return gzip.compress(self.content, 6, mtime=0)

    @cached_property
    def version(self) -> str:
        return hashlib.sha256(self.content).hexdigest()[:12]

    @property
    def kind(self) -> str:
        return mimetypes.guess_type(self.path.name)[0] or "application/octet-stream"


class Assets:
    """Answers /static/NAME; with the right ?v=VERSION, a browser may cache the file for good."""

    async def answer(self, request: Request) -> Response:
        asset = assets().get(request.path_params["name"])
        if asset is None:
            raise HTTPException(404, "There is no such file.")
        is_asked_for = request.query_params.get("v") == asset.version
        headers = {"Cache-Control": _FOR_GOOD if is_asked_for else "no-store", "Vary": "Accept-Encoding"}
        if "gzip" not in request.headers.get("accept-encoding", ""):
            return Response(asset.content, media_type=asset.kind, headers=headers)
        headers["Content-Encoding"] = "gzip"
        return Response(await beside(lambda: asset.gzipped), media_type=asset.kind, headers=headers)


@cache
def assets() -> Mapping[str, Asset]:
    """All assets by name."""
    own = {path.name: Asset(path) for path in (HERE / "static").iterdir() if path.is_file()}
    return own | {PLOTLY: Asset(_plotly())}


def first_page(study: Study, news: News | None) -> str:
    """index.html, filled in with what is known already."""
    status = None if news is None else news.status
    return _template().render(place_of(study), status=status, now=time.time(), asset=_address)


def _address(name: str) -> str:
    return f"/static/{name}?v={assets()[name].version}"


@cache
def _template() -> jinja2.Template:
    loader = jinja2.FileSystemLoader(HERE / "templates")
    environment = jinja2.Environment(loader=loader, autoescape=True, trim_blocks=True, lstrip_blocks=True)
    return environment.get_template("index.html.j2")


def _plotly() -> Path:
    """Path of plotly's script, found without importing plotly, which is slow."""
    spec = importlib.util.find_spec("plotly")
    assert spec is not None
    assert spec.origin is not None
    return Path(spec.origin).parent / "package_data" / PLOTLY
