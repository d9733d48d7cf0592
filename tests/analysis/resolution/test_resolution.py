"""Resolution: gains per doubling, and no verdict that the data do not support."""

from __future__ import annotations

import numpy as np
import pytest

from analysis.noise import UNKNOWN, group_seeds
from analysis.noise_estimate import seed_noise
from analysis.replicates import draw_errors
from analysis.resolution.resolution import resolution_rule
from analysis.source.clean import build_table

SIZES = (128, 160, 224, 320)


def groups_of(frame):
    return group_seeds(build_table(frame, name="x", source="x").usable)


def rule_of(groups):
    noise = seed_noise(groups)
    return resolution_rule(groups, noise, draw_errors(groups, noise))


def shifted(planted, bonus):
    """A planted grid where a resolution gains `bonus(px)` points beyond what its FLOPs give."""
    frame = planted(generator=np.random.default_rng(3), resolutions=SIZES)
    return groups_of(frame.assign(top1=frame["top1"] + bonus(frame["resolution"])))


def test_a_gain_is_the_mean_difference_per_doubling(planted):
    truth = groups_of(planted(generator=np.random.default_rng(0), num_seeds=1, noise=0.0, resolutions=SIZES))
    error = truth.set_index(["depth", "width", "resolution"])["error"].unstack("resolution")
    step = resolution_rule(truth, UNKNOWN, None).gain_per_doubling[0]
    assert (step.from_px, step.to_px, step.num_architectures) == (128, 160, 9)
    assert step.points == pytest.approx((error[128] - error[160]).mean() / np.log2(160 / 128))
    assert step.ci95 is None


def test_intervals_hold_the_planted_gains(planted):
    clean = groups_of(planted(generator=np.random.default_rng(0), num_seeds=1, noise=0.0, resolutions=SIZES))
    truth = resolution_rule(clean, UNKNOWN, None).gain_per_doubling
    noisy = rule_of(
        groups_of(planted(generator=np.random.default_rng(8), resolutions=SIZES))
    ).gain_per_doubling
    widths = [seen.ci95[1] - seen.ci95[0] for seen in noisy]
    off = [abs(seen.points - true.points) for seen, true in zip(noisy, truth, strict=True)]
    assert all(miss < width for miss, width in zip(off, widths, strict=True))
    assert max(widths) < 1.5


def test_worth_its_flops_and_no_more_is_undecided(planted):
    rule = rule_of(shifted(planted, lambda px: 0.0 * px))
    assert (rule.prefer, rule.cap, rule.ci95) == ("undecided", None, None)


def test_saturation_is_slow_and_has_a_cap(planted):
    """Beyond 160 px, resolution gains nothing: the bonus cancels the gain from its FLOPs."""
    rule = rule_of(shifted(planted, lambda px: -2.0 * np.log2(np.maximum(px, 160) / 160)))
    assert (rule.prefer, rule.cap) == ("slow", 160)
    assert rule.ci95[0] <= 160 <= rule.ci95[1]
    assert rule.change_ci95[1] < 0


def test_a_cap_lies_in_its_interval(planted):
    """Also where raising a lower resolution loses in nearly all replicates, and yet not beyond noise."""
    for loss in np.linspace(0.05, 0.6, 12):
        rule = rule_of(shifted(planted, lambda px, loss=loss: -loss * np.log2(px / 128) ** 2))
        assert rule.cap is None or rule.ci95[0] <= rule.cap <= rule.ci95[1], loss


def test_growing_gains_are_fast(planted):
    rule = rule_of(shifted(planted, lambda px: 2.5 * np.log2(px / 128) ** 1.5))
    assert (rule.prefer, rule.cap) == ("fast", None)


def test_better_than_either_rival_is_fast_though_its_gains_shrink(planted):
    """As under any law with a floor, each doubling gains less than the last."""
    rule = rule_of(shifted(planted, lambda px: 1.5 * np.log2(px / 128)))
    assert rule.change_ci95[1] < 0
    assert (rule.prefer, rule.cap) == ("fast", None)


def test_a_step_has_its_price_and_what_its_price_buys_elsewhere(planted):
    rule = rule_of(shifted(planted, lambda px: -2.0 * np.log2(np.maximum(px, 160) / 160)))
    steps = {step.from_px: step for step in rule.gain_per_doubling}
    assert steps[160].flops_ratio == pytest.approx((224 / 160) ** 2)
    assert {rival.axis for rival in steps[160].rivals} == {"depth", "width"}
    assert all(rival.ci95[1] < 0 for rival in steps[160].rivals)
    assert all(rival.ci95[0] < 0 < rival.ci95[1] for rival in steps[128].rivals)
    for axis in ("depth", "width"):
        pairs = [rival.num_pairs for step in steps.values() for rival in step.rivals if rival.axis == axis]
        assert [sum(pairs)] == [rival.num_pairs for rival in rule.rivals if rival.axis == axis]


def test_the_verdict_is_about_the_longest_regime(planted):
    rule = rule_of(groups_of(planted(generator=np.random.default_rng(1), epochs=(5, 50), resolutions=SIZES)))
    assert rule.epochs == 50
    assert {step.epochs for step in rule.steps} == {5, 50}
    assert {step.epochs for step in rule.gain_per_doubling} == {50}


def test_a_step_over_a_missing_size_is_no_step(planted):
    groups = groups_of(planted(generator=np.random.default_rng(1), resolutions=SIZES))
    gap = groups[(groups["resolution"] != 160) | (groups["depth"] == 26)].reset_index(drop=True)
    counts = {(s.from_px, s.to_px): s.num_architectures for s in rule_of(gap).steps}
    assert counts == {(128, 160): 3, (160, 224): 3, (224, 320): 9}


def test_one_size_says_nothing(planted):
    rule = rule_of(groups_of(planted(generator=np.random.default_rng(1), resolutions=(128,))))
    assert (rule.epochs, rule.steps, rule.prefer, rule.cap) == (None, (), "undecided", None)


def test_very_many_pairs_have_fewer_replicates_and_the_same_rule(planted, monkeypatch):
    groups = shifted(planted, lambda px: -2.0 * np.log2(np.maximum(px, 160) / 160))
    rule = rule_of(groups)
    monkeypatch.setattr("analysis.pairs.comparisons.MAX_DRAWS", 20_000)
    fewer = rule_of(groups)
    assert (fewer.prefer, fewer.cap) == (rule.prefer, rule.cap)
    assert fewer.rivals[0].ci95 != rule.rivals[0].ci95
    assert fewer.rivals[0].ci95 == pytest.approx(rule.rivals[0].ci95, abs=0.1)
