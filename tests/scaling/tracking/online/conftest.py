"""W&B's server on loopback."""

from __future__ import annotations

from tests.wandb_server import server as server
