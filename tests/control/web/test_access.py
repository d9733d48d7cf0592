"""Who may see the page: hosts, tokens, methods, and the headers of every answer."""

from __future__ import annotations

import re
import socket
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from control.web.access import HEADERS
from scaling.study.store import Study
from tests.control.web.conftest import Page

pytestmark = pytest.mark.xdist_group("control")

PLACES = ["/", "/events", "/curves", "/log/0000000000000000", "/static/plotly.min.js", "/nothing"]


@pytest.fixture(scope="module")
def guarded(finished: Path) -> Iterator[Page]:
    """A page that requires a token."""
    page = Page(finished, "--port 0 --host 0.0.0.0")
    yield page
    page.close()


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "PATCH", "OPTIONS", "TRACE", "FETCH"])
@pytest.mark.parametrize("path", PLACES)
def test_it_only_shows(served: Page, method: str, path: str) -> None:
    answer = served.ask(path, method)
    assert (answer.status, answer.headers["allow"]) == (405, "GET, HEAD")


@pytest.mark.parametrize("path", PLACES)
def test_every_answer_forbids_what_the_page_does_not_need(served: Page, path: str) -> None:
    answer = served.ask(path, "HEAD")
    assert {name: answer.headers[name.lower()] for name in HEADERS} == HEADERS
    assert answer.headers["cache-control"] == "no-store"
    assert answer.body == b""
    policy = answer.headers["content-security-policy"]
    assert "default-src 'none'" in policy
    assert "script-src 'self';" in policy


@pytest.mark.parametrize(
    "host", ["evil.com", "127.0.0.1.evil.com", "localhost.evil.com:8008", "10.0.0.1", "", "a b", "[::1"]
)
def test_another_host_is_refused(served: Page, host: str) -> None:
    """As in DNS rebinding: a foreign page whose host name is made to resolve to this address."""
    for path in PLACES:
        answer = served.ask(path, Host=host)
        assert answer.status == 400
        assert b"mine" not in answer.body


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "LOCALHOST:9000", "127.0.0.1:9000", "[::1]:80"])
def test_this_machine_may_be_asked_under_any_port(served: Page, host: str) -> None:
    """As in requests through `ssh -L 9000:localhost:8008`."""
    assert served.ask("/", Host=host).status == 200


def test_without_the_token_nothing_is_shown(guarded: Page) -> None:
    assert guarded.token is not None
    assert re.fullmatch(r"[\w-]{43}", guarded.token)
    assert guarded.named == socket.gethostname()
    wrong = guarded.token[:-1] + ("A" if guarded.token[-1] != "A" else "B")
    for path in PLACES:
        for asked in (
            path,
            f"{path}?token=",
            f"{path}?token={wrong}",
            f"{path}?token=%ff%00",
            f"{path}?token",
        ):
            answer = guarded.ask(asked)
            assert answer.status == 403
            assert answer.text.startswith("This page needs its token: open the address")
            assert "set-cookie" not in answer.headers
        assert guarded.ask(path, Cookie=f"study-{guarded.port}={wrong}").status == 403
        assert guarded.ask(path, Cookie=f"another={guarded.token}").status == 403


def test_the_token_is_brought_once(guarded: Page) -> None:
    first = guarded.ask(f"/?token={guarded.token}")
    assert first.status == 200
    cookie, *flags = first.headers["set-cookie"].split("; ")
    assert cookie == f"study-{guarded.port}={guarded.token}"
    assert {"HttpOnly", "SameSite=Strict", "Path=/"} <= set(flags)
    again = guarded.ask("/", Cookie=cookie)
    assert (again.status, "set-cookie" in again.headers) == (200, False)
    assert guarded.stream(Cookie=cookie).wait_for("all")["status"]["num_points"] == 10
    assert guarded.ask("/?token=wrong", Cookie=cookie).status == 403


@pytest.mark.parametrize("host", ["evil.com", "example.org:80"])
def test_with_the_token_too_another_host_is_refused(guarded: Page, host: str) -> None:
    assert guarded.ask(f"/?token={guarded.token}", Host=host).status == 400
    assert guarded.ask(f"/?token={guarded.token}", Host=socket.gethostname()).status == 200


def test_a_token_can_be_asked_for_on_this_machine(serve: Callable[..., Page], many: Study) -> None:
    page = serve(many.path, "--port 0 --token")
    assert (page.named, page.ask("/").status) == ("127.0.0.1", 403)
    assert page.ask(f"/?token={page.token}").status == 200
