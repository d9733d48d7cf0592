"""The adaptive launch: it settles the rules with part of the grid, keeps its budget, and can be stopped."""

from __future__ import annotations

import json
import math
import re
import signal
import subprocess
from collections.abc import Callable
from itertools import product
from pathlib import Path

import numpy as np
import pytest

from scaling.errors import INTERRUPTED
from scaling.study.store import Study
from tests.launchers.conftest import Sweep

pytestmark = pytest.mark.xdist_group("control")

Bash = Callable[..., subprocess.CompletedProcess[str]]

GRID = "depth=8,14,20 width=0.25,0.5,1 resolution=8,16 epochs=1,10 seed=0,1"
"""72 points."""


def _top1(depth: int, width: float, resolution: int, epochs: int) -> float:
    """Top-1 in percent: per FLOP, width is worth more than depth at all epochs, and resolution least."""
    size = 0.5 * math.log2(depth / 8) + 2.5 * math.log2(width / 0.25) + 0.3 * math.log2(resolution / 8)
    return 60 + 1.5 * size + 4 * math.log10(epochs)


@pytest.fixture
def replayed(tmp_path: Path) -> str:
    """Options that replay the points of GRID from a planted surface."""
    generator = np.random.default_rng(0)
    lines = ["depth,width,resolution,epochs,seed,top1"]
    for cell in product((8, 14, 20), (0.25, 0.5, 1), (8, 16), (1, 10)):
        for seed in (0, 1):
            top1 = _top1(*cell) + 0.2 * generator.standard_normal()
            lines.append(",".join(map(str, (*cell, seed, round(top1, 3)))))
    (tmp_path / "surface.csv").write_text("\n".join(lines))
    return (
        f"hydra/launcher=replay hydra.launcher.table={tmp_path}/surface.csv hydra.launcher.noise_sd=0 "
        f"hydra.launcher.slots=2 study.root={tmp_path}"
    )


def _flops(study: Study, *, status: tuple[str, ...] = ("completed", "failed")) -> float:
    return sum(row["train_flops"] for row in study.rows() if row["status"] in status)


def _spent(output: str) -> float:
    return float(re.findall(r"Spent (\S+) ", output)[-1])


def _rules(bash: Bash, study: Path) -> dict[str, object]:
    done = bash(f"python -m analysis rules {study} --json")
    assert done.returncode == 0, done.stderr
    rules: dict[str, object] = json.loads(done.stdout)
    return rules


def test_it_settles_what_the_whole_grid_says_for_part_of_it(
    bash: Bash, tmp_path: Path, replayed: str
) -> None:
    done = bash(f"python sweep.py -m {GRID} {replayed} study.name=some study.adaptive=true", timeout_s=300)
    assert done.returncode == 0, done.stderr
    assert "Adaptive: the points that teach most run first, until every rule is settled." in done.stdout
    assert "Every rule is settled: " in done.stdout
    whole = bash(f"python sweep.py -m {GRID} {replayed} study.name=all")
    assert whole.returncode == 0, whole.stderr
    some, every = Study(tmp_path / "some"), Study(tmp_path / "all")
    assert _spent(done.stdout) == pytest.approx(_flops(some), rel=0.01)
    assert _flops(some) < 0.5 * _flops(every)
    settled = re.findall(r"depth or width at \d+ epochs?: (\w+)", done.stdout.split("Every rule is")[1])
    regimes = _rules(bash, every.path)["regimes"]
    assert settled == [regime["prefer"] for regime in regimes]  # type: ignore[attr-defined]

    again = bash(f"python sweep.py -m {GRID} {replayed} study.name=some study.adaptive=true")
    assert "Every rule is settled: " in again.stdout
    assert "Round 1." not in again.stdout


