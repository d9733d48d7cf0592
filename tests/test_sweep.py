"""sweep.py as a user types it: through bash, with quotes and mistakes."""

from __future__ import annotations

import csv
import json
import math
import shlex
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

Bash = Callable[..., subprocess.CompletedProcess[str]]

TINY = "width=0.125 resolution=8 data.num_train=256 data.num_val=64"


def test_one_point_trains_in_the_foreground_and_prints_its_row(bash: Bash, tmp_path: Path) -> None:
    line = f"python sweep.py depth=14 {TINY} epochs=2 study.root={tmp_path}"
    done = bash(line)
    assert done.returncode == 0, done.stderr
    study = tmp_path / "resnet_small-mnist5k-short"
    (directory,) = (study / "points").iterdir()
    result = json.loads((directory / "result.json").read_text())
    assert directory.name in done.stdout
    assert f"{result['metrics']['top1']:.4g}" in done.stdout
    assert len((directory / "metrics.jsonl").read_text().splitlines()) == 2
    assert len(list((directory / "wandb").glob("offline-run-*"))) == 1
    assert not (directory / "checkpoint.pt").exists()

    again = bash(line)
    assert "1 done or left out, 0 to run" in again.stdout
    assert f"{result['metrics']['top1']:.4g}" in again.stdout


def test_the_report_sets_what_a_study_took_beside_what_the_plan_said(bash: Bash, tmp_path: Path) -> None:
    """The first two points are predicted from specifications, the third from the results of the first two."""
    line = f"python sweep.py -m {TINY} epochs=30 tracker=none study.root={tmp_path} study.name=mine"
    alone = {"SCALING_STUDY_PROFILES": str(tmp_path / "none")}
    assert bash(f"{line} seed=0,1", **alone).returncode == 0
    said = {row["point"]: row for row in _csv(tmp_path / "mine/plan.csv")}
    assert bash(f"{line} seed=0,1,2", **alone).returncode == 0
    said |= {row["point"]: row for row in _csv(tmp_path / "mine/plan.csv") if row["action"] == "run"}
    assert bash(f"{line} seed=0,1,2", **alone).returncode == 0

    done = bash(f"python -m analysis report {tmp_path}/mine")
    assert done.returncode == 0, done.stderr
    assert "for these 3 points, and it took" in done.stdout
    table = _csv(tmp_path / "mine/report/table.csv")
    assert sorted(row["predicted_from"] for row in table) == ["results", "specifications", "specifications"]
    for row in table:
        directory = tmp_path / "mine/points" / row["point"]
        measured = json.loads((directory / "result.json").read_text())["measured"]
        took = measured["train_seconds"] + measured["evaluate_seconds"]
        assert 3600 * float(row["actual_hours"]) == pytest.approx(took)
        assert float(row["predicted_hours"]) == pytest.approx(float(said[row["point"]]["hours"]), rel=1e-5)
        assert row["predicted_from"] == said[row["point"]]["hours_from"]


def _csv(path: Path) -> list[dict[str, str]]:
    return list(csv.DictReader(path.read_text().splitlines()))


def test_points_are_evaluated_at_other_resolutions_in_the_same_run(bash: Bash, tmp_path: Path) -> None:
    """A list is one value of a grid; it adds columns, each of which can replace top1."""
    line = f"python sweep.py -m {TINY} seed=0,1 tracker=none study.root={tmp_path} study.name=mine"
    assert bash(f"{line} 'evaluate_at=[20,14]'").returncode == 0
    assert bash(f"{line} seed=2").returncode == 0
    done = bash(f"python -m analysis report {tmp_path}/mine --map top1=test_top1@20")
    assert done.returncode == 0, done.stderr
    table = _csv(tmp_path / "mine/report/table.csv")
    results = [json.loads(path.read_text()) for path in (tmp_path / "mine/points").glob("*/result.json")]
    metrics = {result["id"]: result["metrics"] for result in results}
    assert len(table) == 3
    for row in table:
        found = metrics[row["point"]]
        assert float(row["top1@14"] or "nan") == pytest.approx(found.get("top1@14", math.nan), nan_ok=True)
        assert float(row["top1"] or "nan") == pytest.approx(found.get("test_top1@20", math.nan), nan_ok=True)
    assert sorted(row["left_out"] for row in table) == ["", "", "no_accuracy"]


def test_a_failing_point_in_the_foreground_says_why(bash: Bash, tmp_path: Path) -> None:
    done = bash(f"python sweep.py {TINY} recipe.learning_rate=1e30 tracker=none study.root={tmp_path}")
    assert done.returncode == 1
    assert "diverged" in done.stdout
    assert "0 of 1 points done, 1 failed" in done.stdout
    assert "Traceback" not in done.stdout + done.stderr


