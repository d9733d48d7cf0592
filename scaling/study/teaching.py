"""Teaching: the teacher of a grid's students, and the images that it labels for them. No torch."""

from __future__ import annotations

import copy
import hashlib
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import lru_cache
from pathlib import Path
from typing import Any

from scaling.data.dataset import DataSet
from scaling.data.pseudo import PseudoConfig, PseudoLabels, Teacher, Unlabelled
from scaling.data.unlabelled import declared
from scaling.errors import Refused
from scaling.study.identity import digest
from scaling.study.point import KNOBS, Point
from scaling.study.settings import Shared, point_at, shared_from_settings
from scaling.study.spelling import nearest
from scaling.study.strict import strict

Declare = Callable[[Mapping[str, Any]], DataSet]
"""Function that declares the data set of a config's section `data`."""

_OWN = (*KNOBS, "model", "recipe", "regularization", "schedule")
"""Settings in which a teacher may differ from its students, besides its weights."""
_SHARED = ("data", "precision", "evaluate_at")
"""Settings that a teacher always shares with its students."""


@dataclass(frozen=True)
class Teaching:
    """What all students of one composed config have in common."""

    config: PseudoConfig
    unlabelled: Unlabelled
    knobs: Mapping[str, Any]
    """Knobs in which the teacher differs from its student."""
    shared: Shared
    """The sections of the teacher's config."""
    weights: str | None
    """SHA-256 of the file with the teacher's weights; None if the teacher is trained."""

    def teacher(self, student: Point) -> Point | None:
        """The teacher, as a point to train first; None if its weights come from a file."""
        return None if self.weights else self._teacher(student)

    def _teacher(self, student: Point) -> Point:
        """The student with the teacher's own settings, trained on the labelled images alone."""
        with _of_the_teacher():
            return point_at({**student.axes, **self.knobs}, self.shared)

    def student(self, point: Point) -> Point:
        """The point with the pseudo-labels that it learns from."""
        teacher = self._teacher(point)
        rule = digest({"knobs": dict(self.knobs), "setting": teacher.setting, "weights": self.weights})[:8]
        return replace(
            point,
            pseudo=PseudoLabels(
                teacher=Teacher(
                    point=None if self.weights else teacher.id,
                    weights=self.weights,
                    family=teacher.family,
                    model=teacher.model,
                    depth=teacher.depth,
                    width=teacher.width,
                    resolution=teacher.resolution,
                    rule=rule,
                ),
                unlabelled=self.unlabelled,
                kind=self.config.kind,
                threshold=self.config.threshold,
                balanced=self.config.balanced,
                ratio=self.config.ratio,
            ),
        )


def teaching_of(settings: Mapping[str, Any], shared: Shared, declare: Declare) -> Teaching | None:
    """The teaching that the settings ask for; None if they ask for none. Raises Refused for bad values."""
    said = settings.get("pseudo") or {}
    if not isinstance(said.get("teacher") or {}, dict):
        raise Refused(
            f"pseudo.teacher={said['teacher']} should be its differences from its students, such as "
            "{depth:20,epochs:30}, or null."
        )
    config = strict(PseudoConfig, said, "pseudo")
    if config.teacher is None or not config.ratio:
        return None
    changes = dict(config.teacher)
    weights = changes.pop("weights", None)
    own = copy.deepcopy(dict(settings))
    for name, value in changes.items():
        if name.partition(".")[0] in _SHARED:
            raise Refused(f"pseudo.teacher.{name}={value}: a teacher has the {name} of its students.")
        if name.partition(".")[0] not in _OWN:
            raise Refused(f"pseudo.teacher.{name} is not an option: {nearest(name, _OWN)}.")
        if name not in KNOBS:
            _change(own, name, value)
    with _of_the_teacher():
        own_shared = shared_from_settings(own, shared.data)
    return Teaching(
        config=config,
        unlabelled=_unlabelled(config, settings, shared.data, declare),
        knobs={name: value for name, value in changes.items() if name in KNOBS},
        shared=replace(own_shared, evaluate_at=(), start=None),
        weights=None if weights is None else file_digest(weights),
    )


@contextmanager
def _of_the_teacher() -> Iterator[None]:
    """Prefix refusals to show that they are about the teacher."""
    try:
        yield
    except Refused as error:
        raise Refused(f"pseudo.teacher: {error}") from error


def _change(settings: dict[str, Any], name: str, value: Any) -> None:
    """Change one setting, some settings of a section, or the whole family of a model."""
    section, _, key = name.partition(".")
    if key:
        if "." in key:
            raise Refused(f"pseudo.teacher.{name} is not an option: a setting of {section} is one word.")
        assign(settings, name, value)
    elif not isinstance(value, Mapping):
        raise Refused(f"pseudo.teacher.{name}={value} should be settings of it, such as {name}: {{...}}.")
    else:
        kept = {} if "family" in value else settings.get(section, {})
        settings[section] = {**kept, **value}


def assign(settings: dict[str, Any], path: str, value: Any) -> None:
    """Set the value at a dotted path, such as `recipe.dropout`."""
    *sections, key = path.split(".")
    for section in sections:
        settings = settings[section]
    settings[key] = value


@lru_cache(maxsize=16)
def file_digest(path: str) -> str:
    """SHA-256 of a file of weights. Raises Refused if it cannot be read."""
    try:
        with Path(path).expanduser().open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except (OSError, TypeError, AttributeError) as error:
        why = error.strerror if isinstance(error, OSError) else "it should be a path"
        raise Refused(
            f"pseudo.teacher.weights={path} cannot be read ({why}): give a file of the teacher's weights."
        ) from error


def _unlabelled(
    config: PseudoConfig, settings: Mapping[str, Any], data: DataSet, declare: Declare
) -> Unlabelled:
    if config.root is not None:
        return declared(config.root, config.num_images)
    num_left = declare({**settings["data"], "num_train": None}).num_train - data.num_train
    if num_left < 1:
        raise Refused(
            f"data.num_train={data.num_train} leaves no image of {data.name} to label: use fewer, or say "
            "where others lie, as pseudo.root."
        )
    if (config.num_images or 0) > num_left:
        raise Refused(
            f"pseudo.num_images={config.num_images} is more than the {num_left} training images of "
            f"{data.name} that data.num_train={data.num_train} leaves: use at most that many."
        )
    return Unlabelled(num_images=config.num_images or num_left)
