"""What GPUs there are and what they compute, as the driver tells it; here a script stands for its command."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from launchers.foreground import run_along
from launchers.memory import CUDA_PROCESS_GB, planned_gb, rooms_for
from launchers.request import Request
from launchers.site import check_here, device_gb
from launchers.slots import check_device, check_precisions, num_slots
from launchers.slurm.workers import rooms_of_job
from scaling import gpus
from scaling.errors import Refused
from scaling.study.about import Task
from scaling.study.point import Point
from scaling.study.store import Study
from scaling.tracking.tracker import Tracker
from scaling.training.meeting import Meeting
from scaling.training.runtime import Runtime
from scaling.training.worklist import Terms, WorkList

SCRIPT = """#!/bin/sh
echo "$*" >>"$(dirname "$0")/asked"
case "$*" in
    *=index,uuid,memory.total,compute_cap,name*)
        echo "0, GPU-1f0c, 32510, 7.0, Tesla V100-SXM2-32GB"
        echo "1, GPU-28aa, 40960, 8.0, NVIDIA A100-SXM4-80GB"
        ;;
    *=index,memory.free*) echo "0, 30000"; echo "1, 20000" ;;
    *) exit 1 ;;
esac
"""
"""Of a machine with an old GPU and a newer one; notes its questions."""


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


def _visible() -> list[int]:
    return [gpu.index for gpu in gpus.visible()]


def test_the_driver_is_asked_once_for_what_does_not_change(two_gpus: Path, tmp_path: Path) -> None:
    assert num_slots("auto", device="cuda", threads=1) == 2
    check_here(Runtime(device="cuda"), ["fp32"])
    assert device_gb(Runtime(device="cuda"), 2) == 32510 * 2**20 / 1e9
    rooms = rooms_for({"point": 1.0}, _visible(), folder=tmp_path)
    assert [room and room.size_gb for room in rooms.values()] == [30000 * 2**20 / 1e9, 20000 * 2**20 / 1e9]
    assert [len(line.split()) for line in (two_gpus / "asked").read_text().splitlines()] == [2, 2]


@pytest.mark.usefixtures("two_gpus")
@pytest.mark.parametrize(
    ("allowed", "slots", "free_gb"),
    [
        ("GPU-28aa,GPU-1f0c", 3, {"GPU-28aa": 20000, "GPU-1f0c": 30000}),
        ("GPU-28aa,GPU-1f0c", 2, {"GPU-28aa": None, "GPU-1f0c": None}),
        ("1", 2, {"1": 20000}),
        ("MIG-6a5c,MIG-9b1d", 3, {"MIG-6a5c": None, "MIG-9b1d": None}),
        (None, 3, {"0": 30000, "1": 20000}),
    ],
)
def test_workers_share_the_memory_of_a_gpu_only_where_it_has_several(
    allowed: str | None,
    slots: int,
    free_gb: dict[str, int | None],
    tmp_path: Path,
    make_point: Callable[..., Point],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Slurm names GPUs by index, by UUID or as parts of one."""
    if allowed is not None:
        monkeypatch.setenv("CUDA_VISIBLE_DEVICES", allowed)
    point = make_point()
    study = Study.create(tmp_path / "study", Task(point.data.name, point.data.metric))
    study.add([point])
    terms = Terms(launch="launch", runtime=Runtime(device="cuda"))
    todo = WorkList(study=study.path, point_ids=(point.id,), terms=terms)
    rooms = rooms_of_job(todo, slots, tmp_path)
    sizes = {name: room and room.size_gb for name, room in rooms.items()}
    assert sizes == {name: free and free * 2**20 / 1e9 for name, free in free_gb.items()}
    assert list(sizes) == list(free_gb), "in the order of the environment"
    needed = {point.id: CUDA_PROCESS_GB + planned_gb(terms.runtime, point)}
    assert all(room is None or room.needs_gb == needed for room in rooms.values())


@pytest.mark.usefixtures("two_gpus")
def test_an_unreadable_point_reserves_no_memory(
    tmp_path: Path, make_point: Callable[..., Point], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its attempt says what is wrong with it, and the job trains the others."""
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "1")
    point = make_point()
    study = Study.create(tmp_path / "study", Task(point.data.name, point.data.metric))
    study.add([point])
    (study.directory(point.id) / "point.json").write_text("{}")
    todo = WorkList(
        study=study.path, point_ids=(point.id,), terms=Terms(launch="launch", runtime=Runtime(device="cuda"))
    )
    (room,) = rooms_of_job(todo, 2, tmp_path).values()
    assert room is not None
    assert room.needs_gb == {point.id: CUDA_PROCESS_GB}


def test_an_old_driver_lists_its_gpus_without_their_arithmetic(two_gpus: Path) -> None:
    (two_gpus / "nvidia-smi").write_text(
        """#!/bin/sh
case "$*" in
    *compute_cap*) echo 'Field "compute_cap" is not a valid field to query.'; exit 2 ;;
    *) echo "0, GPU-1f0c, 32510, Tesla V100-SXM2-32GB" ;;
esac
"""
    )
    assert [(gpu.name, gpu.capability) for gpu in gpus.visible()] == [("Tesla V100-SXM2-32GB", None)]
    check_precisions("cuda", ["bf16"])


@pytest.mark.usefixtures("two_gpus")
def test_a_gpu_without_the_arithmetic_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    assert _visible() == [0, 1]
    check_precisions("cuda", ["fp32"])
    for precision in ("bf16", "tf32"):
        with pytest.raises(Refused, match=f"precision={precision} is not supported by Tesla V100-SXM2"):
            check_precisions("cuda", ["fp32", precision])
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "1")
    assert _visible() == [1]
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
    assert _visible() == visible


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
    script.write_text("#!/bin/sh\necho '0, 54dc4de9-8a2c, [N/A], 8.7, Orin (nvgpu)'\n")
    assert _visible() == [0]
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "0")
    assert _visible() == [0]


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
