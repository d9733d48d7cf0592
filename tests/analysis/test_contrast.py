"""Contrasts: intervals have their coverage, and joint verdicts their error rate."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from analysis.contrast import Cells, Effect, judged

REPEATS = 400


def cells(values, variance=None, df=0):
    frame = pd.DataFrame(values)
    known = None if variance is None else pd.Series(variance, index=frame.columns)
    return Cells(metric="top1", top1=frame, variance=known, df=df)


def samples(means, num_seeds=5, sd=1.0, of_seed=5.0, number=REPEATS):
    """`number` studies of cells; a seed moves all cells together by `of_seed` and each by `sd`."""
    generator = np.random.default_rng(1)
    for _ in range(number):
        shared = generator.normal(0, of_seed, (num_seeds, 1))
        yield np.asarray(means) + shared + generator.normal(0, sd, (num_seeds, len(means)))


def test_an_interval_holds_the_contrast_as_often_as_it_says() -> None:
    """What the cells of a seed have in common cancels."""
    found = [cells(each).effect({0: -1, 1: 1}) for each in samples([70, 73])]
    assert np.mean([low <= 3 <= high for low, high in (each.ci95 for each in found)]) == pytest.approx(
        0.95, abs=0.02
    )
    assert {each.num_seeds for each in found} == {5}


def test_an_interaction_is_a_contrast_of_four() -> None:
    values = np.array([[70.0, 69.0, 75.0, 76.0]] * 3) + [[0.0], [1.0], [5.0]] + np.eye(3, 4) / 100
    effect = cells(values).effect({0: 1, 1: -1, 2: -1, 3: 1})
    assert effect is not None
    assert effect.points == pytest.approx(2, abs=0.01)


def test_verdicts_together_are_wrong_as_rarely_as_they_say() -> None:
    """Eight null contrasts: alone, each is decided in 5 % of studies; jointly, any of them is in 5 %."""
    found = [
        [cells(values).effect({0: -1, to: 1}) for to in range(1, 9)]
        for values in samples([70] * 9, number=150)
    ]
    wrong = {
        together: np.mean(
            [
                any(each.verdict != "undecided" for each in judged(effects, together=together))
                for effects in found
            ]
        )
        for together in (True, False)
    }
    assert wrong[True] < 0.08 < 0.12 < wrong[False]


def test_a_large_effect_is_decided_among_many() -> None:
    values = next(samples([70, 80, *[70] * 8]))
    effects = judged([cells(values).effect({0: -1, to: 1}) for to in range(1, 10)])
    assert [each.verdict for each in effects] == ["helps", *["undecided"] * 8]


def test_what_lacks_a_p_value_is_undecided_and_does_not_count() -> None:
    known = Effect(points=-1.0, ci95=(-1.5, -0.5), p_value=0.03, num_seeds=3)
    unknown = Effect(points=9.0, ci95=None, p_value=None, num_seeds=1)
    assert [each and each.verdict for each in judged([unknown, None, known])] == ["undecided", None, "hurts"]


def test_one_seed_has_the_noise_that_its_source_declares() -> None:
    assert cells([[70.0, 72.0]]).effect({0: -1, 1: 1}).ci95 is None
    effect = cells([[70.0, 72.0]], variance=[0.09, 0.09], df=10).effect({0: -1, 1: 1})
    assert effect.is_declared
    assert effect.ci95 == pytest.approx((2 - 2.228 * 0.4243, 2 + 2.228 * 0.4243), abs=1e-3)


def test_copies_have_no_interval() -> None:
    assert cells([[70.0, 72.0]] * 4).effect({0: -1, 1: 1}).ci95 is None


def test_cells_without_a_seed_in_common_have_no_contrast() -> None:
    apart = cells([[70.0, np.nan], [np.nan, 72.0]])
    assert apart.effect({0: -1, 1: 1}) is None
    assert apart.effect({0: -1, 7: 1}) is None
    assert apart.ratio({0: 1}, {1: 1}) is None


def test_the_interval_of_a_ratio_holds_it_as_often_as_it_says() -> None:
    """Fieller's interval, with a denominator significantly different from 0 in most studies, not all."""
    part, whole = {0: -1, 1: 1}, {0: -1, 2: 1}
    found = [cells(each).ratio(part, whole) for each in samples([70, 73, 74])]
    bounded = [each.ci95 for each in found if each.ci95 is not None]
    unbounded = REPEATS - len(bounded)
    held = sum(low <= 0.75 <= high for low, high in bounded)
    assert 0.8 * REPEATS < len(bounded) < REPEATS
    assert (held + unbounded) / REPEATS == pytest.approx(0.95, abs=0.025)


def test_a_ratio_to_nothing_has_no_interval() -> None:
    assert cells(next(samples([70, 73, 70]))).ratio({0: -1, 1: 1}, {0: -1, 2: 1}).ci95 is None
    assert cells([[70.0, 73.0]]).ratio({0: -1, 1: 1}, {0: -1, 1: 1}).ci95 is None
