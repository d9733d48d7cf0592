"""The command `watch --web` from its first line to its end."""

from __future__ import annotations

import shutil
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable
from pathlib import Path

import psutil
import pytest

from control.web.address import PORT
from scaling.study.store import Study
from tests.control.conftest import Said
from tests.control.web.conftest import SOON_S, Page
from tests.launchers.conftest import ROOT

pytestmark = pytest.mark.xdist_group("control")

ALONE = "--web takes no filter, --by or --once: the page has its own filters and groups."
NO_HOST = "is not an address of this machine: give 127.0.0.1 for this machine alone, or 0.0.0.0 for all."


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_a_signal_ends_it_at_once_with_streams_open(
    serve: Callable[..., Page], finished: Path, number: signal.Signals
) -> None:
    page = serve(finished)
    streams = [page.stream() for _ in range(3)]
    for each in streams:
        each.wait_for("all")
    children = psutil.Process(page.process.pid).children(recursive=True)  # rules are being worked out
    code, output, seconds = page.end(number)
    assert (code, output) == (130, "")
    assert seconds < 10
    assert psutil.wait_procs(children, timeout=10)[1] == []


def test_it_writes_nothing_but_the_index_that_all_readers_keep(
    serve: Callable[..., Page], finished: Path, tmp_path: Path
) -> None:
    study = Study.open(shutil.copytree(finished, tmp_path / "mine"))
    before = _files(study.path)
    page = serve(study.path)
    page.stream().wait_for("learned", lambda told: told["warnings"])
    page.ask(f"/log/{study.point_ids()[0]}")
    page.end()
    assert _files(study.path) == before


def _files(path: Path) -> dict[str, tuple[int, int]]:
    found = (each for each in path.rglob("*") if each.name != "index.jsonl")
    return {str(each): (each.stat().st_mtime_ns, each.stat().st_size) for each in found if each.is_file()}


def test_a_port_that_is_taken_is_refused(say: Callable[[str], Said], many: Study) -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        said = say(f"watch {many.path} --web --port {port}")
    sentence = f"control: --port {port} is in use: give another, or leave out --port to get a free one.\n"
    assert (said.code, said.out, said.err) == (2, "", sentence)


def test_two_studies_are_watched_beside_each_other(
    serve: Callable[..., Page], many: Study, finished: Path
) -> None:
    one, other = serve(many.path, "--every 1"), serve(finished, "--every 1")
    assert PORT <= one.port < other.port
    assert one.stream().wait_for("all")["status"]["num_points"] == 48
    assert other.stream().wait_for("all")["status"]["num_points"] == 10
    one.end()
    assert serve(many.path, f"--port {one.port}").port == one.port  # at once, although streams were open


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        ("--web --once", ALONE),
        ("--web depth=8", ALONE),
        ("--web --by depth", ALONE),
        ("--port 8080", "--port is an option of the page: add --web."),
        ("--host 0.0.0.0", "--host is an option of the page: add --web."),
        ("--token", "--token is an option of the page: add --web."),
        ("--web --port 70000", "--port 70000 is not a port number: give one from 1024 to 65535."),
        ("--web --port -1", "--port -1 is not a port number: give one from 1024 to 65535."),
        ("--web --every 0", "--every 0 should be more than 0."),
        ("--web --host 192.0.2.7", f"--host 192.0.2.7 {NO_HOST}"),
        ("--web --host no.such.host.invalid", f"--host no.such.host.invalid {NO_HOST}"),
    ],
)
def test_options_that_do_not_go_together_are_refused(
    say: Callable[[str], Said], many: Study, options: str, sentence: str
) -> None:
    said = say(f"watch {many.path} {options}")
    assert (said.code, said.out, said.err) == (2, "", f"control: {sentence}\n")


def test_a_study_that_is_not_there_is_refused(say: Callable[[str], Said], tmp_path: Path) -> None:
    said = say(f"watch {tmp_path / 'none'} --web")
    assert (said.code, said.err) == (
        2,
        f"control: {tmp_path / 'none'} is not a study: there is no study.json in it.\n",
    )


def test_it_goes_on_without_its_terminal_where_nohup_says_so(many: Study, tmp_path: Path) -> None:
    said = tmp_path / "said"
    line = f"exec nohup {sys.executable} -m control watch {many.path} --web --port 0 > {said} 2>&1"
    process = subprocess.Popen(["bash", "-c", line], cwd=ROOT, stdin=subprocess.DEVNULL)
    try:
        deadline = time.monotonic() + SOON_S
        while "Ctrl-C" not in (said.read_text() if said.exists() else ""):
            assert process.poll() is None
            assert time.monotonic() < deadline
            time.sleep(0.05)
        url = said.read_text().split()[0]
        process.send_signal(signal.SIGHUP)
        time.sleep(0.5)
        with urllib.request.urlopen(url, timeout=SOON_S) as answer:
            assert answer.status == 200
    finally:
        process.send_signal(signal.SIGINT)
        assert process.wait(SOON_S) == 130
