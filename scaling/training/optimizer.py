"""The optimizer of a recipe: SGD, or an optimizer of timm by its name."""

from __future__ import annotations

import timm.optim
import torch
from torch import nn

from scaling.errors import Refused
from scaling.study.spelling import nearest
from scaling.training.recipe import Recipe

_UNFIT = ("adahessian", "bnb*", "fused*", "kron*", "*muon")
"""Optimizers of timm that need second derivatives, packages or a GPU, or do not resume bit-identically."""


def names() -> list[str]:
    """The optimizers that a recipe may name."""
    known: list[str] = timm.optim.list_optimizers(exclude_filters=list(_UNFIT))
    return known


def check_optimizer(name: str) -> None:
    """Refuse an unknown optimizer."""
    if name not in names():
        raise Refused(f"recipe.optimizer={name} is not a known optimizer: {nearest(name, names())}.")


def build_optimizer(model: nn.Module, recipe: Recipe) -> torch.optim.Optimizer:
    """The optimizer of a recipe, with weight decay for all weights except those of norms and biases."""
    groups = timm.optim.param_groups_weight_decay(model, recipe.weight_decay)
    if recipe.optimizer == "sgd":
        return torch.optim.SGD(
            groups,
            lr=recipe.peak_learning_rate,
            momentum=recipe.momentum,
            nesterov=recipe.momentum > 0,
            foreach=True,
        )
    optimizer: torch.optim.Optimizer = timm.optim.create_optimizer_v2(
        groups,
        opt=recipe.optimizer,
        lr=recipe.peak_learning_rate,
        weight_decay=recipe.weight_decay,
        momentum=recipe.momentum,
    )
    return optimizer
