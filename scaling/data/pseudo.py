"""Pseudo-labels: the teacher, the images that it labels, and how a student uses them. No torch import."""

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
"""Number of classes up to which a soft label stores the probabilities of all classes."""
TOP = 16
"""Number of likeliest classes stored if there are more; the other classes share the remaining probability."""
BYTES_OF_EACH = 4
"""Bytes of a class (uint16) and its probability (float16)."""


@dataclass(frozen=True, kw_only=True)
class PseudoConfig:
    """The settings of pseudo-labels in conf/."""

    teacher: dict[str, Any] | None = None
    """Settings in which the teacher differs from the student, by dotted name. With `weights`, a file, it is
    not trained. None for no pseudo-labels."""
    ratio: int = 1
    """See `PseudoLabels`, also for `kind`, `threshold` and `balanced`."""
    kind: Kind = "hard"
    threshold: float = 0.0
    balanced: bool = False
    num_images: int | None = None
    """Number of images to label; None for all."""
    root: str | None = None
    """Directory of the images to label; None for the training images that `data.num_train` leaves. Not part
    of a point's identity."""

    def __post_init__(self) -> None:
        if self.ratio < 0:
            raise Refused(f"pseudo.ratio={self.ratio} must not be negative: 0 is no pseudo-labels.")
        if not 0 <= self.threshold < 1:
            raise Refused(f"pseudo.threshold={self.threshold:g} must be at least 0 and less than 1.")
        if self.num_images is not None and self.num_images < 1:
            raise Refused(f"pseudo.num_images={self.num_images} must be at least 1.")


@dataclass(frozen=True, kw_only=True)
class Teacher:
    """The network that labels the images."""

    point: str | None = None
    """Id of the point whose weights it has; None if they are from a file."""
    weights: str | None = None
    """SHA-256 of the file of its weights; None if they are a point's."""
    family: str
    model: Family
    depth: float
    width: float
    resolution: int
    """Pixels along one side of the images that it labels."""
    rule: str
    """8 hex digits of how it differs from its student, the same for all students of a grid."""

    @property
    def network(self) -> Network:
        return self.model.network(self.depth, self.width)

    def identity(self) -> str | dict[str, Any]:
        """The fields that decide its labels, which enter the student's id."""
        if self.point is not None:
            return self.point
        network = changed_fields(self.network)
        return {"weights": self.weights, "resolution": self.resolution, "network": network}

    @property
    def named(self) -> str:
        """A description for people."""
        source = f"point {self.point}" if self.point else f"weights {(self.weights or '')[:16]}"
        return f"{self.family} {self.depth:g}x{self.width:g}@{self.resolution} ({source})"


@dataclass(frozen=True, kw_only=True)
class Unlabelled:
    """The images that a teacher labels."""

    num_images: int
    fingerprint: str | None = None
    """Fingerprint of images outside of the data set, or `absent` if they are only planned (`unlabelled.py`);
    None for the training images that follow the `num_train` of the data set."""


@dataclass(frozen=True, kw_only=True)
class PseudoLabels:
    """The pseudo-labelled images that a student learns from, in addition to the labelled ones."""

    teacher: Teacher
    unlabelled: Unlabelled
    kind: Kind = "hard"
    """`hard`: the likeliest class. `soft`: the teacher's probabilities, without label smoothing."""
    threshold: float = 0.0
    """Least probability of the likeliest class for an image to be used."""
    balanced: bool = False
    """Whether all classes get the same number of images, the most confident ones of large classes and
    repeated ones of small classes, as in Noisy Student (Xie et al. 2020, arXiv 1911.04252, sec. 2)."""
    ratio: int = 1
    """Pseudo-labelled images per labelled image in a batch."""

    def check(self, data: DataSet) -> None:
        """Refuse a data set that cannot be used with these pseudo-labels."""
        if data.clips or data.masks:
            has = "clips" if data.clips else "masks"
            raise Refused(f"pseudo.teacher gives images a class, but {data.name} has {has}: leave it out.")
        if has_others(self) and data.channels != 3:
            raise Refused(
                f"pseudo.root has images of 3 channels, but {data.name} has {data.channels}: leave it out "
                "to label the training images that data.num_train leaves."
            )

    def identity(self) -> dict[str, Any]:
        """The fields that decide the outcome, which enter the student's id."""
        return {
            "teacher": self.teacher.identity(),
            "unlabelled": changed_fields(self.unlabelled),
            "kind": self.kind,
            "threshold": float(self.threshold),
            "balanced": self.balanced,
            "ratio": self.ratio,
        }

    def row(self) -> dict[str, Any]:
        """The columns that pseudo-labels add to the row of a point."""
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
    """Number of classes per image whose probabilities are stored."""
    if kind == "hard":
        return 1
    return num_classes if num_classes <= ALL_OF else TOP


def size_gb(labels: PseudoLabels, num_classes: int) -> float:
    """Disk space of the labels of all images, in 1e9 bytes."""
    return labels.unlabelled.num_images * num_kept(labels.kind, num_classes) * BYTES_OF_EACH / 1e9


def has_others(labels: PseudoLabels | None) -> bool:
    """Whether images outside of the data set are labelled."""
    return labels is not None and labels.unlabelled.fingerprint is not None


def columns_of(labels: PseudoLabels | None) -> Mapping[str, Any]:
    """The columns of `row`, or a ratio of 0 without pseudo-labels."""
    return {"pseudo.ratio": 0} if labels is None else labels.row()
