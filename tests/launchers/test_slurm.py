"""What the Slurm launcher decides by itself: arrays, classes, words of the queue. No cluster is needed."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from launchers.slurm.classes import classes_of
from launchers.slurm.client import seconds
from launchers.slurm.cluster import Partition
from launchers.slurm.job import margin_s
from launchers.slurm.launcher import Slurm
from launchers.slurm.options import Options
from launchers.slurm.queue import Queued
from launchers.slurm.submission import cut, share_out
from scaling.errors import Refused
from scaling.profile.forecast import Hours
from scaling.study.labelling_cost import LabellingCost
from scaling.study.plan import Planned
from scaling.study.point import Point
from scaling.training.runtime import Runtime

NODES = Partition(name="main", is_default=True, longest_min=1440, num_nodes=4, cpus=8, memory_gb=64.0, gpus=4)


def _planned(point: Point, hours: float, memory_gb: float = 0.8) -> Planned:
    told = Hours(hours=hours, source="model")
    return Planned(point=point, action="run", why="new", hours=told, memory_gb=memory_gb)


@given(num_jobs=st.integers(1, 5000), largest=st.integers(1, 1001))
def test_arrays_have_all_jobs_and_fit(num_jobs: int, largest: int) -> None:
    arrays = cut(num_jobs, largest)
    assert sum(arrays) == num_jobs
    assert max(arrays) <= largest
    assert len(arrays) == -(-num_jobs // largest)


@given(total=st.integers(1, 500), sizes=st.lists(st.integers(1, 50), min_size=1, max_size=20))
def test_arrays_share_the_jobs_at_a_time(total: int, sizes: list[int]) -> None:
    shares = share_out(total, sizes)
    assert all(1 <= share <= size for share, size in zip(shares, sizes, strict=True))
    assert sum(shares) <= max(total, len(sizes))


def test_small_and_large_points_ask_for_different_jobs(make_point: Callable[..., Point]) -> None:
    small, large = make_point(seed=1), make_point(depth=20, width=2.0)
    classes = classes_of(
        [_planned(small, 0.01), _planned(large, 5.0, memory_gb=20.0)], Options(), Runtime(), NODES, {}
    )
    by_point = {point_id: each.resources for each in classes for point_id in each.point_ids}
    assert by_point[small.id].mem_gb == 2
    assert by_point[small.id].timeout_min == 15
    assert by_point[large.id].mem_gb == 32
    assert by_point[large.id].timeout_min == 1440, "3 x 5 h and a start, in the next step"


def test_students_have_time_to_label_by_themselves(make_point: Callable[..., Point], tmp_path: Path) -> None:
    cost = LabellingCost(labels=tmp_path, flops=1e9, hours=10.0, share_left=0.5)
    student = replace(_planned(make_point(), 0.01), labelling=cost)
    (one,) = classes_of([student], Options(), Runtime(), NODES, {})
    assert one.resources.timeout_min == 1440, "3 x 5 h and a start, in the next step"
    done = replace(student, labelling=replace(cost, share_left=0.0))
    (other,) = classes_of([done], Options(), Runtime(), NODES, {})
    assert other.resources.timeout_min == 15


def test_points_that_ran_out_of_memory_ask_for_twice_as_much(make_point: Callable[..., Point]) -> None:
    point = make_point()
    (job_class,) = classes_of([_planned(point, 0.01)], Options(), Runtime(), NODES, {point.id: 8})
    assert job_class.resources.mem_gb == 16


def test_a_host_keeps_the_images_of_a_gpu(make_point: Callable[..., Point]) -> None:
    """Of 70,000 images of 224 pixels, 10.5 GB."""
    data = replace(make_point().data, channels=3, side=32, num_train=50_000, num_val=10_000, num_test=10_000)
    for resolution, mem_gb in ((32, 8), (224, 24)):
        point = make_point(data=data, resolution=resolution)
        planned = [_planned(point, 1.0)]
        (job_class,) = classes_of(planned, Options(), Runtime(device="cuda"), NODES, {})
        assert job_class.resources.mem_gb == mem_gb


@pytest.mark.parametrize(
    ("device", "asked", "node_cpus", "cpus"),
    [
        ("cpu", {}, 8, 1),
        ("cuda", {}, 8, 2),
        ("cuda", {}, 4, 1),
        ("cuda", {"slots": 3}, 64, 6),
        ("cuda", {"slots": 3, "gpus_per_node": 2}, 8, 4),
        ("cuda", {"slots": 3}, 8, 3),
        ("cuda", {"cpus_per_task": 5}, 8, 5),
    ],
)
def test_a_gpu_has_a_core_to_read_images_if_its_node_has(
    make_point: Callable[..., Point], device: str, asked: dict[str, int], node_cpus: int, cpus: int
) -> None:
    """A node has four GPUs."""
    nodes = replace(NODES, cpus=node_cpus)
    planned, runtime = [_planned(make_point(), 1.0)], Runtime(device=device)
    (job_class,) = classes_of(planned, Options(**asked), runtime, nodes, {})
    assert job_class.resources.cpus_per_task == cpus


def test_processes_are_spread_over_nodes(make_point: Callable[..., Point]) -> None:
    recipe = make_point().recipe.__class__(batch_size=256, norm_batch=32)
    point = make_point(recipe=recipe)
    asked = {"processes": 8}
    (job_class,) = classes_of(
        [_planned(point, 1.0)], Options(**asked), Runtime(device="cuda", spec="a100"), NODES, {}
    )
    resources = job_class.resources
    assert (resources.nodes, resources.tasks_per_node, resources.gpus_per_node) == (2, 4, 4)
    with pytest.raises(Refused, match="3 processes cannot share the 8 norm batches"):
        classes_of([_planned(point, 1.0)], Options(processes=3), Runtime(), NODES, {})


@pytest.mark.parametrize(
    ("entry", "job", "holds"),
    [
        ("12_3", "12_3", True),
        ("12_[5-9%2]", "12_7", True),
        ("12_[5-9%2]", "12_4", False),
        ("12_[1,5-9]", "12_1", True),
        ("12_[1,3,...]", "12_1", True),
        ("12_[1,5-9]", "13_1", False),
        ("12", "12", True),
        ("12", "13", False),
    ],
)
def test_a_line_of_the_queue_holds_its_jobs(entry: str, job: str, holds: bool) -> None:
    assert Queued(job=entry, state="pending", reason="Priority").holds(job) is holds


def test_times_as_slurm_writes_them() -> None:
    assert seconds("4:05") == 245
    assert seconds("1-02:03:04") == 93784
    assert seconds("1-00:00:00") == 24 * 3600
    assert seconds("30:00") == 1800
    assert seconds("infinite") is None


def test_a_short_job_keeps_most_of_its_time() -> None:
    assert margin_s(1) == 12
    assert margin_s(600) == 60


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        ({"slots": 0}, "hydra.launcher.slots=0 should be a number of at least 1"),
        ({"mem_gb": "lots"}, "hydra.launcher.mem_gb=lots should be auto or a number"),
        ({"max_requeues": -1}, "hydra.launcher.max_requeues=-1 must not be negative"),
        ({"sbatch": {"array": "1-3"}}, "hydra.launcher.sbatch.array is set by the launcher itself"),
        ({"slots": 2, "processes": 2}, "a job trains several points"),
    ],
)
def test_bad_options_are_refused(options: dict[str, object], sentence: str) -> None:
    with pytest.raises(Refused, match=sentence):
        Options(**options)  # type: ignore[arg-type]


def test_several_processes_for_a_tpu_are_refused_before_anything_is_submitted() -> None:
    with pytest.raises(Refused, match=r"hydra\.launcher\.processes=2 is of no use with device=tpu"):
        Slurm(Options(processes=2)).check(Runtime(device="tpu"), ["fp32"])
