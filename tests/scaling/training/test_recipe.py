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


@pytest.mark.parametrize(("num_processes", "each"), [(1, 4), (2, 2), (4, 1)])
def test_processes_share_the_norm_batches(num_processes: int, each: int) -> None:
    assert Recipe(batch_size=64, norm_batch=16).norm_batches_each(num_processes) == each


@pytest.mark.parametrize("num_processes", [0, 3, 8])
def test_norm_batches_that_do_not_come_out_even_are_refused(num_processes: int) -> None:
    sentence = (
        rf"{num_processes} processes cannot share the 4 norm batches of a step evenly "
        r"\(recipe.batch_size=64, recipe.norm_batch=16\): use 1 or 2 or 4, or another recipe.norm_batch\."
    )
    with pytest.raises(Refused, match=f"^{sentence}$"):
        Recipe(batch_size=64, norm_batch=16).norm_batches_each(num_processes)


def test_one_norm_batch_is_for_one_process() -> None:
    with pytest.raises(Refused, match="2 processes cannot share the 1 norm batch of a step evenly"):
        Recipe(batch_size=64).norm_batches_each(2)