def test_no_bill_is_larger_than_the_budget_and_more_of_it_goes_on(
    bash: Bash, tmp_path: Path, replayed: str
) -> None:
    line = f"python sweep.py -m {GRID} {replayed} study.name=some study.adaptive=true study.budget"
    plan = bash(f"{line}=1e11 plan=true")
    assert plan.returncode == 0, plan.stderr
    assert "Spent 0 of 1e11 train FLOPs, 0.0% of the whole grid's" in plan.stdout
    assert "Round 1. Open: " in plan.stdout
    study = Study(tmp_path / "some")
    assert study.point_ids() == []
    cheapest = 1.0001 * min(row["train_flops"] for row in _planned(tmp_path / "some"))
    for budget in (8 * cheapest, 20 * cheapest):
        done = bash(f"{line}={budget:.6g}")
        assert done.returncode == 0, done.stderr
        assert 0.2 * budget < _flops(study) <= budget
        assert f"train FLOPs, {_flops(study) / _whole(study):.1%} of the whole grid's" in done.stdout
    assert len(study.point_ids()) == 72
    assert "to be run again" not in bash(f"python -m control status {study.path}").stdout


def _planned(study: Path) -> list[dict[str, float]]:
    header, *lines = (study / "plan.csv").read_text().splitlines()
    place = header.split(",").index("train_flops")
    return [{"train_flops": float(line.split(",")[place])} for line in lines]


def _whole(study: Study) -> float:
    return sum(row["train_flops"] for row in study.rows())


def test_stopped_at_some_moment_and_typed_again_it_ends_as_if_undisturbed(
    start_sweep: Callable[..., Sweep], replayed: str, bash: Bash, tmp_path: Path
) -> None:
    line = f"{GRID} {replayed} study.adaptive=true study.budget=2e10"
    whole = bash(f"python sweep.py -m {line} study.name=undisturbed")
    assert whole.returncode == 0, whole.stderr
    for number in (signal.SIGINT, signal.SIGKILL):
        name = f"stopped_{number.name}"
        sweep = start_sweep(f"{line}", name=name)
        sweep.wait_for(lambda states: sum(each.status == "completed" for each in states.values()) >= 5)
        code, output = sweep.end(number)
        assert code == (INTERRUPTED if number is signal.SIGINT else -9), output
        again = bash(f"python sweep.py -m {line} study.name={name}")
        assert again.returncode == 0, again.stderr
        assert _done(sweep.study) == _done(Study(tmp_path / "undisturbed"))


def _done(study: Study) -> dict[str, float]:
    return {row["point"]: row["top1"] for row in study.rows() if row["status"] == "completed"}


def test_real_points_are_trained_in_rounds_and_failed_ones_count_as_spent(bash: Bash, tmp_path: Path) -> None:
    """Half of the grid diverges in its first steps."""
    line = (
        "python sweep.py -m depth=8,14,20 width=0.125,0.25,0.5 resolution=8 'seed=range(2)' "
        "recipe.learning_rate=0.1,1e30 "
        f"data.num_train=256 data.num_val=64 tracker=none study.root={tmp_path} study.name=mine "
        "study.adaptive=true study.budget"
    )
    done = bash(f"{line}=8e8", timeout_s=300)
    assert done.returncode == 0, done.stderr
    study = Study(tmp_path / "mine")
    states = [row["status"] for row in study.rows()]
    assert states.count("completed") >= 1
    assert states.count("failed") >= 1
    assert _flops(study) <= 8e8
    assert _spent(done.stdout) == pytest.approx(_flops(study), rel=0.01)
    for failed in (row["message"] for row in study.rows() if row["status"] == "failed"):
        assert "diverged" in failed
    assert done.stdout.count("  failed depth=") == states.count("failed")

    failed = [row["point"] for row in study.rows() if row["status"] == "failed"]
    assert bash(f"python -m control retry {study.path} --mark --yes").returncode == 0
    again = bash(f"{line}=8e8", timeout_s=300)
    assert again.returncode == 0, again.stderr
    assert {study.noted(point_id).attempt for point_id in failed} == {2}
    assert _flops(study) <= 8e8


