"""Options: the keys that a command line may use, which of them may vary, and refusals of unknown ones."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields

from omegaconf import DictConfig, OmegaConf

from hydra_plugins.scaling_study._starts import TUNE
from hydra_plugins.scaling_study._wishes import MATCH_OPTIONS
from scaling.data.catalog import DataConfig
from scaling.data.pseudo import PseudoConfig
from scaling.data.views import Views
from scaling.errors import Refused
from scaling.models.families import FAMILIES
from scaling.study.limits import Limits
from scaling.study.point import KNOBS
from scaling.study.spelling import nearest
from scaling.study.starts import StartConfig
from scaling.study.stopping import Stopping
from scaling.tracking.tracker import Tracker
from scaling.training.recipe import Recipe
from scaling.training.regularization import Regularization
from scaling.training.schedule import Schedule

SCIENCE = ("model", "data", "recipe", "regularization", "schedule")
"""Config groups that change the outcome of a point."""
GROUPS = (*SCIENCE, "device", "tracker")
"""Config groups that require a choice."""
SECTIONS = (*GROUPS, "study")
VARIED = (*KNOBS, *SCIENCE, "precision", "evaluate_at", "views", "pseudo", "start")
"""Keys that may have several values."""
GROUPED: Mapping[str, tuple[str, ...]] = {
    "study": ("name", "root", "adaptive", "budget", "smallest"),
    "device": ("name", "spec", "threads", "checkpoint_every_s", "compile"),
    "match": MATCH_OPTIONS,
    "pseudo": tuple(field.name for field in fields(PseudoConfig)),
    "start": tuple(field.name for field in fields(StartConfig)),
    "limit": tuple(field.name for field in fields(Limits)),
    "stop": tuple(field.name for field in fields(Stopping)),
    "views": tuple(field.name for field in fields(Views)),
}
"""Options of the sections that are not a config group with a single dataclass."""
SINGLE = (
    "zip",
    "blocks",
    "before",
    "match",
    "where",
    "only",
    "limit",
    "stop",
    "keep_weights",
    "reuse",
    "plan",
    "probe",
)
"""Keys that choose among points or say what to do with them."""
KEYS = tuple(dict.fromkeys((*VARIED, *SECTIONS, *SINGLE)))
_MISSING = object()


def check_group(group: str) -> None:
    """Raise Refused if one launch cannot have several choices of this config group."""
    if group not in (*SCIENCE, "study"):
        raise Refused(
            f"{group} cannot have several choices in one launch: only what changes the outcome can."
        )


def check_axis(config: DictConfig, name: str) -> None:
    """Raise Refused if the setting cannot have several values, or does not exist."""
    section, _, key = name.partition(".")
    if section not in KEYS:
        raise Refused(unknown_option(name))
    if section in SCIENCE and not key:
        raise Refused(
            f"{name} is a whole group: choose it on the line, as in {name}=a,b, or vary one of its settings, "
            f"such as {name}.{_options(section)[0]}."
        )
    if name == "pseudo":
        raise Refused("pseudo cannot have several values: vary one of its settings, such as pseudo.ratio.")
    if section not in VARIED or (section == "start" and name != TUNE):
        raise Refused(f"{name} cannot have several values in one launch: only what changes the outcome can.")
    if key and OmegaConf.select(config, name, default=_MISSING) is _MISSING:
        raise Refused(unknown_option(name))


def unknown_option(name: str) -> str:
    """A sentence about an option that does not exist."""
    section, _, key = name.partition(".")
    if section == "hydra":
        return f"{name} is not an option here: --cfg hydra shows those that are."
    if not key or section not in (*SECTIONS, *GROUPED):
        return f"{name} is not an option: {nearest(section, list(KEYS))}."
    return f"{name} is not an option: {nearest(key, _options(section))}."


def _options(section: str) -> list[str]:
    kinds = {
        "data": DataConfig,
        "recipe": Recipe,
        "regularization": Regularization,
        "schedule": Schedule,
        "tracker": Tracker,
    }
    if section == "model":
        return ["family", *{field.name for family in FAMILIES.values() for field in fields(family)}]
    if section in GROUPED:
        return list(GROUPED[section])
    return [field.name for field in fields(kinds[section])]
