"""torchrun: what it tells the processes that it has started, by their environment."""

from __future__ import annotations

import os
import shlex
import sys

from scaling.training.meeting import Meeting


def meeting() -> Meeting:
    """Where the processes that torchrun has started meet; a meeting of one where it has started none.

    MASTER_PORT is taken by torchrun's own store. Process 0 leaves word there of a port that is free, under a
    name of this start: so no number has to be guessed, and whoever it starts again meets nobody of before.
    """
    of = os.environ
    if "TORCHELASTIC_RUN_ID" not in of:
        return Meeting(rank=0, size=1)
    return Meeting(
        rank=int(of["RANK"]),
        size=int(of["WORLD_SIZE"]),
        local_rank=int(of["LOCAL_RANK"]),
        address=of["MASTER_ADDR"],
        port=int(of["MASTER_PORT"]),
        board=f"scaling/{of.get('TORCHELASTIC_RESTART_COUNT', 0)}",
    )


def typed_line() -> str:
    """The line that a person has typed, as far as it can be told: torchrun's own words for several machines
    are not."""
    here = meeting()
    words = ["python"] if here.size == 1 else ["torchrun", "--nproc-per-node", os.environ["LOCAL_WORLD_SIZE"]]
    return shlex.join([*words, *sys.argv])
