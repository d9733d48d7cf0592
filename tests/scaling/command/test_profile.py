"""`python -m scaling profile`, which measures for real, on tiny networks."""

from __future__ import annotations

import csv
import json
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from scaling.__main__ import main
from scaling.profile.profiles import Profile, cpu_name
from scaling.profile.study_table import COLUMNS
from scaling.profile.workload import workload_of
from scaling.study.about import Task
from scaling.study.point import Point
from scaling.study.store import Study
from scaling.training.recipe import Recipe

MakePoint = Callable[..., Point]
ROOT = Path(__file__).parents[3]
TINY = "model=resnet_small depth=8 width=0.25 num_classes=10 in_channels=1 batch_size=2"


@pytest.fixture(autouse=True)
def profiles(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The file of this CPU with one thread, in a cache directory of the test's own."""
    monkeypatch.setenv("SCALING_STUDY_PROFILES", str(tmp_path / "profiles"))
    return Profile(cpu_name(1), 1).path


@pytest.fixture
def study(tmp_path: Path, make_point: MakePoint) -> Study:
    """Three points of two networks, none of them trained."""
    study = Study.create(tmp_path / "mine", Task("mnist5k"))
    recipe = Recipe(batch_size=4)
    axes = [(0.25, 0, 1), (0.25, 1, 2), (0.5, 0, 1)]
    study.add(make_point(width=w, resolution=4, seed=s, epochs=e, recipe=recipe) for w, s, e in axes)
    return study


def read_csv(study: Study) -> list[dict[str, str]]:
    with (study.path / "profile.csv").open() as file:
        return list(csv.DictReader(file))


def test_networks_are_measured_once_and_again_when_asked(
    capsys: pytest.CaptureFixture[str], profiles: Path
) -> None:
    words = ["profile", *TINY.split(), "resolution=4"]
    assert main(words) == 0
    first = capsys.readouterr()
    assert f"**Measured on {cpu_name(1)}**" in first.out
    row = next(line for line in first.out.splitlines() if "depth=8" in line)
    assert len(re.findall(r"[\d.,]+ \[[\d.,]+, [\d.,]+\]", row)) == 2, row
    assert "2 of 2 to measure, 0 from the cache" in first.err
    kept = profiles.read_bytes()

    assert main(words) == 0
    second = capsys.readouterr()
    assert "0 of 2 to measure, 2 from the cache" in second.err
    assert second.out == first.out
    assert profiles.read_bytes() == kept

    assert main([*words, "work=inference", "--again"]) == 0
    third = capsys.readouterr()
    assert "1 of 1 to measure, 0 from the cache" in third.err
    assert "training step" not in third.out
    before, after = (json.loads(each)["measured"] for each in (kept, profiles.read_bytes()))
    assert list(before) == list(after)
    assert [key for key in before if before[key] != after[key]] == [
        key for key in before if before[key]["work"] == "inference"
    ]


def test_as_json_there_is_nothing_else_on_stdout(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["profile", *TINY.split(), "resolution=4,5", "work=training", "--json"]) == 0
    value = json.loads(capsys.readouterr().out)
    assert (value["device"], value["threads"]) == (cpu_name(1), 1)
    assert [each["resolution"] for each in value["networks"]] == [4, 5]
    for network in value["networks"]:
        step = network["training"]
        assert 0 < step["low_ms"] <= step["latency_ms"] <= step["high_ms"]
        assert step["images_per_second"] == pytest.approx(2000 / step["latency_ms"])
        assert network["precision"] == "fp32"
        assert network["estimated_memory_gb"] > 0
        assert "inference" not in network


def test_a_study_gets_a_table_of_its_points(capsys: pytest.CaptureFixture[str], study: Study) -> None:
    assert main(["profile", str(study.path)]) == 0
    captured = capsys.readouterr()
    assert "6 of 6 to measure, 0 from the cache" in captured.err  # two networks: one image, a batch, a step
    assert len([line for line in captured.out.splitlines() if "resnet_small" in line]) == 2
    rows = read_csv(study)
    assert [row["point"] for row in rows] == study.point_ids()
    assert tuple(rows[0]) == COLUMNS
    known = Profile(cpu_name(1), 1)
    for row in rows:
        point = study.point(row["point"])
        step = workload_of(point)
        one, many, training = known.of(step.inference(1)), known.of(step.inference(4)), known.of(step)
        assert one is not None
        assert many is not None
        assert training is not None
        assert (row["device"], row["batch_size"], row["precision"]) == (cpu_name(1), "4", "fp32")
        assert float(row["latency_ms"]) == pytest.approx(one.timing.latency_ms, rel=1e-5)
        assert float(row["images_per_second"]) == pytest.approx(many.images_per_second, rel=1e-5)
        assert float(row["train_step_ms"]) == pytest.approx(training.timing.latency_ms, rel=1e-5)
        low, high = float(row["train_step_low_ms"]), float(row["train_step_high_ms"])
        assert (low, high) == pytest.approx((training.timing.low_ms, training.timing.high_ms), rel=1e-5)


def test_arithmetic_that_is_not_done_here_leaves_out_its_points_alone(
    capsys: pytest.CaptureFixture[str], study: Study, make_point: MakePoint
) -> None:
    study.add([make_point(width=0.5, resolution=4, precision="tf32", recipe=Recipe(batch_size=4))])
    assert main(["profile", str(study.path)]) == 0
    assert "no tf32 here" in capsys.readouterr().out
    assert [row["precision"] for row in read_csv(study)] == ["fp32"] * 3


def test_another_device_keeps_its_rows_before_the_last_measured(study: Study) -> None:
    (study.path / "profile.csv").write_text(
        f"{','.join(COLUMNS)}\n0000000000000000,GPU,4,bf16,1,1,1,1,1,1,1,1\n"
        f'0000000000000001,"{cpu_name(1)}",4,fp32,1,1,1,1,1,1,1,1\n'
    )
    assert main(["profile", str(study.path), "work=inference"]) == 0
    devices = [row["device"] for row in read_csv(study)]
    assert devices == ["GPU", *[cpu_name(1)] * 3]
    assert {row["train_step_ms"] for row in read_csv(study)[1:]} == {""}


def test_a_table_of_an_earlier_version_keeps_its_rows(study: Study) -> None:
    earlier = [column for column in COLUMNS if column not in ("train_step_low_ms", "train_step_high_ms")]
    (study.path / "profile.csv").write_text(f"{','.join(earlier)}\n0000000000000000,GPU,4,bf16,1,1,1,1,9,1\n")
    assert main(["profile", str(study.path), "work=inference"]) == 0
    kept = read_csv(study)[0]
    assert (kept["device"], kept["train_step_ms"], kept["train_step_low_ms"]) == ("GPU", "9", "")


def test_a_foreign_table_is_replaced(study: Study, caplog: pytest.LogCaptureFixture) -> None:
    (study.path / "profile.csv").write_text("mine,yours\n1,2\n")
    assert main(["profile", str(study.path), "work=inference"]) == 0
    assert "has other columns than ours and is replaced" in caplog.text
    assert len(read_csv(study)) == 3


def test_what_does_not_fit_is_said_and_not_tried(capsys: pytest.CaptureFixture[str]) -> None:
    words = "model=resnet_rs depth=50 resolution=224 batch_size=1000000 work=training"
    with pytest.raises(SystemExit, match="1"):  # nothing at all was measured
        main(["profile", *words.split()])
    assert re.search(r"needs about [\d,.e+]+ GB, [\d.]+ GB are free", capsys.readouterr().out)


@pytest.mark.parametrize(
    ("line", "sentence"),
    [
        ("device=a100 resnet_rs_50@160", "device=a100 cannot be measured here: use cpu, cuda or tpu."),
        ("threads=0 resnet_rs_50@160", "threads=0 should be a whole number from 1 to the "),
        ("threads=100000 resnet_rs_50@160", "cores of this machine."),
        ("threads=two resnet_rs_50@160", "threads=two should be a whole number from 1 to the "),
        ("work=trainign resnet_rs_50@160", "work=trainign is not known: did you mean training."),
        ("resnet_rs_50@160 batch_size=1", "batch_size=1 is too small for a training step"),
        ("depth=50", "model is missing"),
        ("results/nowhere", "results/nowhere is not a study"),
        ("{study} precision=bf16", "precision=bf16 has no use with a study, whose points determine all but"),
        ("{study} resnet_rs_50@160", "resnet_rs_50@160 has no use with a study"),
        ("{empty}", "has no points yet"),
    ],
)
def test_mistakes_end_in_one_sentence(
    capsys: pytest.CaptureFixture[str], study: Study, tmp_path: Path, line: str, sentence: str
) -> None:
    empty = Study.create(tmp_path / "empty", Task("mnist5k"))
    assert main(["profile", *line.format(study=study.path, empty=empty.path).split()]) == 2
    captured = capsys.readouterr()
    assert sentence in captured.err
    assert captured.err.count("\n") == 1
    assert captured.out == ""


def test_an_interrupt_keeps_what_was_measured(profiles: Path) -> None:
    line = ["-m", "scaling", "profile", *TINY.split(), f"resolution={','.join(map(str, range(4, 60)))}"]
    running = subprocess.Popen(
        [sys.executable, *line], cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    deadline = time.monotonic() + 120
    while not profiles.exists() and time.monotonic() < deadline:
        time.sleep(0.05)
    os.kill(running.pid, signal.SIGINT)
    try:
        out, err = running.communicate(timeout=60)
    finally:
        running.kill()
    assert running.returncode == 130, err
    assert "Traceback" not in err
    assert "Stopped; measurements so far are kept" in err
    num_kept = len(json.loads(profiles.read_text())["measured"])
    assert 1 <= num_kept < 112
    assert len(re.findall(r"\d \[[\d.]+, ", out)) == num_kept
