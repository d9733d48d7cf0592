"""The networks that the words of a command ask for, with their input sizes and the setting of training."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from itertools import product
from pathlib import Path
from typing import Any

import yaml

from scaling.errors import Refused
from scaling.models.efficientnet import MEMBERS
from scaling.models.families import Family
from scaling.models.network import Network
from scaling.published.resnet_rs import table7
from scaling.study.cost import Cost, cost_of
from scaling.study.precision import Precision
from scaling.study.settings import family_of, resolution_of
from scaling.study.size import check_size
from scaling.study.spelling import nearest
from scaling.study.strict import number, strict, whole_number, within
from scaling.study.training_step import TrainingStep

_CONF = Path(__file__).parents[2] / "conf" / "model"
_DEFAULTS = {"width": "1", "frames": "null"}
_FLOAT = re.compile(r"[+-]?\d+(\.\d*)?[eE][+-]?\d+")
"""Numbers such as 1e9, which Hydra reads as numbers but YAML as strings."""
_KNOBS = ("model", "depth", "width", "resolution", "frames")


@dataclass(frozen=True, kw_only=True)
class Setting:
    """The setting in which networks are priced or measured; defaults are those of ImageNet and the paper."""

    device: str | None = None
    """Name of a device of `python -m scaling devices`, for predicted times."""
    precision: Precision = "bf16"
    batch_size: int = 128
    """Images per batch."""
    in_channels: int = 3
    num_classes: int = 1000
    num_train: int = 1_281_167
    """Number of training images, for the cost of training."""
    epochs: int = 350

    def __post_init__(self) -> None:
        for name in ("batch_size", "in_channels", "num_classes", "num_train", "epochs"):
            if within(name, getattr(self, name)) < 1:
                raise Refused(f"{name}={getattr(self, name)} should be at least 1.")


@dataclass(frozen=True, kw_only=True)
class Asked:
    """A network and the size of its input."""

    model: str
    """Its name in conf/model/."""
    depth: float
    width: float
    resolution: int
    frames: int | None
    switches: str = ""
    """Switches that differ from conf/model/, as typed."""
    network: Network

    @property
    def title(self) -> str:
        """A title such as `resnet_rs depth=350 width=1 resolution=256 se_ratio=0`."""
        knobs = f"{self.model} depth={self.depth:g} width={self.width:g} resolution={self.resolution}"
        clip = "" if self.frames is None else f" frames={self.frames}"
        return f"{knobs}{clip}{self.switches}"

    def training_step(self, setting: Setting) -> TrainingStep:
        """Its training step in this setting."""
        return TrainingStep(
            network=self.network,
            resolution=self.resolution,
            frames=self.frames or 1,
            in_channels=setting.in_channels,
            num_classes=setting.num_classes,
            batch_size=setting.batch_size,
            precision=setting.precision,
        )

    def cost(self, setting: Setting) -> Cost:
        """Its cost in this setting."""
        return cost_of(self.training_step(setting), images_seen=setting.epochs * setting.num_train)


def asked_for(words: Sequence[str]) -> tuple[list[Asked], Setting]:
    """The networks and the setting of words such as `model=resnet_rs depth=50,101 resolution=160` or
    `resnet_rs_350@256`."""
    named = [word for word in words if "=" not in word]
    values: dict[str, str] = {}
    for word in words:
        key, equals, text = word.partition("=")
        if equals and key in values:
            raise Refused(f"{key} is given twice: say {key}={values[key]},{text} for both values.")
        values |= {key: text} if equals else {}
    settings = [field.name for field in fields(Setting)]
    for key in values:
        if key not in (*_KNOBS, *settings) and not key.startswith("model."):
            raise Refused(f"{key} is not an option: {nearest(key, [*_KNOBS, *settings])}.")
    setting = strict(Setting, {key: _value(values[key]) for key in settings if key in values}, "")
    asked = [_named(word) for word in named]
    if not named or any(knob in values for knob in _KNOBS):
        asked += _grid(values)
    return asked, setting


def _grid(values: Mapping[str, str]) -> list[Asked]:
    """Every combination of the values of the knobs."""
    for knob in ("model", "depth", "resolution"):
        if knob not in values:
            example = {"model": "resnet_rs", "depth": "50", "resolution": "224"}[knob]
            raise Refused(f"{knob} is missing: say, for instance, {knob}={example}.")
    switches = [key for key in values if key.startswith("model.")]
    axes = [_several(values.get(name, _DEFAULTS.get(name, ""))) for name in (*_KNOBS, *switches)]
    names = [switch.removeprefix("model.") for switch in switches]
    asked = []
    for combination in product(*axes):
        knobs, chosen = combination[: len(_KNOBS)], combination[len(_KNOBS) :]
        asked.append(_asked(*knobs, switches=dict(zip(names, chosen, strict=True))))
    return list(dict.fromkeys(asked))


def _asked(
    model: Any, depth: Any, width: Any, resolution: Any, frames: Any, *, switches: Mapping[str, Any]
) -> Asked:
    family_name, family = named_family(str(model), switches)
    depth, width = number("depth", depth), number("width", width)
    resolution = resolution_of(resolution, depth, str(model), family)
    frames = None if frames is None else whole_number("frames", frames)
    network = family.network(depth, width)
    check_size(family_name, network, resolution, frames)
    return Asked(
        model=str(model),
        depth=depth,
        width=width,
        resolution=resolution,
        frames=frames,
        switches="".join(f" {name}={value}" for name, value in switches.items()),
        network=network,
    )


def named_family(model: str, switches: Mapping[str, Any]) -> tuple[str, Family]:
    """The name and the family of a file in conf/model/, with these switches changed."""
    files = {file.stem: file for file in sorted(_CONF.glob("*.yaml"))}
    if model not in files:
        raise Refused(f"model={model} is not in conf/model: {nearest(model, list(files))}.")
    values = yaml.safe_load(files[model].read_text(encoding="utf-8")) | switches
    return values["family"], family_of(values)


def _named(word: str) -> Asked:
    """A network named as in the paper's Table 7, such as `efficientnet_b4` or `resnet_rs_350@256`."""
    name, at, size = word.partition("@")
    rows = [row for row in table7() if row.name == name]
    if not rows:
        known = sorted({row.name for row in table7()})
        raise Refused(f"{word} is neither key=value nor a network of the paper: {nearest(name, known)}.")
    sizes = sorted({row.resolution for row in rows})
    if not at and len(sizes) > 1:
        choices = " or ".join(f"{name}@{each}" for each in sizes)
        raise Refused(f"{word} has several resolutions in the paper: say {choices}.")
    resolution = whole_number("resolution", _value(size)) if at else sizes[0]
    model, _, member = name.rpartition("_")
    depth, width = (
        (MEMBERS[member].depth, MEMBERS[member].width) if model == "efficientnet" else (int(member), 1.0)
    )
    return _asked(model, depth, width, resolution, None, switches={})


def _several(text: str) -> list[Any]:
    """The values between commas; a bracketed list is one value."""
    return [_value(each) for each in re.split(r",(?![^\[]*\])", text)]


def _plain(value: float) -> float:
    return int(value) if value.is_integer() else value


def _value(text: str) -> Any:
    try:
        return _plain(float(text)) if _FLOAT.fullmatch(text) else yaml.safe_load(text)
    except yaml.YAMLError as error:
        raise Refused(f"{text} is not a value: use a number, a word, or a list in brackets.") from error
