"""The class of every failure, also of those that torch raises by itself."""

from __future__ import annotations

import pickle

import pytest
import torch

from scaling.errors import DataError, Refused, Unmet
from scaling.training.failure import Diverged, Dominated, Stopped, classify, noted


@pytest.mark.parametrize(
    ("error", "failure"),
    [
        (Diverged(3, float("nan")), "diverged"),
        (Stopped(3), "preempted"),
        (Dominated(3), "dominated"),
        (DataError("not enough memory of the images"), "data_error"),
        (Unmet("a teacher that failed"), "data_error"),
        (MemoryError(), "out_of_memory"),
        (torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 2 GiB."), "out_of_memory"),
        (RuntimeError("not enough memory: you tried to allocate 8 bytes."), "out_of_memory"),
        (RuntimeError("GET was unable to find an engine to execute this computation"), "out_of_memory"),
        (RuntimeError("could not create a primitive"), "out_of_memory"),
        (RuntimeError("could not create a primitive descriptor for a convolution"), "code_error"),
        (RuntimeError("RESOURCE_EXHAUSTED: Out of memory in HBM."), "out_of_memory"),
        (RuntimeError("shapes cannot be multiplied"), "code_error"),
        (Refused("no"), "code_error"),
        (KeyError("memory"), "code_error"),
    ],
)
def test_classes(error: BaseException, failure: str) -> None:
    assert classify(error) == failure


def test_a_tensor_larger_than_the_memory() -> None:
    with pytest.raises(RuntimeError) as error:
        torch.empty(2**60, dtype=torch.uint8)
    assert classify(error.value) == "out_of_memory"
    message: str = noted(error.value)["message"]
    assert message.startswith("RuntimeError: ")
    assert message.endswith(
        " (In training, a smaller recipe.norm_batch takes less memory; it makes another point.)"
    )


@pytest.mark.parametrize("error", [Diverged(7, 1e9), Stopped(7), Dominated(7)])
def test_they_pass_between_processes(error: Diverged | Stopped) -> None:
    copy = pickle.loads(pickle.dumps(error))
    assert copy.step == 7
    assert str(copy) == str(error)
