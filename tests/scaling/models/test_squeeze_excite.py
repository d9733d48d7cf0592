"""Squeeze-and-excitation against timm's."""

from __future__ import annotations

import copy

import torch
from timm.layers.squeeze_excite import SEModule

from scaling.models.squeeze_excite import SqueezeExcite


def test_it_has_timms_weights_and_gives_its_numbers() -> None:
    torch.manual_seed(0)
    ours = SqueezeExcite(16, rd_channels=4).double()
    theirs = SEModule(16, rd_channels=4).double()
    theirs.load_state_dict(ours.state_dict())
    images = torch.randn(3, 16, 5, 7, dtype=torch.float64)
    upstream = torch.randn_like(images)
    found = []
    for module in (ours, theirs):
        pixels = copy.deepcopy(images).requires_grad_()
        scaled = module(pixels)
        scaled.backward(upstream)
        found.append([scaled, pixels.grad, *(parameter.grad for parameter in module.parameters())])
    for value, other in zip(*found, strict=True):
        torch.testing.assert_close(value, other, rtol=1e-12, atol=1e-14)
