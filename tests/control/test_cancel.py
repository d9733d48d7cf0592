"""Cancel: running points stop and keep their checkpoints, and the same line completes them bit by bit."""

from __future__ import annotations

import subprocess
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from control import cancel
from scaling.study import lease
from scaling.study.about import Task
from scaling.study.files import write_json
from scaling.study.lease import Lease
from scaling.study.point import Point
from scaling.study.result import State
from scaling.study.store import Study
from tests.control.conftest import SLOW, Observed, Said, Terminal
from tests.launchers.conftest import Sweep

pytestmark = pytest.mark.xdist_group("control")

Say = Callable[[str], Said]
Bash = Callable[..., subprocess.CompletedProcess[str]]
States = dict[str, State]


def _is_under_way(states: States) -> bool:
    return any(state.status == "running" and state.epoch >= 3 for state in states.values())


def test_a_cancelled_line_typed_again_ends_as_if_undisturbed(
    start_sweep: Callable[..., Sweep], bash: Bash, observed: Observed
) -> None:
    sweep = start_sweep(f"{SLOW} hydra.launcher.slots=1")
    sweep.wait_for(_is_under_way)
    line = _cancel(sweep, bash)
    (stopped,) = (point_id for point_id, state in sweep.states().items() if state.attempt)
    assert "checkpoint" in (sweep.states()[stopped].message or "")
    assert (sweep.study.directory(stopped) / "checkpoint.pt").exists()
    assert {state.status for state in sweep.states().values()} == {"pending"}
    assert bash(f"python -m control cancel {sweep.study.path} --yes").stdout == _nothing_runs(sweep.study)

    again = bash(line)
    assert again.returncode == 0, again.stdout + again.stderr
    assert "3 of 3 points done, 0 failed, 0 left." in again.stdout
    assert sweep.states()[stopped].attempt == 2
    assert sweep.rows() == Sweep(sweep.process, Study.open(observed.path)).rows()


def _cancel(sweep: Sweep, bash: Bash) -> str:
    """Cancel the sweep and wait for its end; return the line that is printed to resume it."""
    done = bash(f"python -m control cancel {sweep.study.path} --yes")
    assert (done.returncode, done.stderr) == (0, "")
    code, output = sweep.end()
    assert code == 130
    assert "Traceback" not in output
    assert sweep.leftovers() == []
    said = "1 point stopped, and nothing is lost. The same line resumes from their checkpoints: "
    assert done.stdout.startswith(f"{said}python sweep.py -m depth=8 ")
    return done.stdout.removeprefix(said)


def _nothing_runs(study: Study) -> str:
    return f"Nothing is running in {study.path}.\n"


def test_where_nothing_runs_nothing_is_stopped(say: Say, finished: Path, tmp_path: Path) -> None:
    for study in (Study.open(finished), Study.create(tmp_path / "new", Task("mnist5k"))):
        said = say(f"cancel {study.path}")  # without a question
        assert (said.code, said.out, said.err) == (0, _nothing_runs(study), "")


@pytest.fixture
def study(tmp_path: Path, make_point: Callable[..., Point]) -> Study:
    """A launch of one point, in a study named like rich's markup."""
    study = Study.create(tmp_path / "[bold]", Task("mnist5k"))
    study.add([make_point()])
    (study.path / "jobs" / "launch").mkdir(parents=True)
    return study


@pytest.fixture
def held(study: Study) -> Iterator[Lease]:
    """This process holds the lease of the point, which so counts as running."""
    (point_id,) = study.point_ids()
    with lease.acquire(study.directory(point_id)) or pytest.fail("the point is held") as held:
        study.note(point_id, State(status="running", attempt=1, epoch=1), held)
        yield held


def _was_told_to_stop(study: Study) -> bool:
    return (study.path / "jobs" / "launch" / "stop").exists()


@pytest.mark.usefixtures("held")
def test_it_asks_first(terminal: Callable[..., Terminal], study: Study) -> None:
    screen = terminal(f"cancel {study.path}", columns=200)
    screen.wait_for(f"Stop 1 running point of {study.path}? [y/n]")
    screen.type("n\n")
    assert screen.end() == 0
    assert not _was_told_to_stop(study)


@pytest.mark.usefixtures("held")
def test_without_a_terminal_it_wants_yes(bash: Bash, study: Study) -> None:
    done = bash(f"python -m control cancel {study.path} </dev/null")
    assert done.returncode == 2
    assert done.stderr == "control: There is no terminal to ask for confirmation: add --yes.\n"
    assert not _was_told_to_stop(study)


@pytest.mark.usefixtures("held")
def test_what_does_not_stop_is_named(say: Say, study: Study, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cancel, "STOPPED_WITHIN_S", 0.4)
    for _ in range(2):  # a second time, it says the same
        said = say(f"cancel {study.path} --yes")
        assert said.code == 1
        assert f"1 point still running after 0 s, such as {study.point_ids()[0]} in process " in said.out
        assert "a point in the foreground stops only at Ctrl-C" in said.out
        assert _was_told_to_stop(study)


def test_what_is_completed_meanwhile_was_not_stopped(say: Say, study: Study, held: Lease) -> None:
    def complete() -> None:
        while not _was_told_to_stop(study):
            time.sleep(0.05)
        write_json(study.directory(study.point_ids()[0]) / "result.json", {"metrics": {"top1": 90.0}}, held)
        held.release()

    with ThreadPoolExecutor() as worker:
        worker.submit(complete)
        said = say(f"cancel {study.path} --yes")
    assert (said.code, said.out) == (0, "0 points stopped, and nothing is lost.\n")
