"""The Slurm job of this process, read from Slurm's environment variables."""

from __future__ import annotations

import os


def job_id() -> str | None:
    """Id of this process's Slurm job, such as 123, or 123_4 in an array; None outside Slurm."""
    array, element = os.environ.get("SLURM_ARRAY_JOB_ID"), os.environ.get("SLURM_ARRAY_TASK_ID")
    return f"{array}_{element}" if array and element else os.environ.get("SLURM_JOB_ID")


def num_restarts() -> int:
    """How often Slurm has restarted this job."""
    return int(os.environ.get("SLURM_RESTART_COUNT", 0))
