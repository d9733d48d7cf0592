"""A meeting: where the processes that train one point together find each other. No torch import."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class Meeting:
    """What a process must know to join the others."""

    rank: int
    """0 <= rank < size; process 0 holds the leases and writes."""
    size: int
    """Number of processes, at least 1."""
    local_rank: int = 0
    """Number of this process on its machine: with several GPUs in sight it takes the one of this number."""
    address: str = "127.0.0.1"
    """The machine of process 0, by a name or number that all machines know."""
    port: int = 29500
    """A free port there, or that of the store with the board."""
    board: str | None = None
    """Prefix in a store at address and port, where process 0 leaves word of a free port that it has taken."""
    timeout_s: float = 600.0
    """How long one waits for the others, at the meeting and in each step, before it takes them for lost."""
