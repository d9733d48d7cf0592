"""This process as part of a Slurm job: its rank among those that srun started, and the time left."""

from __future__ import annotations

import os
from math import inf

from launchers.slurm.client import ask, seconds
from launchers.slurm.record import Record
from scaling.errors import Refused
from scaling.study.job import job_id, num_restarts
from scaling.training.meeting import Meeting

PORTS = range(20000, 30000)
"""Ports at which the processes of a point meet; below the ephemeral ports of Linux."""


def meeting() -> Meeting:
    """Where this process meets the others that srun started; process 0 is on the node where srun runs."""
    of = os.environ
    job, restarts = int(of.get("SLURM_JOB_ID", 0)), num_restarts()
    return Meeting(
        rank=int(of.get("SLURM_PROCID", 0)),
        size=int(of.get("SLURM_NTASKS", 1)),
        local_rank=int(of.get("SLURM_LOCALID", 0)),
        address=of.get("SLURM_LAUNCH_NODE_IPADDR", "127.0.0.1"),
        port=PORTS[(7 * job + restarts) % len(PORTS)],
    )


def time_left_s(record: Record) -> float:
    """Seconds until Slurm ends this job, as Slurm reports it; the requested limit if it does not answer."""
    asked_for = 60.0 * record.job_class.resources.timeout_min
    try:
        told = ask("squeue", "-h", "-j", str(job_id()), "-o", "%L").strip()
    except Refused:
        return asked_for
    if told in ("UNLIMITED", "NOT_SET"):
        return inf
    left = seconds(told)
    return asked_for if left is None else left
