"""Numbers in rules.json: four digits, no NaN and no -0."""

from __future__ import annotations

import json

import numpy as np
import pytest

from analysis.rounding import rounded, rounded_each


@pytest.mark.parametrize(
    ("value", "text"),
    [(1.23456, "1.2346"), (np.float64(2), "2.0"), (-0.00001, "0.0"), (float("nan"), "null"), (None, "null")],
)
def test_a_number_as_json_has_it(value: float | None, text: str) -> None:
    assert json.dumps(rounded(value)) == text
    assert json.dumps(rounded_each((value, 1.0))) == f"[{text}, 1.0]"


def test_an_unknown_interval_stays_unknown() -> None:
    assert rounded_each(None) is None
