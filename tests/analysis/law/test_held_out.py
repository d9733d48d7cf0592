"""A loose version of benchmarks/held_out.py: the paper's cheap models predict its expensive ones."""

from __future__ import annotations

import pytest

from benchmarks.held_out import FLOPS_ALONE, Halves, averaged, chosen, coverage, fitted, halves, scores


@pytest.mark.parametrize("data", halves(), ids=lambda data: data.name)
def test_the_law_chosen_from_cheap_models_predicts_the_dear_ones(data: Halves) -> None:
    assert data.cheaper["flops"].max() <= data.dearer["flops"].min()
    formula, with_trend = scores(chosen(data)[0], data)
    flops_alone = scores(fitted(FLOPS_ALONE, data), data)[0]
    for ours in (formula, with_trend):
        assert ours.rmse < 1.0
        assert ours.less_than(flops_alone)[0] > 0.2


@pytest.mark.parametrize("data", halves(), ids=lambda data: data.name)
def test_an_average_of_laws_predicts_them_no_worse_with_wider_intervals(data: Halves) -> None:
    law, (laws, score) = chosen(data)[0], averaged(data)
    assert score.rmse < 0.9
    assert score.rmse <= scores(law, data)[1].rmse
    assert coverage(laws, data)[1] > coverage(law, data)[1]
