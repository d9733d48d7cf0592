"""The interface that the grid sweeper needs from a launcher.

Hydra imports plugin modules a second time, except those with a leading underscore, so classes that must be
identical everywhere are in such files.
"""

from __future__ import annotations

from collections.abc import Sequence

from hydra.core.utils import JobReturn
from hydra.plugins.launcher import Launcher
from hydra.types import HydraContext, TaskFunction
from omegaconf import DictConfig

from launchers.launch import run_request
from launchers.request import Launcher as Where
from launchers.request import Request
from scaling.errors import Refused


class GridLauncher(Launcher):
    """Takes whole grids from the grid sweeper, to run them at `where`, and refuses Hydra's other sweepers."""

    def __init__(self, where: Where) -> None:
        self._where = where

    def setup(self, *, hydra_context: HydraContext, task_function: TaskFunction, config: DictConfig) -> None:
        del hydra_context, task_function, config

    def launch(self, job_overrides: Sequence[Sequence[str]], initial_job_idx: int) -> Sequence[JobReturn]:
        del job_overrides, initial_job_idx
        raise Refused("This launcher needs hydra/sweeper=grid.")

    def launch_request(self, request: Request) -> int:
        """Run the points of the request, as it is or by the adaptive loop; return the exit code."""
        if not request.adaptive:
            return run_request(request, self._where)
        from control.adaptive import run_adaptively  # the analysis takes a second to import

        return run_adaptively(request, self._where)
