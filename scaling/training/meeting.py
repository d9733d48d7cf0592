"""A meeting: how the processes that train one point together find each other. No torch import."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class Meeting:
    """The settings with which a process joins the others."""

    rank: int
    """0 <= rank < size; process 0 holds the leases and writes the files."""
    size: int
    """Number of processes, at least 1."""
    local_rank: int = 0
    """Number of this process on its machine; if it sees several GPUs, it uses the one with this number."""
    address: str = "127.0.0.1"
    """Host name or IP address of the machine of process 0, valid on all machines."""
    port: int = 29500
    """A free port on that machine, or the port of the store that holds the board."""
    board: str | None = None
    """Prefix in a store at `address` and `port` under which process 0 publishes a free port that it took."""
    timeout_s: float = 600.0
    """Seconds to wait for the others, at the meeting and in each step, before they are considered lost."""
