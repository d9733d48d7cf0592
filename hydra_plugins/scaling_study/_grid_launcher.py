"""What the grid sweeper needs of a launcher.

Hydra loads plugin modules a second time under its own eye, except those with a leading underscore: what
must be one and the same class for all lives in such files.
"""

from __future__ import annotations

from abc import abstractmethod
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
    """A launcher that takes whole grids from the grid sweeper, and none from Hydra's other sweepers."""

    def setup(self, *, hydra_context: HydraContext, task_function: TaskFunction, config: DictConfig) -> None:
        del hydra_context, task_function, config

    def launch(self, job_overrides: Sequence[Sequence[str]], initial_job_idx: int) -> Sequence[JobReturn]:
        del job_overrides, initial_job_idx
        raise Refused("This launcher needs hydra/sweeper=grid.")

    @staticmethod
    def run(request: Request, launcher: Where) -> int:
        """Run the points of the request there, all of them or those that teach most; the exit code."""
        if not request.adaptive:
            return run_request(request, launcher)
        from control.adaptive import run_adaptively  # what analyses takes a second to import

        return run_adaptively(request, launcher)

    @abstractmethod
    def launch_request(self, request: Request) -> int:
        """Run the points of the request; the exit code."""
