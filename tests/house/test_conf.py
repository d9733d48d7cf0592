"""Every file in conf/ composes, and makes at least one point."""

from __future__ import annotations

from dataclasses import fields, replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pytest
from hydra import compose, initialize_config_dir
from omegaconf import OmegaConf
from PIL import Image

from hydra_plugins.scaling_study._composed import Composed
from hydra_plugins.scaling_study._request import request
from scaling.errors import Refused
from scaling.models.families import FAMILIES
from scaling.study.point import Point
from scaling.training.recipe import Recipe
from scaling.training.regularization import Regularization
from scaling.training.schedule import Schedule

if TYPE_CHECKING:
    from _typeshed import DataclassInstance

CONF = Path(__file__).parents[2] / "conf"
FILES = sorted(file.relative_to(CONF).with_suffix("") for file in CONF.rglob("*.yaml") if file.parent != CONF)


CLIPS = ["data=moving_mnist5k", "depth=14", "resolution=32", "frames=4"]
SMALLEST = {
    "model/resnet": ["depth=14", "resolution=32"],
    "model/resnet_rs": ["depth=14", "resolution=32"],
    "model/resnet_rs_grid": ["depth=14", "resolution=32"],
    "study/resnet_rs_grid": ["depth=26", "resolution=128"],
    "study/resnet_rs_methods": ["depth=26", "resolution=128"],
    "study/resnet_rs_epochs": ["depth=101", "resolution=128"],
    "study/semi_supervised": ["pseudo.ratio=0"],  # with others it is a student and its teacher
    "study/semi_supervised_full": ["depth=50", "resolution=160", "pseudo.ratio=0"],
    "model/resnet3d_rs": CLIPS,
    "data/moving_mnist5k": ["model=resnet3d_rs", *CLIPS[1:]],
    "data/kinetics400": ["model=resnet3d_rs", *CLIPS[1:]],
    "data/clip_folder": ["model=resnet3d_rs", *CLIPS[1:]],
    "study/video": CLIPS[1:],
    "study/video_full": ["depth=50", "frames=32"],
    "study/resnet_rs_weight_decay": ["depth=50", "resolution=224"],
    "study/transfer_scenes": ["start.where=null"],  # of starts that are not looked for here
    "study/transfer_full_pretraining": ["depth=26", "resolution=128"],
    "model/efficientnet": ["depth=1", "resolution=32"],
    "model/efficientnet_rs": ["depth=1", "resolution=ladder"],
}
"""What a family needs that the defaults of config.yaml, made for resnet_small, do not suit."""


@pytest.mark.parametrize("file", FILES, ids=str)
def test_it_composes_to_a_point(file: Path, pictures: Path, videos: Path) -> None:
    overrides = [f"{file.parent}={file.name}", *SMALLEST.get(str(file), [])]
    if file.name.endswith("_folder"):
        roots = {"image_folder": lambda: pictures, "mask_folder": lambda: _with_masks(pictures)}
        root = roots.get(file.name, lambda: videos)()
        overrides += [f"data.root={root}", "data.num_val=4", "data.num_train=8", "recipe.batch_size=4"]
    assert _only_point(overrides)


def _only_point(overrides: list[str]) -> Point:
    with initialize_config_dir(str(CONF), version_base="1.3"):
        config = compose("config", overrides, return_hydra_config=True)
    made = request([Composed(config, [], config.hydra.runtime.choices)])
    ((point,),) = (expansion.points for expansion in made.studies.values())
    return point


def _with_masks(pictures: Path) -> Path:
    """Those of one class as images, and masks of their names."""
    (pictures / "masks").mkdir()
    (pictures / "cats").rename(pictures / "images")
    for file in (pictures / "images").iterdir():
        Image.fromarray(np.eye(16, dtype=np.uint8)).save(pictures / "masks" / file.name)
    return pictures


def test_a_family_of_clips_is_refused_for_images() -> None:
    with initialize_config_dir(str(CONF), version_base="1.3"):
        words = ["model=resnet3d_rs", "depth=26", "resolution=32", "frames=8"]
        config = compose("config", words, return_hydra_config=True)
    with pytest.raises(Refused, match="takes clips, and mnist5k has images"):
        request([Composed(config, [], config.hydra.runtime.choices)])


@pytest.mark.parametrize("file", [file for file in FILES if file.parent.name == "model"], ids=str)
def test_a_file_of_a_family_spells_out_every_switch_at_its_default(file: Path) -> None:
    """A key missing from a file could not be overridden on the command line."""
    values = OmegaConf.to_container(OmegaConf.load(CONF / file.with_suffix(".yaml")))
    assert isinstance(values, dict)
    family = FAMILIES[values.pop("family")]()
    if file.name == "resnet_rs_grid":
        family = replace(family, stem_pool="max")
    defaults = {field.name: getattr(family, field.name) for field in fields(family)}
    assert {
        key: tuple(value) if isinstance(value, list) else value for key, value in values.items()
    } == defaults


@pytest.mark.parametrize(
    ("group", "kind"),
    [("recipe", Recipe), ("schedule", Schedule), ("regularization", Regularization)],
)
def test_every_option_of_a_group_is_in_its_files(group: str, kind: type[DataclassInstance]) -> None:
    """A key missing from a file could not be overridden on the command line."""
    for file in (CONF / group).glob("*.yaml"):
        options = OmegaConf.load(file)
        assert set(options.get(group, options)) == {field.name for field in fields(kind)}, file.name


PAPERS = ["resnet_rs_grid", "resnet_rs_epochs", "resnet_rs_methods", "resnet_rs_weight_decay", "video_full"]
"""Studies that train as their papers did."""


@pytest.mark.parametrize("study", PAPERS)
def test_a_run_of_350_epochs_warms_up_for_5(study: str) -> None:
    """Bello et al. 2021 and Du et al. 2021, by their published configs."""
    point = _only_point([f"study={study}", *SMALLEST[f"study/{study}"], "epochs=350"])
    warmup = next(
        step for step in range(point.num_steps) if point.schedule.factor(step, point.num_steps) == 1
    )
    assert warmup / point.steps_per_epoch == pytest.approx(5, abs=0.001)


def test_recipe_resnet_rs_is_the_papers() -> None:
    """What all models of Bello et al. 2021, Table 8 have in common; a warm-up of 5 of 350 epochs."""
    words = ["model=resnet_rs", "recipe=resnet_rs", "regularization=by_scale", "data=imagenet"]
    knobs = ["depth=50", "width=1", "resolution=160", "epochs=350", "recipe.batch_size=4096"]
    point = _only_point([*words, *knobs])
    recipe, schedule = point.recipe, point.schedule
    assert (recipe.optimizer, recipe.momentum, recipe.peak_learning_rate) == ("sgd", 0.9, 1.6)
    assert (recipe.weight_decay, recipe.label_smoothing, recipe.ema_decay) == (4e-5, 0.1, 0.9999)
    assert (recipe.dropout, recipe.stochastic_depth, recipe.rand_augment_layers) == (0.25, 0, 2)
    assert (schedule.kind, schedule.warmup_fraction) == ("cosine", pytest.approx(5 / 350, rel=1e-5))
