"""What W&B shows of a point: name, group, tags, config and summary. Plain values in, plain values out."""

from __future__ import annotations

from typing import Any

from scaling.study.point import AXES
from scaling.tracking.point_files import PointFiles


def run_settings(point: dict[str, Any], group: str) -> dict[str, Any]:
    """The arguments of `wandb.init` that say which point this is."""
    return {
        "id": point["id"],
        "group": group,
        "name": " ".join(f"{axis[0]}{point[axis]:.10g}" for axis in AXES),
        "job_type": f"epochs={point['epochs']}",
        "tags": [point["family"], point["data"]["name"], point["precision"], f"setting={point['setting']}"],
        "config": flatten(point),
    }


def summary(files: PointFiles) -> dict[str, Any]:
    """How the point stands: final metrics by name, all costs under `cost/`, status and failure."""
    result = {key: value for key, value in (files.result or {}).items() if key != "id"}
    metrics, measured = result.pop("metrics", {}), result.pop("measured", {})
    costs = {"cost": files.point.get("cost", {}) | measured}
    status = {key: files.status.get(key) for key in ("failure", "message", "attempt")}
    return flatten(metrics) | flatten(costs) | flatten(result) | status | {"status": files.state}


def flatten(values: dict[str, Any], prefix: str = "") -> dict[str, Any]:
    """Nested dicts as one, their keys joined by slashes; lists stay as they are."""
    flat: dict[str, Any] = {}
    for key, value in values.items():
        if isinstance(value, dict):
            flat |= flatten(value, f"{prefix}{key}/")
        else:
            flat[f"{prefix}{key}"] = value
    return flat
