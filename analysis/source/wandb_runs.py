"""The runs of a W&B group, read page by page through its public API."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from scaling.errors import Refused

PREFIX = "wandb:"
RUNS_A_PAGE = 500
ROWS_A_PAGE = 1000
RETRIES, LONGEST_WAIT_S = 4, 2.0
"""Retries of a query. By default W&B keeps a command waiting for over ten minutes for a server that has
died."""
REPORT = "report"
"""Job type of the run that holds a group's report, which is not a point."""


@dataclass(frozen=True, kw_only=True)
class Group:
    """A study as W&B knows it: a group of runs in a project."""

    entity: str
    project: str
    name: str


@dataclass(frozen=True)
class Project:
    entity: str
    name: str

    @classmethod
    def parse(cls, text: str) -> Project:
        """The project of `ENTITY/PROJECT`. Raises `Refused` for another form."""
        parts = text.split("/")
        if len(parts) != 2 or not all(parts):
            raise Refused(f"--wandb {text} is not a project: write --wandb ENTITY/PROJECT.")
        return cls(*parts)

    def group(self, source: str, name: str) -> Group:
        """The group of a source's runs and report in this project: the source's own, the study's, or
        `name`."""
        if source.startswith(PREFIX):
            name = group_of(source).name
        elif (path := Path(source)).is_dir():
            name = path.resolve().name
        return Group(entity=self.entity, project=self.name, name=name)


def study_group(study: str, project: Project | None) -> Group:
    """The group of `wandb:ENTITY/PROJECT/GROUP`, or that of a study directory in a project. Raises `Refused`
    for anything else."""
    if study.startswith(PREFIX):
        if project is not None:
            raise Refused(f"--wandb is for a study directory: {study} already says where its runs are.")
        return group_of(study)
    if not (Path(study) / "study.json").is_file():
        raise Refused(f"{study} is not a study: give its directory, or {PREFIX}ENTITY/PROJECT/GROUP.")
    if project is None:
        raise Refused(f"It is not known where the runs of {study} are: add --wandb ENTITY/PROJECT.")
    return project.group(study, study)


def group_of(source: str) -> Group:
    """The group of `wandb:ENTITY/PROJECT/GROUP`. Raises `Refused` for another form."""
    parts = source.removeprefix(PREFIX).split("/", 2)
    if len(parts) < 3 or not all(parts):
        raise Refused(f"{source} is not a group of runs: write {PREFIX}ENTITY/PROJECT/GROUP.")
    entity, project, name = parts
    return Group(entity=entity, project=project, name=name)


def read_runs(source: str) -> list[Any]:
    """The runs of a group in order of their ids, each once, without the run of its report.

    They are objects of W&B's client, with config and summary. Raises `Refused` without a network or an
    account, and where there are no runs.
    """
    group = group_of(source)
    with client(source) as wandb:
        found = wandb.Api().runs(
            f"{group.entity}/{group.project}", {"group": group.name}, per_page=RUNS_A_PAGE, lazy=False
        )
        # A run that starts while pages are read moves others to the next page, where they appear again.
        runs = {run.id: run for run in found if run.job_type != REPORT}
    if not runs:
        raise Refused(f"{source} has no runs: give a group of the project {group.project}.")
    return [runs[run_id] for run_id in sorted(runs)]


def read_history(source: str, run: Any, keys: list[str]) -> list[dict[str, Any]]:
    """All rows of a run's history that have all of the keys. Raises `Refused` as `read_runs` does."""
    with client(source):
        return list(run.scan_history(keys=keys, page_size=ROWS_A_PAGE, use_cache=False))


@contextmanager
def client(place: str) -> Iterator[Any]:
    """W&B's client, whose errors become `Refused` with the name of `place`."""
    import wandb  # takes 0.4 s and starts a process

    try:
        wandb.setup(
            wandb.Settings(
                silent=True,  # also keeps it from asking for a key
                x_graphql_retry_max=RETRIES,
                x_graphql_retry_wait_max_seconds=LONGEST_WAIT_S,
            )
        )
        yield wandb
    except Refused:
        raise
    except Exception as error:  # the client's errors have no common class
        reason = " ".join(str(error).split()).rstrip(".").replace(". ", "; ")
        raise Refused(
            f"{place} cannot be reached ({reason}): that takes a network, `wandb login`, and an existing "
            "project."
        ) from error
