"""torchrun: what the environment of a process that it started says."""

from __future__ import annotations

import os
import shlex
import sys

from scaling.training.meeting import Meeting


def meeting() -> Meeting:
    """Where the processes that torchrun started meet; a meeting of one without torchrun.

    MASTER_PORT is used by torchrun's own store. There, process 0 publishes a free port under a name with the
    restart count, so no port has to be guessed and restarted processes do not meet earlier ones.
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
    """The typed command line as far as it is known: torchrun's options for several machines are missing."""
    here = meeting()
    words = ["python"] if here.size == 1 else ["torchrun", "--nproc-per-node", os.environ["LOCAL_WORLD_SIZE"]]
    return shlex.join([*words, *sys.argv])
