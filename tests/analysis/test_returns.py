"""Returns: the gain of each single step, decided only beyond the noise of all steps jointly."""

from __future__ import annotations

import numpy as np
import pytest

from analysis.findings import find
from analysis.noise import UNKNOWN, group_seeds
from analysis.noise_estimate import seed_noise
from analysis.replicates import draw_errors
from analysis.returns import returns
from analysis.source.clean import build_table
from analysis.source.source import read_source

GRID = {"depths": (26, 50, 101), "widths": (0.25, 0.5, 1.0), "resolutions": (128, 160)}


def groups_of(frame):
    return group_seeds(build_table(frame, name="x", source="x").usable)


def found(groups):
    noise = seed_noise(groups)
    return returns(groups, noise, draw_errors(groups, noise))


def verdicts(steps):
    return {step.verdict for step in steps}


def flat(planted, **grid):
    """A grid where nothing matters."""
    return groups_of(planted(generator=np.random.default_rng(0), num_seeds=1, noise=0.0, **grid)).assign(
        error=20.0
    )


def test_each_step_between_neighbours_is_there_once(planted):
    groups = groups_of(planted(generator=np.random.default_rng(0), **GRID))
    steps = found(groups)
    places = {(step.axis, step.from_value, step.to_value, *step.at.values()) for step in steps}
    assert len(places) == len(steps) == 2 * 3 * 2 + 2 * 3 * 2 + 3 * 3
    error = groups.set_index(["depth", "width", "resolution"])["error"]
    (step,) = (
        step
        for step in steps
        if step.axis == "width"
        and step.from_value == 0.5
        and step.at == dict(depth=50, resolution=160, epochs=10)
    )
    assert step.points == pytest.approx(error[50, 0.5, 160] - error[50, 1.0, 160])
    assert step.ci95[0] < step.points < step.ci95[1]


def test_a_step_goes_over_a_model_that_is_missing(planted):
    groups = groups_of(planted(generator=np.random.default_rng(0), **GRID))
    gap = groups[(groups["depth"] != 50) | (groups["width"] != 0.5)]
    steps = [step for step in found(gap.reset_index(drop=True)) if step.axis == "depth"]
    assert {(step.from_value, step.to_value) for step in steps if step.at["width"] == 0.5} == {(26.0, 101.0)}


def test_what_helps_pays_and_what_harms_hurts(planted):
    frame = planted(generator=np.random.default_rng(1), **GRID)
    harmed = (frame["depth"] == 101) & (frame["width"] == 1.0)
    frame["top1"] -= 6.0 * harmed
    steps = found(groups_of(frame))
    at_the_harm = [
        step for step in steps if step.axis == "depth" and step.to_value == 101 and step.at["width"] == 1.0
    ]
    assert verdicts(at_the_harm) == {"hurts"}
    assert verdicts(step for step in steps if step.axis == "width" and step.at["depth"] == 26) == {"pays"}


def test_of_twenty_studies_where_nothing_matters_one_finds_a_step(planted, seeded):
    truth = flat(planted, **GRID)
    false = [
        verdicts(found(seeded(truth, generator=np.random.default_rng(seed), num_seeds=3))) != {"undecided"}
        for seed in range(100)
    ]
    assert np.mean(false) <= 0.11


def test_unknown_noise_decides_nothing(planted):
    groups = groups_of(planted(generator=np.random.default_rng(1), num_seeds=1, **GRID))
    steps = returns(groups, UNKNOWN, None)
    assert verdicts(steps) == {"undecided"}
    assert {step.ci95 for step in steps} == {None}


def test_one_run_a_model_does_not_carry_single_steps_of_the_published_grid():
    """In the figures, wider nets beat width 1 at depth 300 and 224 px, and depth 400 does not beat 300 at 128
    and 160 px; given the noise of a run, neither is decided."""
    steps = {
        (
            step.axis,
            step.from_value,
            step.at.get("depth"),
            step.at.get("width"),
            step.at.get("resolution"),
        ): step
        for step in find(read_source("published:resnet_rs_2021")).returns
        if step.at["epochs"] == 350
    }
    wider = steps["width", 1.0, 300.0, None, 224.0]
    assert (wider.points, wider.verdict) == (pytest.approx(0.5), "undecided")
    for resolution in (128.0, 160.0):
        deeper = steps["depth", 300.0, None, 1.0, resolution]
        assert deeper.points < 0
        assert deeper.verdict == "undecided"
    assert steps["width", 0.25, 300.0, None, 224.0].verdict == "pays"
