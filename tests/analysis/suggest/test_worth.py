"""The worth of a run: formulas against drawing results and fitting again."""

from __future__ import annotations

from functools import partial

import numpy as np
import pytest

from analysis.suggest.aims import Aims
from analysis.suggest.foresight import judged
from analysis.suggest.whole import Whole
from analysis.suggest.worth import Knowledge, Runs, choose
from benchmarks.simulated_studies import CELLS, flops_alone, with_bonus
from scaling.errors import Refused

PRICE = (CELLS["depth"] * CELLS["width"] ** 2 * CELLS["resolution"] ** 2 * CELLS["epochs"]).to_numpy()
EVERY = Runs(cells=np.arange(len(CELLS)), price=PRICE, could_fail=np.zeros(len(CELLS)))


@pytest.fixture
def state(simulated, half):
    grid = simulated(flops_alone(np.random.default_rng(4)), 4)
    measured = grid.measured(half)
    surrogate = grid.layout.space.surrogate(measured)
    whole = Whole.drawn(grid.layout, measured, surrogate)
    return surrogate, measured, whole, judged([*whole.foresights()])


def test_what_a_run_leaves_is_what_conditioning_on_it_leaves(state):
    surrogate, measured, _, foresights = state
    knowledge = Knowledge(surrogate, measured, foresights)
    cell = int(np.argmax(knowledge.worth()))
    slopes = next(each for each in foresights if not each.settled).slopes[0]
    noise = (measured.level * measured.noise.sd(np.exp(surrogate.mean)) / np.exp(surrogate.mean))[cell] ** 2
    precision = np.linalg.inv(surrogate.covariance + 1e-12 * np.eye(len(CELLS)))
    precision[cell, cell] += 1 / noise
    after = slopes @ np.linalg.inv(precision) @ slopes
    before = slopes @ surrogate.covariance @ slopes
    assert knowledge.shrinks()[0, cell] == pytest.approx(1 - np.sqrt(after / before), rel=1e-3)
    knowledge.learn(cell)
    again = knowledge.shrinks()[0, cell]
    assert again < 0.9 * (1 - np.sqrt(after / before))


def test_all_at_once_leaves_what_one_after_another_leaves(state):
    surrogate, measured, _, foresights = state
    cells = np.array([3, 50, 50, 90, 107])
    at_once = Knowledge(surrogate, measured, foresights)._left(cells)
    knowledge = Knowledge(surrogate, measured, foresights)
    before = knowledge._now.copy()
    for cell in cells:
        knowledge.learn(int(cell))
    np.testing.assert_allclose(at_once, np.sqrt(knowledge._now / before), rtol=1e-6)


def test_a_choice_keeps_to_its_budget_and_batch(state):
    surrogate, measured, _, foresights = state
    budget = float(np.sort(PRICE)[:20].sum())
    chosen = choose(Knowledge(surrogate, measured, foresights), EVERY, budget, 6)
    assert 0 < len(chosen.runs) <= 6
    assert PRICE[chosen.runs].sum() <= budget
    assert len({*chosen.runs.tolist()}) == len(chosen.runs)
    assert (chosen.shrinks > 0).all()
    assert not len(choose(Knowledge(surrogate, measured, foresights), EVERY, PRICE.min() / 2, 6).runs)


def test_a_run_that_is_likely_to_fail_is_worth_less(state):
    surrogate, measured, _, foresights = state
    first = choose(Knowledge(surrogate, measured, foresights), EVERY, np.inf, 1).runs[0]
    fails = np.zeros(len(CELLS))
    fails[first] = 1.0
    runs = Runs(cells=EVERY.cells, price=PRICE, could_fail=fails)
    assert first not in choose(Knowledge(surrogate, measured, foresights), runs, np.inf, 30).runs


def test_chances_grow_with_the_budget(state):
    surrogate, measured, _, foresights = state
    knowledge = Knowledge(surrogate, measured, foresights)
    chances = [knowledge.chances(EVERY, share * PRICE.sum()) for share in (0.001, 0.1, 1.0)]
    for rule in chances[0]:
        told = [each[rule] for each in chances]
        assert told == sorted(told)
        assert 0 <= told[0] <= told[-1] <= 1
    assert chances[0] != chances[-1]


def test_nothing_is_chosen_once_all_is_settled(simulated):
    grid = simulated(partial(with_bonus, "depth", 2.0)(np.random.default_rng(4)), 4)
    measured = grid.measured(np.ones((len(CELLS), 3), dtype=bool))
    surrogate = grid.layout.space.surrogate(measured)
    foresights = judged([*Whole.drawn(grid.layout, measured, surrogate).foresights()])
    knowledge = Knowledge(surrogate, measured, foresights)
    assert knowledge.is_settled
    assert not len(choose(knowledge, EVERY, np.inf, 5).runs)


def test_exponents_and_families_are_those_of_the_truth(simulated, half):
    """Far from the floor, log error is linear in the log knobs; the best model is the largest."""
    exponents = np.array([0.1, 0.2, 0.15, 0.3])

    def truth(rows):
        knobs = rows[["depth", "width", "resolution", "epochs"]].to_numpy() / [26, 0.5, 128, 10]
        return 60 * np.exp(-np.log(knobs) @ exponents)

    grid = simulated(truth, 6)
    measured = grid.measured(half)
    whole = Whole.drawn(grid.layout, measured, grid.layout.space.surrogate(measured))
    budget = 0.3 * float(grid.layout.cells["flops"].max())
    found = {each.rule: each for each in Aims(("exponent",), (budget,)).of(whole, measured)}
    for place, knob in enumerate(("depth", "width", "resolution")):
        low, high = found[f"exponent@{knob}"].ci95
        assert low < exponents[place] < high
        assert high - low < 0.08
    best = next(each for rule, each in found.items() if rule.startswith("family@"))
    cells = grid.layout.cells
    inside = (cells["flops"] <= budget) & (cells["epochs"] == 100)
    low, high = best.ci95
    assert low - 0.3 < 100 - grid.truth[inside.to_numpy()].min() < high + 0.3


@pytest.mark.parametrize(
    ("rules", "flops", "sentence"),
    [
        (("depth",), (), "--rules depth should be one of depth_or_width, crossover, resolution and exponent"),
        ((), (), "give --rules or --flops"),
        ((), (-1.0,), "--flops -1 should be a number above 0"),
    ],
)
def test_aims_that_are_none_are_refused(rules, flops, sentence):
    with pytest.raises(Refused, match=sentence):
        Aims(rules, flops)
