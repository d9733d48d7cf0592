"""A plain Hydra app on our conf/ whose jobs do nothing, for hydra-submitit-launcher to send to Slurm."""

from __future__ import annotations

import hydra
from omegaconf import DictConfig


@hydra.main(config_path="../conf", config_name="config", version_base="1.3")
def job(_: DictConfig) -> None:
    """Do nothing: the benchmark ends once all jobs are in Slurm's queue."""


if __name__ == "__main__":
    job()
