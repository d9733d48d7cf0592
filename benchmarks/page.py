"""How fast the web page of a large study is, and how much of the machine it uses.

    python -m benchmarks.page --points 10000 --finished 0.9

The points are those of `benchmarks.large_study`: made by a real line, with synthetic results. The server is
the real one, in its own process; browser times are those that Chromium reports, from the start of its
navigation (`--no-browser` leaves them out). `--beside S` measures for S seconds how much CPU time the page
takes while all cores are busy, with a browser connected and rules being computed.
"""

from __future__ import annotations

import argparse
import http.client
import os
import platform
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import psutil
from rich.console import Console
from rich.table import Table

from benchmarks.large_study import NAME, ROOT, finish, line_of
from control.web.news import Reporter
from scaling.study.store import Study
from tests.browser import browser

WATCHED_S = 30.0
BURN = "while True: sum(range(10**6))"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--points", type=int, default=10_000)
    parser.add_argument("--finished", type=float, default=0.9, help="share of the points, 0.9 by default")
    parser.add_argument("--no-browser", action="store_true")
    parser.add_argument(
        "--beside", type=float, metavar="S", help="also measure for S seconds with all cores busy"
    )
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory() as root:
        path = Path(root) / NAME
        make = [sys.executable, "-m", "benchmarks.handed_over", "-m", *line_of(path, asked.points)]
        subprocess.run(make, cwd=ROOT, check=True, stdout=subprocess.DEVNULL)
        num_points = finish(Study.open(path), asked.finished)
        time.sleep(3)  # only files that have been at rest for a while are cached
        machine = (
            f"{os.cpu_count()} cores at load {os.getloadavg()[0]:.0f}, Python {platform.python_version()}"
        )
        table = Table("what", "", title=f"n={num_points:,} points, {asked.finished:.0%} finished, {machine}")
        table.columns[1].justify = "right"
        for what, number in _rows(path, asked):
            table.add_row(what, number)
    Console(width=100).print(table)


def _rows(study: Path, asked: argparse.Namespace) -> Iterator[tuple[str, str]]:
    yield from _looks(study)
    with _server(study) as (port, process):
        yield from _answers(port)
        yield from _costs(port, process)
        if not asked.no_browser:
            yield from _browser(port)
    if asked.beside:
        yield from _beside(study, asked.beside)


def _looks(study: Path) -> Iterator[tuple[str, str]]:
    """Costs of the looks, in this process and without a server."""
    reporter = Reporter(Study.open(study))
    yield "first look, without an index, CPU s", f"{_cpu_s(reporter.look):.2f}"
    yield "a look at what has not changed, CPU s", f"{min(_cpu_s(reporter.look) for _ in range(5)):.3f}"
    news = reporter.look()
    yield "building `all` from it, CPU s", f"{_cpu_s(lambda: news.all):.3f}"
    yield "`all`, bytes, and packed", f"{len(news.all):,}, {len(zlib.compress(news.all, 1)):,}"


def _answers(port: int) -> Iterator[tuple[str, str]]:
    """Response times of the server during its first look, and once more later; sizes of its answers."""
    for when in ("just started", "later"):
        yield f"time to first byte of /, {when}, s", f"{_first_byte_s(port, '/'):.3f}"
        yield f"time to `all`, {when}, s", f"{_all_s(port):.2f}"
    for path in ("/", "/static/plotly.min.js"):
        yield f"{path}, packed, bytes", f"{_size(port, path):,}"


def _costs(port: int, process: psutil.Process) -> Iterator[tuple[str, str]]:
    """Costs of a server with one stream: until the first rules are there, after that, and without it."""
    connection, response = _stream(port)
    began = time.monotonic()
    for what, mark in (("frontier", b'"frontier":[{'), ("rules", b'"heading":')):
        while mark not in response.readline():
            pass
        yield f"{what} after `all`, s", f"{time.monotonic() - began:.1f}"
    yield "computing frontier and rules, CPU s", f"{_children_s(process):.1f}"
    yield "memory of the server, MB", f"{process.memory_info().rss / 1e6:.0f}"
    for what in ("with a browser", "without a browser"):
        before = sum(process.cpu_times()[:2])
        time.sleep(WATCHED_S)
        share = (sum(process.cpu_times()[:2]) - before) / WATCHED_S
        yield f"the server {what}, share of a core", f"{share:.1%}"
        connection.close()
        response.close()  # otherwise the socket stays open


