"""The Slurm job that this process is part of, as Slurm's environment variables tell it."""

from __future__ import annotations

import os


def job_id() -> str | None:
    """The Slurm job of this process, such as 123, or 123_4 in an array; None outside of Slurm."""
    array, element = os.environ.get("SLURM_ARRAY_JOB_ID"), os.environ.get("SLURM_ARRAY_TASK_ID")
    return f"{array}_{element}" if array and element else os.environ.get("SLURM_JOB_ID")


def num_restarts() -> int:
    """How often Slurm has started this job again."""
    return int(os.environ.get("SLURM_RESTART_COUNT", 0))
