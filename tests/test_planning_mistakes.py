"""Mistakes in a grid or its plan, as typed: each is refused in one sentence, and nothing is lost."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

Bash = Callable[..., subprocess.CompletedProcess[str]]


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
        ("-m match.flops=1e7 match.solve=width width=1,2", "a solved axis cannot be given values"),
        (
            "-m match.flops=1 match.solve=width",
            "has no width at depth=8 resolution=28 epochs=1: the nearest, width=",
        ),
        ("-m match.flops=-1 match.solve=width", "match.flops=[-1] should be positive"),
        ("-m match.flop=1e9", "match.flop is not an option: did you mean flops"),
        ("-m depth=8,14 'blocks=[{depth:20}]'", "depth is set by the study's blocks and outside them"),
        ("-m depth=8,14 'zip=[8x1]'", "depth is set by zip and outside it"),
        ("-m zip=8x1,14", "zip=14 is not a model: write depth x width"),
        (
            "-m 'zip=[8x1@14,14x1]'",
            "zip=14x1 says depth, width, but the first one says depth, width, resolution",
        ),
        ("-m 'zip={depth:[8,14],width:[1]}'", "zip needs lists of equal length: depth has 2, width has 1."),
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
        ("-m device.spec=a100", "device.spec=a100 is not a cpu: add device=cuda."),
        (
            "-m device=cuda device.spec=a100",
            "is for planning, as there is none here: add plan=true",
        ),
        ("-m 'blocks=[{recipe:{batch_size:16}}]'", "recipe is a whole group: choose it on the line"),
        (
            "-m 'blocks=[{model:resnet_smal}]'",
            "model=resnet_smal is not in conf/model: did you mean resnet_small",
        ),
        (
            "-m model=resnet 'blocks=[{model:resnet_small}]'",
            "model is set by the study's blocks and outside them",
        ),
        ("-m 'blocks=[{device:cuda}]'", "device cannot have several choices in one launch"),
        ("-m width=0.5 'blocks=[{width:1}]'", "width is set by the study's blocks and outside them"),
        ("-m match.flops=1e7 match.solve=width width=0.5", "a solved axis cannot be given values"),
        (
            "-m study=quickstart,resnet_rs_grid",
            "The grids of this line differ in device: launch them",
        ),
        ("-m 'where=flops < 2e6'", "where needs two pairs of quotes"),
        ("-m 'where=fits(80)'", "where needs two pairs of quotes"),
        (
            "-m \"where='depth < 9'\" \"where='width < 1'\"",
            "where is given twice: join the conditions",
        ),
        ("-m '~limit'", "limit cannot be removed; limit=null disables what can be disabled."),
        ("-m 'blocks=[{depth:8,zip:[14x1]}]'", "depth is set twice in a block"),
        ("'recipe.weight_decay={log:[1e-5,1e-3,3]}'", "add -m to make a grid of them."),
        ("-m 'depth={'", "depth={ cannot be read: "),
        ("-m 'zip=[]'", "zip=[] should be models such as 50x1@160"),
        ("-m probe=1", "probe=1 should be true or false."),
        (
            "-m device=cuda device.spec=v100 precision=bf16 plan=true",
            "precision=bf16 is not supported by device.spec=v100: use precision=fp32.",
        ),
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
