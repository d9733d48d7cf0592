"""`python -m control watch` on a terminal and without one, beside a sweep and after it."""

from __future__ import annotations

import re
import signal
import subprocess
from collections.abc import Callable
from io import StringIO
from pathlib import Path

import pytest
from rich.console import Console, ConsoleDimensions

from control.frontier import Member
from control.screen import View, full
from control.status import Watcher
from control.table import tabulate
from control.words import Filter
from scaling.study.store import Study
from tests.control.conftest import Observed, Said, Terminal

pytestmark = pytest.mark.xdist_group("control")

OpenTerminal = Callable[..., Terminal]
ENTER, LEAVE = "\x1b[?1049h", "\x1b[?1049l"
"""Escape sequences that enter and leave the alternate screen."""
CLEARS = ("\x1b[2J", "\x1b[J", "\x1b[3J")
SHOW_CURSOR = "\x1b[?25h"


def test_the_screen_shows_counts_and_frontier_while_a_study_runs(observed: Observed) -> None:
    frames = observed.screen.frames
    assert re.match(r"\S+/mine: 3 points, 0 completed, ", frames[0])
    assert any("2 completed, 1 running, 0 pending, 0 failed." in frame for frame in frames)
    assert any(
        re.search(r"20 +running +━+.* [1-9]\d*/20 +about \d+ s  process \d+", frame) for frame in frames
    )
    assert any("Frontier so far: " in frame and "1 running" in frame for frame in frames)
    assert not any("about -" in frame for frame in frames)


def test_it_ends_with_the_study_and_leaves_its_last_words(observed: Observed) -> None:
    assert observed.screen.process.returncode == 0
    last = observed.screen.output.partition(LEAVE)[2]
    assert "3 completed, 0 running, 0 pending, 0 failed." in last
    assert "100% of the work done, nothing runs any more" in last
    assert "Frontier so far" in last
    assert observed.screen.after == observed.screen.before


def test_it_does_not_flicker(observed: Observed) -> None:
    """Each frame is drawn over the last one, and nothing is cleared in between."""
    output, frames = observed.screen.output, observed.screen.frames
    assert (output.count(ENTER), output.count(LEAVE)) == (1, 1)
    assert not any(clear in output for clear in CLEARS)
    assert len(frames) > 5
    sizes = {(len(lines), *{len(line) for line in lines}) for lines in (each.split("\n") for each in frames)}
    assert sizes == {(30, 100)}


def test_without_a_terminal_it_prints_lines_until_the_study_ends(observed: Observed) -> None:
    lines = observed.watch.stdout.splitlines()
    assert (observed.watch.returncode, observed.watch.stderr) == (0, "")
    assert len(lines) > 2
    assert all(re.match(rf"\d\d:\d\d:\d\d {observed.path}: 3 points, \d completed, ", line) for line in lines)
    assert "3 completed" not in "".join(lines[:-1])
    assert lines[-1].endswith(
        "3 completed, 0 running, 0 pending, 0 failed. 100% of the work done, nothing runs any more"
    )


def test_f_goes_through_the_states_and_q_leaves(terminal: OpenTerminal, finished: Path) -> None:
    screen = terminal(f"watch {finished} --stay")
    screen.wait_for("10 points (all)")
    for state, count in (("running", 0), ("failed", 2), ("pending", 0), ("completed", 8)):
        since = screen.type("f")
        screen.wait_for(f"{count} points (state={state})", since=since)
        assert screen.frames[-1].count(f" {state} ") >= count
    assert len(re.findall(r"top1 \d+\.\d\d %", screen.frames[-1])) == 8
    assert screen.after != screen.before
    screen.type("q")
    assert screen.end(30) == 0
    assert screen.after == screen.before
    assert screen.output.count(LEAVE) == 1


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_an_interrupt_puts_the_terminal_back(
    terminal: OpenTerminal, many: Study, number: signal.Signals
) -> None:
    screen = terminal(f"watch {many.path}")
    screen.wait_for("48 points (all)")
    screen.process.send_signal(number)
    assert screen.end(30) == 130
    assert screen.after == screen.before
    assert screen.output.endswith(f"{SHOW_CURSOR}{LEAVE}")
    assert "Traceback" not in screen.output


