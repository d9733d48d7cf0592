"""A point as W&B shows it: name, group, tags, config, rows and summary. Plain values in and out."""

from __future__ import annotations

import math
from typing import Any

from scaling.study.point import KNOBS
from scaling.tracking.point_files import PointFiles

EVALUATED = {"top1": max, "miou": max, "loss": min}
"""Metrics that have a curve and a best value, with the function that selects the best."""

BY_FLOPS = "by_train_flops/"
"""Prefix of a metric's second curve, over train_flops, as W&B draws each metric over one other only."""


def run_settings(files: PointFiles, group: str) -> dict[str, Any]:
    """The arguments of `wandb.init` that identify the point."""
    point = files.point
    return {
        "id": point["id"],
        "group": group,
        "name": name(point),
        "job_type": f"epochs={point['epochs']}",
        "tags": tags(files),
        "config": flatten(point),
    }


def name(point: dict[str, Any]) -> str:
    """Name of a run, from the first letters and the values of the axes: `d14 w0.5 r28 e10 s0`."""
    return " ".join(f"{knob[0]}{point[knob]:.10g}" for knob in KNOBS if point.get(knob) is not None)


def tags(files: PointFiles) -> list[str]:
    """Tags of a run: of the point, of its failure if it failed, and `replayed` if it was not trained."""
    point = files.point
    fixed = [point["family"], point["data"]["name"], point["precision"], f"setting={point['setting']}"]
    replayed = "replayed" in (files.result or {}).get("provenance", {})
    failed = [files.status.get("failure") or "failed"] * (files.state == "failed")
    return fixed + failed + ["replayed"] * replayed


def history(row: dict[str, Any]) -> dict[str, Any]:
    """A row of metrics.jsonl, with the values of the curves over train_flops added."""
    return row | {f"{BY_FLOPS}{metric}": row[metric] for metric in EVALUATED if metric in row}


def best(rows: list[dict[str, Any]]) -> dict[str, float]:
    """The best finite value of each evaluated metric that has one, as `best/top1`.

    W&B's own best (`define_metric(…, summary="max")`) ignores rows before a resume.
    """
    values = {metric: [row[metric] for row in rows if _is_finite(row.get(metric))] for metric in EVALUATED}
    return {f"best/{metric}": EVALUATED[metric](found) for metric, found in values.items() if found}


def summary(files: PointFiles) -> dict[str, Any]:
    """Summary of a run: final and best metrics, all costs under `cost/`, status and failure."""
    result = {key: value for key, value in (files.result or {}).items() if key != "id"}
    metrics, measured = result.pop("metrics", {}), result.pop("measured", {})
    costs = {"cost": files.point.get("cost", {}) | measured}
    stopped = files.state in ("failed", "pending")
    why = {key: files.status.get(key) if stopped else None for key in ("failure", "message")}
    status = why | {"attempt": files.status.get("attempt"), "status": files.state}
    return best(files.rows) | flatten(metrics) | flatten(costs) | flatten(result) | status


def flatten(values: dict[str, Any], prefix: str = "") -> dict[str, Any]:
    """Nested dicts as a flat one with keys joined by slashes; lists stay as they are."""
    flat: dict[str, Any] = {}
    for key, value in values.items():
        if isinstance(value, dict):
            flat |= flatten(value, f"{prefix}{key}/")
        else:
            flat[f"{prefix}{key}"] = value
    return flat


def _is_finite(value: Any) -> bool:
    return isinstance(value, int | float) and math.isfinite(value)
