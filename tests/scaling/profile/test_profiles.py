"""Profiles: what is read back, what is replaced, and what two writers or a killed one leave."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from scaling.models.resnet3d_rs import ResNet3DRS
from scaling.profile import profiles as module
from scaling.profile.profiles import Profile, cpu_name, gpu_name, slug
from scaling.profile.timing import Measured
from scaling.profile.workload import Workload, workload_of
from scaling.study.point import Point
from scaling.training.recipe import Recipe

MakeSubject = Callable[..., Workload]
ROOT = Path(__file__).parents[3]

WRITER = """
import sys
from scaling.models.resnet_small import ResNetSmall
from scaling.profile.profiles import Profile
from scaling.profile.workload import Workload
from scaling.profile.timing import Measured, Timing
from scaling.study.training_step import TrainingStep
first, count = int(sys.argv[1]), int(sys.argv[2])
timing = Timing(latency_ms=1.0, low_ms=1.0, high_ms=1.0, num_repeats=11)
profile = Profile("GPU", 1)
for resolution in range(first, first + count):
    step = TrainingStep(network=ResNetSmall().network(8, 0.25), resolution=resolution, in_channels=1,
        num_classes=10, batch_size=4)
    measured = Measured(timing=timing, images_per_second=1.0, peak_memory_gb=None)
    profile.put(Workload(step=step, work="inference"), measured)
"""


def writer(first: int, count: int) -> subprocess.Popen[bytes]:
    """A process that measures nothing and writes much."""
    return subprocess.Popen([sys.executable, "-c", WRITER, str(first), str(count)], cwd=ROOT)


def test_what_was_measured_is_read_back(make_subject: MakeSubject, measured: Measured) -> None:
    Profile("GPU", 1).put(make_subject(), measured)
    assert Profile("GPU", 1).of(make_subject()) == measured
    assert Profile("another GPU", 1).of(make_subject()) is None


@pytest.mark.parametrize(
    "changes",
    [
        {"depth": 14},
        {"width": 0.5},
        {"resolution": 9},
        {"in_channels": 3},
        {"num_classes": 11},
        {"batch_size": 5},
        {"precision": "bf16"},
        {"work": "training"},
        {"frames": 2},
        {"num_norm_batches": 2, "batch_size": 2},
        {"num_moments": 2},
        {"average": False},
    ],
)
def test_another_subject_is_not_known(
    make_subject: MakeSubject, measured: Measured, changes: dict[str, object]
) -> None:
    profile = Profile("GPU", 1)
    profile.put(make_subject(), measured)
    assert profile.of(make_subject(**changes)) is None


def test_other_threads_and_another_torch_know_nothing(
    make_subject: MakeSubject, measured: Measured, monkeypatch: pytest.MonkeyPatch
) -> None:
    Profile("GPU", 1).put(make_subject(), measured)
    assert Profile("GPU", 2).of(make_subject()) is None
    monkeypatch.setattr(module, "torch_version", lambda: "0.1")
    assert Profile("GPU", 1).of(make_subject()) is None


@pytest.mark.parametrize(
    "content",
    ["{half", "", "[]", '{"some": "thing"}', '{"schema": 1, "device": "GPU 2", "measured": {}}', "\x00\xff"],
)
def test_a_damaged_or_foreign_file_counts_as_empty_and_is_replaced(
    make_subject: MakeSubject,
    measured: Measured,
    profiles: Path,
    caplog: pytest.LogCaptureFixture,
    content: str,
) -> None:
    profiles.mkdir()
    (profiles / "gpu.json").write_text(content)
    profile = Profile("GPU", 1)
    assert profile.of(make_subject()) is None
    assert "counts as empty and is replaced" in caplog.text
    profile.put(make_subject(), measured)
    assert Profile("GPU", 1).of(make_subject()) == measured


def test_a_damaged_entry_harms_no_other(
    make_subject: MakeSubject, measured: Measured, profiles: Path
) -> None:
    profile = Profile("GPU", 1)
    profile.put(make_subject(), measured)
    profile.put(make_subject(depth=14), measured)
    whole = json.loads((profiles / "gpu.json").read_text())
    first = next(iter(whole["measured"]))
    for damage in (None, {}, {"timing": {}}, {**whole["measured"][first], "images_per_second": -1.0}):
        damaged = {**whole, "measured": {**whole["measured"], first: damage}}
        (profiles / "gpu.json").write_text(json.dumps(damaged))
        assert Profile("GPU", 1).of(make_subject()) is None
        assert Profile("GPU", 1).of(make_subject(depth=14)) == measured


def test_two_writers_lose_nothing(profiles: Path) -> None:
    writers = [writer(8, 30), writer(108, 30)]
    assert [each.wait(timeout=60) for each in writers] == [0, 0]
    assert len(json.loads((profiles / "gpu.json").read_text())["measured"]) == 60


def test_a_killed_writer_leaves_a_readable_file(
    make_subject: MakeSubject, measured: Measured, profiles: Path, caplog: pytest.LogCaptureFixture
) -> None:
    killed = writer(8, 100_000)
    file = profiles / "gpu.json"
    deadline = time.monotonic() + 60
    while not file.exists() and time.monotonic() < deadline:
        time.sleep(0.01)
    time.sleep(0.2)
    killed.send_signal(signal.SIGKILL)
    killed.wait(timeout=60)
    profile = Profile("GPU", 1)
    assert profile.of(make_subject()) is not None
    profile.put(make_subject(depth=14), measured)  # the lock died with its holder
    assert Profile("GPU", 1).of(make_subject(depth=14)) == measured
    assert not caplog.records


def test_without_a_place_to_write_it_is_known_in_memory(
    make_subject: MakeSubject, measured: Measured, profiles: Path, caplog: pytest.LogCaptureFixture
) -> None:
    profiles.write_text("a file where the directory should be")
    profile = Profile("GPU", 1)
    profile.put(make_subject(), measured)
    assert profile.of(make_subject()) == measured
    assert "is not kept" in caplog.text


def test_the_step_of_a_point_is_found(make_point: Callable[..., Point], measured: Measured) -> None:
    profile = Profile(cpu_name(1), 1)
    point = make_point()
    profile.put(workload_of(point), measured)
    for alike in (point, make_point(epochs=9, seed=3), make_point(recipe=Recipe(norm_batch=128))):
        assert profile.of(workload_of(alike)) == measured
    for other in (Recipe(norm_batch=32), Recipe(ema_decay=0), Recipe(momentum=0), Recipe(batch_size=64)):
        assert profile.of(workload_of(make_point(recipe=other))) is None


CLIP = {"network": ResNet3DRS().network(14, 0.25), "resolution": 32}


@pytest.mark.parametrize(
    ("changes", "key"),
    [
        ({}, "7adc5c09e0fd9182"),
        ({"work": "training"}, "029a5cd7cbe46864"),
        ({"work": "training", "num_norm_batches": 2, "batch_size": 2}, "b21ca3f84fac1e10"),
        ({"work": "training", "batch_size": 128, "precision": "bf16"}, "9dc4b7549c040461"),
        ({"work": "training", "num_moments": 2, "average": False}, "c0e72636fe16ee89"),
        ({"work": "training", "frozen": True}, "762a2dd4ec351f37"),
        ({"work": "training", **CLIP, "frames": 4}, "09864301dfe7630b"),
        ({"work": "training", **CLIP, "frames": 1}, "89b8d1b98625de5e"),
    ],
)
def test_profiles_of_earlier_versions_are_found(
    make_subject: MakeSubject, changes: dict[str, object], key: str
) -> None:
    """Keys as they were stored when a workload held all these values itself."""
    assert make_subject(**changes).key(threads=1, torch="2.9.0") == key


def test_names_make_file_names() -> None:
    assert slug("NVIDIA H100 80GB HBM3") == "nvidia-h100-80gb-hbm3"
    assert slug("Intel(R) Xeon(R) CPU @ 2.20GHz, 1 thread") == "intel-r-xeon-r-cpu-2-20ghz-1-thread"
    assert slug("???") == "device"
    assert (cpu_name(1)[-10:], cpu_name(2)[-11:]) == (", 1 thread", ", 2 threads")


def test_looking_up_needs_no_torch() -> None:
    code = (
        "import sys\n"
        "import scaling.study.plan, scaling.profile.study_table, scaling.command.profile\n"
        "from scaling.profile.profiles import Profile, cpu_name\n"
        "Profile(cpu_name(1), 1)\n"
        "assert not {'torch', 'torchvision', 'timm'} & set(sys.modules)"
    )
    subprocess.run([sys.executable, "-c", code], check=True, cwd=ROOT)


TWO_GPUS = "echo '0, GPU-1f0c, 143771, 9.0, NVIDIA H200'; echo '1, GPU-28aa, 2048, 7.5, NVIDIA T400'"


@pytest.fixture
def nvidia_smi(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[str], None]:
    """Have the driver's command do so."""

    def make(line: str) -> None:
        command = tmp_path / "bin" / "nvidia-smi"
        command.parent.mkdir()
        command.write_text(f"#!/bin/sh\n{line}\n")
        command.chmod(0o755)
        monkeypatch.setenv("PATH", str(command.parent), prepend=":")
        monkeypatch.delenv("CUDA_VISIBLE_DEVICES", raising=False)

    return make


