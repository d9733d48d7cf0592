"""Workers: processes that decode a data set in blocks, and their progress. No torch import."""

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
    """A `map` over `number` processes; below two, over this process."""
    if number < 2:
        yield map
        return
    fresh = multiprocessing.get_context("spawn")  # a fork of a process with threads may hang
    with ProcessPoolExecutor(number, mp_context=fresh, initializer=die_with_parent) as pool:
        yield pool.map


def die_with_parent() -> None:
    """End this worker when its parent is killed, since it would wait for work for ever."""

    def watch() -> None:
        parent = multiprocessing.parent_process()
        assert parent is not None
        parent.join()
        os._exit(1)

    threading.Thread(target=watch, daemon=True).start()


def told(done: Iterable[R], num_blocks: int, what: str) -> Iterator[R]:
    """Yield the blocks and report progress, by a bar on a terminal or else by log lines 30 s apart."""
    if sys.stderr.isatty():
        yield from track(done, what, num_blocks, console=Console(stderr=True), transient=True)
        return
    told_at = time.monotonic()
    for number, block in enumerate(done, 1):
        yield block
        if time.monotonic() - told_at > _LINE_EVERY_S:
            told_at = time.monotonic()
            log.info("%s: %.0f %% decoded", what, 100 * number / num_blocks)
