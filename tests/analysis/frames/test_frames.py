"""Frames of clips: their planted and trained gains, and that no other rule mixes them."""

from __future__ import annotations

from collections.abc import Callable
from itertools import product

import numpy as np
import pandas as pd
import pytest
import torch

from analysis.findings import find
from analysis.frames.figure import MAX_LINES, frames_figure
from analysis.frames.frames import Frames, frames_rule
from analysis.frames.sheet import frames_json, frames_sentences, frames_sheet, frames_summary
from analysis.noise import group_seeds
from analysis.noise_estimate import seed_noise
from analysis.replicates import draw_errors
from analysis.report.figures import pictures
from analysis.rules import rules_json
from analysis.sheet import frontier_sheet
from analysis.source.clean import build_table
from analysis.table import Table
from scaling.data.catalog import DataConfig, declare
from scaling.data.images import Images
from scaling.data.videos import Videos, ViewedVideos
from scaling.data.views import Views
from scaling.models.resnet3d_rs import ResNet3DRS
from scaling.study.point import Point
from scaling.training.checkpoint import Checkpoint
from scaling.training.device import use_device
from scaling.training.loop import Hooks, train
from scaling.training.placement import Placement
from scaling.training.recipe import Recipe
from scaling.training.saving import Saving
from scaling.training.schedule import Schedule

FRAMES = (2, 4, 8)


def planted(bonus: Callable[[np.ndarray], np.ndarray], *, noise: float = 0.3, seeds: int = 4) -> pd.DataFrame:
    """Error = 5 + power law of FLOPs, less `bonus` points by number of frames. FLOPs = depth x frames."""
    rows = pd.DataFrame(
        list(product((14, 26, 50), (0.5, 1.0), FRAMES, range(seeds))),
        columns=["depth", "width", "frames", "seed"],
    ).assign(resolution=32, epochs=10)
    rows["flops"] = 1e6 * rows["depth"] * rows["width"] ** 2 * rows["frames"]
    error = 5 + 40 * (rows["flops"] / 7e6) ** -0.2 - bonus(rows["frames"].to_numpy(dtype=float))
    rows["top1"] = 100 - error - noise * np.random.default_rng(5).standard_normal(len(rows))
    return rows


def table_of(rows: pd.DataFrame) -> Table:
    return build_table(rows, name="clips", source="clips")


def rule_of(rows: pd.DataFrame) -> Frames:
    groups = group_seeds(table_of(rows).usable)
    noise = seed_noise(groups)
    found = frames_rule(groups, noise, draw_errors(groups, noise))
    assert found is not None
    return found


def test_a_step_is_the_mean_gain_of_the_same_networks() -> None:
    rows = planted(lambda frames: 3 * np.log2(frames), noise=0.3)
    means = rows.groupby(["depth", "width", "frames"])["top1"].mean().unstack("frames")
    steps = rule_of(rows).steps
    assert [(step.from_frames, step.to_frames) for step in steps] == [(2, 4), (4, 8)]
    assert steps[0].points == pytest.approx((means[4] - means[2]).mean())
    assert (steps[0].num_models, steps[0].flops_ratio) == (6, pytest.approx(2))
    assert [step.verdict for step in steps] == ["helps", "helps"]


def test_worth_its_flops_and_no_more_is_undecided() -> None:
    rule = rule_of(planted(lambda frames: 0 * frames))
    assert {rival.axis: rival.prefer for rival in rule.rivals} == {"depth": "undecided", "width": "undecided"}


@pytest.mark.parametrize(("sign", "prefer"), [(1, {"frames"}), (-1, {"depth", "width"})])
def test_more_or_less_than_its_flops_is_found(sign: int, prefer: set[str]) -> None:
    rule = rule_of(planted(lambda frames: sign * 2 * np.log2(frames)))
    assert {rival.prefer for rival in rule.rivals} == prefer


def test_no_effect_is_undecided_and_so_is_a_single_seed() -> None:
    none = planted(lambda frames: 40 * (frames / 1e9) - 40 * (frames / 1e9))
    flat = none.assign(top1=70 + 0.3 * np.random.default_rng(1).standard_normal(len(none)))
    assert {step.verdict for step in rule_of(flat).steps} == {"undecided"}
    single = planted(lambda frames: 3 * np.log2(frames), seeds=1)
    assert {step.verdict for step in rule_of(single).steps} == {"undecided"}


def test_models_of_different_frames_are_never_compared_as_equals() -> None:
    """Frames cost as much as width and gain far more: this says nothing about depth against width."""
    findings = find(table_of(planted(lambda frames: 4 * np.log2(frames))))
    assert findings.groups["setting"].nunique() == len(FRAMES)
    for regime in findings.pairs.regimes:
        assert regime.setting.endswith(" frames")
        assert regime.prefer == "undecided"
    sheet = frontier_sheet(findings.frontiers["flops"])
    place = sheet.head.index("frames")
    assert {row[place] for row in sheet.rows} <= {"2", "4", "8"}
    assert "frames" in {picture.name for picture in pictures(findings)}
    assert rules_json(findings)["frames"] == frames_json(findings.frames)


