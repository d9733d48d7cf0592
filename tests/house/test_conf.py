"""Every file in conf/ composes, and makes at least one point."""

from __future__ import annotations

from pathlib import Path

import pytest
from hydra import compose, initialize_config_dir
from omegaconf import OmegaConf

from hydra_plugins.scaling_study._request import Composed, request
from scaling.training.recipe import Recipe

CONF = Path(__file__).parents[2] / "conf"
FILES = sorted(file.relative_to(CONF).with_suffix("") for file in CONF.rglob("*.yaml") if file.parent != CONF)


@pytest.mark.parametrize("file", FILES, ids=str)
def test_it_composes_to_a_point(file: Path, pictures: Path) -> None:
    overrides = [f"{file.parent}={file.name}"]
    if file.name == "image_folder":
        overrides += [
            f"data.root={pictures}",
            "data.num_val=4",
            "data.num_train=8",
            "recipe.batch_size=4",
        ]
    with initialize_config_dir(str(CONF), version_base="1.3"):
        config = compose("config", overrides, return_hydra_config=True)
    choices = config.hydra.runtime.choices
    made = request([Composed(config, [], choices)])
    assert [len(points) for points in made.studies.values()] == [1]


def test_every_option_of_a_recipe_is_in_its_files() -> None:
    """A key missing from a file could not be overridden on the command line."""
    for file in (CONF / "recipe").glob("*.yaml"):
        assert set(OmegaConf.load(file)) == set(Recipe.__dataclass_fields__), file.name
