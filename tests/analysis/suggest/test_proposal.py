"""`python -m analysis suggest`: its proposal, the price, and a line that runs exactly these points."""

from __future__ import annotations

import csv
import json
from itertools import product

import numpy as np
import pandas as pd
import pytest

from analysis.__main__ import main

AXES = ["depth", "width", "resolution", "epochs", "seed"]
GRID = "depth=8,14,20 width=0.25,0.5 resolution=8,12 epochs=1,2 seed=0,1 data.num_train=256 data.num_val=64"


def plan_of(path):
    return list(csv.DictReader((path / "plan.csv").read_text().splitlines()))


def say(capsys, *words):
    code = main(["suggest", *map(str, words)])
    captured = capsys.readouterr()
    return code, " ".join(captured.out.split()), " ".join(captured.err.split())


def answer(capsys, *words):
    code = main(["suggest", *map(str, words), "--json"])
    captured = capsys.readouterr()
    assert code == 0, captured.err
    return json.loads(captured.out)


def grid_csv(path, *, seeds=2, shift=lambda *_: 0.0, sd=0.3, keep=None):
    """Errors of 50 %, shifted by `shift` points, with noise `sd`."""
    generator = np.random.default_rng(1)
    rows = []
    for depth, width, resolution, epochs in product((8, 14, 20), (0.5, 1.0, 2.0), (16, 24), (1, 10)):
        flops = 1e5 * depth * width**2 * resolution**2
        for seed in range(seeds):
            top1 = 50 + shift(depth, width, resolution) + sd * generator.standard_normal()
            axes = dict(zip(AXES, (depth, width, resolution, epochs, seed), strict=True))
            rows.append({**axes, "top1": top1, "flops": flops, "train_flops": 3e3 * flops * epochs})
    frame = pd.DataFrame(rows)
    (frame if keep is None else frame[frame.apply(keep, axis=1)]).to_csv(path, index=False)
    return path


def of_size(depth, width, resolution):
    """Shift by size: per FLOP, width is worth a little more than depth."""
    return 4 * np.log2(depth / 8) + 9 * np.log2(width / 0.5) + 5 * np.log2(resolution / 16)


def half(row):
    """Keep the large networks only with one seed and in short runs."""
    return row["depth"] * row["width"] < 14 or (row["epochs"] == 1 and row["seed"] == 0)


def test_the_line_of_a_study_plans_the_suggested_points_and_no_others(bash, tmp_path, capsys):
    line = f"python sweep.py -m {GRID} tracker=none study.name=mine study.root={tmp_path} plan=true"
    assert bash(line).returncode == 0
    found = answer(capsys, tmp_path / "mine", "--budget", "1e12", "--batch", "3")
    assert found["status"] == "teaches"
    assert found["spent"] == 0
    whole = plan_of(tmp_path / "mine")
    assert found["whole"] == sum(float(row["train_flops"]) for row in whole)
    assert found["price"] == sum(point["train_flops"] for point in found["points"]) <= 1e12
    done = bash(f"{found['line']} plan=true")
    assert done.returncode == 0, done.stderr
    assert "48 points, 0 done or left out, 3 to run, 45 left for later" in done.stdout
    chosen = {row["point"] for row in plan_of(tmp_path / "mine") if row["action"] == "run"}
    assert chosen == {point["point"] for point in found["points"]}
    assert answer(capsys, tmp_path / "mine", "--budget", "1e12", "--batch", "3") == found


def test_the_suggested_points_run_and_the_next_suggestion_has_others(bash, tmp_path, capsys):
    line = f"python sweep.py -m {GRID} tracker=none study.name=mine study.root={tmp_path} plan=true"
    assert bash(line).returncode == 0
    first = answer(capsys, tmp_path / "mine", "--budget", "1e12", "--batch", "2")
    done = bash(first["line"])
    assert done.returncode == 0, done.stderr
    assert "2 of 2 points done" in done.stdout
    second = answer(capsys, tmp_path / "mine", "--budget", "1e12", "--batch", "2")
    assert second["spent"] == first["price"]
    assert second["whole"] == pytest.approx(first["whole"])
    ids = [point["point"] for each in (first, second) for point in each["points"]]
    assert len(set(ids)) == 4

    place = tmp_path / "conf/study/next.yaml"
    code, said, _ = say(capsys, tmp_path / "mine", "--budget", "1e12", "--batch", "2", "--write", place)
    assert code == 0
    assert str(place) in said
    done = bash(f"python sweep.py --config-dir {tmp_path}/conf study=next plan=true")
    assert done.returncode == 0, done.stderr
    assert "2 points, 0 done or left out, 2 to run." in done.stdout
    assert [row["point"] for row in plan_of(tmp_path / "mine")] == ids[2:]


def test_the_line_of_published_results_plans_their_networks(bash, tmp_path, capsys):
    found = answer(capsys, "published:resnet_rs_2021", "--budget", "1e18", "--batch", "3")
    done = bash(f"{found['line']} plan=true study.root={tmp_path}")
    assert done.returncode == 0, done.stderr
    rows = [[float(row[axis]) for axis in AXES] for row in plan_of(tmp_path / "resnet_rs_grid")]
    assert rows == [[point[axis] for axis in AXES] for point in found["points"]]


