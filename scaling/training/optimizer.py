"""The optimizer of a recipe: SGD, or one of timm's by its name."""

from __future__ import annotations

import timm.optim
import torch
from torch import nn

from scaling.errors import Refused
from scaling.study.suggest import suggest
from scaling.training.recipe import Recipe

_UNFIT = ("adahessian", "bnb*", "fused*", "kron*", "*muon")
"""They differentiate twice, need packages or a GPU of their own, or cannot be resumed bit by bit."""


def names() -> list[str]:
    """Optimizers that a recipe may name."""
    known: list[str] = timm.optim.list_optimizers(exclude_filters=list(_UNFIT))
    return known


def check_optimizer(name: str) -> None:
    """Refused where there is none of this name."""
    if name not in names():
        raise Refused(f"recipe.optimizer={name} is not an optimizer here: {suggest(name, names())}.")


def build_optimizer(model: nn.Module, recipe: Recipe) -> torch.optim.Optimizer:
    """The optimizer of a recipe; it decays weights, but neither norms nor biases."""
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
