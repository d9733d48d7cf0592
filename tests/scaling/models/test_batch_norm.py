"""Batch norm of few channels against torch's."""

from __future__ import annotations

import copy

import pytest
import torch
from torch import Tensor, nn

from scaling.models.batch_norm import BatchNorm2d

BATCH = (32, 28, 28)
"""Images, height, width: enough pixels."""


def images_of(channels: int, batch: tuple[int, int, int] = BATCH) -> Tensor:
    """Each channel with a mean and a deviation of its own, channels last."""
    torch.manual_seed(channels)
    num_images, height, width = batch
    images = torch.randn(num_images, channels, height, width)
    images = images * torch.rand(channels, 1, 1).add(0.5) + 3 * torch.randn(channels, 1, 1)
    return images.contiguous(memory_format=torch.channels_last)


def norm_of(channels: int) -> BatchNorm2d:
    """With weights that are not those it begins with."""
    norm = BatchNorm2d(channels)
    nn.init.normal_(norm.weight)
    nn.init.normal_(norm.bias)
    return norm


def torchs(norm: BatchNorm2d) -> nn.BatchNorm2d:
    """The same as torch does it."""
    other = copy.deepcopy(norm)
    other.__class__ = nn.BatchNorm2d
    return other


def trained(norm: nn.BatchNorm2d, images: Tensor) -> list[Tensor]:
    """Two steps, each followed by what works in place and is smooth: outputs, gradients and statistics."""
    values = []
    for _ in range(2):
        pixels = images.detach().requires_grad_()
        normed = norm(pixels).sigmoid_()
        slopes = torch.linspace(-1, 1, normed.numel(), dtype=normed.dtype).view_as(normed)
        normed.backward(slopes.sin())
        assert pixels.grad is not None
        values += [normed.detach(), pixels.grad]
    gradients = [parameter.grad for parameter in norm.parameters() if parameter.grad is not None]
    return [*values, *gradients, *norm.buffers()]


def is_folded(norm: BatchNorm2d, images: Tensor) -> bool:
    """Whether it goes the faster way."""
    normed: Tensor = norm(images)
    return normed.grad_fn is not None and "Folded" in normed.grad_fn.name()


@pytest.mark.parametrize("channels", [1, 2, 3, 4, 6, 8, 12, 20, 60])
def test_it_gives_what_torch_gives_in_double_precision(channels: int) -> None:
    images, norm = images_of(channels), norm_of(channels)
    assert is_folded(copy.deepcopy(norm), images)
    exact = trained(torchs(norm).double(), images.double())
    ours, theirs = trained(copy.deepcopy(norm), images), trained(torchs(norm), images)
    for value, other, true in zip(ours, theirs, exact, strict=True):
        scale = true.double().abs().max()
        error, usual = ((each.double() - true).abs().max() / scale for each in (value, other))
        assert error <= max(4 * usual, 1e-6)


@pytest.mark.parametrize("batch", [(32, 29, 31), (8193, 1, 1), (96, 10, 10)])
def test_any_number_of_pixels_will_do(batch: tuple[int, int, int]) -> None:
    images, norm = images_of(4, batch), norm_of(4)
    assert is_folded(copy.deepcopy(norm), images)
    ours, theirs = trained(copy.deepcopy(norm), images), trained(torchs(norm), images)
    for value, other in zip(ours, theirs, strict=True):
        torch.testing.assert_close(value, other, rtol=1e-4, atol=1e-3)


def test_a_mean_far_from_zero_loses_no_more_than_in_torch() -> None:
    images, norm = images_of(2) * 0.01 + 10, norm_of(2)
    exact = torchs(norm).double()(images.double())
    ours, theirs = copy.deepcopy(norm)(images), torchs(norm)(images)
    error, usual = ((each - exact).abs().max() for each in (ours, theirs))
    assert error <= 4 * usual


def test_it_gives_the_same_bits_each_time() -> None:
    images, norm = images_of(4), norm_of(4)
    first, second = trained(copy.deepcopy(norm), images), trained(copy.deepcopy(norm), images)
    assert all(torch.equal(*pair) for pair in zip(first, second, strict=True))


@pytest.mark.parametrize(
    ("channels", "batch", "layout", "precision"),
    [
        (4, BATCH, torch.contiguous_format, torch.float32),
        (4, BATCH, torch.channels_last, torch.bfloat16),
        (4, (2, 28, 28), torch.channels_last, torch.float32),
        (16, BATCH, torch.channels_last, torch.float32),
        (68, BATCH, torch.channels_last, torch.float32),
    ],
    ids=["channels first", "bf16", "few pixels", "whole vectors", "many channels"],
)
def test_what_torch_does_as_fast_is_left_to_it(
    channels: int,
    batch: tuple[int, int, int],
    layout: torch.memory_format,
    precision: torch.dtype,
) -> None:
    images = images_of(channels, batch).contiguous(memory_format=layout).to(precision)
    norm = norm_of(channels)
    assert not is_folded(copy.deepcopy(norm), images)
    ours, theirs = trained(copy.deepcopy(norm), images), trained(torchs(norm), images)
    assert all(torch.equal(*pair) for pair in zip(ours, theirs, strict=True))


def test_evaluation_is_torchs() -> None:
    images, norm = images_of(4), norm_of(4)
    norm(images)
    norm.eval()
    assert torch.equal(norm(images), torchs(norm)(images))