@pytest.mark.parametrize(
    "line",
    [
        "-m depth=8,14 width=0.25,0.5 resolution=14,28 epochs=1,4 seed=0,1",
        "study=quickstart",
        "-m study=quickstart",
        "-m study=quickstart width=0.25,0.5,1,2",
        "-m 'seed=range(3)' depth=8,14",
        "-m model.stem=plain,deep",
        "-m recipe.label_smoothing=0,0.1",
        "-m recipe=short,resnet_2015,resnet_rs study.name=both",
        "-m schedule.kind=cosine,step,wsd regularization=given,by_scale study.name=regimes",
        "-m data=mnist5k,fashion_mnist",
        "-m depth=8,14 hydra.launcher.slots=1 device.threads=2",
        "-m depth=8,14 precision=bf16 tracker=none",
    ],
)
def test_these_lines_make_a_plan_and_run_nothing(bash: Bash, tmp_path: Path, line: str) -> None:
    done = bash(f"python sweep.py {line} plan=true study.root={tmp_path}")
    assert done.returncode == 0, done.stderr
    assert " to run" in done.stdout
    plans = list(tmp_path.glob("*/plan.csv"))
    assert plans
    for plan in plans:
        assert all(row.split(",")[-2:] == ["run", "new"] for row in plan.read_text().splitlines()[1:])
    assert not list(tmp_path.glob("*/jobs"))


@pytest.mark.parametrize(
    ("line", "sentence"),
    [
        ("depht=8", "depht is not an option: did you mean depth."),
        ("-m depht=8,9", "depht is not an option: did you mean depth."),
        ("+foo=1", "foo is not an option: known are depth, width, "),
        ("recipe.lr=1", "recipe.lr is not an option: known are batch_size, "),
        ("-m recipe.lr=1,2", "recipe.lr is not an option: known are batch_size, "),
        ("model=resnot", "model=resnot is not in conf/model: did you mean resnet."),
        ("model=resnet", "depth=8 cannot be built: the nearest is 14."),
        ("model=resnet_rs depth=14 resolution=31", "resolution=31 is too small for resnet_rs"),
        (
            "model=resnet3d_rs depth=14 frames=8",
            "model.family=resnet3d_rs takes clips, and mnist5k has images",
        ),
        ("frames=8", "frames=8 is of no use to resnet_small"),
        ("evaluate_at=28", "evaluate_at=28 should be a list in brackets, such as [14, 28]."),
        ("-m evaluate_at=14,28", "evaluate_at=14 should be a list in brackets, such as [14, 28]"),
        ("'evaluate_at=[14,14.5]'", "evaluate_at=14.5 should be a whole number."),
        ("'evaluate_at=[14,28,14]'", "evaluate_at=[14, 28, 14] names a resolution twice: give each once."),
        (
            "'evaluate_at=[2]'",
            "evaluate_at=2 is not a valid size for resnet_small, which shrinks an image 4 times: ",
        ),
        ("depth=8,14", "depth=8,14 names several values: add -m to make a grid of them."),
        ("depth=[8,14]", "depth=[8, 14] should be a number."),
        ("-m depth=9,14 width=0.5,0.01", "3 of 4 points cannot be built: depth=9 cannot be built"),
        ("resolution=2", "resolution=2 is too small for resnet_small, which shrinks an image 4 times: "),
        ("data.num_val=9999", "data.num_val=9999 leaves no training images: "),
        ("-m hydra.launcher.slots=none", "hydra.launcher.slots=none should be auto or a number"),
        ("-m hydra.launcher.slot=1", "hydra.launcher.slot is not an option here"),
        ("-m hydra/launcher=basic", "hydra/sweeper=grid needs hydra/launcher=local, slurm or replay."),
        ("-m hydra/sweeper=basic", "This launcher needs hydra/sweeper=grid."),
        ("-m device.threads=1,2", "device.threads cannot have several values in one launch"),
        ("study.name=a/b", "study.name=a/b should be a plain directory name."),
        ("data=image_folder data.root=/nowhere", "data.root=/nowhere is not a directory."),
        (
            "data=image_folder",
            "data.root is missing: image_folder needs the directory that holds the classes.",
        ),
        (
            "data=mask_folder",
            "data.root is missing: mask_folder needs the directory that holds images and masks",
        ),
        (
            "model=resnet3d_rs depth=14 frames=8 data=clip_folder",
            "data.root is missing: clip_folder needs the directory that holds the classes.",
        ),
        ("study.root=/dev/null", "Cannot write below /dev/null/"),
        ("device=cuda", "device=cuda is not available"),
        ("device=tpu", "device=tpu is not available: torch_xla is not installed"),
        ("device=tpu device.compile=true", "device.compile=true: XLA compiles by itself"),
        ("device.name=gpu", "device=gpu is unknown: use cpu, cuda or tpu."),
        ("device=gpu", "device=gpu is not in conf/device: "),
        ("precision=tf32", "precision=tf32 is not supported by device=cpu, only by NVIDIA GPUs"),
        ("-m 'seed=range(0)'", "seed=range(0) names no values at all."),
        ("device=null", "device=null leaves device without a choice"),
        ("'~depth'", "depth=None should be a number."),
        ("model.family=null", "model.family=None is unknown"),
        ("-m hydra.sweeper.params=3", "hydra.sweeper.params=3 should name axes"),
        ("study.root=null", "study.root=None should be a directory."),
        ("-m tracker=none,wandb", "tracker cannot have several choices in one launch"),
        ("-m data=mnist5k,fashion_mnist study.name=mix", "would mix the data sets fashion_mnist, mnist5k"),
        ("recipe.optimizer=adamv", "recipe.optimizer=adamv is not a known optimizer: did you mean adam"),
        ("recipe.rand_augment_magnitude=99", "recipe.rand_augment_magnitude=99 must be from 0 to 30."),
        ("schedule.kind=linear", "schedule.kind='linear' should be cosine or step or wsd."),
        ("schedule.milestones=0.3", "schedule.milestones=0.3 should be a list in brackets"),
        (
            "-m regularization=by_scale recipe.dropout=0,0.3",
            "recipe.dropout is set by regularization=by_scale",
        ),
        (
            "model=efficientnet depth=1 resolution=32 regularization=by_scale",
            "regularization=by_scale is made for ResNets",
        ),
        ("--foo", "unrecognized arguments: --foo"),
        ("depth={", "depth={ cannot be read: no viable alternative at input '{'"),
    ],
)
def test_mistakes_end_in_one_sentence(
    bash: Bash, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, line: str, sentence: str
) -> None:
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "")  # on a machine with GPUs, too, there is none
    done = bash(f"python sweep.py study.root={tmp_path} tracker=none {line}")
    assert done.returncode == 2, done.stderr
    assert done.stderr.startswith("sweep.py: ")
    assert sentence in done.stderr
    assert len(done.stderr.splitlines()) == 1
    assert "Traceback" not in done.stdout


