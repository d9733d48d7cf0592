"""timm's squeeze-and-excitation by matrix products, since convolutions of one pixel take five times as long
on a CPU."""

from __future__ import annotations

from timm.layers.squeeze_excite import SEModule
from torch import Tensor, nn
from torch.nn.functional import linear


class SqueezeExcite(SEModule):  # type: ignore[misc]  # timm is not typed
    """From images (N, C, H, W) to the same, with timm's weights and results (Hu et al. 2018, arXiv
    1709.01507).

    Max-pooling and the inner norm, options of timm's module, are not supported.
    """

    def forward(self, images: Tensor) -> Tensor:
        height, width = images.shape[2:]
        pooled = images.sum((2, 3)) / (height * width)  # the gradient of a sum is a view, unlike a mean's
        squeezed = self.act(_of_pixel(self.fc1, pooled))
        gate: Tensor = self.gate(_of_pixel(self.fc2, squeezed))
        return images * gate[:, :, None, None]


def _of_pixel(convolution: nn.Conv2d, values: Tensor) -> Tensor:
    """Apply a 1x1 convolution to one pixel per image, from (N, C) to (N, D)."""
    return linear(values, convolution.weight.flatten(1), convolution.bias)
