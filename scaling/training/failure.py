"""How a point can fail: what the training loop raises, and the class of any exception. No torch import."""

from __future__ import annotations

import hashlib
import re
import traceback
from typing import Any

from scaling.errors import DataError, Unmet
from scaling.study.result import Failure

_OUT_OF_MEMORY = re.compile(
    r"out of memory|can't allocate memory|not enough memory|could not create a primitive$|resource_exhausted"
    r"|alloc_failed|unable to find an engine",
    re.IGNORECASE,
)
"""What torch says when memory runs out, on CUDA, on the CPU (Linux, Windows, oneDNN) and by XLA; all are
RuntimeErrors. cuBLAS and cuDNN say ALLOC_FAILED. Where a convolution lacks memory to work in, torch tries the
engines of cuDNN one by one and says that it found none."""

PEER_LOST = 75
"""Exit code of a process that ends because another one is gone: try again (EX_TEMPFAIL of sysexits.h)."""


class Diverged(RuntimeError):
    """The loss is no longer finite, or has exploded."""

    def __init__(self, step: int, loss: float) -> None:
        super().__init__(step, loss)
        self.step = step
        """Optimizer steps taken when the loss was seen."""
        self.loss = loss
        """The loss that was seen, in nats."""

    def __str__(self) -> str:
        return f"The loss was {self.loss:g} after {self.step} steps: training has diverged."


class Recorded(RuntimeError):
    """A failure of an earlier run, as a table of results tells it."""

    def __init__(self, failure: Failure, message: str) -> None:
        super().__init__(message)
        self.failure = failure


class Stopped(RuntimeError):
    """The run was told to stop and has saved a checkpoint to go on from."""

    def __init__(self, step: int) -> None:
        super().__init__(step)
        self.step = step
        """Optimizer steps taken so far."""

    def __str__(self) -> str:
        return f"Stopped after {self.step} steps, to go on from the checkpoint."


class Dominated(Stopped):
    """The point was told that it cannot matter; it has saved a checkpoint, and could still go on."""


class PeerFailed(RuntimeError):
    """Another of the processes that train a point together has raised an exception."""

    def __init__(self, rank: int, trace: str, noted: dict[str, Any]) -> None:
        super().__init__(rank, trace, noted)
        self.rank = rank
        self.trace = trace
        """Traceback of the error."""
        self.noted = noted
        """What `noted` made of the exception there."""

    def __str__(self) -> str:
        return f"Process {self.rank} failed:\n{self.trace}"


class PeerLost(SystemExit):
    """Another of these processes is gone, so this one ends too; the point goes on from its checkpoint."""

    def __init__(self, message: str) -> None:
        super().__init__(message)
        self.code = PEER_LOST

    def __str__(self) -> str:
        return str(self.args[0])


def classify(error: BaseException) -> str:
    """The name of the failure that `error` stands for, as a failed row of the study tells it."""
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
    """The fields of a failed state: class, one line, and a digest of where it was raised; none where the
    fault is another point's."""
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
        message += " (Of training, a smaller recipe.norm_batch takes less; it is another point.)"
    signature = hashlib.sha256("\n".join(where).encode()).hexdigest()[:16]
    return {
        "failure": failure,
        "message": message,
        "signature": None if isinstance(error, Unmet) else signature,
    }
