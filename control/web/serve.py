"""Serving: the web page of a study, until Ctrl-C."""

from __future__ import annotations

import secrets
import signal
import socket
from collections.abc import Iterator
from contextlib import contextmanager

import uvicorn
from rich.console import Console

from control.watch import EVERY_S
from control.web.address import Address, hosts, is_local, url
from control.web.app import Door, make_app
from control.web.feed import Feed
from scaling.study.store import Study
from scaling.training.stop import handled

ENDS_WITHIN_S = 2
"""Time at Ctrl-C for requests in progress to finish."""


def serve(study: Study, address: Address, every_s: float | None, console: Console) -> None:
    """Serve the page until Ctrl-C, which raises KeyboardInterrupt; Refused where nothing can listen there."""
    with address.listen() as listening:
        token = secrets.token_urlsafe() if address.asks_token or not is_local(listening) else None
        place = url(address, listening)
        query = "" if token is None else f"?token={token}"
        words = f"{place}/{query} shows {study.path}; Ctrl-C ends it."
        console.print(words, markup=False, highlight=False, soft_wrap=True)
        feed = Feed(study, every_s or EVERY_S)
        cookie = f"study-{listening.getsockname()[1]}"
        door = Door(hosts=hosts(address, listening), token=token, cookie=cookie)
        config = uvicorn.Config(
            make_app(study, feed, door),
            log_level="error",
            access_log=False,
            server_header=False,
            proxy_headers=False,
            ws="none",
            timeout_graceful_shutdown=ENDS_WITHIN_S,
        )
        _Server(config, feed).run(sockets=[listening])
    raise KeyboardInterrupt  # nothing else ends it


class _Server(uvicorn.Server):
    """A server that closes its event streams at shutdown; it would wait for them otherwise."""

    def __init__(self, config: uvicorn.Config, feed: Feed) -> None:
        super().__init__(config)
        self._feed = feed

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Shut down also at SIGHUP, when the terminal goes away, unless nohup has it ignored."""
        with handled(self.handle_exit, signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            yield

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        self._feed.close()
        await super().shutdown(sockets)
