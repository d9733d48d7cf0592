"""The log of a point: which point, how many lines, and until when it is followed."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from scaling.study.store import Study
from tests.control.conftest import Observed, Said

pytestmark = pytest.mark.xdist_group("control")

Say = Callable[[str], Said]


@pytest.fixture
def diverged(finished: Path) -> str:
    """A point whose log has a traceback."""
    study = Study.open(finished)
    return next(point_id for point_id in study.point_ids() if study.state(point_id).failure == "diverged")


def _log(study: Path, point_id: str) -> str:
    return (study / "points" / point_id / "log.txt").read_text()


def test_a_point_is_named_by_its_id_or_the_start_of_it(say: Say, finished: Path, diverged: str) -> None:
    log = _log(finished, diverged)
    assert "Traceback" in log
    for start in (diverged, diverged[:9]):
        said = say(f"logs {finished} {start}")
        assert (said.code, said.out) == (0, log)


@pytest.mark.parametrize("words", ["depth=14 seed=1 {}=0.05", "depth=14,seed=1,{}=0.05", "{}=0.050 {}"])
def test_a_point_is_named_by_its_knobs(say: Say, finished: Path, words: str) -> None:
    rows = Study.open(finished).rows()
    wanted = {"depth": 14, "seed": 1, "recipe.learning_rate": 0.05}
    (point_id,) = (row["point"] for row in rows if row.items() >= wanted.items())
    said = say(f"logs {finished} {words.format('recipe.learning_rate', 'seed=1 depth=14')}")
    assert (said.code, said.out) == (0, _log(finished, point_id))
    assert f"attempt 1 of {point_id}" in said.out


def test_it_says_where_the_job_wrote(say: Say, finished: Path, diverged: str) -> None:
    launch = Study.open(finished).state(diverged).launch
    said = say(f"logs {finished} {diverged}")
    assert said.err == f"{diverged}; the output of its job is in {finished / 'jobs' / str(launch)}\n"


@pytest.mark.parametrize("number", [1, 3])
def test_the_tail_is_its_last_lines(say: Say, finished: Path, diverged: str, number: int) -> None:
    lines = _log(finished, diverged).splitlines(keepends=True)
    assert len(lines) > 3
    assert say(f"logs {finished} {diverged} --tail {number}").out == "".join(lines[-number:])


def test_a_tail_longer_than_the_log_is_all_of_it(say: Say, finished: Path, diverged: str) -> None:
    assert say(f"logs {finished} {diverged} --tail 1000").out == _log(finished, diverged)


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        ("depth=8", "5 points have depth=8: say which by seed, recipe.learning_rate."),
        ("depth=8 seed=0", "3 points have depth=8 seed=0: say which by recipe.learning_rate."),
        (
            "seed=1 recipe.learning_rate=1e30",
            "No point has seed=1 recipe.learning_rate=1e30; the nearest is ",
        ),
        ("dept=8", "dept is not a knob of this study: did you mean depth."),
        ("depth=9", "No point has depth=9: there are depth=8, 14."),
        ("xyz", "xyz is not a point of "),
        ("abc def", "abc def are several points: give one."),
        ("abc --tail 0", "--tail 0 should be more than 0."),
        ("", "the following arguments are required: POINT (see python -m control --help)"),
    ],
)
def test_what_is_no_one_point_is_refused_in_one_sentence(
    say: Say, finished: Path, words: str, sentence: str
) -> None:
    said = say(f"logs {finished} {words}")
    assert (said.code, said.out) == (2, "")
    assert said.err.startswith(f"control: {sentence}")
    assert said.err.count("\n") == 1


def test_a_start_that_several_points_share_is_refused(say: Say, many: Study) -> None:
    starts = [point_id[0] for point_id in many.point_ids()]
    start = max(starts, key=starts.count)
    said = say(f"logs {many.path} {start}")
    assert (said.code, said.out) == (2, "")
    assert f"{start} is the start of {starts.count(start)} points, such as {start}" in said.err
    assert said.err.endswith(": type more of it.\n")


def test_a_point_that_was_not_started_has_none(say: Say, many: Study) -> None:
    point_id = many.point_ids()[0]
    said = say(f"logs {many.path} {point_id}")
    assert (said.code, said.out, said.err) == (0, "", f"{point_id} has not started yet.\n")


def test_it_is_followed_until_the_point_ends(observed: Observed) -> None:
    """The command starts before the point, which takes some seconds."""
    (point_id,) = (row["point"] for row in Study.open(observed.path).rows() if row["epochs"] == 20)
    assert observed.logs.returncode == 0, observed.logs.stderr
    assert observed.logs.stdout == _log(observed.path, point_id)
    assert observed.logs.stdout.endswith("committed the result under token 1\n")


def test_one_that_has_ended_is_followed_no_longer(say: Say, finished: Path, diverged: str) -> None:
    assert say(f"logs {finished} {diverged} --follow").out == _log(finished, diverged)
