"""Compiled networks: what torch.compile is asked for, and what it keeps from one run to the next."""

from __future__ import annotations

from contextlib import AbstractContextManager, nullcontext
from functools import lru_cache

import torch
from torch import nn


def compile_network(network: nn.Module, *alike: object) -> None:
    """Compile `network` for training; networks that are `alike`, as those of two seeds are, share it."""
    _keep_compiled(*alike)
    network.compile(dynamic=False)


def uncompiled(*, compiled: bool) -> AbstractContextManager[None]:
    """A context in which a `compiled` network runs as it is: to compile it for each shape of the batches of
    an evaluation takes a minute and would not pay off."""
    return torch.compiler.set_stance("force_eager") if compiled else nullcontext()


@lru_cache(maxsize=1)
def _keep_compiled(*alike: object) -> None:
    """Keep what torch has compiled if the last network was `alike`, else discard it: torch compiles only
    eight networks per process."""
    del alike
    torch.compiler.reset()
