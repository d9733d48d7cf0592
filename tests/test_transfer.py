"""Transfer as typed: a first study, a study that starts from it, and the report on both."""

from __future__ import annotations

import csv
import json
import subprocess
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import pytest

from scaling.study.store import Study

Bash = Callable[..., subprocess.CompletedProcess[str]]


def test_points_begin_from_those_of_a_study_and_are_weighed(bash: Bash, tmp_path: Path) -> None:
    root = f"study.root={tmp_path} tracker=none hydra.launcher.slots=2"
    first = bash(
        f"python sweep.py -m depth=8 width=0.125,0.25 epochs=1 resolution=8 data.num_train=256 "
        f"data.num_val=64 keep_weights=true study.name=before {root}"
    )
    assert first.returncode == 0, first.stderr
    line = (
        f"python sweep.py -m start.study={tmp_path}/before start.tune=all,head,scratch resolution=8 "
        f"data=scenes_of_mnist5k data.num_train=64 data.num_val=32 {root}"
    )
    done = bash(line)
    assert done.returncode == 0, done.stderr
    assert "6 of 6 points done" in done.stdout
    study = Study.open(tmp_path / "before-scenes_of_mnist5k-short")
    rows = study.rows()
    assert Counter(row.get("start.tune") for row in rows) == {"all": 2, "head": 2, None: 2}
    assert all(0 <= row["test_miou"] <= 100 for row in rows)
    assert "0 left" in bash(line).stdout  # a second time, everything is done
    told = bash(f"python -m analysis transfer {study.path} --json")
    assert told.returncode == 0, told.stderr
    (found,) = json.loads(told.stdout)
    assert (found["data"], found["metric"]) == ("scenes_of_mnist5k", "test_miou")
    assert {gain["verdict"] for gain in found["gains"]} == {"undecided"}
    other = bash(f"python sweep.py study=transfer start.study={tmp_path}/before plan=true {root}")
    assert other.returncode == 0, other.stderr
    assert not (
        tmp_path / "transfer_pretraining"
    ).exists()  # nothing starts from what is before study=transfer


def test_one_line_plans_a_study_and_what_it_begins_from(bash: Bash, tmp_path: Path) -> None:
    done = bash(f"python sweep.py study=transfer_scenes plan=true study.root={tmp_path}")
    assert done.returncode == 0, done.stderr
    before, after = (
        list(csv.DictReader((tmp_path / name / "plan.csv").read_text().splitlines()))
        for name in ("transfer_pretraining", "transfer_scenes")
    )
    assert len(before) == 36
    assert {row["action"] for row in before + after} == {"run"}
    tuned = [row for row in after if row["start.tune"] != ""]
    chosen = {row["point"] for row in before if float(row["depth"]) <= 14}
    assert {row["start.point"] for row in tuned} == chosen
    assert len(after) == 2 * 24 + 12


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        ("-m start.tune=all,head", "start.tune needs start.study"),
        ("-m start.study=results/none", "start.study=results/none is no study"),
        ("-m start.study=a,b", "start.study cannot have several values"),
        ("start.study=results/none", "names several points: add -m, or start.point"),
        ("study=transfer model=resnet_rs", "model comes from the start: leave it out"),
        ("study=transfer model=resnet_rs,resnet_small", "model comes from the start: leave it out"),
        ("study=transfer 'blocks=[{model:[resnet_rs]}]'", "model comes from the start: leave it out"),
        ("study=transfer match.flops=1e7 match.solve=width", "width comes from the start: leave it out"),
        ("\"start.where='epochs > 1'\"", "start.point, start.where and start.tune need start.study"),
    ],
)
def test_a_line_that_makes_no_sense_is_refused(bash: Bash, words: str, sentence: str) -> None:
    refused = bash(f"python sweep.py {words}")
    assert refused.returncode == 2
    assert sentence in refused.stderr
