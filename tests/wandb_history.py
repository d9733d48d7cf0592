"""The part of W&B's server that the real client needs to read a run's history, page by page."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from typing import Any

Row = dict[str, Any]


def history(text: str, variables: Mapping[str, Any], rows_of: Callable[[str], Sequence[Row]]) -> Row | None:
    """The answer to a query for rows of a run; None for any other query."""
    if "RunHistoryKeys" in text:
        rows = rows_of(variables["name"])
        return _of_run({"historyKeys": {"lastStep": rows[-1]["_step"]} if rows else None})
    if "RunParquetHistory" in text:  # nothing has been exported: all rows are live
        live = [{"_step": row["_step"]} for row in rows_of(variables["runName"])]
        return _of_run({"parquetHistory": {"parquetUrls": [], "liveData": live}})
    if "SampledHistoryPage" in text:
        return _of_run({"sampledHistory": [_page(json.loads(variables["spec"]), rows_of(variables["run"]))]})
    return None


def _page(asked: Mapping[str, Any], rows: Sequence[Row]) -> list[Row]:
    """Rows with all requested keys, from the first to the last step, and at most as many as requested."""
    keys = asked["keys"]
    chosen = [row for row in rows if asked["minStep"] <= row["_step"] <= asked["maxStep"]]
    return [{key: row[key] for key in keys} for row in chosen if row.keys() >= set(keys)][: asked["samples"]]


def _of_run(values: Row) -> Row:
    return {"project": {"run": values}}
