"""What tests of models share: weights that make every layer count."""

from __future__ import annotations

from collections.abc import Callable

import pytest
import torch
from torch import nn


@pytest.fixture
def shake() -> Callable[[nn.Module], None]:
    """Random norms, in place: as initialised, some are zero, and a residual branch then adds nothing."""

    @torch.no_grad()
    def shake(module: nn.Module) -> None:
        for tensor in module.state_dict().values():
            if tensor.dim() == 1 and tensor.is_floating_point():
                tensor.uniform_(0.5, 1.5)

    return shake
