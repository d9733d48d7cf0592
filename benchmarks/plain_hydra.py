"""A plain Hydra app on our conf/ that trains nothing and exits when its last job is handed over.

Its arguments are the number of jobs and then those of `sweep.py`. Hydra's basic launcher hands over each job
by calling the task function; hydra-submitit-launcher hands over all jobs in one call of submitit.
"""

from __future__ import annotations

import os
import sys
from itertools import count
from typing import NoReturn

import hydra
from omegaconf import DictConfig
from submitit import AutoExecutor

NUM_JOBS = int(sys.argv.pop(1))
called = count(1)


@hydra.main(config_path="../conf", config_name="config", version_base="1.3")
def job(_: DictConfig) -> None:
    """End the process at the last call."""
    if next(called) == NUM_JOBS:
        end(NUM_JOBS)


def submit(_: AutoExecutor, __: object, *arguments: list[object]) -> NoReturn:
    """Replaces `AutoExecutor.map_array`, which would start a process per job."""
    end(len(arguments[0]))


def end(num_jobs: int) -> NoReturn:
    """Print the number of jobs and end the process at once."""
    sys.stdout.write(f"{num_jobs} jobs handed over\n")
    sys.stdout.flush()
    os._exit(0)


if __name__ == "__main__":
    AutoExecutor.map_array = submit
    job()
