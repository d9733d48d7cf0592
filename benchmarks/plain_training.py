"""A plain Hydra app on our conf/ that trains the point with a given id, for Hydra's launchers to call.

Its arguments have study.root, study.name and `+point=…`. The study has been made before, so that the work
per point is Hydra's own and the training.
"""

from __future__ import annotations

from pathlib import Path

import hydra
from omegaconf import DictConfig

from scaling.study.store import Study
from scaling.training.runtime import Runtime
from scaling.training.worker import work
from scaling.training.worklist import Terms, WorkList


def alone(study: Study, point_id: str) -> WorkList:
    """A work list with only this point."""
    return WorkList(
        study=study.path.absolute(), point_ids=(point_id,), terms=Terms(launch="bench", runtime=Runtime())
    )


@hydra.main(config_path="../conf", config_name="config", version_base="1.3")
def job(config: DictConfig) -> None:
    """Train the point."""
    work(alone(Study.open(Path(config.study.root) / config.study.name), config.point))


if __name__ == "__main__":
    job()