def test_a_table_without_its_networks_has_no_line_until_they_are_named(tmp_path, capsys):
    source = grid_csv(tmp_path / "mine.csv", shift=of_size, sd=2, keep=half)
    code, said, _ = say(capsys, source, "--budget", "1e14")
    assert code == 0
    assert "To make them" not in said
    assert "add --model, a file of conf/model" in said
    code, said, _ = say(capsys, source, "--budget", "1e14", "--model", "resnet_small")
    assert "To make them: python sweep.py -m model=resnet_small 'zip={depth:[" in said
    assert "The source does not say how its models were trained" in said


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        ([], "suggest needs --budget, the train FLOPs that the next runs may take, or --hours"),
        (["--budget", "1e3"], "is below the cheapest run that would teach anything: that takes"),
        (["--budget", "nan"], "--budget nan should be a number above 0"),
        (["--budget", "-1"], "--budget -1 should be a number above 0"),
        (["--budget", "much"], "invalid float value: 'much'"),
        (["--budget", "1e9", "--batch", "0"], "--batch 0 should be at least 1"),
        (["--hours", "1"], "--hours: the hours of some runs that could be made are not known"),
        (["--budget", "1e9", "--flops", "1e3"], "--flops 1000 is below all models of the longest runs: the"),
        (["--budget", "1e9", "--where", "depth > 99"], "is true of none of the"),
        (["--budget", "1e9", "--write", "next.txt"], "--write next.txt"),
        (["--budget", "1e14", "--write", "conf/study/x.yaml"], "add --model, a file of conf/model"),
    ],
)
def test_what_cannot_be_suggested_is_said_in_a_sentence(tmp_path, capsys, words, sentence):
    source = grid_csv(tmp_path / "mine.csv", shift=of_size, sd=2, keep=half)
    code, _, said = say(capsys, source, *words)
    assert code == 2
    assert sentence in said
    assert said.startswith("analysis: ")
    assert said.count(". ") == 0


def test_what_is_all_measured_has_nothing_left(tmp_path, capsys):
    source = grid_csv(tmp_path / "mine.csv", shift=of_size)
    assert "--budget nan should be a number" in say(capsys, source, "--budget", "nan")[2]
    code, _, said = say(capsys, source, "--budget", "1e9")
    assert code == 2
    assert "has nothing left to run: all of its grid is measured; widen the grid, or add seeds." in said


def test_what_has_failed_is_not_called_measured(bash, tmp_path, capsys):
    line = "depth=8 width=0.125 resolution=8 epochs=1,2 data.num_train=256 data.num_val=64 tracker=none"
    options = f"recipe.learning_rate=1e6 study.name=mine study.root={tmp_path}"
    assert bash(f"python sweep.py -m {line} {options}").returncode == 1  # both diverge
    code, _, said = say(capsys, tmp_path / "mine", "--budget", "1e9")
    assert code == 2
    assert "all of its grid is measured, or has failed (2); widen the grid, or add seeds." in said


@pytest.mark.parametrize("sd", [0.3, 0.0])
def test_a_flat_surface_is_told_apart_from_an_open_one(tmp_path, capsys, sd):
    def keep(row):
        return row[AXES].tolist() != [20, 2, 24, 10, 1]

    last = grid_csv(tmp_path / "mine.csv", sd=sd, keep=keep)
    code, said, _ = say(capsys, last, "--budget", "1e14")
    assert code == 0
    assert "To make them" not in said
    assert "Nothing differs beyond the noise of the runs" in said


def test_a_study_may_be_asked_in_hours(bash, tmp_path, capsys):
    line = f"python sweep.py -m {GRID} tracker=none study.name=mine study.root={tmp_path} plan=true"
    assert bash(line).returncode == 0
    hours = {row["point"]: float(row["hours"]) for row in plan_of(tmp_path / "mine")}
    cost = {row["point"]: float(row["train_flops"]) for row in plan_of(tmp_path / "mine")}
    budget = sum(sorted(hours.values())[:4])
    found = answer(capsys, tmp_path / "mine", "--hours", budget)
    ids = [point["point"] for point in found["points"]]
    assert found["device_hours"] == pytest.approx(sum(hours[each] for each in ids))
    assert found["device_hours"] <= budget * (1 + 1e-5)
    assert found["price"] == sum(cost[each] for each in ids)
    assert found["whole"] == pytest.approx(sum(cost.values()))
    code, _, said = say(capsys, tmp_path / "mine", "--hours", min(hours.values()) / 2)
    assert code == 2
    assert "device-hours" in said


def test_a_grid_without_repeats_is_told_that_it_decides_nothing(bash, tmp_path, capsys):
    line = f"python sweep.py -m {GRID} seed=0 tracker=none study.name=mine study.root={tmp_path} plan=true"
    assert bash(line.replace(" seed=0,1", "")).returncode == 0
    code, said, _ = say(capsys, tmp_path / "mine", "--budget", "1e14")
    assert code == 0
    assert "The grid has no repeats" in said


def test_a_grid_too_small_to_decide_anything_is_no_flat_one(bash, tmp_path, capsys):
    line = "depth=8,14 width=0.25 resolution=8,12 epochs=1 seed=0,1 data.num_train=256 data.num_val=64"
    options = f"tracker=none study.name=mine study.root={tmp_path} plan=true"
    assert bash(f"python sweep.py -m {line} {options}").returncode == 0
    code, said, _ = say(capsys, tmp_path / "mine", "--budget", "1e14")
    assert code == 0
    assert "Whatever its runs say, this grid would decide nothing" in said
    assert "Nothing differs" not in said


def test_the_next_line_of_an_adaptive_study_is_no_adaptive_one(bash, tmp_path, capsys):
    options = "study.adaptive=true study.budget=1e12 study.smallest=0.2 plan=true"
    where = f"tracker=none study.name=mine study.root={tmp_path}"
    assert bash(f"python sweep.py -m {GRID} {where} {options}").returncode == 0
    line = answer(capsys, tmp_path / "mine", "--budget", 1e12)["line"]
    assert "only=" in line
    assert not {"adaptive", "budget", "smallest"} & {*line.replace("=", " ").replace(".", " ").split()}
    assert bash(f"{line} plan=true").returncode == 0
