"""The options of the Slurm launcher, as `hydra.launcher.…=` sets them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from scaling.errors import Refused
from scaling.training.worklist import Policy

Extra = str | int | float | bool

_OWN = ("array", "comment", "output", "error", "open-mode", "signal", "requeue", "no-requeue", "wait")
"""Options of sbatch that the launcher sets itself."""


@dataclass(frozen=True, kw_only=True)
class Options:
    """Options of jobs. `auto` is derived from the costs in the plan, separately for each class of points."""

    partition: str | None = None
    account: str | None = None
    qos: str | None = None
    constraint: str | None = None
    job_name: str | None = None
    """Name of all jobs; None for the name of the study."""
    setup: tuple[str, ...] = ()
    """Shell commands to run before Python, such as `module load cuda`."""
    sbatch: Mapping[str, Extra] | None = None
    """More options for sbatch, such as `{exclude: n[1-2], mail-type: FAIL}`; true is a flag without value."""
    srun_args: tuple[str, ...] = ()
    timeout_min: int | str = "auto"
    """Time limit of a job. A point that takes longer continues in the same job after a requeue."""
    mem_gb: float | str = "auto"
    """Memory of a job on each node, in 1024^3 bytes."""
    cpus_per_task: int | str = "auto"
    gpus_per_node: int | str = "auto"
    """GPUs on each node; `auto` is one per process of a point with device=cuda, else none."""
    processes: int = 1
    """Processes that train a point together, each with its own GPU if device=cuda."""
    nodes: int | str = "auto"
    """Nodes over which the processes of a point are spread."""
    slots: int = 1
    """Points that a job trains at a time; they take its GPUs in turn."""
    points_per_job: int = 1
    """Points that a job is sized for. It continues with others of its class while it has time left."""
    array_parallelism: int | None = None
    """Largest number of jobs of a launch that run at a time; each array gets at least one."""
    max_requeues: int = 20
    """Number of times a point continues after it was stopped or lost its process."""
    same_failure_limit: int = Policy.same_failure_limit
    """The launch stops if this many points, the first to end, all failed with the same traceback."""
    submit_within_s: float = 300.0
    """Time to keep trying if Slurm's controller does not answer."""
    probe: bool = True
    """Whether to check first, on a node that is free at once, that nodes can see the study's directory."""
    wait: bool = False
    """Whether the launch stays until all points have ended, instead of returning once they are submitted."""

    def __post_init__(self) -> None:
        for name in ("processes", "slots", "points_per_job"):
            _at_least_one(name, getattr(self, name))
        for name in ("timeout_min", "mem_gb", "cpus_per_task", "nodes"):
            if getattr(self, name) != "auto":
                _at_least_one(name, getattr(self, name), "auto or ")
        if self.gpus_per_node != "auto" and (isinstance(self.gpus_per_node, str) or self.gpus_per_node < 0):
            raise Refused(f"hydra.launcher.gpus_per_node={self.gpus_per_node} should be auto or a number.")
        if self.array_parallelism is not None:
            _at_least_one("array_parallelism", self.array_parallelism)
        if self.processes > 1 and self.slots > 1:
            raise Refused(
                "hydra.launcher: a job trains several points (slots) or one point by several processes."
            )
        for name in self.sbatch or {}:
            if name.replace("_", "-") in _OWN:
                raise Refused(f"hydra.launcher.sbatch.{name} is set by the launcher itself: leave it out.")
        assert self.policy  # raises Refused for bad values

    @property
    def policy(self) -> Policy:
        return Policy(max_requeues=self.max_requeues, same_failure_limit=self.same_failure_limit)


def _at_least_one(name: str, value: float | str, also: str = "") -> None:
    if isinstance(value, str) or value < 1:
        raise Refused(f"hydra.launcher.{name}={value} should be {also}a number of at least 1.")
