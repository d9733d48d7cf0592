"""Optimizers by name: timm's, on weights that decay and others that do not."""

from __future__ import annotations

import pytest
import torch

from scaling.errors import Refused
from scaling.models.build import build
from scaling.models.resnet_small import ResNetSmall
from scaling.training.optimizer import build_optimizer, check_optimizer, names
from scaling.training.recipe import Recipe


@pytest.mark.parametrize("name", names())
def test_each_of_them_takes_a_step(name: str) -> None:
    model = build(ResNetSmall().network(8, 0.25), in_channels=1, num_classes=10)
    optimizer = build_optimizer(model, Recipe(optimizer=name, weight_decay=0.1, learning_rate=0.01))
    assert sorted({group["weight_decay"] for group in optimizer.param_groups}) == [0, 0.1]
    before = [parameter.detach().clone() for parameter in model.parameters()]
    for _ in range(2):
        optimizer.zero_grad()
        model(torch.ones(4, 1, 8, 8)).square().sum().backward()
        optimizer.step()
    after = list(model.parameters())
    assert all(parameter.isfinite().all() for parameter in after)
    assert any(not torch.equal(*pair) for pair in zip(before, after, strict=True))


def test_an_unknown_one_is_refused_with_its_neighbour() -> None:
    with pytest.raises(Refused, match="adamv is not a known optimizer: did you mean adam"):
        check_optimizer("adamv")
    with pytest.raises(Refused, match="adahessian"):
        check_optimizer("adahessian")
