"""Planning through the door: the grid language, what is left out and why, and mistakes in it."""

from __future__ import annotations

import csv
import json
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from scaling.study.store import Study

Bash = Callable[..., subprocess.CompletedProcess[str]]

TINY = "width=0.125 resolution=8 data.num_train=256 data.num_val=64"

Sweep = Callable[[str], subprocess.CompletedProcess[str]]


@pytest.fixture(autouse=True)
def profiles(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A place for profiles of the test's own."""
    monkeypatch.setenv("SCALING_STUDY_PROFILES", str(tmp_path / "profiles"))


@pytest.fixture
def sweep(bash: Bash, tmp_path: Path) -> Sweep:
    """The door, with a study of the test's own."""
    return lambda line: bash(
        f"python sweep.py study.root={tmp_path}/results study.name=mine tracker=none {line}"
    )


@pytest.fixture
def plan(sweep: Sweep, tmp_path: Path) -> Callable[[str], list[dict[str, str]]]:
    """The rows of plan.csv."""

    def rows(line: str) -> list[dict[str, str]]:
        done = sweep(f"-m plan=true {line}")
        assert done.returncode == 0, done.stderr
        return list(csv.DictReader((tmp_path / "results/mine/plan.csv").read_text().splitlines()))

    return rows


Rows = Callable[[str], list[dict[str, str]]]


def _values(rows: list[dict[str, str]], *names: str) -> list[tuple[float, ...]]:
    return [tuple(float(row[name]) for name in names) for row in rows]


def _actions(rows: list[dict[str, str]]) -> list[str]:
    return [row["action"] for row in rows]


@pytest.mark.parametrize(
    ("line", "names", "values"),
    [
        ("'width={log:[0.25,1,3]}'", "width", [(0.25,), (0.5,), (1,)]),
        ("'width={log:[0.25,1,3]},3'", "width", [(0.25,), (0.5,), (1,), (3,)]),
        ("'depth={log:[8,30,3]}'", "depth", [(8,), (14,), (32,)]),
        ("zip=[8x1@14,14x0.5@28] seed=0,1", "depth width resolution seed", None),
        ("zip=8x1@14,14x0.5@28 seed=0,1", "depth width resolution seed", None),
        (
            "'zip={depth:[8,14],width:[1,0.5],resolution:[14,28]}' seed=0,1",
            "depth width resolution seed",
            None,
        ),
        ("'blocks=[{depth:[8,14]},{depth:14,width:[0.5,1]}]'", "depth width", [(8, 0.5), (14, 0.5), (14, 1)]),
        (
            "'blocks=[{zip:[8x1,14x2]},{depth:\"20,26\"}]' seed=0,1",
            "depth width seed",
            [
                *((8, 1, 0), (8, 1, 1), (14, 2, 0), (14, 2, 1)),
                *((20, 0.5, 0), (26, 0.5, 0), (20, 0.5, 1), (26, 0.5, 1)),
            ],
        ),
        ("'seed=range(1,6,2)'", "seed", [(1,), (3,), (5,)]),
        (
            "match.params=[5e4,2e5] match.solve=width depth=8,14",
            "depth budget",
            [
                *((8, 5e4), (8, 2e5), (14, 5e4), (14, 2e5)),
            ],
        ),
    ],
)
def test_the_grid_language(plan: Rows, line: str, names: str, values: list[tuple[float, ...]] | None) -> None:
    coupled = [(8, 1, 14, 0), (8, 1, 14, 1), (14, 0.5, 28, 0), (14, 0.5, 28, 1)]
    assert sorted(_values(plan(line), *names.split())) == sorted(values or coupled)


def test_the_blocks_of_a_study_share_its_axes(sweep: Sweep, tmp_path: Path) -> None:
    """Depth at width 1, width at depth 101, at 4 resolutions, short runs without label smoothing."""
    done = sweep("study=resnet_rs_epochs study.name=mine plan=json")
    assert done.returncode == 0, done.stderr
    ((study,), rows) = (json.loads(done.stdout), Path(tmp_path / "results/mine/plan.csv").read_text())
    settings = {
        (point["depth"], point["width"], point["epochs"], point["recipe.label_smoothing"])
        for point in study["points"]
    }
    shapes = [*((depth, 1) for depth in (101, 200, 300, 400)), (101, 1.5), (101, 2)]
    assert settings == {
        (*shape, epochs, 0.1 if epochs == 350 else 0) for shape in shapes for epochs in (10, 100, 350)
    }
    assert len(study["points"]) == 4 * len(settings) == len(rows.splitlines()) - 1


def test_a_plan_as_a_file_has_all_that_is_known(plan: Rows) -> None:
    rows = plan(
        "depth=8,14 recipe.label_smoothing=0,0.1 match.flops=4e6 match.solve=width match.tolerance=0.3"
    )
    assert list(rows[0])[:8] == [
        *("point", "model", "depth", "width", "resolution", "epochs", "seed"),
        "recipe.label_smoothing",
    ]
    assert list(rows[0])[-2:] == ["action", "why"]
    for row in rows:
        assert float(row["flops"]) == pytest.approx(4e6 * (1 + float(row["budget_error"])), rel=1e-2)
        assert float(row["hours"]) > 0
        assert (row["hours_from"], row["action"], row["why"]) == ("specifications", "run", "new")
    assert _values(rows, "depth", "recipe.label_smoothing") == [(8, 0), (8, 0.1), (14, 0), (14, 0.1)]


def test_what_is_not_wanted_is_dropped_with_its_reason(plan: Rows) -> None:
    rows = plan("depth=8,14 width=0.25,0.5,1 \"where='width < 1 and depth * width < 5'\"")
    assert _actions(rows) == ["run", "run", "drop", "run", "drop", "drop"]
    assert rows[2]["why"] == "width < 1 is false (width=1)"
    assert rows[4]["why"] == "depth * width < 5 is false (depth=14, width=0.5)"
    assert set(_actions(plan("depth=8,14 width=1 \"where='fits()'\""))) == {"run"}
    rows = plan("width=1,8 resolution=224 recipe.batch_size=512 \"where='fits(4e1)'\"")
    assert _actions(rows) == ["run", "drop"]


def test_a_limit_drops_points_and_says_what_that_costs(sweep: Sweep) -> None:
    line = "-m depth=8,14,20 width=0.25,0.5,1 resolution=14,28 limit.points=2 limit.memory_gb=1"
    done = sweep(f"{line} plan=true")
    assert done.returncode == 0, done.stderr
    assert "18 points, 0 done or left out, 2 to run, 16 dropped." in done.stdout
    assert "Dropped: 16 by limit.points=2; plan.csv has the reason of each." in done.stdout
    assert "At 1 epochs no pair of a deeper and a wider model is left" in done.stdout
    assert "is left with one value" in done.stdout


@pytest.mark.parametrize("how", ["--json", "plan=json"])
def test_json_alone_is_on_standard_output(sweep: Sweep, how: str) -> None:
    done = sweep(f"-m depth=8,14 limit.points=1 {how}")
    assert done.returncode == 0, done.stderr
    (study,) = json.loads(done.stdout)
    assert study["totals"]["num_points"] == 1
    assert [point["action"] for point in study["points"]] == ["run", "drop"]
    assert study["losses"]
    assert "2 points, 0 done or left out, 1 to run, 1 dropped." in done.stderr


def test_csv_alone_is_on_standard_output(sweep: Sweep, tmp_path: Path) -> None:
    done = sweep("-m depth=8,14 --csv")
    assert done.returncode == 0, done.stderr
    assert done.stdout == (tmp_path / "results/mine/plan.csv").read_text()
    assert "2 points" in done.stderr


def test_a_probe_then_a_plan(sweep: Sweep, plan: Rows) -> None:
    line = f"depth=8,14,20,26,32,38 {TINY} recipe.batch_size=16"
    assert {row["hours_from"] for row in plan(line)} == {"specifications"}
    sources = [row["hours_from"] for row in plan(f"{line} probe=true")]
    assert sorted(sources) == ["calibrated", *["measured"] * 5]
    again = sweep(f"-m {line} probe=true plan=true")
    assert "Probing 0 of the points' training steps" in again.stdout
    assert "5 measured on this device, 1 from the speed model, scaled to what was measured" in again.stdout


def test_a_second_study_trains_nothing_that_the_first_one_has(bash: Bash, tmp_path: Path) -> None:
    line = f"python sweep.py -m {TINY} depth=8,14 epochs=1,2 tracker=none study.root={tmp_path}"
    first = bash(f"{line} study.name=first")
    assert first.returncode == 0, first.stderr
    second = bash(f"{line} study.name=second 'reuse={tmp_path}/*'")
    assert second.returncode == 0, second.stderr
    assert "4 points, 4 done or left out, 0 to run" in second.stdout
    assert "4 of 4 points done, 0 failed, 0 left." in second.stdout
    assert not (tmp_path / "second/jobs").exists()
    kept = ("point", "status", "top1", "loss", "train_seconds")
    first_rows, second_rows = (
        [{name: row[name] for name in kept} for row in Study(tmp_path / name).rows()]
        for name in ("first", "second")
    )
    assert first_rows == second_rows
    for row in second_rows:
        result: dict[str, Any] = json.loads(
            (tmp_path / "second/points" / row["point"] / "result.json").read_text()
        )
        assert (row["status"], result["origin"]) == ("completed", {"study": str(tmp_path / "first")})
    report = bash(f"python -m analysis report {tmp_path}/second")
    assert report.returncode == 0, report.stderr
    assert (tmp_path / "second/report/report.html").exists()


@pytest.mark.parametrize(
    ("line", "sentence"),
    [
        ("\"where='depht < 3'\"", "where: depht is not a quantity: did you mean depth."),
        ("\"where='width > 3'\"", "where leaves none of 1 points: even the cheapest, depth=8 "),
        ("\"where='width < 1 and width > 1'\"", "is left out, as width > 1 is false (width=0.5)."),
        ("where=3", "where=3 is not a text: put it in two pairs of quotes"),
        ("match.flops=1e9", "match needs budgets of one cost and the axis to solve, such as "),
        ("match.flops=1e9 match.solve=width width=1,2", "match.solve=width: an axis that is solved cannot "),
        ("match.flops=1 match.solve=width", "the nearest, width=0.094, gives 3.456e+05 (+34556700.0%)"),
        ("match.train_flops=1e19 match.solve=epochs", "the nearest, epochs=1e+06, gives 5.601e+16 "),
        (
            "match.foo=1",
            "match.foo is not an option: known are flops, train_flops, params, solve, tolerance.",
        ),
        ("match=3", "match=3 should name what it is of: known are flops, "),
        (
            "model=efficientnet resolution=ladder match.flops=1e9 match.solve=depth",
            "match.solve=depth cannot follow resolution=ladder: give the pixels.",
        ),
        ("'blocks=[{depth:[8,14]}]' depth=20,26", "depth is set by the study's blocks and beside them: "),
        ("'blocks=[{depth:[8,14]}]' depth=20", "depth is set by the study's blocks and beside them: "),
        ("'blocks=[{zip:[8x1],depth:8}]'", "depth is set twice in a block: leave one of them out."),
        ("'blocks=[{recipe:resnet_rs}]'", "recipe as a whole is no axis of a study, a zip or a block: "),
        ("blocks=3", "blocks=3 should be a list of grids, such as [{depth:[8,14]},{depth:20}]."),
        ("blocks=[3]", "blocks=[3] should be a list of grids, "),
        ("zip=[8x1,14x1] depth=20,26", "depth is set by zip and beside it: leave one of them out."),
        ("zip=[8x1,14x1] width=2", "width is set by zip and beside it: leave one of them out."),
        ("zip=[]", "zip=[] should be models such as 50x1@160, "),
        ("'zip={model:[resnet,resnet_rs]}'", "model as a whole is no axis of a study, a zip or a block: "),
        ("limit.points=0", "limit.points=0 should be positive, or null for none."),
        ("limit.points=1.5", "limit.points=1.5 should be a whole number or null."),
        ("limit.points=true", "limit.points=True should be a whole number or null."),
        (
            "limit.foo=1",
            "limit.foo is not an option: known are device_hours, train_flops, memory_gb, points.",
        ),
        ("limit=3", "limit=3 should name what it is of: known are device_hours, "),
        ("reuse=/nowhere", "reuse=/nowhere: /nowhere is not a study: there is no study.json in it."),
    ],
)
def test_mistakes_in_a_plan_end_in_one_sentence(sweep: Sweep, line: str, sentence: str) -> None:
    _is_refused(sweep(f"-m plan=true {line}"), sentence)


ADD_M = "names several values: add -m to make a grid of them."


@pytest.mark.parametrize(
    ("line", "sentence"),
    [
        ("plan=maybe", "plan=maybe should be true, false, json or csv."),
        (
            "probe=true device.spec=a100",
            "probe=true measures the device at hand: leave device.spec=a100 out.",
        ),
        ("device.spec=a1000", "device.spec=a1000 has no specification here: did you mean a100."),
        ("data=imagenet", "data=imagenet can be planned and priced, but its images are not read yet: add "),
        ("'~plan'", "~plan leaves out what every line needs: leave that out."),
        ("'width={log:[0.25,2,5]}'", f"width {ADD_M}"),
        ("'recipe.weight_decay={log:[1e-5,1e-4,2]}'", f"recipe.weight_decay {ADD_M}"),
        ("zip=[8x1,14x1]", f"zip {ADD_M}"),
        ("'blocks=[{depth:[8,14]}]'", f"blocks {ADD_M}"),
    ],
)
def test_mistakes_in_a_launch_end_in_one_sentence(sweep: Sweep, line: str, sentence: str) -> None:
    _is_refused(sweep(line), sentence)


def _is_refused(done: subprocess.CompletedProcess[str], sentence: str) -> None:
    assert done.returncode == 2, done.stderr
    assert done.stderr.startswith("sweep.py: ")
    assert sentence in done.stderr
    assert len(done.stderr.splitlines()) == 1
    assert done.stdout == ""


def test_a_study_of_a_newer_version_is_refused(sweep: Sweep, tmp_path: Path) -> None:
    study = tmp_path / "results/mine"
    study.mkdir(parents=True)
    (study / "study.json").write_text('{"schema": 99, "task": {"data": "mnist5k", "metric": "top1"}}')
    done = sweep("plan=true")
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr == (
        f"sweep.py: {study} was written by a newer version (schema 99, this one reads up to 1): update "
        "scaling-study.\n"
    )
