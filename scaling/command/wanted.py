"""What `profile` should measure, from the words typed: networks with their batches, on one device."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, get_args

from scaling.command.asked import Asked, asked_for
from scaling.errors import Refused
from scaling.profile.operation import Work
from scaling.profile.workload import Workload, workload_of
from scaling.study.memory import memory_of
from scaling.study.point import Point
from scaling.study.spelling import nearest
from scaling.study.store import Study
from scaling.training.runtime import NAMES

_WORKS: tuple[Work, ...] = get_args(Work)
_OWN = ("device", "threads", "work")
_ON_CPU = {"precision": "fp32", "batch_size": "8"}
"""Defaults on a CPU: bf16 is refused by chips without it, and a batch for a GPU would take minutes."""


@dataclass(frozen=True, kw_only=True)
class Line:
    """A row of the table: a network at one input size, and the passes to measure."""

    title: str
    """The network, without its input size."""
    training: Workload
    """Its training step; inference uses the same batch size."""
    point_ids: tuple[str, ...] = ()
    """Ids of the points of a study with this training step. If there are any, the latency of one image is
    measured too."""

    @property
    def inference(self) -> Workload:
        """Inference on whole batches."""
        return self.training.inference(self.training.batch_size)

    @property
    def one_image(self) -> Workload:
        """Inference on single images, as in a service that answers each request at once."""
        return self.training.inference(1)

    def workloads(self, works: Sequence[Work]) -> list[Workload]:
        """The workloads to measure, of these kinds."""
        inference = [self.one_image, self.inference] if self.point_ids else [self.inference]
        return [
            *(inference if "inference" in works else ()),
            *([self.training] if "training" in works else ()),
        ]


@dataclass(frozen=True, kw_only=True)
class Wanted:
    """Everything that a command line asks to measure."""

    lines: Sequence[Line]
    study: Path | None
    """The study whose points are measured; None for named networks."""
    device: str
    threads: int
    works: tuple[Work, ...]


def wanted(words: Sequence[str]) -> Wanted:
    """What `words` ask to measure: the points of a study's directory, or networks as read by `asked_for`."""
    pairs = dict(word.split("=", 1) for word in words if "=" in word)
    device = pairs.get("device", "cpu")
    if device not in NAMES:
        raise Refused(f"device={device} cannot be measured here: use {', '.join(NAMES[:-1])} or {NAMES[-1]}.")
    works = _works(pairs.get("work", ",".join(_WORKS)))
    others = [word for word in words if word.split("=", 1)[0] not in _OWN]
    directories = [word for word in others if "=" not in word and (Path(word).is_dir() or "/" in word)]
    lines = _of_study(directories[0], others) if directories else _of_networks(others, device, works)
    return Wanted(
        lines=lines,
        study=Path(directories[0]) if directories else None,
        device=device,
        threads=_threads(pairs.get("threads", "1")),
        works=works,
    )


def _of_study(directory: str, words: Sequence[str]) -> list[Line]:
    """A line for each different training step among the points of a study."""
    for word in words:
        if word != directory:
            name = word.split("=", 1)[0]
            raise Refused(
                f"{word} has no use with a study, whose points determine all but {', '.join(_OWN)}: "
                f"leave {name} out."
            )
    study = Study.open(Path(directory))
    lines: dict[Workload, Line] = {}
    for point in (study.point(point_id) for point_id in study.point_ids()):
        training = workload_of(point)
        line = lines.setdefault(training, Line(title=_title(point), training=training))
        lines[training] = replace(line, point_ids=(*line.point_ids, point.id))
    if not lines:
        raise Refused(f"{directory} has no points yet: run the sweep first, or plan it with probe=true.")
    return sorted(lines.values(), key=lambda line: (memory_of(line.training.step).total, line.title))


def _title(of: Point | Asked) -> str:
    name = of.family if isinstance(of, Point) else of.model
    return f"{name} depth={of.depth:g} width={of.width:g}"


def _of_networks(words: Sequence[str], device: str, works: Sequence[Work]) -> list[Line]:
    given = {word.split("=", 1)[0] for word in words}
    defaults = _ON_CPU if device == "cpu" else {}
    asked, setting = asked_for(
        [*words, *(f"{key}={value}" for key, value in defaults.items() if key not in given)]
    )
    if setting.batch_size < 2 and "training" in works:
        raise Refused(
            f"batch_size={setting.batch_size} is too small for a training step, whose batch norm needs 2 "
            "images: use more, or work=inference."
        )
    titles = {each.training_step(setting): _title(each) for each in asked}
    return [
        Line(title=title, training=Workload(step=step, work="training")) for step, title in titles.items()
    ]


def _works(text: str) -> tuple[Work, ...]:
    chosen = text.split(",")
    for word in chosen:
        if word not in _WORKS:
            raise Refused(f"work={word} is not known: {nearest(word, _WORKS)}.")
    return tuple(work for work in _WORKS if work in chosen)


def _threads(text: Any) -> int:
    cores = os.cpu_count() or 1
    if not text.isdecimal() or not 1 <= int(text) <= cores:
        raise Refused(f"threads={text} should be a whole number from 1 to the {cores} cores of this machine.")
    return int(text)