def test_the_driver_tells_the_name_of_a_gpu(tmp_path: Path, nvidia_smi: Callable[[str], None]) -> None:
    """The file is as NVIDIA's driver lays it out below /proc."""
    nvidia_smi("exit 9")
    assert gpu_name(tmp_path) is None
    (tmp_path / "0000:01:00.0").mkdir()
    (tmp_path / "0000:01:00.0" / "information").write_text(
        "Model: \t\t NVIDIA H100 80GB HBM3\nIRQ:   \t\t 17\n"
    )
    assert gpu_name(tmp_path) == "NVIDIA H100 80GB HBM3"


def test_where_the_driver_has_no_files_its_command_tells(
    tmp_path: Path, nvidia_smi: Callable[[str], None]
) -> None:
    nvidia_smi(TWO_GPUS)
    assert gpu_name(tmp_path) == "NVIDIA H200"


def test_of_different_gpus_the_first_that_may_be_used_is_named(
    tmp_path: Path, nvidia_smi: Callable[[str], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    nvidia_smi(TWO_GPUS)
    for address, name in (("0000:01:00.0", "NVIDIA H200"), ("0000:02:00.0", "NVIDIA T400")):
        (tmp_path / address).mkdir()
        (tmp_path / address / "information").write_text(f"Model: \t {name}\n")
    assert gpu_name(tmp_path) == "NVIDIA H200"
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "1")
    assert gpu_name(tmp_path) == "NVIDIA T400"
