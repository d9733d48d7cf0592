"""Workers: processes that decode blocks of a set, and word of how far they are. No torch."""

from __future__ import annotations

import logging
import multiprocessing
import os
import sys
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from typing import Any, TypeVar

from rich.console import Console
from rich.progress import track

log = logging.getLogger(__name__)

R = TypeVar("R")

_LINE_EVERY_S = 30.0


@contextmanager
def workers(number: int) -> Iterator[Callable[..., Iterable[Any]]]:
    """A `map` over so many processes; with fewer than two of them, here."""
    if number < 2:
        yield map
        return
    fresh = multiprocessing.get_context("spawn")  # a fork of a process with threads may hang
    with ProcessPoolExecutor(number, mp_context=fresh, initializer=die_with_parent) as pool:
        yield pool.map


def die_with_parent() -> None:
    """For a worker, which would wait for work for ever if its parent is killed."""

    def watch() -> None:
        parent = multiprocessing.parent_process()
        assert parent is not None
        parent.join()
        os._exit(1)

    threading.Thread(target=watch, daemon=True).start()


def told(done: Iterable[R], num_blocks: int, what: str) -> Iterator[R]:
    """The blocks, with a bar on a terminal and a line in the log now and then elsewhere."""
    if sys.stderr.isatty():
        yield from track(done, what, num_blocks, console=Console(stderr=True), transient=True)
        return
    told_at = time.monotonic()
    for number, block in enumerate(done, 1):
        yield block
        if time.monotonic() - told_at > _LINE_EVERY_S:
            told_at = time.monotonic()
            log.info("%s: %.0f %% decoded", what, 100 * number / num_blocks)
