"""What GPUs there are and what they compute, as the driver tells it; here a script stands for its command."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from launchers.foreground import run_along
from launchers.request import Request
from launchers.site import check_here, device_gb
from launchers.slots import check_device, check_precisions, visible_gpus
from scaling.errors import Refused
from scaling.tracking.tracker import Tracker
from scaling.training.meeting import Meeting
from scaling.training.runtime import Runtime

SCRIPT = """#!/bin/sh
case "$*" in
    -L)
        echo "GPU 0: Tesla V100-SXM2-32GB (UUID: GPU-1f0c)"
        echo "GPU 1: NVIDIA A100-SXM4-80GB (UUID: GPU-28aa)"
        ;;
    *compute_cap*) echo "0, 7.0, Tesla V100-SXM2-32GB"; echo "1, 8.0, NVIDIA A100-SXM4-80GB" ;;
    *memory.total*0) echo 32510 ;;
    *memory.total*1) echo 40960 ;;
    *) exit 1 ;;
esac
"""
"""Of a machine with an old GPU and a newer one."""


@pytest.fixture
def two_gpus(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The directory of the script."""
    folder = tmp_path / "bin"
    folder.mkdir()
    (folder / "nvidia-smi").write_text(SCRIPT)
    (folder / "nvidia-smi").chmod(0o755)
    monkeypatch.setenv("PATH", str(folder), prepend=":")
    monkeypatch.delenv("CUDA_VISIBLE_DEVICES", raising=False)
    return folder


@pytest.mark.usefixtures("two_gpus")
def test_a_gpu_without_the_arithmetic_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    assert visible_gpus() == [0, 1]
    check_precisions("cuda", ["fp32"])
    for precision in ("bf16", "tf32"):
        with pytest.raises(Refused, match=f"precision={precision} is not supported by Tesla V100-SXM2"):
            check_precisions("cuda", ["fp32", precision])
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "1")
    assert visible_gpus() == [1]
    check_precisions("cuda", ["bf16"])


@pytest.mark.usefixtures("two_gpus")
@pytest.mark.parametrize(
    ("named", "visible"),
    [
        ("1, 0", [0, 1]),
        ("GPU-28aa", [1]),
        ("GPU-1f,GPU-28aa", [0, 1]),
        ("GPU-3", []),
        ("", []),
        ("1,-1,0", [1]),
    ],
)
def test_jobs_may_use_the_gpus_that_the_environment_names(
    named: str, visible: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", named)
    assert visible_gpus() == visible


@pytest.mark.usefixtures("two_gpus")
def test_a_part_of_a_gpu_is_refused_with_the_name_it_was_given(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "MIG-6a5c")
    with pytest.raises(
        Refused, match="no GPU that CUDA_VISIBLE_DEVICES='MIG-6a5c' names \\(parts do not count"
    ):
        check_device("cuda")


@pytest.mark.usefixtures("two_gpus")
@pytest.mark.parametrize(("told", "order"), [(None, "PCI_BUS_ID"), ("FASTEST_FIRST", "FASTEST_FIRST")])
def test_cuda_numbers_gpus_as_the_driver_does_unless_told(
    told: str | None, order: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CUDA_DEVICE_ORDER", told or "")
    if not told:
        monkeypatch.delenv("CUDA_DEVICE_ORDER")
    check_here(Runtime(device="cuda"), ["fp32"])
    assert os.environ["CUDA_DEVICE_ORDER"] == order


def test_all_of_torchruns_processes_number_gpus_alike(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("CUDA_DEVICE_ORDER", "")  # to be put back
    monkeypatch.delenv("CUDA_DEVICE_ORDER")
    runtime = Runtime(device="cuda")
    run_along(
        Request(studies={}, runtime=runtime, tracker=Tracker(mode="none"), command="", show="table"),
        Meeting(rank=1, size=2),
    )
    assert os.environ["CUDA_DEVICE_ORDER"] == "PCI_BUS_ID"


def test_a_gpu_on_a_board_has_a_uuid_without_a_prefix(
    two_gpus: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    script = two_gpus / "nvidia-smi"
    script.write_text('#!/bin/sh\necho "GPU 0: Orin (nvgpu) (UUID: 54dc4de9-8a2c)"\n')
    assert visible_gpus() == [0]
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "0")
    assert visible_gpus() == [0]


@pytest.mark.usefixtures("two_gpus")
@pytest.mark.parametrize(("visible", "mebibytes"), [("0,1", 32510), ("1", 40960)])
def test_the_memory_of_a_gpu_at_hand_is_not_its_specification(
    visible: str, mebibytes: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An A100 has 40 or 80 GB."""
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", visible)
    assert device_gb(Runtime(device="cuda"), 1) == mebibytes * 2**20 / 1e9
    assert device_gb(Runtime(device="cuda", spec="a100"), 1) == 80


def test_a_line_is_refused_before_anything_is_written(
    two_gpus: Path, bash: Callable[..., subprocess.CompletedProcess[str]], tmp_path: Path
) -> None:
    line = f"python sweep.py device=cuda precision=bf16 tracker=none study.root={tmp_path}/studies"
    done = bash(f"export PATH={two_gpus}:$PATH; {line}")
    assert done.returncode == 2
    assert done.stderr == (
        "sweep.py: precision=bf16 is not supported by Tesla V100-SXM2-32GB: use precision=fp32.\n"
    )
    assert not (tmp_path / "studies").exists()
