"""Regularisation as a function of scale, against what ResNet-RS was trained with."""

from __future__ import annotations

import pytest

from scaling.models.resnet import ResNetRS
from scaling.training.recipe import Recipe
from scaling.training.regularization import GOVERNED, Regularization

BY_SCALE = Regularization(policy="by_scale")

TABLE_8 = {
    (50, 160): (0.25, 0.0, 10),
    (101, 160): (0.25, 0.0, 10),
    (101, 192): (0.25, 0.0, 15),
    (152, 192): (0.25, 0.0, 15),
    (152, 224): (0.25, 0.0, 15),
    (152, 256): (0.25, 0.0, 15),
    (200, 256): (0.25, 0.1, 15),
    (270, 256): (0.25, 0.1, 15),
    (350, 256): (0.25, 0.1, 15),
    (350, 320): (0.40, 0.1, 15),
    (420, 320): (0.40, 0.1, 15),
}
"""Bello et al. 2021: (depth, pixels) to dropout, stochastic depth and magnitude of RandAugment."""


def _applied(policy: Regularization, epochs: int = 350, **scale: float) -> Recipe:
    at = {"layers": 50, "width": 1.0, "resolution": 160} | scale
    return policy.applied(Recipe(), epochs=epochs, **at)  # type: ignore[arg-type]


@pytest.mark.parametrize("model", TABLE_8, ids=str)
def test_the_models_of_the_paper_come_out_exactly(model: tuple[int, int]) -> None:
    depth, resolution = model
    layers = ResNetRS().network(depth, 1).num_layers
    recipe = _applied(BY_SCALE, layers=layers, resolution=resolution)
    strengths = (recipe.dropout, recipe.stochastic_depth, recipe.rand_augment_magnitude)
    assert strengths == TABLE_8[model]
    assert (recipe.label_smoothing, recipe.rand_augment_layers) == (0.1, 2)


@pytest.mark.parametrize("epochs", [10, 100])
def test_short_runs_have_crops_and_flips_only(epochs: int) -> None:
    recipe = _applied(BY_SCALE, epochs, layers=400, width=2.0, resolution=320)
    assert [getattr(recipe, name) for name in GOVERNED[:4]] == [0, 0, 0, 0]
    assert recipe.weight_decay == Recipe.weight_decay


def test_or_all_runs_have_the_same() -> None:
    alike = Regularization(policy="by_scale", plain_epochs=0)
    assert _applied(alike, 10) == _applied(alike, 350) == _applied(BY_SCALE, 350)


@pytest.mark.parametrize("resolution", [160, 320])
def test_wider_networks_drop_more(resolution: int) -> None:
    widths = (0.1, 0.25, 0.5, 1.0, 1.5, 2.0, 16.0)
    rates = [_applied(BY_SCALE, width=width, resolution=resolution).dropout for width in widths]
    assert rates == sorted(rates)
    assert (rates[1], rates[-1]) == (0, 0.75)


def test_it_can_be_applied_again() -> None:
    once = _applied(BY_SCALE, width=2.0)
    again = BY_SCALE.applied(once, layers=50, width=2.0, resolution=160, epochs=350)
    assert again == once


def test_given_leaves_the_recipe_alone() -> None:
    assert _applied(Regularization()) == Recipe()
