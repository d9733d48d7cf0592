"""Waits: what makes the host wait for a GPU, counted without one.

torch's `meta` device stands for it. Its tensors have shapes and no numbers: what needs these, or mixes such
tensors with the host's, is an error there or passes by here.
"""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor
from torch.overrides import TorchFunctionMode
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_leaves

from scaling.data.images import Images
from scaling.study.point import Point
from scaling.training.placement import Placement
from scaling.training.run import Run

PHANTOM = torch.device("meta")
_DEVICES = {PHANTOM, torch.device("cpu")}
_MAKERS = ("tensor", "as_tensor", "new_tensor")
"""Of tensors on a device from Python's numbers: copies, but not by operators."""


def run_on_phantom(point: Point, images: Images) -> Run:
    """A run that takes its device for a GPU."""
    run = Run(point, images, Placement(device=PHANTOM))
    run.device = torch.device("cuda")
    return run


class Waits(TorchFunctionMode):
    """Lists in `found` what waits: `number` for one that is read, or the name of an operator."""

    def __init__(self) -> None:
        super().__init__()
        self._operators = _Operators()
        self.found = self._operators.found

    def __enter__(self) -> Waits:
        super().__enter__()
        self._operators.__enter__()
        return self

    def __exit__(self, *raised: Any) -> None:
        self._operators.__exit__(*raised)
        super().__exit__(*raised)

    def __torch_function__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        del types
        result = func(*args, **(kwargs or {}))
        if getattr(func, "__name__", "") in _MAKERS and result.device == PHANTOM:
            self.found.append(func.__name__)
        return result


class _Operators(TorchDispatchMode):
    def __init__(self) -> None:
        super().__init__()
        self.found: list[str] = []

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        del types
        kwargs = kwargs or {}
        name = func.overloadpacket.__name__
        if name == "_local_scalar_dense" and args[0].device == PHANTOM:
            self.found.append("number")
            return 1.0
        result = func(*args, **kwargs)
        tensors = [each for each in tree_leaves((args, kwargs, result)) if isinstance(each, Tensor)]
        of_both = {each.device for each in tensors if each.ndim} == _DEVICES
        is_handed_over = name == "_to_copy" and kwargs.get("non_blocking")
        if of_both and not is_handed_over:
            self.found.append(name)
        return result
