"""Which epochs of a run end with an evaluation. No torch import."""

from __future__ import annotations

import math

_MOST = 20


def is_evaluated(epoch: int, epochs: int) -> bool:
    """Whether epoch 1 <= `epoch` <= `epochs` ends with an evaluation: at most 20 even ones, and the last."""
    return epoch % _every(epochs) == 0 or epoch == epochs


def num_evaluated(epochs: int) -> int:
    """How many of `epochs` epochs do."""
    return math.ceil(epochs / _every(epochs))


def _every(epochs: int) -> int:
    return math.ceil(epochs / _MOST)
