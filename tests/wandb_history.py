"""What the real client needs of W&B's server to read the history of a run in pages."""

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
    if "RunParquetHistory" in text:  # nothing is exported yet: all of it is live
        live = [{"_step": row["_step"]} for row in rows_of(variables["runName"])]
        return _of_run({"parquetHistory": {"parquetUrls": [], "liveData": live}})
    if "SampledHistoryPage" in text:
        return _of_run({"sampledHistory": [_page(json.loads(variables["spec"]), rows_of(variables["run"]))]})
    return None


def _page(asked: Mapping[str, Any], rows: Sequence[Row]) -> list[Row]:
    """Rows that have all keys, both steps included; never more than are asked for."""
    keys = asked["keys"]
    chosen = [row for row in rows if asked["minStep"] <= row["_step"] <= asked["maxStep"]]
    return [{key: row[key] for key in keys} for row in chosen if row.keys() >= set(keys)][: asked["samples"]]


def _of_run(values: Row) -> Row:
    return {"project": {"run": values}}
