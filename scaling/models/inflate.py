"""Inflation: a network for images becomes one for clips (Carreira and Zisserman 2017, arXiv 1705.07750)."""

from __future__ import annotations

from torch import Tensor, nn

from scaling.models.squeeze_excite import SqueezeExcite


class ClipSE(SqueezeExcite):
    """Squeeze-and-excitation over all frames: from clips (N, C, T, H, W) to the same."""

    def forward(self, clips: Tensor) -> Tensor:
        return super().forward(clips.flatten(3)).view_as(clips)


def inflate(module: nn.Module) -> None:
    """Replace, in place, each 2D layer below `module` by its 3D counterpart, with temporal kernel 1."""
    for name, child in module.named_children():
        if isinstance(child, SqueezeExcite):
            child.__class__ = ClipSE
        elif (inflated := _inflated(child)) is not None:
            setattr(module, name, inflated)
        else:
            inflate(child)


def widen_in_time(parent: nn.Module, name: str, kernel: int, stride: int = 1) -> None:
    """Give the inflated convolution `name` of `parent` a kernel of `kernel` frames and a temporal stride."""
    setattr(parent, name, _conv3d(getattr(parent, name), kernel, stride))


def _inflated(layer: nn.Module) -> nn.Module | None:
    match layer:
        case nn.Conv2d():
            return _conv3d(layer)
        case nn.BatchNorm2d():
            return nn.BatchNorm3d(layer.num_features, eps=layer.eps, momentum=layer.momentum)
        case nn.MaxPool2d():
            kernel, stride, padding = _side(layer.kernel_size), _side(layer.stride), _side(layer.padding)
            return nn.MaxPool3d((1, kernel, kernel), (1, stride, stride), (0, padding, padding))
        case nn.AvgPool2d():
            kernel, stride = _side(layer.kernel_size), _side(layer.stride)
            sides = (1, kernel, kernel), (1, stride, stride)
            return nn.AvgPool3d(*sides, ceil_mode=layer.ceil_mode, count_include_pad=False)
    return None


def _conv3d(flat: nn.Conv2d | nn.Conv3d, kernel: int = 1, stride: int = 1) -> nn.Conv3d:
    """A new 3D convolution like `flat` in height and width, with these kernel and stride in time."""
    assert not isinstance(flat.padding, str)
    side, step, padding = flat.kernel_size[-1], flat.stride[-1], flat.padding[-1]
    return nn.Conv3d(
        flat.in_channels,
        flat.out_channels,
        (kernel, side, side),
        stride=(stride, step, step),
        padding=(kernel // 2, padding, padding),
        bias=flat.bias is not None,
    )


def _side(size: int | tuple[int, ...]) -> int:
    return size if isinstance(size, int) else size[0]
