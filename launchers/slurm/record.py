"""A record: what a launch submits to Slurm, written into its folder before the submission."""

from __future__ import annotations

import getpass
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from launchers.slurm.classes import JobClass, Resources
from scaling.study.files import Corrupt, read_json, write_json


@dataclass(frozen=True, kw_only=True)
class Record:
    """The jobs of one class of one launch."""

    file: Path
    user: str
    job_class: JobClass
    num_jobs: int
    """Number of jobs in all arrays of the class."""
    job_ids: tuple[str, ...] = ()
    """Ids of its arrays that Slurm has reported so far."""
    is_submitted: bool = False
    """Whether all of its arrays have been submitted."""

    @property
    def launch(self) -> str:
        return self.file.parent.name

    @property
    def comment(self) -> str:
        """Comment of its jobs in Slurm, by which they can be found even if their ids were not noted."""
        return f"scaling-study/{self.launch}/{self.job_class.name}"

    def share(self, index: int) -> tuple[str, ...]:
        """Ids of the points that a job is responsible for, the most expensive first."""
        return self.job_class.point_ids[index :: self.num_jobs]

    def write(self) -> None:
        write_json(
            self.file,
            {
                "user": self.user,
                "resources": asdict(self.job_class.resources),
                "num_jobs": self.num_jobs,
                "jobs": self.job_ids,
                "submitted": self.is_submitted,
                "points": self.job_class.point_ids,
            },
        )


def new_record(folder: Path, job_class: JobClass, num_jobs: int) -> Record:
    """A record that is not written yet."""
    return Record(
        file=folder / f"{job_class.name}.json", user=getpass.getuser(), job_class=job_class, num_jobs=num_jobs
    )


def read_record(file: Path) -> Record:
    """The record in a file. Raises Corrupt if it is unreadable, KeyError or TypeError if it is no record."""
    value: dict[str, Any] | None = read_json(file)
    if value is None:
        raise Corrupt(f"{file} is missing")
    job_class = JobClass(
        name=file.stem, resources=Resources(**value["resources"]), point_ids=tuple(value["points"])
    )
    return Record(
        file=file,
        user=value["user"],
        job_class=job_class,
        num_jobs=value["num_jobs"],
        job_ids=tuple(value["jobs"]),
        is_submitted=value["submitted"],
    )


def records(study: Path) -> Iterator[Record]:
    """The records of all launches of a study, oldest first."""
    for file in sorted(study.glob("jobs/*/class-*.json")):
        yield read_record(file)
