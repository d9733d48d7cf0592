"""The syntax of grids and the plan, as typed: through bash, with quotes."""

from __future__ import annotations

import csv
import json
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

Bash = Callable[..., subprocess.CompletedProcess[str]]
Row = dict[str, str]

TINY = "width=0.125 resolution=8 data.num_train=256 data.num_val=64 tracker=none"


def _planned(bash: Bash, root: Path, line: str) -> list[Row]:
    done = bash(f"python sweep.py -m {line} plan=true study.root={root} study.name=mine")
    assert done.returncode == 0, done.stderr
    return list(csv.DictReader((root / "mine/plan.csv").read_text().splitlines()))


@pytest.mark.parametrize(
    ("line", "name", "values"),
    [
        ("'width={log:[0.25,2,4]}'", "width", ["0.25", "0.5", "1.0", "2.0"]),
        ("'width=0.125,{log:[0.25,1,3]}'", "width", ["0.125", "0.25", "0.5", "1.0"]),
        ("'depth={log:[8,110,4]}'", "depth", ["8", "20", "44", "110"]),
        ("'epochs={log:[1,3,9]}'", "epochs", ["1", "2", "3"]),
        ("'seed=range(3)'", "seed", ["0", "1", "2"]),
        ("'zip=[8x1@14,14x0.5@28]'", "resolution", ["14", "28"]),
        ("zip=8x1@14:2,14x0.5@28:4", "epochs", ["2", "4"]),
        ("'zip={depth:[8,14],recipe.weight_decay:[1e-4,5e-4]}'", "recipe.weight_decay", ["0.0001", "0.0005"]),
        ("'blocks=[{depth:[8,14],width:1},{depth:20,width:[0.25,0.5]}]'", "depth", ["8", "14", "20", "20"]),
        ("\"blocks=[{depth:8,seed:'range(2)'},{zip:[14x1@14]}]\"", "seed", ["0", "1", "0"]),
        ("'blocks=[{zip:[8x1,14x2]},{depth:\"20,26\"}]'", "depth", ["8", "14", "20", "26"]),
        ("'blocks=[{depth:[8,14]},{depth:[14,20]}]'", "depth", ["8", "14", "20"]),
        (
            "'blocks=[{model:resnet_small,depth:[8,14]},{model:resnet,depth:14,resolution:32}]'",
            "model",
            ["resnet_small", "resnet_small", "resnet"],
        ),
        ("recipe.batch_size='{log:[32,128,3]}'", "recipe.batch_size", ["32", "64", "128"]),
        ("match.train_flops=1e19 match.tolerance=1 match.solve=epochs", "epochs", ["1000000"]),
        ("'~match.tolerance' '~device.name'", "depth", ["8"]),
        ("recipe.batch_size=32,64", "recipe.batch_size", ["32", "64"]),
        ("width=0.5,0.5,0.50", "width", ["0.5"]),
        ("study=quickstart 'zip=[8x1@14,14x0.5@28]' seed=0 epochs=1", "width", ["1.0", "0.5"]),
    ],
)
def test_the_values_of_an_axis(bash: Bash, tmp_path: Path, line: str, name: str, values: list[str]) -> None:
    assert [row[name] for row in _planned(bash, tmp_path, line)] == values


def test_what_is_not_wanted_is_dropped_with_its_reason(bash: Bash, tmp_path: Path) -> None:
    line = "depth=8,14,20 width=0.25,0.5 \"where='flops < 5e6 and fits(80)'\""
    dropped = [row for row in _planned(bash, tmp_path, line) if row["action"] == "drop"]
    assert [(row["depth"], row["width"]) for row in dropped] == [("8", "0.5"), ("14", "0.5"), ("20", "0.5")]
    assert all(row["why"].startswith("flops < 5e6 is false (flops=") for row in dropped)


def test_a_matched_grid_records_its_rounding_error(bash: Bash, tmp_path: Path) -> None:
    line = "depth=8,14 'match.flops=[2e7,8e7]' match.solve=width"
    rows = _planned(bash, tmp_path, line)
    assert [float(row["budget"]) for row in rows] == [2e7, 8e7] * 2
    for row in rows:
        error = float(row["flops"]) / float(row["budget"]) - 1
        assert float(row["budget_error"]) == pytest.approx(error, rel=1e-2)
        assert abs(error) <= 0.1


def test_a_limit_is_kept_and_what_it_costs_is_said(bash: Bash, tmp_path: Path) -> None:
    line = "depth=8,14 width=0.25,0.5 epochs=1,4 limit.points=3 plan=true"
    done = bash(f"python sweep.py -m {line} study.root={tmp_path}")
    assert "8 points, 0 done or left out, 3 to run, 5 dropped." in done.stdout
    assert "Dropped: 5 by limit.points=3" in done.stdout
    assert "At 4 epochs no pair of a deeper and a wider model is left" in done.stdout


def test_limits_are_shared_by_the_studies_of_a_line(bash: Bash, tmp_path: Path) -> None:
    done = bash(
        f"python sweep.py -m data=mnist5k,fashion_mnist seed=0,1 limit.points=3 --json study.root={tmp_path}"
    )
    assert sum(plan["totals"]["num_points"] for plan in json.loads(done.stdout)) == 3


