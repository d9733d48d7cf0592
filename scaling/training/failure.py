"""Failures of a point: what the training loop raises, and the class of any exception. No torch import."""

from __future__ import annotations

import hashlib
import re
import traceback
from typing import Any

from scaling.errors import DataError, Refused, Unmet
from scaling.quantity import counted
from scaling.study.result import Failure

_OUT_OF_MEMORY = re.compile(
    r"out of memory|can't allocate memory|not enough memory|could not create a primitive$|resource_exhausted"
    r"|alloc_failed|unable to find an engine",
    re.IGNORECASE,
)
"""Messages of torch's RuntimeErrors when memory runs out: on CUDA, on the CPU (Linux, Windows, oneDNN) and
with XLA. cuBLAS and cuDNN say ALLOC_FAILED. If a convolution lacks workspace, torch tries the engines of
cuDNN one by one and says that it found none."""

PEER_LOST = 75
"""Exit code of a process that ends because another one was lost: EX_TEMPFAIL of sysexits.h, "try again"."""


class Diverged(RuntimeError):
    """The loss is not finite, or has exploded."""

    def __init__(self, step: int, loss: float) -> None:
        super().__init__(step, loss)
        self.step = step
        """Optimizer steps taken when the divergence was detected."""
        self.loss = loss
        """The loss at that step, in nats."""

    def __str__(self) -> str:
        return f"The loss was {self.loss:g} after {counted(self.step, 'step')}: training has diverged."


class Recorded(RuntimeError):
    """A failure of an earlier run, as a table of results records it."""

    def __init__(self, failure: Failure, message: str) -> None:
        super().__init__(message)
        self.failure = failure


class Stopped(RuntimeError):
    """The run was told to stop, and has saved a checkpoint to resume from."""

    def __init__(self, step: int) -> None:
        super().__init__(step)
        self.step = step
        """Optimizer steps taken so far."""

    def __str__(self) -> str:
        return f"Stopped after {counted(self.step, 'step')}, to be resumed from the checkpoint."


class Dominated(Stopped):
    """The point was told that its result cannot matter; it has saved a checkpoint and could be resumed."""


class PeerFailed(RuntimeError):
    """Another of the processes that train a point together raised an exception."""

    def __init__(self, rank: int, trace: str, noted: dict[str, Any]) -> None:
        super().__init__(rank, trace, noted)
        self.rank = rank
        self.trace = trace
        """Traceback of the exception."""
        self.noted = noted
        """What `noted` returned for the exception in that process."""

    def __str__(self) -> str:
        return f"Process {self.rank} failed:\n{self.trace}"


class PeerLost(SystemExit):
    """Another of these processes was lost, so this one ends too; the point resumes from its checkpoint."""

    def __init__(self, message: str) -> None:
        super().__init__(message)
        self.code = PEER_LOST

    def __str__(self) -> str:
        return str(self.args[0])


def classify(error: BaseException) -> str:
    """The failure that `error` stands for, by its name in the rows of a study."""
    match error:
        case Diverged():
            return "diverged"
        case Dominated():
            return "dominated"
        case Stopped():
            return "preempted"
        case DataError():
            return "data_error"
        case MemoryError():
            return "out_of_memory"
        case RuntimeError() if _OUT_OF_MEMORY.search(str(error)):
            return "out_of_memory"
    return "code_error"


def noted(error: Exception) -> dict[str, Any]:
    """The fields of a failed state: the failure, a message of one line, and the signature, a digest of where
    `error` was raised; the signature is None where another point is at fault, and the code where a device
    is."""
    if isinstance(error, PeerFailed):
        return error.noted
    if isinstance(error, Recorded):
        return {"failure": error.failure, "message": str(error)}
    frames = traceback.extract_tb(error.__traceback__)
    where = [type(error).__name__, *(f"{frame.filename}:{frame.name}:{frame.lineno}" for frame in frames)]
    failure = classify(error)
    lines = str(error).strip().splitlines()
    message = f"{type(error).__name__}: {lines[0]}" if lines else type(error).__name__
    if failure == "out_of_memory":
        message += " (In training, a smaller recipe.norm_batch takes less memory; it makes another point.)"
    signature = hashlib.sha256("\n".join(where).encode()).hexdigest()[:16]
    return {
        "failure": failure,
        "message": message,
        "signature": None if isinstance(error, Unmet) else signature,
        **({"code": None} if isinstance(error, Refused) else {}),  # other devices may do, with the same code
    }
