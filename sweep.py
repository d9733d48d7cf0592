"""Main command: `python sweep.py depth=14` trains one point here, with several processes under torchrun.

With -m, several values separated by commas make a grid, which a launcher trains.
"""

from __future__ import annotations

import scaling.door  # noqa: F401  before the others, which take a second

# isort: split
import sys

import hydra
from hydra.core.hydra_config import HydraConfig
from omegaconf import DictConfig

from hydra_plugins.scaling_study._door import in_plain_words, tidy
from hydra_plugins.scaling_study._request import one_point, request
from launchers.foreground import Foreground, run_along
from launchers.launch import run_request
from launchers.torchrun import meeting


@hydra.main(config_path="conf", config_name="config", version_base="1.3")
def train_one(config: DictConfig) -> None:
    """Train the point of a command line without -m, in this process and those that torchrun started."""
    with in_plain_words():
        hydra_config = HydraConfig.get()
        named = {line.partition("=")[0] for line in hydra_config.overrides.task}
        point = one_point(config, hydra_config.runtime.choices, named)
        here = meeting()
        if here.rank > 0:
            run_along(request([point]), here)
        elif code := run_request(request([point]), Foreground(here)):
            sys.exit(code)


if __name__ == "__main__":
    with in_plain_words():
        sys.argv[1:] = tidy(sys.argv[1:])
        train_one()