def test_json_and_csv_stand_alone_on_standard_output(bash: Bash, tmp_path: Path) -> None:
    line = f"python sweep.py -m depth=8,14 study.root={tmp_path} study.name=mine"
    (plan,) = json.loads(bash(f"{line} --json").stdout)
    assert [point["depth"] for point in plan["points"]] == [8, 14]
    assert plan["totals"]["num_points"] == 2
    assert bash(f"{line} --csv").stdout == (tmp_path / "mine/plan.csv").read_text()
    assert not (tmp_path / "mine/points").exists() or not list((tmp_path / "mine/points").iterdir())


def test_a_large_plan_shows_its_ends_and_says_where_the_rest_is(bash: Bash, tmp_path: Path) -> None:
    done = bash(f"python sweep.py -m 'seed=range(300)' plan=true study.root={tmp_path}")
    assert "… 240 more …" in done.stdout
    assert len(done.stdout.splitlines()) < 80


def test_a_probe_measures_once_and_the_plan_rests_on_it(bash: Bash, tmp_path: Path) -> None:
    line = f"python sweep.py -m depth=8,14,20,26 {TINY} probe=true study.root={tmp_path}"
    profiles = {"SCALING_STUDY_PROFILES": str(tmp_path / "profiles")}
    first = bash(f"{line} plan=true", **profiles)
    assert "Probing 4 of the points' training steps" in first.stdout, first.stderr
    assert "Hours: 4 measured on this device." in first.stdout
    again = bash(f"{line} depth=8,14,20,26,32 --json", **profiles)
    assert "Probing 1 of" in again.stderr
    (plan,) = json.loads(again.stdout)
    assert plan["totals"]["sources"] == {"measured": 5}


def test_what_another_study_has_done_is_taken_over(bash: Bash, tmp_path: Path) -> None:
    line = f"python sweep.py -m depth=8,14 {TINY} study.root={tmp_path}"
    assert bash(f"{line} study.name=one").returncode == 0
    done = bash(f"{line} depth=8,14,20 study.name=two 'reuse={tmp_path}/*'")
    assert done.returncode == 0, done.stderr
    assert "3 points, 0 done or left out, 2 done in other studies, 1 to run." in done.stdout
    assert "3 of 3 points done, 0 failed, 0 left." in done.stdout
    results = [json.loads(file.read_text()) for file in (tmp_path / "two/points").glob("*/result.json")]
    origins = [result["origin"]["study"] for result in results if "origin" in result]
    assert origins == [str(tmp_path / "one")] * 2
    third = bash(f"{line} study.name=three reuse={tmp_path}/two")
    assert "2 done in other studies, 0 to run." in third.stdout


def test_leaving_a_value_out_deletes_and_cancels_nothing(bash: Bash, tmp_path: Path) -> None:
    line = f"python sweep.py -m {TINY} study.root={tmp_path} study.name=mine"
    assert bash(f"{line} depth=8,14").returncode == 0
    done = bash(f"{line} depth=14")
    assert "1 point, 1 done or left out, 0 to run." in done.stdout
    assert len(list((tmp_path / "mine/points").glob("*/result.json"))) == 2
    history = json.loads((tmp_path / "mine/study.json").read_text())["history"]
    assert [line["command"].rsplit(" ", 1)[-1] for line in history] == ["depth=8,14", "depth=14"]


def test_one_csv_holds_the_points_of_several_studies(bash: Bash, tmp_path: Path) -> None:
    line = "model=resnet_small,resnet_rs resolution=32 depth=14,26 width=0.25 \"where='params < 5e4'\""
    done = bash(f"python sweep.py -m {line} --csv study.root={tmp_path}")
    rows = list(csv.DictReader(done.stdout.splitlines()))
    assert [Path(row["study"]).name for row in rows] == ["resnet_small-mnist5k-short"] * 2 + [
        "resnet_rs-mnist5k-short"
    ] * 2
    assert [row["action"] for row in rows] == ["run", "run", "drop", "drop"]


def test_only_some_points_of_a_grid_are_trained_and_the_others_stay_wanted(
    bash: Bash, tmp_path: Path
) -> None:
    """Name points by quoted starts of their ids, then type the line again with all ids."""
    line = f"depth=8,14 {TINY}"
    first, second = (row["point"] for row in _planned(bash, tmp_path, line))
    one = f"python sweep.py -m {line} study.root={tmp_path} study.name=mine \"only=['{second[:10]}']\""
    done = bash(one)
    assert done.returncode == 0, done.stderr
    assert "2 points, 0 done or left out, 1 to run, 1 left for later" in done.stdout
    assert "1 of 1 points done" in done.stdout
    rows = list(csv.DictReader((tmp_path / "mine/plan.csv").read_text().splitlines()))
    assert [(row["point"], row["action"]) for row in rows] == [(first, "later"), (second, "run")]
    assert (tmp_path / "mine/points" / first / "point.json").exists()
    assert not (tmp_path / "mine/points" / first / "status.json").exists()
    again = _planned(bash, tmp_path, line)
    assert [row["action"] for row in again] == ["run", "skip"]


@pytest.mark.parametrize(
    ("only", "sentence"),
    [
        ("\"only=['zz']\"", "only=zz: no point of the 2 has such an id"),
        ("only=12", "only=12 should be ids of points in quotes of their own"),
    ],
)
def test_a_point_that_there_is_not_is_refused(bash: Bash, tmp_path: Path, only: str, sentence: str) -> None:
    done = bash(f"python sweep.py -m depth=8,14 {TINY} {only} plan=true study.root={tmp_path}")
    assert done.returncode == 2
    assert sentence in done.stderr
    assert not list(tmp_path.iterdir())
