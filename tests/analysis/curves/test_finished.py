"""Finished curves as a reference: late falls are predicted, intervals cover, and too few are refused."""

from __future__ import annotations

import numpy as np
import pytest

from analysis.curves.extrapolate import extrapolate
from analysis.curves.finished import extrapolate_like
from scaling.errors import Refused

EPOCHS = np.arange(1, 21)


def run(seed: int, epochs: np.ndarray = EPOCHS) -> tuple[np.ndarray, np.ndarray]:
    """Steps and errors of a run whose error halves in the last fifth of the schedule."""
    generator = np.random.default_rng(seed)
    share = epochs / epochs[-1]
    level = np.exp(generator.normal(0, 0.3))
    gain = np.exp(generator.normal(0, 0.02))
    late = np.where(share > 0.8, 1 - 2.5 * gain * (share - 0.8), 1)
    noise = np.exp(0.01 * generator.normal(size=len(share)))
    return epochs, 20 * level * share**-0.3 * late * noise


def test_a_late_fall_is_foreseen_where_the_curve_alone_does_not() -> None:
    epochs, error = run(100)
    finished = [run(seed) for seed in range(8)]
    found = extrapolate_like(epochs[:14], error[:14], finished, end=20)
    assert found.low[0] < error[-1] < found.high[0]
    alone = extrapolate(epochs[:14], error[:14], [20])
    assert abs(np.log(found.estimate[0] / error[-1])) < abs(np.log(alone.estimate[0] / error[-1])) / 4
    assert found.method == "8 finished curves"


@pytest.mark.parametrize(("number", "most"), [(3, (1.0, 0.95)), (5, (0.995, 0.9)), (12, (0.995, 0.9))])
def test_intervals_hold_what_they_promise(number: int, most: tuple[float, float]) -> None:
    """With three curves, they are wider than necessary."""
    inside95, inside80 = [], []
    for repetition in range(300):
        first = 1000 * repetition
        epochs, error = run(first)
        found = extrapolate_like(
            epochs[:10], error[:10], [run(first + j) for j in range(1, number + 1)], end=20
        )
        inside95.append(found.low[0] <= error[-1] <= found.high[0])
        inside80.append(found.low80[0] <= error[-1] <= found.high80[0])
    assert 0.92 <= np.mean(inside95) <= most[0]
    assert 0.74 <= np.mean(inside80) <= most[1]


def test_one_point_is_enough_and_lengths_may_differ() -> None:
    finished = [run(seed, np.arange(1, 41)) for seed in range(6)]
    epochs, error = run(100)
    found = extrapolate_like(epochs[9:10], error[9:10], finished, end=20)
    assert found.low[0] < error[-1] < found.high[0]
    assert found.num_points == 1


def sized(size: float, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Steps and errors of a run whose late fall grows with the size of the network."""
    epochs, error = run(seed)
    return epochs, error * np.where(epochs / epochs[-1] > 0.8, size**-0.15, 1)


SIZES = [1, 1.5, 2, 3] * 2


def test_a_larger_run_is_told_from_smaller_ones_by_their_sizes() -> None:
    off: dict[bool, list[float]] = {True: [], False: []}
    inside = []
    for repetition in range(100):
        seeds = range(100 * repetition, 100 * repetition + len(SIZES))
        finished = [sized(*each) for each in zip(SIZES, seeds, strict=True)]
        epochs, error = sized(6, seeds.stop)
        for known in (False, True):
            sizes = np.log([6, *SIZES])[:, None] if known else ()
            found = extrapolate_like(epochs[:10], error[:10], finished, end=20, sizes=sizes)
            off[known].append(float(np.log(found.estimate[0] / error[-1])))
        inside.append(found.low[0] <= error[-1] <= found.high[0])
    assert abs(np.mean(off[True])) < 0.03
    assert np.mean(off[False]) > 0.1
    assert np.mean(inside) >= 0.92


def test_more_references_narrow_it() -> None:
    epochs, error = run(100)
    widths = [
        np.log(found.high / found.low)[0]
        for number in (3, 30)
        for found in [extrapolate_like(epochs[:10], error[:10], [run(s) for s in range(number)], end=20)]
    ]
    assert widths[1] < widths[0]


@pytest.mark.parametrize(
    ("number", "end", "sentence"),
    [
        (2, 20, "2 finished curves are no reference: give at least 3"),
        (5, 5, "Step 5 is not after the last one known, 10"),
        (5, np.nan, "The last steps of a curve must be"),
        (5, 2000, "A finished curve begins after 5 % of its steps, and 0 % is needed"),
    ],
)
def test_what_is_no_reference_is_refused(number: int, end: float, sentence: str) -> None:
    epochs, error = run(100)
    with pytest.raises(Refused, match=sentence):
        extrapolate_like(epochs[:10], error[:10], [run(seed) for seed in range(number)], end=end)
