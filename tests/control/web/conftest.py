"""The page: the real server, started from the command line, and its answers over real HTTP."""

from __future__ import annotations

import http.client
import json
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tests.launchers.conftest import ROOT

SOON_S = 60.0
"""Longest wait in a test, enough even on a busy machine."""


@dataclass(frozen=True)
class Answer:
    status: int
    headers: Mapping[str, str]
    """Headers by name in lower case."""
    body: bytes

    @property
    def text(self) -> str:
        return self.body.decode()

    @property
    def json(self) -> Any:
        return json.loads(self.body)


class Stream:
    """An open event stream, as a browser has it."""

    def __init__(self, page: Page, headers: Mapping[str, str]) -> None:
        self._connection = http.client.HTTPConnection(page.host, page.port, timeout=SOON_S)
        self._connection.request("GET", "/events", headers=dict(headers))
        self.response = self._connection.getresponse()
        assert self.response.status == 200
        assert self.response.headers["Content-Type"].startswith("text/event-stream")

    def next(self) -> tuple[str, Any]:
        """Name and data of the next event; fails if none comes within SOON_S."""
        name, deadline = "", time.monotonic() + SOON_S
        while time.monotonic() < deadline:
            line = self.response.readline().decode().rstrip("\n")
            key, _, value = line.partition(": ")
            if key == "event":
                name = value
            elif key == "data":
                return name, json.loads(value)
            elif self.response.isclosed():
                break
        pytest.fail(f"no event within {SOON_S} s")

    def wait_for(self, name: str, having: Callable[[Any], bool] = lambda _: True) -> Any:
        """Data of the next event of this name that satisfies `having`; fails if none comes soon."""
        deadline = time.monotonic() + SOON_S
        while time.monotonic() < deadline:
            found, data = self.next()
            if found == name and having(data):
                return data
        pytest.fail(f"no {name} within {SOON_S} s")

    def close(self) -> None:
        self._connection.close()


class Page:
    """A running `python -m control watch STUDY --web`."""

    def __init__(self, study: Path, options: str = "", *, cwd: Path = ROOT) -> None:
        words = ["watch", str(study), "--web", *(options or "--port 0").split()]
        self.process = subprocess.Popen(
            [sys.executable, "-m", "control", *words],
            cwd=cwd,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            env={name: value for name, value in os.environ.items() if name != "COLUMNS"},
            text=True,
        )
        assert self.process.stdout is not None
        self.said = self.process.stdout.readline()
        found = re.match(r"http://(\S+?):(\d+)/(\?token=(\S+))? shows ", self.said)
        assert found, self.said + self.process.communicate()[0]
        self.named, self.port, self.token = found[1], int(found[2]), found[4]
        self.host = "127.0.0.1"
        self._streams: list[Stream] = []

    @property
    def url(self) -> str:
        """The address for a browser, with the token if there is one."""
        return f"http://{self.host}:{self.port}/" + (f"?token={self.token}" if self.token else "")

    def ask(self, path: str, method: str = "GET", **headers: str) -> Answer:
        """Request exactly this path; `headers` such as `Host` are sent by name."""
        connection = http.client.HTTPConnection(self.host, self.port, timeout=SOON_S)
        connection.request(
            method, path, headers={name.replace("_", "-"): each for name, each in headers.items()}
        )
        response = connection.getresponse()
        found = {name.lower(): value for name, value in response.getheaders()}
        answer = Answer(response.status, found, response.read())
        connection.close()
        return answer

    def stream(self, **headers: str) -> Stream:
        self._streams.append(Stream(self, headers))
        return self._streams[-1]

    def end(self, number: signal.Signals = signal.SIGINT) -> tuple[int, str, float]:
        """Send the signal; return the exit code, the output after the first line, and seconds to the end."""
        began = time.monotonic()
        self.process.send_signal(number)
        output, _ = self.process.communicate(timeout=SOON_S)
        return self.process.returncode, output, time.monotonic() - began

    def close(self) -> None:
        for each in self._streams:
            each.close()
        if self.process.poll() is None:
            self.end()
        assert self.process.stdout is not None
        self.process.stdout.close()


@pytest.fixture
def serve() -> Iterator[Callable[..., Page]]:
    """Serve a study, with other options in place of `--port 0`."""
    pages: list[Page] = []

    def run(study: Path, options: str = "", **more: Any) -> Page:
        pages.append(Page(study, options, **more))
        return pages[-1]

    yield run
    for each in pages:
        each.close()


@pytest.fixture(scope="session")
def served(finished: Path) -> Iterator[Page]:
    """The page of a finished study, shared by tests that only read it."""
    page = Page(finished)
    yield page
    page.close()
