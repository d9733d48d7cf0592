"""How a point reads in W&B."""

from __future__ import annotations

import json
import math
from typing import Any

from scaling.tracking.point_files import read_point
from scaling.tracking.view import best, flatten, name, tags
from tests.scaling.tracking.conftest import point_json


def test_nested_keys_are_joined_and_lists_stay() -> None:
    nested = {"a": 1, "b": {"c": {"d": [1, 2]}, "e": None}, "f": {}}
    assert flatten(nested) == {"a": 1, "b/c/d": [1, 2], "b/e": None}


def test_the_name_has_every_knob_that_the_point_has() -> None:
    assert name(point_json("0", seed=3, epochs=10)) == "d14 w0.5 r28 e10 s3"
    assert name(point_json("0", seed=3, epochs=10) | {"frames": 16}) == "d14 w0.5 r28 e10 s3 f16"


def test_the_best_is_of_finite_values_in_any_row() -> None:
    rows = [{"top1": 90.0, "loss": math.nan}, {}, {"top1": 95.0, "loss": 0.5}, {"top1": 91.0, "loss": 0.7}]
    assert best(rows) == {"best/top1": 95.0, "best/loss": 0.5}
    assert best([{"epoch": 1}]) == {}


def test_a_tag_tells_a_replayed_point(study: Any) -> None:
    path = study.add().path
    for provenance, seen in (({"device": "cpu"}, []), ({"replayed": "table.csv"}, ["replayed"])):
        (path / "result.json").write_text(json.dumps({"metrics": {"top1": 90.0}, "provenance": provenance}))
        files = read_point(path)
        assert files is not None
        assert tags(files)[4:] == seen


def test_a_tag_names_the_failure_while_the_point_is_failed(study: Any) -> None:
    point = study.add()
    seen = []
    for status, failure in (("running", "preempted"), ("failed", "diverged"), ("pending", "timeout")):
        point.set_status(status, failure)
        files = read_point(point.path)
        assert files is not None
        seen.append(tags(files)[4:])
    assert seen == [[], ["diverged"], []]
