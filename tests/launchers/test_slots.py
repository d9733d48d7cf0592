"""What GPUs there are and what they compute, as the driver tells it; here a script stands for its command."""

from __future__ import annotations

import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from launchers.slots import check_precisions, visible_gpus
from scaling.errors import Refused

SCRIPT = """#!/bin/sh
case "$*" in
    -L)
        echo "GPU 0: Tesla V100-SXM2-32GB (UUID: GPU-1f0c)"
        echo "GPU 1: NVIDIA A100-SXM4-80GB (UUID: GPU-28aa)"
        ;;
    *compute_cap*) echo "0, 7.0, Tesla V100-SXM2-32GB"; echo "1, 8.0, NVIDIA A100-SXM4-80GB" ;;
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
        with pytest.raises(Refused, match=f"precision={precision} is not in the hardware of Tesla V100-SXM2"):
            check_precisions("cuda", ["fp32", precision])
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "1")
    assert visible_gpus() == [1]
    check_precisions("cuda", ["bf16"])


@pytest.mark.usefixtures("two_gpus")
@pytest.mark.parametrize(
    ("named", "visible"),
    [("1, 0", [0, 1]), ("GPU-28aa", [1]), ("GPU-1f,GPU-28aa", [0, 1]), ("GPU-3", []), ("", [])],
)
def test_jobs_may_use_the_gpus_that_the_environment_names(
    named: str, visible: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", named)
    assert visible_gpus() == visible


def test_a_gpu_on_a_board_has_a_uuid_without_a_prefix(
    two_gpus: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    script = two_gpus / "nvidia-smi"
    script.write_text('#!/bin/sh\necho "GPU 0: Orin (nvgpu) (UUID: 54dc4de9-8a2c)"\n')
    assert visible_gpus() == [0]
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "0")
    assert visible_gpus() == [0]


def test_a_line_is_refused_before_anything_is_written(
    two_gpus: Path, bash: Callable[..., subprocess.CompletedProcess[str]], tmp_path: Path
) -> None:
    line = f"python sweep.py device=cuda precision=bf16 tracker=none study.root={tmp_path}/studies"
    done = bash(f"export PATH={two_gpus}:$PATH; {line}")
    assert done.returncode == 2
    assert done.stderr == (
        "sweep.py: precision=bf16 is not in the hardware of Tesla V100-SXM2-32GB: use precision=fp32.\n"
    )
    assert not (tmp_path / "studies").exists()
