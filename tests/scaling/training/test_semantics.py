"""What training means, pinned by its numbers: the same settings must train to what they always did."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from scaling.models.families import FAMILIES
from scaling.study.point import Point
from scaling.training.schedule import Schedule

MakePoint = Callable[..., Point]
Train = Callable[..., Any]

TOLERANCE = {"resnet_small": 3e-4, "resnet_rs": 3e-3, "efficientnet": 3e-3}
"""Relative: room for processors without AVX2, which differ by 1e-6, 3e-4 and 4e-4, and for other torches."""

RECIPE: dict[str, Any] = {
    "learning_rate": 0.2,
    "momentum": 0.8,
    "weight_decay": 0.3,
    "label_smoothing": 0.2,
    "ema_decay": 0.25,
    "crop_padding": 0.25,
    "norm_batch": 16,
}
"""Each part strong enough to show in a few steps."""


def _losses(train_point: Train, point: Point) -> list[float]:
    """Training and validation loss after each epoch."""
    _, rows = train_point(point, point.id)
    return [row[name] for row in rows for name in ("train_loss", "loss")]


FAMILY_AXES: dict[str, dict[str, Any]] = {
    "resnet_small": {"depth": 8},
    "resnet_rs": {"depth": 14, "resolution": 32},
    "efficientnet": {"depth": 0.1, "resolution": 64},
}

RECORDED = {
    "resnet_small": [2.330865, 2.310462, 2.313544, 2.325642],
    "resnet_rs": [2.343395, 2.291315, 2.215777, 2.267561],
    "efficientnet": [2.806070, 2.311215, 2.618003, 2.351236],
}
"""On an AMD EPYC with torch 2.14, for SEMANTICS = 2."""


@pytest.mark.parametrize("family", RECORDED)
def test_training_means_what_it_did(make_point: MakePoint, train_point: Train, family: str) -> None:
    point = replace(make_point(**RECIPE), family=family, model=FAMILIES[family](), **FAMILY_AXES[family])
    assert _losses(train_point, point) == pytest.approx(RECORDED[family], rel=TOLERANCE[family]), (
        "training has changed meaning: raise SEMANTICS in scaling/study/point.py and record the new numbers"
    )


@pytest.mark.parametrize(
    "change",
    [
        *({name: value / 2} for name, value in RECIPE.items() if isinstance(value, float)),
        {"norm_batch": 32},
        {"batch_size": 16},
        {"flip": False},
        {"dropout": 0.25},
        {"rand_augment_layers": 1},
        {"optimizer": "lamb"},
        {"mirror": False},
        {"seed": 1},
    ],
    ids=str,
)
def test_every_part_of_the_recipe_shows_in_the_numbers(
    make_point: MakePoint, train_point: Train, change: dict[str, Any]
) -> None:
    """So the test above sees it when one of them changes meaning."""
    point = make_point(**(RECIPE | change))
    assert _losses(train_point, point) != pytest.approx(
        RECORDED["resnet_small"], rel=TOLERANCE["resnet_small"]
    )


def test_stochastic_depth_shows_in_the_numbers(make_point: MakePoint, train_point: Train) -> None:
    """Where the branches, which start at zero, have learned something."""
    losses = [
        _losses(train_point, make_point(learning_rate=4, epochs=3, stochastic_depth=rate))
        for rate in (0, 0.5)
    ]
    assert losses[0] != pytest.approx(losses[1], rel=TOLERANCE["resnet_small"])


@pytest.mark.parametrize("changed", [{"warmup_fraction": 0.5}, {"kind": "step"}, {"kind": "wsd"}], ids=str)
def test_the_schedule_shows_in_the_numbers(
    make_point: MakePoint, train_point: Train, changed: dict[str, Any]
) -> None:
    point = replace(make_point(**RECIPE), schedule=Schedule(**{"warmup_fraction": 0.1} | changed))
    assert _losses(train_point, point) != pytest.approx(
        RECORDED["resnet_small"], rel=TOLERANCE["resnet_small"]
    )
