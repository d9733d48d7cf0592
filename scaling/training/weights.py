"""Trained weights: saved by a point that others need, and loaded by the points that begin from them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from types import MethodType

from torch import Tensor, nn

from scaling.errors import DataError, Unmet
from scaling.study.files import Fence, write_bytes, writing_below
from scaling.study.needs import is_met, why_unmet
from scaling.study.store import Study
from scaling.training.checkpoint import Damaged, read_state, state_bytes

Weights = Mapping[str, Tensor]
"""Weights and norm statistics on the CPU, by their names in the network's state dict."""

CLASSIFIERS = ("head.", "classifier.")
"""Prefixes of the names of a network's classifier."""


def weights_of(model: nn.Module) -> Weights:
    """The weights and norm statistics of a network."""
    return {name: value.detach().cpu() for name, value in model.state_dict().items()}


def save_weights(path: Path, weights: Weights, fence: Fence) -> None:
    """Write `weights` to `path`, flushed to disk; raises Unwritable, and what the fence raises."""
    with writing_below(path.parent):
        write_bytes(path, state_bytes(dict(weights)), fence, flush=True)


def load_weights(studies: Sequence[Path], point_id: str) -> Weights:
    """Weights of a completed point, from the first study with them; Unmet if absent, DataError if damaged."""
    there = [Study(path) for path in studies]
    file = next((study.weights(point_id) for study in there if is_met(point_id, [study])), None)
    if file is None:
        raise Unmet(f"It needs {point_id}, which {why_unmet(point_id, there)}.")
    try:
        return read_state(file)
    except Damaged as error:
        raise DataError(f"{file} is damaged ({error}): remove {file.parent} to train it again.") from error


def freeze(model: nn.Module) -> None:
    """Freeze all but the classifier: no gradients, and norms use their running statistics unchanged."""
    for name, child in model.named_children():
        if not f"{name}.".startswith(CLASSIFIERS):
            child.requires_grad_(False).eval()
            child.train = MethodType(_stay, child)  # type: ignore[method-assign]


def _stay(module: nn.Module, mode: bool = True) -> nn.Module:
    """Replaces `train` of a frozen module, which stays in evaluation mode."""
    del mode
    return module


def begin_from(model: nn.Module, weights: Weights, source: str) -> None:
    """Copy all weights but the classifier's into the network; DataError if names or shapes do not match."""
    taken = {name: value for name, value in weights.items() if not name.startswith(CLASSIFIERS)}
    own = {name: value for name, value in model.state_dict().items() if not name.startswith(CLASSIFIERS)}
    for name in own.keys() | taken.keys():
        if name not in own or name not in taken or own[name].shape != taken[name].shape:
            raise DataError(f"{source} belongs to another network: its {name} does not fit the one to train.")
    model.load_state_dict(taken, strict=False)