def test_debug_shows_the_traceback(bash: Bash, tmp_path: Path) -> None:
    done = bash(f"python sweep.py --debug depth=9 study.root={tmp_path}")
    assert done.returncode != 0
    assert "Traceback" in done.stderr


def test_a_file_of_ones_own_that_is_no_yaml_is_named_with_its_line(bash: Bash, tmp_path: Path) -> None:
    (tmp_path / "study").mkdir()
    (tmp_path / "study/own.yaml").write_text("# @package _global_\nwidth: 0.5\ndepth: [8\n")
    done = bash(f"python sweep.py --config-dir {tmp_path} study=own plan=true study.root={tmp_path}")
    assert done.returncode == 2
    assert f"sweep.py: {tmp_path}/study/own.yaml, line 4, is not valid YAML" in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize("content", [b"\xff\xfe\x00", b"depth: \x01"])
def test_a_file_of_ones_own_that_is_no_text_is_told(bash: Bash, tmp_path: Path, content: bytes) -> None:
    (tmp_path / "study").mkdir()
    (tmp_path / "study/own.yaml").write_bytes(content)
    done = bash(f"python sweep.py --config-dir {tmp_path} study=own plan=true study.root={tmp_path}")
    assert done.returncode == 2
    assert "is not UTF-8 text" in done.stderr
    assert "Traceback" not in done.stderr


def test_what_it_says_to_type_next_is_quoted_where_need_be(bash: Bash, tmp_path: Path) -> None:
    study = tmp_path / "my results" / "mine"
    done = bash(f"python sweep.py {TINY} tracker=none \"study.root='{study.parent}'\" study.name=mine")
    assert done.returncode == 0, done.stderr
    (line,) = [line for line in done.stdout.splitlines() if line.startswith("Next: ")]
    assert shlex.split(line)[1:] == ["python", "-m", "analysis", "report", str(study)]


def test_another_task_in_the_same_study_is_refused(bash: Bash, tmp_path: Path) -> None:
    line = f"python sweep.py study.root={tmp_path} study.name=mine plan=true"
    assert bash(line).returncode == 0
    done = bash(f"{line} data=fashion_mnist")
    assert done.returncode == 2
    assert "belongs to another task (mnist5k, top1), not (fashion_mnist, top1)" in done.stderr


def test_a_corrupt_result_is_set_aside_and_the_point_runs_again(bash: Bash, tmp_path: Path) -> None:
    line = f"python sweep.py {TINY} tracker=none study.root={tmp_path} study.name=mine"
    assert bash(line).returncode == 0
    (directory,) = (tmp_path / "mine/points").iterdir()
    whole = json.loads((directory / "result.json").read_text())
    (directory / "result.json").write_text('{"metr')
    done = bash(line)
    assert done.returncode == 0, done.stderr
    assert "1 to run" in done.stdout
    assert json.loads((directory / "result.json").read_text())["metrics"] == whole["metrics"]
    assert (directory / "result.json.corrupt-0").read_text() == '{"metr'


def test_a_read_only_study_is_refused(bash: Bash, small_disk: Path) -> None:
    line = f"python sweep.py {TINY} tracker=none study.root={small_disk} study.name=mine plan=true"
    assert bash(line).returncode == 0
    subprocess.run(["mount", "-o", "remount,ro", str(small_disk)], check=True)
    done = bash(line)
    assert done.returncode == 2
    assert "it is read-only for you" in done.stderr
