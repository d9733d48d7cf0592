"""A family as a study: the file of conf/study/ that trains it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import yaml

from analysis.family.family import Family
from analysis.family.recommend import Member, title
from analysis.setting import Base
from scaling.errors import Refused
from scaling.study.files import write_bytes


def study_text(family: Family, name: str) -> str:
    """The text of the file: predictions as comments, the setting, and the models as a zip. It is
    deterministic."""
    models = [_model(member) for member in family.members]
    told = [f"{model}: {title(member)}" for model, member in zip(models, family.members, strict=True)]
    heading = [f"The family of {family.source}.", *told]
    return study_yaml(heading, family.base, {"name": name}, list(dict.fromkeys(models)))


def study_yaml(
    heading: Sequence[str],
    base: Base,
    study: Mapping[str, str],
    models: Sequence[str] | Mapping[str, Sequence[float]],
) -> str:
    """The text of a study file: the heading as comments, the setting, the study's name, and the models as a
    zip."""
    body = {
        "defaults": [*base.defaults],
        "study": dict(study),
        **base.values,
        "zip": models,
        "hydra": {"mode": "MULTIRUN"},
    }
    lines = ["# @package _global_", *(f"# {line}" for line in [*heading, base.missing] if line)]
    return "\n".join(lines) + "\n" + yaml.safe_dump(body, sort_keys=False, allow_unicode=True, width=110)


def check_place(path: Path) -> None:
    """Raise `Refused` where Hydra would not find a study."""
    if path.suffix != ".yaml" or path.parent.name != "study":
        raise Refused(f"--write {path}: give a .yaml file in a directory study, such as conf/study/new.yaml.")


def write_study(path: Path, text: str) -> str:
    """Write the file, and return a sentence that says what was done and how to plan the study.

    Raises `Refused` where another file exists, which is left as it is, and for a name without .yaml.
    """
    if path.suffix != ".yaml" or path.parent.name != "study":
        raise Refused(
            f"--write {path}: give a .yaml file in a directory study, such as conf/study/derived.yaml."
        )
    there = path.read_text(encoding="utf-8") if path.is_file() else None
    if there is not None and there != text:
        raise Refused(f"{path} exists with other content: remove it, or write to another name.")
    if there is None:
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            write_bytes(path, text.encode())
        except OSError as error:
            raise Refused(f"{path} cannot be written ({error.strerror}): give another place.") from error
    done = "is written" if there is None else "exists already with the same content"
    place = path.parent.parent.resolve()
    where = "" if place == Path(__file__).parents[2] / "conf" else f"--config-dir {place} "
    return f"{path} {done}; its plan: python sweep.py {where}study={path.stem} plan=true"


def _model(member: Member) -> str:
    """The model as a zip spells it: depth x width @ resolution : epochs."""
    return f"{member.depth:g}x{member.width:g}@{member.resolution}:{member.epochs}"
