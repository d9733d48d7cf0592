"""The ladder of training methods for clips: another order, for which few of the paper's numbers are known."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from analysis.methods.additive import additive_study, climb
from analysis.methods.additive_figure import additive_figure
from analysis.methods.additive_sheet import methods_json, methods_sentences, methods_sheet
from analysis.methods.methods import CLIPS, IMAGES
from analysis.source.clean import build_table
from scaling.errors import Refused

STEPS = (
    {"recipe.dropout": 0.5},
    {"recipe.label_smoothing": 0.1},
    {"recipe.stochastic_depth": 0.1},
    {"recipe.ema_decay": 0.99},
    {"recipe.weight_decay": 2e-3},
    {"epochs": 20},
    {"recipe.scale_jitter": 0.25},
    {"model.se_ratio": 0.25},
    {"model.stem": "deep", "model.pooled_shortcut": True},
)
"""Settings that each rung adds, in the order of the paper's table on videos."""
FIRST = {
    "depth": 14,
    "width": 0.5,
    "resolution": 32,
    "frames": 4,
    "epochs": 10,
    "data": "moving_mnist5k",
    "recipe.dropout": 0.0,
    "recipe.label_smoothing": 0.0,
    "recipe.stochastic_depth": 0.0,
    "recipe.ema_decay": 0.0,
    "recipe.weight_decay": 5e-3,
    "recipe.scale_jitter": 0.0,
    "model.se_ratio": 0.0,
    "model.stem": "plain",
    "model.pooled_shortcut": False,
}


def planted(gain: float, *, num_rungs: int = 10, noise: float = 0.1) -> pd.DataFrame:
    """A ladder whose rungs gain `gain` points each, with four seeds."""
    generator = np.random.default_rng(0)
    rows, settings = [], dict(FIRST)
    for rung in range(num_rungs):
        settings |= STEPS[rung - 1] if rung else {}
        rows += [
            {**settings, "seed": seed, "top1": 70 + gain * rung + noise * generator.standard_normal()}
            for seed in range(4)
        ]
    return pd.DataFrame(rows)


def table_of(rows: pd.DataFrame):
    return build_table(rows, name="clips", source="clips")


def test_a_planted_ladder_of_clips_is_climbed() -> None:
    ladder = climb(table_of(planted(1.0)))
    assert ladder.order is CLIPS
    assert [rung.label for rung in ladder.rungs][6:8] == ["+ more epochs", "+ scale jittering"]
    assert {rung.step.verdict for rung in ladder.rungs[1:] if rung.step} == {"helps"}
    assert ladder.share is not None
    assert ladder.share.verdict == "training"  # 7 of 9 points
    assert additive_study(table_of(planted(1.0))) is not None


def test_without_an_effect_it_is_undecided() -> None:
    ladder = climb(table_of(planted(0.0, noise=1.0)))
    assert {rung.step.verdict for rung in ladder.rungs[1:] if rung.step} == {"undecided"}


def test_only_what_was_read_of_the_paper_stands_beside_it() -> None:
    ladder = climb(table_of(planted(1.0)))
    sheet = methods_sheet(ladder)
    assert [row[-2] for row in sheet.rows] == ["73.4", *[""] * 6, "77.4", "", "78.2"]
    assert {row[-1] for row in sheet.rows} == {""}
    assert "3D ResNet-50 on Kinetics-400" in sheet.note
    assert "the paper's share is 83 %" in " ".join(methods_sentences(ladder))
    assert "order" not in methods_json(ladder)
    assert additive_figure(ladder).axes


def test_ladders_of_different_frames_are_not_one() -> None:
    rows = planted(1.0)
    short = rows[rows["recipe.dropout"] == 0].assign(frames=2)
    rest = rows[rows["recipe.dropout"] > 0]
    assert len(climb(table_of(pd.concat([short, rest]))).rungs) == 9
    with pytest.raises(Refused, match="study=video_methods trains all of them"):
        climb(table_of(planted(1.0, num_rungs=1)))


def test_the_ladder_of_images_is_as_it_was() -> None:
    assert IMAGES.label(1) == "+ cosine learning rate"
    assert [method.label for method in CLIPS.methods if method not in IMAGES.methods] == ["scale jittering"]
    assert CLIPS.num_training == 7