def test_the_picture_has_lines_of_one_recipe() -> None:
    rows = planted(lambda frames: 3 * np.log2(frames))
    few = rows[(rows["depth"] == 14) & (rows["width"] == 1)].assign(recipe="other", top1=20.0)
    findings = find(table_of(pd.concat([rows.assign(recipe="usual"), few], ignore_index=True)))
    (axes,) = frames_figure(findings.groups, findings.noise).axes
    assert len(axes.containers) == MAX_LINES
    assert all(list(bars.lines[0].get_xdata()) == list(FRAMES) for bars in axes.containers)


def test_a_table_of_one_number_of_frames_says_nothing_of_them() -> None:
    rows = planted(lambda frames: 0 * frames)
    findings = find(table_of(rows[rows["frames"] == 4]))
    assert findings.frames is None
    assert "frames" not in frontier_sheet(findings.frontiers["flops"]).head
    assert find(table_of(rows.drop(columns="frames"))).frames is None


def test_it_is_told_in_words() -> None:
    rule = rule_of(planted(lambda frames: 3 * np.log2(frames)))
    sheet = frames_sheet(rule)
    assert [row[0] for row in sheet.rows] == [
        "2 to 4 frames",
        "4 to 8 frames",
        "frames rather than depth",
        "frames rather than width",
    ]
    told = [*frames_sentences(rule), frames_summary(rule)]
    assert told[0].startswith("At 10 epochs, 4 frames rather than 2 (2.00 times the FLOPs) give +")
    assert told[2].startswith("At 10 epochs, more frames buy more than depth for the same FLOPs: +")
    assert told[-1].startswith("Of the frames of a clip, going from 2 to 4 helps (+")


def _bars(number: int, seed: int) -> tuple[np.ndarray, torch.Tensor]:
    """Clips (N, 8, 32, 32, 1) of a bar that moves left or right from a random place, and their labels."""
    generator = np.random.default_rng(seed)
    ways = np.arange(number) % 2
    starts = generator.integers(0, 32, number)
    times = 3 * np.arange(8) * np.where(ways, 1, -1)[:, np.newaxis] + starts[:, np.newaxis]
    frames = np.zeros((number, 8, 32, 32, 1), np.uint8)
    for across in range(5):
        index, time = np.indices(times.shape)
        frames[index, time, :, (times + across) % 32] = 255
    return frames, torch.from_numpy(ways)


def _images(frames: int, *, shuffled: bool) -> Images:
    splits = []
    for seed, number in enumerate((128, 64, 2)):
        videos, labels = _bars(number, seed)
        if shuffled:
            labels = labels[torch.randperm(number, generator=torch.Generator().manual_seed(seed))]
        splits.append(Videos(frames=videos.__getitem__, places=torch.arange(number), labels=labels))
    val, test = (
        ViewedVideos(videos=split, num_frames=frames, views=Views(), side=32) for split in splits[1:]
    )
    mean, deviation = torch.full((1, 1, 1, 1), 40.0), torch.full((1, 1, 1, 1), 90.0)
    return Images(train=splits[0], val=val, test=test, mean=mean, deviation=deviation)


@pytest.mark.parametrize("shuffled", [False, True], ids=["motion", "null"])
def test_motion_is_learned_from_several_frames_and_from_one_it_is_not(
    shuffled: bool, tmp_path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Really trained networks: no single frame shows which way a bar moves."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    data = declare(DataConfig(name="moving_mnist5k", num_val=64, num_train=128))
    rows = []
    for frames, seed in product((1, 4), range(3)):
        point = Point(
            depth=14,
            width=0.5,
            resolution=32,
            frames=frames,
            epochs=6,
            seed=seed,
            family="resnet3d_rs",
            model=ResNet3DRS(base_channels=8, stem_temporal_stride=1),
            data=data,
            recipe=Recipe(batch_size=32, learning_rate=1.0, crop_padding=0, ema_decay=0, label_smoothing=0),
            schedule=Schedule(),
            precision="fp32",
        )
        outcome = train(
            point,
            _images(frames, shuffled=shuffled),
            Placement(device=use_device("cpu", num_threads=1)),
            Saving(checkpoint=Checkpoint(tmp_path / "checkpoint.pt"), every_s=1e9),
            Hooks(),
        )
        (tmp_path / "checkpoint.pt").unlink()
        rows.append({**point.axes, "top1": outcome.metrics["top1"], "flops": point.cost.flops})
    (step,) = rule_of(pd.DataFrame(rows)).steps
    assert step.verdict == ("undecided" if shuffled else "helps")
    if not shuffled:
        assert step.points > 20
