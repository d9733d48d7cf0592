"""The recipe: its defaults filled in, its bad values refused by name."""

from __future__ import annotations

import math

import pytest

from scaling.errors import Refused
from scaling.training.recipe import Recipe


def test_defaults_are_filled_in() -> None:
    recipe = Recipe(batch_size=64, learning_rate=0.4)
    assert recipe.images_per_norm == 64
    assert recipe.peak_learning_rate == pytest.approx(0.1)
    assert Recipe(batch_size=64, norm_batch=16).images_per_norm == 16


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("batch_size", 1),
        ("norm_batch", 1),
        ("norm_batch", 48),
        ("learning_rate", 0),
        ("learning_rate", -1),
        ("momentum", 1),
        ("momentum", -0.1),
        ("label_smoothing", 1),
        ("ema_decay", math.nan),
        ("crop_padding", 1.5),
        ("weight_decay", -1e-4),
    ],
)
def test_bad_values_are_refused_by_name(name: str, value: float) -> None:
    with pytest.raises(Refused, match=f"recipe.{name}={value}"):
        Recipe(**{name: value})  # type: ignore[arg-type]
