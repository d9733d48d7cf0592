"""Pseudo-labels: who labels which images, and which of these labels a student learns from. No torch."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

from scaling.data.dataset import DataSet
from scaling.errors import Refused
from scaling.models.families import Family
from scaling.models.network import Network
from scaling.study.fields import changed_fields

Kind = Literal["hard", "soft"]

ALL_OF = 32
"""Classes up to which a soft label has the probability of each."""
TOP = 16
"""With more classes, the number that it keeps, the likeliest; the rest is spread over the others."""
BYTES_OF_EACH = 4
"""A class as uint16 and its probability as float16."""


@dataclass(frozen=True, kw_only=True)
class PseudoConfig:
    """What conf/ says of pseudo-labels."""

    teacher: dict[str, Any] | None = None
    """What the teacher has otherwise than the student, by dotted name; with `weights`, a file, it is not
    trained. None: no pseudo-labels."""
    ratio: int = 1
    """Described in `PseudoLabels`, as are kind, threshold and balanced."""
    kind: Kind = "hard"
    threshold: float = 0.0
    balanced: bool = False
    num_images: int | None = None
    """Images to label; None is all there are."""
    root: str | None = None
    """Where other images lie than those that `data.num_train` leaves; it is no part of a point's identity."""

    def __post_init__(self) -> None:
        if self.ratio < 0:
            raise Refused(f"pseudo.ratio={self.ratio} must not be negative: 0 is no pseudo-labels.")
        if not 0 <= self.threshold < 1:
            raise Refused(f"pseudo.threshold={self.threshold:g} must be at least 0 and less than 1.")
        if self.num_images is not None and self.num_images < 1:
            raise Refused(f"pseudo.num_images={self.num_images} must be at least 1.")


@dataclass(frozen=True, kw_only=True)
class Teacher:
    """The network that labels."""

    point: str | None = None
    """Id of the point whose weights it has."""
    weights: str | None = None
    """SHA-256 of a file with its weights, where they are not a point's."""
    family: str
    model: Family
    depth: float
    width: float
    resolution: int
    """Pixels along one side of the images that it labels."""
    rule: str
    """8 hex digits over what it has otherwise than its student, the same for all students of a grid."""

    @property
    def network(self) -> Network:
        return self.model.network(self.depth, self.width)

    def identity(self) -> str | dict[str, Any]:
        """What decides its labels."""
        if self.point is not None:
            return self.point
        network = changed_fields(self.network)
        return {"weights": self.weights, "resolution": self.resolution, "network": network}

    @property
    def named(self) -> str:
        """For a person."""
        source = f"point {self.point}" if self.point else f"weights {(self.weights or '')[:16]}"
        return f"{self.family} {self.depth:g}x{self.width:g}@{self.resolution} ({source})"


@dataclass(frozen=True, kw_only=True)
class Unlabelled:
    """The images that it labels."""

    num_images: int
    fingerprint: str | None = None
    """Of images that are no part of the data set, as `unlabelled.py` has it, or `absent` where they are
    planned only; None: the training images that follow the `num_train` of the data set."""


@dataclass(frozen=True, kw_only=True)
class PseudoLabels:
    """What a student learns from besides the labelled images."""

    teacher: Teacher
    unlabelled: Unlabelled
    kind: Kind = "hard"
    """`hard`: the likeliest class. `soft`: the teacher's probabilities, which are not smoothed again."""
    threshold: float = 0.0
    """Least probability of the likeliest class for an image to be learned from."""
    balanced: bool = False
    """Whether each class has as many of the images: the surest of many, and few again and again, as in Noisy
    Student (Xie et al. 2020, arXiv 1911.04252, sec. 2)."""
    ratio: int = 1
    """Pseudo-labelled images beside each labelled one in a batch."""

    def check(self, data: DataSet) -> None:
        """Refused where the images of `data` cannot be learned from so."""
        if data.clips or data.masks:
            has = "clips" if data.clips else "masks"
            raise Refused(f"pseudo.teacher gives images a class, and {data.name} has {has}: leave it out.")
        if has_others(self) and data.channels != 3:
            raise Refused(
                f"pseudo.root has images of 3 channels, and {data.name} has {data.channels}: leave it out, "
                "to have those labelled that data.num_train leaves."
            )

    def identity(self) -> dict[str, Any]:
        """What decides the outcome."""
        return {
            "teacher": self.teacher.identity(),
            "unlabelled": changed_fields(self.unlabelled),
            "kind": self.kind,
            "threshold": float(self.threshold),
            "balanced": self.balanced,
            "ratio": self.ratio,
        }

    def row(self) -> dict[str, Any]:
        """The columns that it adds to a table."""
        return {
            "pseudo.ratio": self.ratio,
            "pseudo.kind": self.kind,
            "pseudo.threshold": self.threshold,
            "pseudo.balanced": self.balanced,
            "pseudo.num_images": self.unlabelled.num_images,
            "pseudo.teacher": self.teacher.point or self.teacher.weights,
            "pseudo.rule": self.teacher.rule,
        }


def num_kept(kind: Kind, num_classes: int) -> int:
    """Classes of an image whose probabilities are stored."""
    if kind == "hard":
        return 1
    return num_classes if num_classes <= ALL_OF else TOP


def size_gb(labels: PseudoLabels, num_classes: int) -> float:
    """What the labels of all images take on disk, in 1e9 bytes."""
    return labels.unlabelled.num_images * num_kept(labels.kind, num_classes) * BYTES_OF_EACH / 1e9


def has_others(labels: PseudoLabels | None) -> bool:
    """Whether images are labelled that are no part of the data set."""
    return labels is not None and labels.unlabelled.fingerprint is not None


def columns_of(labels: PseudoLabels | None) -> Mapping[str, Any]:
    """`row`, with a ratio of 0 where there are no pseudo-labels."""
    return {"pseudo.ratio": 0} if labels is None else labels.row()