def test_it_stops_when_the_first_points_all_fail_alike(bash: Bash, tmp_path: Path) -> None:
    (tmp_path / "timm.py").write_text("raise RuntimeError('this timm is broken')\n")
    line = (
        "python sweep.py -m depth=8,14,20 width=0.125,0.25 resolution=8 seed=0,1 data.num_train=256 "
        f"data.num_val=64 tracker=none study.root={tmp_path} study.name=mine study.adaptive=true"
    )
    done = bash(line, PYTHONPATH=f"{tmp_path}:{Path(__file__).parents[2]}", timeout_s=300)
    assert done.returncode == 2, done.stdout
    assert re.search(r"the first \d points to end all failed alike \(RuntimeError: this timm", done.stderr)
    assert len([row for row in Study(tmp_path / "mine").rows() if row["status"] == "failed"]) <= 4


def test_of_a_flat_surface_it_says_that_nothing_differs(bash: Bash, tmp_path: Path, replayed: str) -> None:
    lines = [f"{depth},{width},8,1,70" for depth, width in product((8, 14, 20), (0.25, 0.5, 1))]
    (tmp_path / "surface.csv").write_text("\n".join(["depth,width,resolution,epochs,top1", *lines]))
    done = bash(
        "python sweep.py -m depth=8,14,20 width=0.25,0.5,1 resolution=8 epochs=1 seed=0,1,2 tracker=none "
        f"{replayed} study.name=flat study.adaptive=true",
        timeout_s=300,
    )
    assert done.returncode == 0, done.stderr
    assert "Nothing differs beyond the noise of the runs" in done.stdout


def test_what_it_leaves_untrained_is_not_said_to_be_running(
    bash: Bash, tmp_path: Path, replayed: str
) -> None:
    line = f"python sweep.py -m {GRID} {replayed} tracker=none study.name=some study.adaptive=true"
    done = bash(f"{line} study.budget=1e10 stop.dominated=true", timeout_s=300)
    assert done.returncode == 0, done.stderr
    assert len(Study(tmp_path / "some").rows()) > 0
    assert "to go on stopping dominated ones" not in done.stdout


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (
            "-m study.adaptive=true study.budget=1",
            "study.budget=1 is below the cheapest point that would teach",
        ),
        ("-m study.budget=1e9", "study.budget=1000000000.0 needs study.adaptive=true"),
        ("-m study.adaptive=true study.budget=-1", "study.budget=-1 should be above 0"),
        ("-m study.adaptive=true study.budget=much", "study.budget=much should be a number"),
        ("-m study.smallest=0.2", "study.smallest=0.2 needs study.adaptive=true"),
        ("-m study.adaptive=true study.smallest=-1", "study.smallest=-1 should be a number of points"),
        ("-m study.adaptive=much", "study.adaptive=much should be true or false"),
        ("-m study.adaptive=true \"only=['ab']\"", "only names the points to train, and study.adaptive=true"),
        ("-m study.adaptive=true data=mnist5k,fashion_mnist", "steers one study, and this line has"),
        ("depth=8 study.adaptive=true", "study.adaptive chooses among the points of a grid: add -m"),
        ("-m study.adaptive=true depth=8 width=0.5", "depth, width or resolution could be compared"),
        ("-m study.adaptive=true seed=0", "this grid would decide no rule; give it more values"),
        ("-m study.adapt=true", "study.adapt is not an option: did you mean adaptive"),
    ],
)
def test_what_it_cannot_do_is_said_in_a_sentence(
    bash: Bash, tmp_path: Path, words: str, sentence: str
) -> None:
    grid = "depth=8,14,20 width=0.25,0.5 resolution=8,16 seed=0,1" if words.startswith("-m") else ""
    named = {word.partition("=")[0] for word in words.split()}
    kept = " ".join(word for word in grid.split() if word.partition("=")[0] not in named)
    done = bash(f"python sweep.py {words} {kept} tracker=none study.root={tmp_path}")
    assert done.returncode == 2, done.stdout
    assert sentence in done.stderr
    assert done.stderr.count("\n") == 1
