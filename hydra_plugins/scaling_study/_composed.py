"""A composed config: its settings as plain values, the directory of its study, and how its points run."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from omegaconf import DictConfig, OmegaConf
from omegaconf.errors import OmegaConfBaseException

from hydra_plugins.scaling_study._options import KEYS, SECTIONS, SINGLE, unknown_option
from hydra_plugins.scaling_study._starts import start_study
from hydra_plugins.scaling_study._wishes import yes_or_no
from scaling.errors import Refused
from scaling.study.axis import Axis
from scaling.study.strict import in_quotes, strict
from scaling.training.runtime import Runtime


@dataclass(frozen=True)
class Composed:
    """One composed config, the axes to vary on top of it, and the choice in each config group."""

    config: DictConfig
    axes: Sequence[Axis]
    choices: Mapping[str, str | None]
    named: Collection[str] = ()
    """Settings that the command line itself sets."""
    before: Sequence[Composed] = ()
    """The study that is launched first, if any."""

    @property
    def settings(self) -> dict[str, Any]:
        """All settings except Hydra's own, as `plain` returns them."""
        return plain(self.config)

    @property
    def start_study(self) -> Path | None:
        """The study that its points start from; None for random weights."""
        before = self.before[0].study_path if self.before else None
        return start_study(self.settings, before)

    @property
    def study_path(self) -> Path:
        """`study.root/study.name`.

        Without a name, one is made from the choices of model, data and recipe, or from the name of the start
        study instead of the model.
        """
        name = self.config.study.name
        if name is None and (start := self.start_study) is not None:
            name = "-".join([start.name, *(str(self.choices[group]) for group in ("data", "recipe"))])
        if name is None:
            name = "-".join(str(self.choices[group]) for group in ("model", "data", "recipe"))
        if not isinstance(name, str) or not name or name.startswith(".") or "/" in name or "\\" in name:
            raise Refused(
                f"study.name={name} should be a plain directory name{in_quotes('study.name', name)}."
            )
        root = self.config.study.root
        if not isinstance(root, str) or not root:
            raise Refused(f"study.root={root} should be a directory.")
        return Path(root).expanduser() / name

    @property
    def runtime(self) -> Runtime:
        """Where and how its points run."""
        settings, start = self.settings, self.start_study
        labels = settings.get("pseudo") or {}
        paths = {
            "data_root": settings["data"]["root"],
            "unlabelled_root": labels.get("root"),
            "teacher_weights": (labels.get("teacher") or {}).get("weights"),
            "start_study": None if start is None else str(start),
        }
        keep = yes_or_no("keep_weights", settings["keep_weights"])
        values = {"name": Runtime.device, **settings["device"], **_absolute(paths), "keep_weights": keep}
        values["device"] = values.pop("name")
        return strict(Runtime, values, "device")


def plain(config: DictConfig) -> dict[str, Any]:
    """The settings of a config without Hydra's own. Raises Refused for unknown and missing ones."""
    settings = without_hydra(config)
    unknown = [str(key) for key in settings if key not in KEYS]
    if unknown:
        raise Refused(unknown_option(unknown[0]))
    for key in (*SECTIONS, *SINGLE):
        if key not in settings:
            raise Refused(f"~{key}: {key} cannot be removed; {key}=null disables what can be disabled.")
    try:
        values = OmegaConf.to_container(settings, resolve=True, throw_on_missing=True)
    except OmegaConfBaseException as error:
        raise Refused(f"The settings do not resolve: {str(error).splitlines()[0]}.") from error
    assert isinstance(values, dict)
    return {str(key): value for key, value in values.items()}


def without_hydra(config: DictConfig) -> DictConfig:
    """The config without Hydra's own section."""
    return OmegaConf.masked_copy(config, [str(key) for key in config if key != "hydra"])


def has_interpolations(config: DictConfig) -> bool:
    """Whether some settings refer to others."""
    return "${" in OmegaConf.to_yaml(without_hydra(config), resolve=False)


def _absolute(paths: Mapping[str, Any]) -> dict[str, Any]:
    """Absolute paths, since a job may run in another directory."""
    return {
        name: str(Path(path).expanduser().absolute()) if isinstance(path, str) else path
        for name, path in paths.items()
    }
