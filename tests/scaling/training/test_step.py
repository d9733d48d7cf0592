"""A training step against the same step by hand."""

from __future__ import annotations

import copy
from dataclasses import replace

import pytest
import torch
from torch import Tensor, nn
from torch.nn import functional

from scaling.models.build import build
from scaling.models.families import FAMILIES
from scaling.models.resnet_small import ResNetSmall
from scaling.training.batches import Batch
from scaling.training.recipe import Recipe
from scaling.training.step import build_stepper

RECIPE = Recipe(
    batch_size=32, norm_batch=8, learning_rate=0.5, momentum=0.8, weight_decay=0.1, label_smoothing=0.2
)
LEARNING_RATE = 0.3


@pytest.fixture
def model() -> nn.Module:
    torch.manual_seed(0)
    module = build(ResNetSmall().network(8, 0.25), in_channels=1, num_classes=10)
    return module.to(memory_format=torch.channels_last)


@pytest.fixture
def batch() -> Batch:
    generator = torch.Generator().manual_seed(1)
    images = torch.randn(32, 1, 9, 9, generator=generator)
    return Batch(images, torch.randint(10, (32,), generator=generator), None)


def smoothed_loss(logits: Tensor, labels: Tensor, smoothing: float) -> Tensor:
    targets = functional.one_hot(labels, 10) * (1 - smoothing) + smoothing / 10
    return -(targets * logits.log_softmax(1)).sum(1).mean()


def test_a_step_in_parts_is_the_mean_of_its_parts(model: nn.Module, batch: Batch) -> None:
    by_hand = copy.deepcopy(model)
    losses = [
        smoothed_loss(by_hand(images), labels, 0.2)
        for images, labels in zip(batch.images.split(8), batch.labels.split(8), strict=True)
    ]
    loss = torch.stack(losses).mean()
    loss.backward()
    with torch.no_grad():
        for parameter in by_hand.parameters():
            assert parameter.grad is not None
            decay = 0.1 if parameter.ndim > 1 else 0.0
            gradient = parameter.grad + decay * parameter
            parameter -= LEARNING_RATE * (1 + 0.8) * gradient  # the first step of Nesterov's momentum
    reported, num_correct = build_stepper(model, RECIPE, bf16=False).step(batch, LEARNING_RATE)
    assert reported.item() == pytest.approx(loss.item(), rel=1e-6)
    assert 0 <= num_correct <= 32
    expected = by_hand.state_dict()
    for name, tensor in model.state_dict().items():
        torch.testing.assert_close(tensor, expected[name], rtol=1e-4, atol=1e-6, msg=name)


def test_batch_norm_sees_the_declared_batch(model: nn.Module, batch: Batch) -> None:
    """The loss of 32 images normalised together is another one than in parts of 8."""
    whole = Recipe(batch_size=32, label_smoothing=0.2)
    together, _ = build_stepper(copy.deepcopy(model), whole, bf16=False).step(batch, LEARNING_RATE)
    in_parts, _ = build_stepper(model, RECIPE, bf16=False).step(batch, LEARNING_RATE)
    assert abs(together.item() - in_parts.item()) > 1e-3


def test_only_weights_decay(model: nn.Module) -> None:
    optimizer = build_stepper(model, RECIPE, bf16=False).optimizer
    decay = {id(p): group["weight_decay"] for group in optimizer.param_groups for p in group["params"]}
    for module in model.modules():
        for name, parameter in module.named_parameters(recurse=False):
            is_weight = name == "weight" and isinstance(module, nn.Conv2d | nn.Linear)
            assert decay.pop(id(parameter)) == (0.1 if is_weight else 0)
    assert not decay


def test_gradients_do_not_pile_up(model: nn.Module, batch: Batch) -> None:
    stepper = build_stepper(model, RECIPE, bf16=False)
    stepper.step(batch, LEARNING_RATE)
    assert all(parameter.grad is None for parameter in model.parameters())
    assert {group["lr"] for group in stepper.optimizer.param_groups} == {LEARNING_RATE}


@pytest.mark.parametrize("bf16", [False, True])
@pytest.mark.parametrize("family", ["resnet_small", "efficientnet"])
def test_blocks_computed_anew_change_nothing(family: str, bf16: bool) -> None:
    """Weights and running statistics, bit by bit, with all that is random."""
    depth, side = {"resnet_small": (14, 9), "efficientnet": (0.1, 32)}[family]
    recipe = replace(RECIPE, dropout=0.3, stochastic_depth=0.4)
    generator = torch.Generator().manual_seed(1)
    images = torch.randn(32, 1, side, side, generator=generator)
    labels = torch.randint(10, (32,), generator=generator)
    states = []
    for frugal in (False, True):
        torch.manual_seed(0)
        network = FAMILIES[family]().network(depth, 0.5)
        model = build(network, in_channels=1, num_classes=10, dropout=0.3, stochastic_depth=0.4)
        stepper = build_stepper(model, recipe, bf16=bf16, frugal=frugal)
        for seed in range(2):
            numbers = torch.rand(32, stepper.drops.num_numbers, generator=torch.Generator().manual_seed(seed))
            stepper.step(Batch(images, labels, numbers), LEARNING_RATE)
        states.append(model.state_dict())
    for name, tensor in states[0].items():
        assert torch.equal(tensor, states[1][name]), name
