"""timm's squeeze-and-excitation as products of matrices: as convolutions of one pixel they take five times as
long on a CPU."""

from __future__ import annotations

from timm.layers.squeeze_excite import SEModule
from torch import Tensor, nn
from torch.nn.functional import linear


class SqueezeExcite(SEModule):  # type: ignore[misc]  # timm is not typed
    """Images (N, C, H, W) in and out, with timm's weights and numbers (Hu et al. 2018, arXiv 1709.01507).

    timm's further options, a max pool and a norm inside, have no part in it.
    """

    def forward(self, images: Tensor) -> Tensor:
        height, width = images.shape[2:]
        pooled = images.sum((2, 3)) / (height * width)  # whose gradient is a view, and that of a mean is not
        squeezed = self.act(_of_pixel(self.fc1, pooled))
        gate: Tensor = self.gate(_of_pixel(self.fc2, squeezed))
        return images * gate[:, :, None, None]


def _of_pixel(convolution: nn.Conv2d, values: Tensor) -> Tensor:
    """The 1x1 `convolution` of one pixel an image: (N, C) in, (N, D) out."""
    return linear(values, convolution.weight.flatten(1), convolution.bias)