def test_under_nohup_it_outlives_its_terminal(terminal: OpenTerminal, many: Study) -> None:
    before = signal.signal(signal.SIGHUP, signal.SIG_IGN)  # as nohup does; the next child inherits it
    try:
        screen = terminal(f"watch {many.path}")
    finally:
        signal.signal(signal.SIGHUP, before)
    screen.wait_for("48 points (all)")
    screen.process.send_signal(signal.SIGHUP)
    screen.type("q")
    assert screen.end(30) == 0


def test_a_table_that_is_longer_than_the_screen_is_scrolled(terminal: OpenTerminal, many: Study) -> None:
    screen = terminal(f"watch {many.path} depth=8")
    screen.wait_for("24 points (depth=8)")
    shown = _seeds(screen.frames[-1])
    assert 0 < len(shown) < 24
    since = screen.type("\x1b[6~\x1b[6~")
    screen.wait_for("24 points (depth=8)", since=since)
    assert len(_seeds(screen.frames[-1])) == len(shown)
    assert _seeds(screen.frames[-1])[-1] == ("0.5", "11")


def _seeds(frame: str) -> list[tuple[str, str]]:
    """Width and seed of the rows in a frame."""
    return re.findall(r"^\w{16} +8 +(\S+) +(\d+) ", frame, re.MULTILINE)


@pytest.mark.parametrize(("height", "num_models"), [(40, 12), (20, 8), (13, 2)])
def test_the_frontier_has_the_room_that_the_table_leaves(
    finished: Path, height: int, num_models: int
) -> None:
    glance = Watcher(Study.open(finished)).look()
    member = Member(
        data="mnist5k", flops=1e6, accuracy=90, depth=8, width=1, resolution=28, epochs=1, num_seeds=1
    )
    view = View(filter=Filter(), by=("depth",))
    table = tabulate(glance, view.filter, view.by)
    output = StringIO()
    picture, _ = full(glance, table, [member] * 12, view, ConsoleDimensions(100, height))
    Console(width=100, file=output).print(picture)
    lines = output.getvalue().splitlines()
    assert len(lines) == height
    assert sum(line.startswith("1M ") for line in map(str.strip, lines)) == num_models
    assert (f"{num_models} of them shown" in "\n".join(lines)) == (num_models < 12)


def test_once_prints_all_of_it(say: Callable[[str], Said], finished: Path) -> None:
    said = say(f"watch {finished} --once")
    assert (said.code, said.err) == (0, "")
    assert "10 points, 8 completed, 0 running, 0 pending, 2 failed." in said.out
    assert said.out.count("diverged: ") == 2
    assert "Frontier so far: " in said.out
    assert "\x1b" not in said.out


def test_a_narrow_terminal_loses_no_count_and_no_heading(terminal: OpenTerminal, finished: Path) -> None:
    screen = terminal(f"watch {finished} --once --by depth,seed", columns=60)
    assert screen.end() == 0
    lines = [line.split() for line in screen.text.splitlines()]
    assert ": 10 points, 8 completed, 0 running, 0 pending, 2 failed.\r\n" in screen.text
    assert ["points", "depth", "seed", "completed", "failed", "work", "left"] in lines
    assert ["FLOPs", "top1", "%", "depth", "width", "px", "epochs", "seeds"] in lines
    assert max(map(len, screen.text.splitlines())) <= 60


def test_once_on_a_terminal_takes_no_screen(terminal: OpenTerminal, finished: Path) -> None:
    screen = terminal(f"watch {finished} --once --state failed")
    assert screen.end() == 0
    assert ENTER not in screen.output
    assert screen.output.count("failed") > 2
    assert "Frontier so far" in screen.output


@pytest.mark.parametrize("option", ["", "--once"])
def test_a_mistake_is_said_before_the_screen_is_taken(
    terminal: OpenTerminal, finished: Path, option: str
) -> None:
    screen = terminal(f"watch {finished} dept=8 {option}")
    assert screen.end() == 2
    assert screen.output == "control: dept is not a knob of this study: did you mean depth.\r\n"


def test_a_reader_that_leaves_is_no_error(
    bash: Callable[..., subprocess.CompletedProcess[str]], finished: Path
) -> None:
    done = bash(f"set -o pipefail; python -m control status {finished} | head -n 1")
    assert (done.stdout.count("\n"), done.stderr) == (1, "")
