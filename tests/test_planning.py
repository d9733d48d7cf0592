"""The language of grids and the plan, as a person types them: through bash, with quotes and mistakes."""

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


def test_a_refused_line_leaves_no_study(bash: Bash, tmp_path: Path) -> None:
    assert bash(f"python sweep.py -m \"where='flops < 1'\" plan=true study.root={tmp_path}").returncode == 2
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("line", "sentence"),
    [
        ("-m \"where='flop < 2e9'\"", "flop is not a quantity: did you mean flops"),
        ("-m \"where='foo < 2e9'\"", "known are depth, width, resolution"),
        (
            "-m depth=8,14 \"where='depth > 100'\"",
            "where leaves none of 2 points (2 by depth > 100); the cheapest",
        ),
        ("-m depth=8,14 \"where='depth > 10 and depth < 9'\"", "1 by depth > 10, 1 by depth < 9"),
        ("-m where=3", "two pairs of quotes"),
        ("-m \"where='flops <'\"", "where"),
        ("-m \"where='fits(a100)'\"", "a100 is not a quantity"),
        ("-m match.flops=1e9", "match needs budgets of one cost and the axis to solve"),
        ("-m match.solve=width", "match needs budgets of one cost and the axis to solve"),
        ("-m match.flops=1e9 match.solve=epochs", "match.solve=epochs cannot meet match.flops"),
        ("-m match.flops=1e7 match.solve=width width=1,2", "an axis that is solved cannot be given values"),
        (
            "-m match.flops=1 match.solve=width",
            "has no width at depth=8 resolution=28 epochs=1: the nearest, width=",
        ),
        ("-m match.flops=-1 match.solve=width", "match.flops=[-1] should be positive"),
        ("-m match.flop=1e9", "match.flop is not an option: did you mean flops"),
        ("-m depth=8,14 'blocks=[{depth:20}]'", "depth is set by the study's blocks and beside them"),
        ("-m depth=8,14 'zip=[8x1]'", "depth is set by zip and beside it"),
        ("-m zip=8x1,14", "zip=14 is no model: write depth x width"),
        (
            "-m 'zip=[8x1@14,14x1]'",
            "zip=14x1 says depth, width, and the first one says depth, width, resolution",
        ),
        ("-m 'zip={depth:[8,14],width:[1]}'", "zip needs lists of one length: depth has 2, width has 1."),
        ("-m 'blocks=[{zip:[8x1],depth:8}]'", "depth is set twice in a block: leave one of them out."),
        ("-m 'zip={model:[resnet,resnet_rs]}'", "model is a whole group: choose it on the line"),
        (
            "-m model=efficientnet resolution=ladder match.flops=1e9 match.solve=depth",
            "match.solve=depth cannot follow resolution=ladder: give the pixels.",
        ),
        ("-m match.train_flops=1e19 match.solve=epochs", "the nearest, epochs=1e+06, gives 5.601e+16"),
        ("-m limit.points=true", "limit.points=True should be a whole number or null."),
        ("-m blocks=3", "blocks=3 should be a list of grids"),
        ("-m 'blocks=[3]'", "blocks=[3] should be a list of grids"),
        ("-m 'blocks=[{dept:8}]'", "dept is not an option: did you mean depth"),
        ("-m 'width={log:[2,0.25,5]}'", "needs 1e-18 <= low <= high <= 1e+18"),
        ("-m 'width={log:[0.25,2]}'", "should be {log:[low,high,n]}"),
        ("'width={log:[0.25,2,5]}'", "add -m to make a grid of them."),
        (
            "'recipe.weight_decay={log:[1e-5,1e-4,2]}'",
            "recipe.weight_decay={'log': [1e-05, 0.0001, 2]} names several",
        ),
        ("'zip=[8x1]'", "add -m to make a grid of them."),
        ("-m pseudo=1", "pseudo=1 should be null"),
        ("-m pseudo.ratio=0,1", "pseudo.ratio needs a teacher: add pseudo.teacher="),
        ("-m limit.points=0", "limit.points=0 should be positive"),
        ("-m limit.points=1.5", "limit.points=1.5 should be a whole number"),
        ("-m limit.foo=1", "limit.foo is not an option"),
        ("-m limit=3", "limit=3 should be"),
        (
            "-m limit.train_flops=1",
            "limit leaves none of 1 points (1 by limit.train_flops=1); the cheapest is",
        ),
        ("-m reuse=/nowhere", "reuse=/nowhere: /nowhere is not a study"),
        ("-m reuse=3", "reuse=3 should be study directories"),
        ("-m probe=true device=cuda device.spec=a100 plan=true", "probe=true measures the device at hand"),
        ("-m device.spec=a100", "device.spec=a100 is no cpu: add device=cuda."),
        (
            "-m device=cuda device.spec=a100",
            "is for planning, there is none here: add plan=true",
        ),
        ("-m 'blocks=[{recipe:{batch_size:16}}]'", "recipe is a whole group: choose it on the line"),
        (
            "-m 'blocks=[{model:resnet_smal}]'",
            "model=resnet_smal is not in conf/model: did you mean resnet_small",
        ),
        (
            "-m model=resnet 'blocks=[{model:resnet_small}]'",
            "model is set by the study's blocks and beside them",
        ),
        ("-m 'blocks=[{device:cuda}]'", "device cannot have several choices in one launch"),
        ("-m width=0.5 'blocks=[{width:1}]'", "width is set by the study's blocks and beside them"),
        ("-m match.flops=1e7 match.solve=width width=0.5", "an axis that is solved cannot be given values"),
        (
            "-m study=quickstart,resnet_rs_grid",
            "The grids of this line differ in device: launch them",
        ),
        ("-m 'where=flops < 2e6'", "where needs two pairs of quotes"),
        ("-m 'where=fits(80)'", "where needs two pairs of quotes"),
        (
            "-m \"where='depth < 9'\" \"where='width < 1'\"",
            "where is said twice: join the conditions",
        ),
        ("-m '~limit'", "limit cannot be taken away; limit=null switches off what can be."),
        ("-m 'blocks=[{depth:8,zip:[14x1]}]'", "depth is set twice in a block"),
        ("'recipe.weight_decay={log:[1e-5,1e-3,3]}'", "add -m to make a grid of them."),
        ("-m 'depth={'", "depth={ cannot be read: "),
        ("-m 'zip=[]'", "zip=[] should be models such as 50x1@160"),
        ("-m probe=1", "probe=1 should be true or false."),
        ("-m device.spec=a1000", "device.spec=a1000 has no specification here: did you mean a100"),
        ("-m plan=1", "plan=1 should be true, false, json or csv."),
    ],
)
def test_mistakes_end_in_one_sentence(bash: Bash, tmp_path: Path, line: str, sentence: str) -> None:
    done = bash(f"python sweep.py study.root={tmp_path} tracker=none {line}")
    assert done.returncode == 2, done.stdout + done.stderr
    assert sentence in done.stderr
    assert done.stderr.startswith("sweep.py: ")
    assert len(done.stderr.splitlines()) == 1
    assert not list(tmp_path.glob("*/points/*"))


def test_a_study_of_a_newer_version_is_refused(bash: Bash, tmp_path: Path) -> None:
    line = f"python sweep.py -m depth=8,14 plan=true study.root={tmp_path} study.name=mine"
    assert bash(line).returncode == 0
    file = tmp_path / "mine/study.json"
    file.write_text(json.dumps(json.loads(file.read_text()) | {"schema": 99}))
    done = bash(line)
    assert done.returncode == 2
    assert "was written by a newer version (schema 99" in done.stderr


def test_only_some_points_of_a_grid_are_trained_and_the_others_stay_wanted(
    bash: Bash, tmp_path: Path
) -> None:
    """By quoted beginnings of ids, typed again with all of them."""
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
