"""What W&B shows of a point: name, group, tags, config, rows and summary. Plain values in and out."""

from __future__ import annotations

import math
from typing import Any

from scaling.study.point import KNOBS
from scaling.tracking.point_files import PointFiles

EVALUATED = {"top1": max, "miou": max, "loss": min}
"""Metrics that have a curve and a best value."""

BY_FLOPS = "by_train_flops/"
"""Prefix of the second curve of a metric, over train_flops: W&B draws a metric over one other."""


def run_settings(files: PointFiles, group: str) -> dict[str, Any]:
    """The arguments of `wandb.init` that say which point this is."""
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
    """Of the axes' first letters and values: `d14 w0.5 r28 e10 s0`."""
    return " ".join(f"{knob[0]}{point[knob]:.10g}" for knob in KNOBS if point.get(knob) is not None)


def tags(files: PointFiles) -> list[str]:
    """Of the point, of its failure while it is failed, and of one that was not trained."""
    point = files.point
    fixed = [point["family"], point["data"]["name"], point["precision"], f"setting={point['setting']}"]
    replayed = "replayed" in (files.result or {}).get("provenance", {})
    failed = [files.status.get("failure") or "failed"] * (files.state == "failed")
    return fixed + failed + ["replayed"] * replayed


def history(row: dict[str, Any]) -> dict[str, Any]:
    """A row of metrics.jsonl, with the curves over train_flops that it adds to."""
    return row | {f"{BY_FLOPS}{metric}": row[metric] for metric in EVALUATED if metric in row}


def best(rows: list[dict[str, Any]]) -> dict[str, float]:
    """The best finite value of each evaluated metric, as `best/top1`; none for a metric that has no value.

    W&B's own (`define_metric(…, summary="max")`) forgets the rows before a resume.
    """
    values = {metric: [row[metric] for row in rows if _is_finite(row.get(metric))] for metric in EVALUATED}
    return {f"best/{metric}": EVALUATED[metric](found) for metric, found in values.items() if found}


def summary(files: PointFiles) -> dict[str, Any]:
    """How the point stands: final and best metrics, all costs under `cost/`, status and failure."""
    result = {key: value for key, value in (files.result or {}).items() if key != "id"}
    metrics, measured = result.pop("metrics", {}), result.pop("measured", {})
    costs = {"cost": files.point.get("cost", {}) | measured}
    stopped = files.state in ("failed", "pending")
    why = {key: files.status.get(key) if stopped else None for key in ("failure", "message")}
    status = why | {"attempt": files.status.get("attempt"), "status": files.state}
    return best(files.rows) | flatten(metrics) | flatten(costs) | flatten(result) | status


def flatten(values: dict[str, Any], prefix: str = "") -> dict[str, Any]:
    """Nested dicts as one, their keys joined by slashes; lists stay as they are."""
    flat: dict[str, Any] = {}
    for key, value in values.items():
        if isinstance(value, dict):
            flat |= flatten(value, f"{prefix}{key}/")
        else:
            flat[f"{prefix}{key}"] = value
    return flat


def _is_finite(value: Any) -> bool:
    return isinstance(value, int | float) and math.isfinite(value)
