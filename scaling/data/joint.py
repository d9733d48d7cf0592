"""Joint images: labelled and pseudo-labelled images as one split, and the choice among the latter."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from scaling.data import unlabelled
from scaling.data.dataset import DataSet
from scaling.data.images import Images, Split
from scaling.data.load import load, mapped_pixels
from scaling.data.mix import Mix
from scaling.data.pseudo import PseudoLabels
from scaling.errors import DataError
from scaling.study.labels import Labelled


@dataclass(frozen=True, kw_only=True, eq=False)
class TwoSplits(Split):
    """A split of its own images followed by those of another split, `others`, which lie in another file."""

    others: Split

    def pixels(self, chosen: Tensor | slice) -> Tensor:
        places = torch.arange(len(self))[chosen]
        num_own = len(self) - len(self.others)
        is_own = places < num_own
        parts = super().pixels(places[is_own]), self.others.pixels(places[~is_own] - num_own)
        found = torch.empty((len(places), *parts[0].shape[1:]), dtype=torch.uint8)
        found[is_own], found[~is_own] = parts
        return found

    @property
    def is_mapped(self) -> bool:
        return True


def with_rest(data: DataSet, root: str | None, num_images: int, resolution: int) -> Split:
    """The labelled training images and the `num_images` that follow them in the data set, at a resolution."""
    whole = load(replace(data, num_train=data.num_train + num_images), root, resolution).train
    assert isinstance(whole, Split)  # images, not videos
    return whole


def joined(
    images: Images, data: DataSet, pseudo: PseudoLabels, labelled: Labelled, split: Split, smoothing: float
) -> Images:
    """The images of a student, whose training split is `split`: labelled, then pseudo-labelled images.

    Mean and deviation stay those of the labelled images. Raises DataError if no pseudo-labelled image is
    left.
    """
    chosen = choose(labelled, threshold=pseudo.threshold, balanced=pseudo.balanced)
    if not len(chosen):
        surest = float(labelled.probabilities[:, 0].max())
        raise DataError(
            f"pseudo.threshold={pseudo.threshold:g} leaves none of {len(labelled)} pseudo-labelled images: "
            f"the most confident label has {surest:.4g}."
        )
    given, answers = images.train.labels, torch.from_numpy(labelled.classes[:, 0].astype(np.int64))
    soft = None
    if pseudo.kind == "soft":
        soft = torch.from_numpy(labelled.classes.astype(np.int32)), torch.from_numpy(labelled.probabilities)
    return replace(
        images,
        train=replace(split, labels=torch.cat([given, answers])),
        mix=Mix(
            ratio=pseudo.ratio,
            num_labelled=len(given),
            chosen=torch.from_numpy(chosen) + len(given),
            soft=soft,
            num_classes=data.num_classes,
            smoothing=smoothing,
        ),
    )


def choose(labelled: Labelled, *, threshold: float, balanced: bool) -> NDArray[np.int64]:
    """Indices (M,) of the pseudo-labelled images to learn from; `balanced` repeats some of them."""
    sure = labelled.probabilities[:, 0]
    kept = np.flatnonzero((sure > 0) & (sure >= threshold))
    if not balanced or not len(kept):
        return kept.astype(np.int64)
    classes = labelled.classes[kept, 0]
    present = np.unique(classes)
    num_each = max(1, round(len(kept) / len(present)))
    surest_first = kept[np.argsort(-sure[kept].astype(np.float64), kind="stable")]
    of_class = [surest_first[labelled.classes[surest_first, 0] == each] for each in present]
    return np.concatenate([np.resize(each, num_each) for each in of_class]).astype(np.int64)


def elsewhere(images: Images, pseudo: PseudoLabels, root: str | None, resolution: int) -> Split:
    """The labelled images, followed by unlabelled ones from the directory `root`."""
    decoded = unlabelled.read(pseudo.unlabelled, root, resolution)
    pixels = mapped_pixels(decoded)
    others = Split(
        images=pixels, labels=torch.zeros(len(pixels), dtype=torch.int64), places=torch.arange(len(pixels))
    )
    own = images.train
    assert isinstance(own, Split)
    return TwoSplits(
        images=own.images, labels=torch.cat([own.labels, others.labels]), places=own.places, others=others
    )
