"""A network as the numbers that make it, whichever kind of blocks it has. No torch: planning reads this."""

from __future__ import annotations

from typing import TypeAlias

from scaling.models.inverted import InvertedNetwork
from scaling.models.residual import ResidualNetwork

Network: TypeAlias = ResidualNetwork | InvertedNetwork
