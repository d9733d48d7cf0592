"""Which epochs of a run end with an evaluation. No torch import."""

from __future__ import annotations

import math

_MOST = 20
"""Evaluations per run, at most."""


def is_evaluated(epoch: int, epochs: int) -> bool:
    """Whether epoch 1 <= `epoch` <= `epochs` ends with an evaluation: up to 20 evenly spaced ones do, and the
    last one."""
    return epoch % _every(epochs) == 0 or epoch == epochs


def num_evaluated(epochs: int) -> int:
    """Number of epochs that end with an evaluation in a run of `epochs` epochs."""
    return math.ceil(epochs / _every(epochs))


def _every(epochs: int) -> int:
    return math.ceil(epochs / _MOST)
