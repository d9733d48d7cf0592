"""The suggested runs as a study: the file of conf/study/ that makes them."""

from __future__ import annotations

from pathlib import Path

from analysis.family.study import study_yaml
from analysis.setting import base_setting
from analysis.suggest.line import zip_of
from analysis.suggest.proposal import Proposal
from analysis.table import Table
from scaling.errors import Refused
from scaling.quantity import counted


def runs_text(table: Table, proposal: Proposal, name: str, model: str | None) -> str:
    """The text of the file: for the study that is the source, else for a new study of this name.

    Raises `Refused` where a single setting does not say how to make all of the runs.
    """
    points = proposal.suggestion.points
    settings = points["setting"].unique()
    usable = table.usable[table.usable["setting"].isin(settings)]
    begins = "start.point" in usable and usable["start.point"].notna().any()
    if len(settings) > 1 or usable.empty or begins:
        raise Refused(
            "--write needs runs of one setting that has a result and starts from random weights: type "
            "the line instead."
        )
    path = Path(table.source)
    is_study = (path / "study.json").is_file()
    study = {"name": path.resolve().name, "root": str(path.parent)} if is_study else {"name": name}
    heading = [f"{counted(len(points), 'run')} that teach most of {table.source} for their price."]
    return study_yaml(heading, base_setting(table, str(settings[0]), model), study, zip_of(points))
