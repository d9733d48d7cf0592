"""A class of jobs: points that request the same resources from Slurm, and therefore share arrays."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

from launchers.slurm.cluster import Partition
from launchers.slurm.options import Options
from scaling.data.held import on_host_gb
from scaling.errors import Refused
from scaling.study.plan import Planned
from scaling.study.stages import stages
from scaling.training.runtime import Runtime

TIME_FACTOR, START_MIN = 3.0, 10.0
"""Time limit of a job: this multiple of the predicted time of its points and their labelling, plus a constant
for the start."""
UNKNOWN_MIN = 120
"""Time limit if the hours are unknown."""
LIMITS_MIN = (15, 30, 60, 120, 240, 480, 720, 1440, 2880)
"""Time limits that jobs request; they are few so that classes are few."""
MEMORY_FACTOR, MEMORY_STEPS_GB = 1.25, (1, 2, 3, 4, 6, 8, 12, 16, 24, 32, 48, 64, 96, 128, 192, 256, 384, 512)
"""Safety factor on the estimated memory, and the amounts that jobs request."""
SUPERVISOR_GB = 0.3
"""Memory of the process that starts a job's workers, and of the tracker."""
CUDA_HOST_GB = 6.0
"""Host memory of a process that trains on a GPU, without the images that it keeps."""


@dataclass(frozen=True, kw_only=True, order=True)
class Resources:
    """The resources that one job requests."""

    nodes: int
    tasks_per_node: int
    cpus_per_task: int
    gpus_per_node: int
    mem_gb: float
    """Memory on each node, in 1024^3 bytes as Slurm counts it."""
    timeout_min: int

    def __str__(self) -> str:
        gpus = f", {self.gpus_per_node} GPUs" if self.gpus_per_node else ""
        return (
            f"{self.nodes} x ({self.tasks_per_node * self.cpus_per_task} cores{gpus}, {self.mem_gb:g} GB) "
            f"for {self.timeout_min} min"
        )


@dataclass(frozen=True, kw_only=True)
class JobClass:
    """Points with the same resources and the same stage."""

    name: str
    resources: Resources
    point_ids: tuple[str, ...]
    """Ids of the points, the most expensive first."""
    stage: int = 0
    """Stage of the points: their jobs start when the jobs of points that they need have ended."""


def classes_of(
    entries: Sequence[Planned],
    options: Options,
    runtime: Runtime,
    partition: Partition,
    hungry: dict[str, float],
) -> list[JobClass]:
    """The points to train, by class. `hungry` has, by id, the GB that were not enough for a point before."""
    points: defaultdict[tuple[int, Resources], list[Planned]] = defaultdict(list)
    stage_of = stages([entry.point for entry in entries])
    for entry in entries:
        needed = _resources(entry, options, runtime, partition, hungry.get(entry.point.id))
        points[-stage_of[entry.point.id], needed].append(entry)
    return [
        JobClass(
            name=f"class-{number}",
            resources=resources,
            point_ids=_dearest_first(points[minus_stage, resources]),
            stage=-minus_stage,
        )
        for number, (minus_stage, resources) in enumerate(sorted(points, reverse=True), start=1)
    ]


def _dearest_first(entries: Sequence[Planned]) -> tuple[str, ...]:
    by_cost = sorted(entries, key=lambda entry: -entry.point.cost.train_flops)
    return tuple(entry.point.id for entry in by_cost)


def _resources(
    entry: Planned, options: Options, runtime: Runtime, partition: Partition, ran_out_gb: float | None
) -> Resources:
    tasks = options.processes
    entry.point.recipe.norm_batches_each(tasks)  # refuses a number that cannot share them
    per_node = tasks_per_node(options, runtime, partition)
    auto_gpus = per_node if runtime.device == "cuda" else 0
    gpus = auto_gpus if isinstance(options.gpus_per_node, str) else options.gpus_per_node
    auto_cpus = _cores(options, runtime, partition, gpus // per_node)
    return Resources(
        nodes=tasks // per_node,
        tasks_per_node=per_node,
        cpus_per_task=auto_cpus if isinstance(options.cpus_per_task, str) else options.cpus_per_task,
        gpus_per_node=gpus,
        mem_gb=_mem_gb(entry, options, runtime, partition, per_node, ran_out_gb),
        timeout_min=_timeout_min(entry, options, partition),
    )


def _cores(options: Options, runtime: Runtime, partition: Partition, gpus: int) -> int:
    """Cores of one process, or of all slots of a job, which have `gpus` GPUs.

    On GPUs each slot has one more, if the cores that a node has for so many GPUs suffice: while one thread
    launches the operations of a step, another reads and copies the images of the next one.
    """
    fewest = options.slots * runtime.threads
    if runtime.device != "cuda" or not partition.gpus:
        return fewest
    return max(fewest, min(fewest + options.slots, gpus * partition.cpus // partition.gpus))


def tasks_per_node(options: Options, runtime: Runtime, partition: Partition) -> int:
    """Number of processes of a job on each of its nodes."""
    if not isinstance(options.nodes, str):
        if options.processes % options.nodes:
            raise Refused(
                f"hydra.launcher.nodes={options.nodes} should divide hydra.launcher.processes="
                f"{options.processes}."
            )
        return options.processes // options.nodes
    most = partition.gpus if runtime.device == "cuda" else partition.cpus // runtime.threads
    fitting = [each for each in range(1, options.processes + 1) if options.processes % each == 0]
    return max(each for each in fitting if each <= max(1, most))


def _mem_gb(
    entry: Planned,
    options: Options,
    runtime: Runtime,
    partition: Partition,
    per_node: int,
    ran_out_gb: float | None,
) -> float:
    """The smallest step above the estimate, but no more than a node has if the estimate fits on it."""
    if not isinstance(options.mem_gb, str):
        return options.mem_gb
    on_host = CUDA_HOST_GB + on_host_gb(entry.point)
    each = on_host if runtime.device == "cuda" else MEMORY_FACTOR * entry.memory_gb
    needed = SUPERVISOR_GB + each * options.slots * per_node
    if ran_out_gb is not None:
        needed = max(needed, min(2 * ran_out_gb, partition.memory_gb))
    asked = next((step for step in MEMORY_STEPS_GB if step >= needed), math.ceil(needed))
    return min(asked, partition.memory_gb) if needed <= partition.memory_gb else asked


def _timeout_min(entry: Planned, options: Options, partition: Partition) -> int:
    longest = partition.longest_min
    if not isinstance(options.timeout_min, str):
        if longest is not None and options.timeout_min > longest:
            raise Refused(
                f"hydra.launcher.timeout_min={options.timeout_min} is more than the {longest} minutes of "
                f"the partition {partition.name}: a job with a shorter limit continues after a requeue."
            )
        return options.timeout_min
    limit = UNKNOWN_MIN
    if entry.hours is not None:
        points = math.ceil(options.points_per_job / options.slots)
        labelling_hours = entry.labelling.hours_left if entry.labelling else 0.0
        hours = (entry.hours.hours * points + labelling_hours) / options.processes
        minutes = START_MIN + TIME_FACTOR * 60 * hours
        limit = next((step for step in LIMITS_MIN if step >= minutes), LIMITS_MIN[-1])
    return limit if longest is None else min(limit, longest)