def _browser(port: int) -> Iterator[tuple[str, str]]:
    chromium = shutil.which("chromium")
    if chromium is None:
        return
    with tempfile.TemporaryDirectory() as profile, browser(chromium, Path(profile)) as page:
        for when in ("nothing kept", "plotly kept"):
            page.open(f"http://127.0.0.1:{port}/", width=1400)
            drawn = page.wait_for("performance.getEntriesByName('charts-drawn')[0]?.startTime", 120)
            paint = page.evaluate("performance.getEntriesByName('first-contentful-paint')[0].startTime")
            yield f"first contentful paint, {when}, s", f"{paint / 1000:.2f}"
            yield f"charts drawn, {when}, s", f"{drawn / 1000:.2f}"


def _beside(study: Path, seconds: float) -> Iterator[tuple[str, str]]:
    """CPU shares of a watched server and its learner while all cores are busy."""
    with _server(study) as (port, process):
        connection, response = _stream(port)
        while not response.readline().startswith(b"data: "):
            pass
        line = [sys.executable, "-c", BURN]
        others = [subprocess.Popen(line, start_new_session=True) for _ in range(os.cpu_count() or 1)]
        (learner,) = process.children()
        taken = dict.fromkeys((process, learner), 0.0)
        before = {each: sum(each.cpu_times()[:2]) for each in taken}
        end = time.monotonic() + seconds
        while time.monotonic() < end and learner.is_running() and learner.status() != psutil.STATUS_ZOMBIE:
            taken = {each: sum(each.cpu_times()[:2]) - before[each] for each in taken}
            time.sleep(0.2)
        for other in others:
            other.kill()
            other.wait()
        connection.close()
    for what, each in (("the server", process), ("computing rules", learner)):
        yield f"{what}, while each core computes, share of a core", f"{taken[each] / seconds:.1%}"


@contextmanager
def _server(study: Path) -> Iterator[tuple[int, psutil.Process]]:
    line = [sys.executable, "-m", "control", "watch", str(study), "--web", "--port", "0"]
    process = subprocess.Popen(line, cwd=ROOT, stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    with process:
        yield int(process.stdout.readline().split("/")[2].partition(":")[2]), psutil.Process(process.pid)
        process.send_signal(signal.SIGINT)


def _stream(port: int) -> tuple[http.client.HTTPConnection, http.client.HTTPResponse]:
    connection = http.client.HTTPConnection("127.0.0.1", port)
    connection.request("GET", "/events")
    return connection, connection.getresponse()


def _first_byte_s(port: int, path: str) -> float:
    began = time.perf_counter()
    connection = http.client.HTTPConnection("127.0.0.1", port)
    connection.request("GET", path)
    connection.getresponse().read(1)
    connection.close()
    return time.perf_counter() - began


def _all_s(port: int) -> float:
    began = time.perf_counter()
    connection, response = _stream(port)
    while not response.readline().startswith(b"data: "):
        pass
    connection.close()
    return time.perf_counter() - began


def _size(port: int, path: str) -> int:
    connection = http.client.HTTPConnection("127.0.0.1", port)
    connection.request("GET", path, headers={"Accept-Encoding": "gzip"})
    size = len(connection.getresponse().read())
    connection.close()
    return size


def _cpu_s(work: Callable[[], object]) -> float:
    began = time.process_time()
    work()
    return time.process_time() - began


def _children_s(process: psutil.Process) -> float:
    """CPU seconds of the child processes, once all have ended."""
    while process.children():
        time.sleep(0.1)
    times = process.cpu_times()
    return times.children_user + times.children_system


if __name__ == "__main__":
    main()
