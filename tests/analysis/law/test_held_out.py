"""The held-out check of benchmarks/held_out.py, loosely: the chosen law predicts dear models of the paper."""

from __future__ import annotations

import pytest

from benchmarks.held_out import FLOPS_ALONE, Halves, chosen, halves, score


@pytest.mark.parametrize("data", halves(), ids=lambda data: data.name)
def test_the_law_chosen_from_cheap_models_predicts_the_dear_ones(data: Halves) -> None:
    assert data.cheaper["flops"].max() <= data.dearer["flops"].min()
    _, ours, _ = chosen(data)
    alone = score(FLOPS_ALONE, data)
    assert ours.rmse < 1.0
    assert ours.less_than(alone)[0] > 0.2
