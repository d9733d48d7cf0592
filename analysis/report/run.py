"""The report run: what a study says, as one W&B run in the group of its points."""

from __future__ import annotations

import hashlib
import json
import os
import re
import shutil
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pandas as pd

from analysis.frontier.frontier import frontier_table
from analysis.report.report import Report
from analysis.sentences import sentences_by_topic
from analysis.source.wandb_runs import REPORT, Group, client
from analysis.table import AXES
from scaling.errors import Refused
from scaling.tracking.client import drop_client, settings, timeout_s

RULES, FRONTIER, FAILURES, FIGURES, PAGE = "rules", "frontier", "failures", "figures", "report"
"""Keys under which a workspace finds the tables, figures and page."""
INIT_TIMEOUT_S = 30.0
FINISH_TIMEOUT_S = 120.0
"""Seconds until W&B's server counts as unreachable; W&B's own variables take precedence."""


def log_report(report: Report, group: Group) -> str:
    """Log a written report as the single report run of the group; return its URL, or its directory if W&B is
    offline.

    Logging again continues the run: it shows the newest report, and an artifact gets a new version where its
    content differs. Raises `Refused` where the server cannot be reached or does not accept all of it.
    """
    with client(f"{group.entity}/{group.project}") as wandb:
        run = _open(wandb, report, group)
        if run.disabled:
            raise Refused("WANDB_MODE=disabled keeps a report from W&B: unset it, or leave out --wandb.")
        try:
            run.log(_media(wandb, report))
            logged = run.log_artifact(_files(wandb, report, group))
            run.summary.update(dict(_verdicts(json.loads(report.rules.read_text(encoding="utf-8")))))
            if not run.offline:
                logged.wait(timeout_s("WANDB_FINISH_TIMEOUT", FINISH_TIMEOUT_S))
            run.finish()
        except BaseException:
            drop_client()
            raise
    return str(Path(run.dir).parent) if run.offline else str(run.url)


def _open(wandb: Any, report: Report, group: Group) -> Any:
    mode = os.environ.get("WANDB_MODE")  # a client that is already set up no longer reads it
    run_id = f"{REPORT}-{hashlib.sha256(group.name.encode()).hexdigest()[:16]}"
    place = report.page.parent
    for earlier in (place / "wandb").glob(f"*run-*-{run_id}"):
        shutil.rmtree(earlier)  # otherwise `wandb sync` would send it too
    return wandb.init(
        id=run_id,
        name=REPORT,
        job_type=REPORT,
        group=group.name,
        project=group.project,
        entity=group.entity,
        dir=place,
        mode=mode,
        resume=None if mode == "offline" else "allow",
        reinit="create_new",
        settings=settings(
            init_timeout=timeout_s("WANDB_INIT_TIMEOUT", INIT_TIMEOUT_S),
            finish_timeout=timeout_s("WANDB_FINISH_TIMEOUT", FINISH_TIMEOUT_S),
        ),
    )


def _media(wandb: Any, report: Report) -> dict[str, Any]:
    """What panels show: tables, figures and the page."""
    figures = [path for path in report.figures if path.suffix == ".png"]
    return {
        **{name: _table(wandb, rows) for name, rows in _tables(report).items() if len(rows)},
        **{f"{FIGURES}/{path.stem}": wandb.Image(str(path)) for path in figures},
        PAGE: wandb.Html(str(report.page), inject=False),
    }


def _tables(report: Report) -> dict[str, pd.DataFrame]:
    """The sentences and warnings, the models on or near the frontiers, and the failed points."""
    findings = report.findings
    told = [(topic, each) for topic, said in sentences_by_topic(findings).items() for each in said]
    warned = [(f"warning: {trap.code}", trap.message) for trap in findings.traps]
    models = frontier_table(findings.frontiers, findings.groups)
    rows = findings.table.rows
    return {
        RULES: pd.DataFrame([*told, *warned], columns=["topic", "sentence"]),
        FRONTIER: models[models["standing"].isin(["frontier", "within_noise"])],
        FAILURES: rows.loc[rows["status"] == "failed", ["point", *AXES, "seed", "failure", "message"]],
    }


def _table(wandb: Any, rows: pd.DataFrame) -> Any:
    """A W&B table of plain values, in which unknown values are None and integers stay integers."""
    values = rows.astype(object).where(rows.notna(), None)
    return wandb.Table(columns=[*rows], data=values.to_numpy().tolist(), allow_mixed_types=True)


def _files(wandb: Any, report: Report, group: Group) -> Any:
    """All files of the report as one artifact, named after the group."""
    name = re.sub(r"[^\w.-]", "_", group.name)[:100]
    artifact = wandb.Artifact(f"{name}-report", type=REPORT)
    for path in (report.page, report.rules, *report.tables, *report.figures):
        artifact.add_file(str(path), name=path.name)
    return artifact


def _verdicts(rules: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    """The verdicts and numbers of `rules.json` that go into the summary of the run."""
    for regime in rules["regimes"]:
        where = f"epochs={regime['epochs']}"
        yield f"verdict/depth_or_width/{where}", regime["prefer"]
        yield f"verdict/advantage_points/{where}", regime["advantage_points"]
    yield "verdict/crossover_epochs", rules["crossover_epochs"]["estimate"]
    yield "verdict/crossover_status", rules["crossover_epochs"]["status"]
    yield "verdict/resolution", rules["resolution"]["prefer"]
    yield "verdict/resolution_cap", rules["resolution"]["cap"]
    yield "verdict/num_warnings", len(rules["warnings"])
    yield "provenance/rows_sha256", rules["provenance"]["rows_sha256"]
    yield "provenance/num_models", rules["provenance"]["num_models"]
