"""Retry of failed points: really run again, or only marked, without touching anything else."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from control.retry import MARK
from scaling.quantity import counted
from scaling.study import lease
from scaling.study.result import Failure, State
from scaling.study.store import Study
from tests.control.conftest import FAST, Said, Terminal

pytestmark = pytest.mark.xdist_group("control")

Say = Callable[[str], Said]
Bash = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture
def study(finished: Path, tmp_path: Path) -> Study:
    """A copy of `finished` that tests may change, named like rich's markup."""
    return Study.open(shutil.copytree(finished, tmp_path / "[bold]"))


@pytest.fixture
def broken(tmp_path: Path) -> str:
    """A directory for PYTHONPATH that breaks the building of networks."""
    (tmp_path / "broken").mkdir()
    (tmp_path / "broken" / "timm.py").write_text("raise RuntimeError('this timm is broken')\n")
    return str(tmp_path / "broken")


def _by_status(study: Study, status: str) -> list[str]:
    return [point_id for point_id in study.point_ids() if study.state(point_id).status == status]


def _files(study: Study, point_ids: list[str]) -> dict[Path, tuple[bytes, int]]:
    """Contents and modification times of the files of points."""
    files = [file for point_id in point_ids for file in study.directory(point_id).iterdir()]
    return {file: (file.read_bytes(), file.stat().st_mtime_ns) for file in files}


def test_what_failed_is_run_again_and_nothing_else(bash: Bash, tmp_path: Path, broken: str) -> None:
    """Both points fail by a broken installation; once repaired, one completes and one diverges."""
    varied = "epochs=1 recipe.learning_rate=0.1,1e30 hydra.launcher.slots=1"
    line = f"python sweep.py -m depth=8 {FAST} {varied} study.root={tmp_path} study.name=mine"
    bash(line, PYTHONPATH=broken)
    study = Study.open(tmp_path / "mine")
    assert [study.state(each).failure for each in study.point_ids()] == ["code_error"] * 2

    done = bash(f"python -m control retry {study.path} --failure code_error --yes")
    assert done.returncode == 0, done.stderr
    assert f"To be run again in {study.path}: 2 points (2 code_error)." in done.stdout
    assert f"> {line}\n" in done.stdout
    (completed,), (failed,) = _by_status(study, "completed"), _by_status(study, "failed")
    assert (study.state(failed).failure, study.state(failed).attempt) == ("diverged", 2)

    files = _files(study, [completed])
    done = bash(f"python -m control retry {study.path} --yes")
    assert "1 point (1 diverged)." in done.stdout
    assert (study.state(failed).failure, study.state(failed).attempt) == ("diverged", 3)
    assert _files(study, [completed]) == files
    assert (study.directory(failed) / "log.txt").read_text().count("Traceback") >= 3


def test_marked_points_wait_for_their_line(say: Say, study: Study) -> None:
    failed, completed = _by_status(study, "failed"), _by_status(study, "completed")
    files, launches = _files(study, completed), list((study.path / "jobs").iterdir())
    said = say(f"retry {study.path} --mark --yes")
    assert (said.code, said.err) == (0, "")
    assert "Marked 2 points to be run again, by typing: python sweep.py -m depth=8,14" in said.out
    assert _by_status(study, "pending") == failed
    for point_id in failed:
        assert study.state(point_id) == State(failure="diverged", message=MARK, attempt=1)
        assert not (study.directory(point_id) / "metrics.jsonl").exists()  # otherwise it would diverge again
    assert _files(study, completed) == files
    assert list((study.path / "jobs").iterdir()) == launches


def test_a_point_goes_on_from_its_checkpoint_unless_it_diverged(say: Say, study: Study) -> None:
    point_id = _by_status(study, "failed")[0]
    cases: list[tuple[Failure, bool]] = [("killed", True), ("diverged", False)]
    for failure, is_kept in cases:
        study.note(point_id, State(status="failed", failure=failure, attempt=1, epoch=1))
        checkpoint = study.directory(point_id) / "checkpoint.pt"
        checkpoint.touch()
        say(f"retry {study.path} {point_id} --mark --yes")
        assert checkpoint.exists() == is_kept
        assert study.state(point_id).epoch == int(is_kept)


def _named(study: Study, words: str) -> str:
    """The words, with the id of the first failed point for {}."""
    return words.format(_by_status(study, "failed")[0])


@pytest.mark.parametrize(
    ("words", "count"),
    [
        ("--failure diverged", 2),
        ("--failure diverged,killed depth=14", 1),
        ("depth=8", 1),
        ("recipe.learning_rate=1e30", 2),
        ("{}", 1),
        ("{} depth=8,14", 2),
    ],
)
def test_only_wanted_points_are_marked(say: Say, study: Study, words: str, count: int) -> None:
    said = say(f"retry {study.path} {_named(study, words)} --mark --yes")
    assert said.code == 0
    assert f"Marked {counted(count, 'point')} to be run again" in said.out
    assert len(_by_status(study, "pending")) == count


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        ("--failure killed", "no point has failed by killed (8 completed, 0 running, 0 pending, 2 failed)."),
        ("--failure killed,timeout", "no point has failed by killed or timeout (8 completed"),
        ("seed=1", "no point of those with seed=1 has failed (8 completed"),
        ("{} --failure killed", "has failed by killed (8 completed"),
    ],
)
def test_there_may_be_nothing_to_retry(say: Say, study: Study, words: str, sentence: str) -> None:
    said = say(f"retry {study.path} {_named(study, words)} --yes")
    assert (said.code, said.err) == (0, "")
    assert said.out.startswith("Nothing to retry: no point ")
    assert sentence in said.out
    assert said.out.count("\n") == 1
    assert _by_status(study, "pending") == []


def test_a_point_that_somebody_holds_is_left_to_them(say: Say, study: Study) -> None:
    one, other = _by_status(study, "failed")
    with lease.acquire(study.directory(one)) or pytest.fail("the point is held"):
        assert "Marked 1 point" in say(f"retry {study.path} --mark --yes").out
    assert study.noted(one).status == "failed"
    assert study.noted(other).message == MARK


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        ("--failure diverge", "--failure diverge is not known: did you mean diverged."),
        ("dept=8", "dept is not a knob of this study: did you mean depth."),
        ("depth=9", "No point has depth=9: there are depth=8, 14."),
        ("xyz", "xyz is not a point of "),
    ],
)
def test_a_mistake_changes_nothing(say: Say, study: Study, words: str, sentence: str) -> None:
    files = _files(study, study.point_ids())
    said = say(f"retry {study.path} {words} --yes")
    assert (said.code, said.out) == (2, "")
    assert said.err.startswith(f"control: {sentence}")
    assert said.err.count("\n") == 1
    assert _files(study, study.point_ids()) == files


def test_without_a_terminal_it_wants_yes(bash: Bash, study: Study) -> None:
    files = _files(study, study.point_ids())
    done = bash(f"python -m control retry {study.path} </dev/null")
    assert done.returncode == 2
    assert done.stderr == "control: There is no terminal to ask for confirmation: add --yes.\n"
    assert _files(study, study.point_ids()) == files


def test_it_asks_first(terminal: Callable[..., Terminal], study: Study) -> None:
    for answer, num_marked in (("n", 0), ("y", 2)):
        screen = terminal(f"retry {study.path} --mark", columns=200)
        screen.wait_for(f"To be run again in {study.path}: 2 points (2 diverged).")
        screen.wait_for("Mark them? [y/n]")
        screen.type(f"{answer}\n")
        assert screen.end() == 0
        assert len(_by_status(study, "pending")) == num_marked
