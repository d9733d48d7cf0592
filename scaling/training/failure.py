"""How a point can fail: what the training loop raises, and the class of any exception. No torch import."""

from __future__ import annotations

from scaling.errors import DataError

_OUT_OF_MEMORY = ("out of memory", "can't allocate memory", "not enough memory")
"""What torch says on CUDA and on the CPU (Linux, Windows) when memory runs out; all are RuntimeErrors."""


class Diverged(RuntimeError):
    """The loss is no longer finite, or has exploded."""

    def __init__(self, step: int, loss: float) -> None:
        super().__init__(step, loss)
        self.step = step
        """Optimizer steps taken when it was seen."""
        self.loss = loss
        """The loss that was seen, in nats."""

    def __str__(self) -> str:
        return f"The loss was {self.loss:g} after {self.step} steps: training has diverged."


class Stopped(RuntimeError):
    """The run was told to stop and has saved a checkpoint to go on from."""

    def __init__(self, step: int) -> None:
        super().__init__(step)
        self.step = step
        """Optimizer steps taken so far."""

    def __str__(self) -> str:
        return f"Stopped after {self.step} steps, to go on from the checkpoint."


def classify(error: BaseException) -> str:
    """The name of the failure that `error` stands for, as a failed row of the study tells it."""
    match error:
        case Diverged():
            return "diverged"
        case Stopped():
            return "preempted"
        case DataError():
            return "data_error"
        case MemoryError():
            return "out_of_memory"
        case RuntimeError() if any(text in str(error).lower() for text in _OUT_OF_MEMORY):
            return "out_of_memory"
    return "code_error"
