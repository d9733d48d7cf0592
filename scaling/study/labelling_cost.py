"""Labelling: the cost of having teachers label the images that the students of a plan learn from."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from pathlib import Path

from scaling.data.pseudo import PseudoLabels, size_gb
from scaling.profile.forecast import Hours
from scaling.study.labels import Labels
from scaling.study.point import Point


@dataclass(frozen=True, kw_only=True)
class Labelling:
    """The labelling by teachers that differ only in what each shares with its students, such as the seed."""

    teacher: str
    kind: str
    num_teachers: int
    num_images: int
    """Images that each teacher labels."""
    num_left: int
    """Images still to be labelled, summed over all teachers."""
    flops: float
    """FLOPs to label these: one forward pass per image."""
    hours: float | None
    """Hours to label these on one device; None if unknown."""
    gb: float
    """Size on disk of all labels, in 1e9 bytes."""


HoursOf = Callable[[Point, PseudoLabels], Hours | None]
"""Function that gives the hours to label all images for a point on one device; None if unknown."""


@dataclass(frozen=True, kw_only=True)
class LabellingCost:
    """The cost of labelling all images that a student learns from; students with the same labels share it."""

    labels: Path
    """Directory of the labels."""
    flops: float
    hours: float | None
    """Hours on one device; None if unknown."""
    share_left: float

    @property
    def hours_left(self) -> float:
        """Hours for the images that are not labelled yet; 0 if unknown."""
        return self.share_left * (self.hours or 0.0)


def labelling_cost(point: Point, study: Path, hours_of: HoursOf) -> LabellingCost | None:
    """Cost of the labelling that must precede the training; None for a point without pseudo-labels."""
    if (pseudo := point.pseudo) is None:
        return None
    labels, num_images = Labels(study, point, pseudo), pseudo.unlabelled.num_images
    hours = hours_of(point, pseudo)
    return LabellingCost(
        labels=labels.path,
        flops=float(num_images * _as_teacher(point, pseudo).cost.flops),
        hours=None if hours is None else hours.hours,
        share_left=labels.num_missing() / num_images,
    )


def labellings(points: Iterable[Point], study: Path, hours_of: HoursOf) -> tuple[Labelling, ...]:
    """The labelling needed before these points can train, with each set of labels counted once."""
    found: defaultdict[tuple[object, ...], dict[str, tuple[Point, PseudoLabels, Labels]]] = defaultdict(dict)
    for point in points:
        if (pseudo := point.pseudo) is not None:
            labels = Labels(study, point, pseudo)
            alike = (pseudo.teacher.rule, labels.num_kept, pseudo.unlabelled, _named(pseudo))
            found[alike][labels.name] = point, pseudo, labels
    return tuple(_labelling([*each.values()], hours_of) for each in found.values())


def _labelling(each: list[tuple[Point, PseudoLabels, Labels]], hours_of: HoursOf) -> Labelling:
    point, pseudo, _ = each[0]
    num_images, num_left = pseudo.unlabelled.num_images, sum(labels.num_missing() for *_, labels in each)
    hours = hours_of(point, pseudo)
    return Labelling(
        teacher=_named(pseudo),
        kind=pseudo.kind,
        num_teachers=len(each),
        num_images=num_images,
        num_left=num_left,
        flops=float(num_left * _as_teacher(point, pseudo).cost.flops),
        hours=None if hours is None else hours.hours * num_left / num_images,
        gb=len(each) * size_gb(pseudo, point.data.num_classes),
    )


def _named(pseudo: PseudoLabels) -> str:
    teacher = pseudo.teacher
    return f"{teacher.family} {teacher.depth:g}x{teacher.width:g}@{teacher.resolution}"


def _as_teacher(point: Point, pseudo: PseudoLabels) -> Point:
    """A point with the teacher's network on the images of its student."""
    teacher = pseudo.teacher
    return replace(
        point,
        family=teacher.family,
        model=teacher.model,
        depth=teacher.depth,
        width=teacher.width,
        resolution=teacher.resolution,
        pseudo=None,
    )
