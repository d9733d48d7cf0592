"""Batch norm of few channels on a CPU, faster than torch's.

With channels last, the kernels of torch 2.14 process one pixel at a time: 2 channels take as long as 20, and
the norms of a stem take longer than its convolutions. Here, k neighbouring pixels are treated as one pixel of
k times the channels, which fill the processor's vectors, and the statistics of the k copies of a channel are
combined afterwards. The result is that of torch up to rounding, up to 18 times as fast (docs/benchmarks.md).
"""

from __future__ import annotations

import math
from typing import Any

import torch
from torch import Tensor, nn
from torch.autograd import Function
from torch.autograd.function import once_differentiable

_MOST_CHANNELS = 256
"""Most channels of k pixels together; values from 64 to 1,024 make little difference."""
_LEAST_PIXELS = 8192
"""Least number of pixels in a batch; with fewer, the 30 small operations needed take longer than is saved."""
_VECTOR = 8
"""Channels in a vector of torch's kernel, which processes the rest one by one. With exactly 8 channels, it
processes one pixel at a time."""
_MANY_CHANNELS = 64
"""Number of channels from which torch is as fast."""


class BatchNorm2d(nn.BatchNorm2d):
    """torch's BatchNorm2d, (N, C, H, W) to the same; faster in training on a CPU, with few channels last."""

    def forward(self, images: Tensor) -> Tensor:
        if not (self.training and _keeps_torch_long(images)):
            return super().forward(images)
        assert self.num_batches_tracked is not None
        self.num_batches_tracked.add_(1)
        running = self.running_mean, self.running_var
        normed: Tensor = _Folded.apply(images, self.weight, self.bias, *running, self.momentum, self.eps)
        return normed


def _keeps_torch_long(images: Tensor) -> bool:
    channels = images.shape[1]
    return (
        images.device.type == "cpu"
        and not torch.compiler.is_compiling()  # the compiler makes its own kernels
        and images.dtype == torch.float32
        and (channels == _VECTOR or (channels % _VECTOR > 0 and channels < _MANY_CHANNELS))
        and images.numel() >= _LEAST_PIXELS * channels
        and images.is_contiguous(memory_format=torch.channels_last)
    )


class _Folded(Function):
    """Algorithm 1 of Ioffe and Szegedy 2015 (arXiv 1502.03167), and the gradients of its section 3."""

    @staticmethod
    def forward(
        ctx: Any,
        images: Tensor,
        weight: Tensor,
        bias: Tensor,
        running_mean: Tensor,
        running_var: Tensor,
        momentum: float,
        eps: float,
    ) -> Tensor:
        folded = _fold(images)
        num_pixels, num_copies = images.numel() // len(weight), folded.shape[1] // len(weight)
        of_copies = torch.stack(torch.batch_norm_update_stats(folded, None, None, 0.0))
        means, variances = of_copies.view(2, num_copies, -1)
        between, mean = torch.var_mean(means, 0, correction=0)
        variance = variances.mean(0).add_(between)  # law of total variance, for parts of equal size
        running_mean.lerp_(mean, momentum)
        running_var.lerp_(variance * (num_pixels / (num_pixels - 1)), momentum)
        inverse = (variance + eps).rsqrt_()
        scale = weight * inverse
        shift = torch.addcmul(bias, mean, scale, value=-1)
        *saved, scales, shifts = _copied(num_copies, mean, inverse, scale, shift)
        normed = torch.empty_like(images)  # not a view, since the next layer may work in place
        torch.addcmul(shifts, folded, scales, out=_fold(normed))
        ctx.save_for_backward(images, *saved, scales)
        return normed

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, gradient: Tensor) -> tuple[Tensor | None, ...]:
        images, means, inverses, scales = ctx.saved_tensors
        folded, upstream = _fold(images), _fold(gradient.contiguous(memory_format=torch.channels_last))
        channels = images.shape[1]
        num_pixels, num_copies = images.numel() // channels, len(means) // channels
        _, *of_copies = torch.ops.aten.native_batch_norm_backward(
            upstream,
            folded,
            weight=None,
            running_mean=None,
            running_var=None,
            save_mean=means,
            save_invstd=inverses,
            train=True,
            eps=0.0,
            output_mask=(False, True, True),
        )
        of_weight, of_bias = torch.stack(of_copies).view(2, num_copies, -1).sum(1)
        mean, inverse, scale = (values[:channels] for values in (means, inverses, scales))
        slope = (of_weight * scale).mul_(inverse).div_(-num_pixels)
        level = (of_bias * scale).div_(-num_pixels).addcmul_(mean, slope, value=-1)
        slopes, levels = _copied(num_copies, slope, level)
        of_images = torch.empty_like(images)
        torch.addcmul(levels, folded, slopes, out=_fold(of_images)).addcmul_(upstream, scales)
        return of_images, of_weight, of_bias, None, None, None, None


def _fold(images: Tensor) -> Tensor:
    """View (N, C, H, W) with channels last as (N H W / k, k C), where k is a power of two."""
    channels = images.shape[1]
    num_pixels = images.numel() // channels
    num_copies = math.gcd(num_pixels, 2 ** int(math.log2(_MOST_CHANNELS / channels)))
    return images.permute(0, 2, 3, 1).view(num_pixels // num_copies, num_copies * channels)


def _copied(num_copies: int, *values: Tensor) -> tuple[Tensor, ...]:
    """Repeat each (C,) to (k C,), in the layout of `_fold`; `Tensor.repeat` takes five times as long."""
    return torch.stack(values)[:, None].expand(-1, num_copies, -1).contiguous().flatten(1).unbind()
