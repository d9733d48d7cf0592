"""Evaluation by hand, and when it happens."""

from __future__ import annotations

import pytest
import torch
from torch import nn
from torch.nn import functional

from scaling.data.images import Images, Split
from scaling.training.evaluate import evaluate
from scaling.training.evaluation_epochs import is_evaluated


def images_of(split: Split) -> Images:
    """With the mean 100 and the deviation 50."""
    mean, deviation = torch.full((1, 1, 1), 100.0), torch.full((1, 1, 1), 50.0)
    return Images(train=split, val=split, test=split, mean=mean, deviation=deviation)


def test_loss_and_top1_over_uneven_batches() -> None:
    generator = torch.Generator().manual_seed(0)
    model = nn.Sequential(nn.Flatten(), nn.Dropout(0.5), nn.Linear(16, 3))
    pixels = torch.randint(256, (300, 1, 4, 4), generator=generator, dtype=torch.uint8)
    labels = torch.randint(3, (300,), generator=generator)
    images = images_of(Split(images=pixels, labels=labels))
    loss, top1 = evaluate(model, images, images.val, batch_size=128, bf16=False)
    logits = model.eval()((pixels.float() - 100) / 50).detach()
    assert loss == pytest.approx(functional.cross_entropy(logits, labels).item(), rel=1e-5)
    assert top1 == pytest.approx(100 * (logits.argmax(1) == labels).double().mean().item())


@pytest.mark.parametrize("training", [True, False])
def test_the_mode_of_the_model_is_left_as_it_was(training: bool) -> None:
    model = nn.Sequential(nn.Flatten(), nn.Linear(4, 2)).train(training)
    pixels = torch.zeros(2, 1, 2, 2, dtype=torch.uint8)
    images = images_of(Split(images=pixels, labels=torch.zeros(2, dtype=torch.int64)))
    evaluate(model, images, images.val, batch_size=2, bf16=False)
    assert model.training is training


@pytest.mark.parametrize(
    ("epochs", "evaluated"),
    [(1, [1]), (20, list(range(1, 21))), (30, list(range(2, 31, 2))), (41, [*range(3, 40, 3), 41])],
)
def test_epochs_that_end_with_an_evaluation(epochs: int, evaluated: list[int]) -> None:
    assert [epoch for epoch in range(1, epochs + 1) if is_evaluated(epoch, epochs)] == evaluated
