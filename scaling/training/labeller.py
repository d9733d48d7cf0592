"""Labelling: a teacher network predicts the classes of unlabelled images, and its student trains on them."""

from __future__ import annotations

import hashlib
import time
from collections.abc import Callable, Sequence
from functools import cached_property
from io import BytesIO
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from scaling.data import unlabelled
from scaling.data.decode import Undecodable, decode
from scaling.data.folder import Folder
from scaling.data.images import Images, Split
from scaling.data.joint import elsewhere, joined, with_rest
from scaling.data.load import load
from scaling.data.pseudo import PseudoLabels
from scaling.errors import DataError
from scaling.models.build import build
from scaling.quantity import counted
from scaling.study.labels import Labelled, Labels
from scaling.study.point import Point
from scaling.training.checkpoint import Damaged, read_state
from scaling.training.device import autocast, send, use_precision, without_gradients
from scaling.training.evaluate import logits_of, num_at_once
from scaling.training.failure import Stopped
from scaling.training.provenance import provenance
from scaling.training.runtime import Runtime
from scaling.training.weights import CLASSIFIERS, Weights, load_weights


def taught(
    point: Point,
    images: Images,
    runtime: Runtime,
    device: torch.device,
    *,
    studies: Sequence[Path],
    should_stop: Callable[[], bool],
) -> Images:
    """The labelled images of a student together with those that its teacher labels, once all are labelled.

    Raises DataError where the teacher, the images or the labels are missing or not those declared, and
    Stopped between two batches.
    """
    pseudo = point.pseudo
    assert pseudo is not None
    labels = Labels(studies[0], point, pseudo)
    labeller = Labeller(point, pseudo, runtime, device, studies, labels.num_kept, should_stop)
    labels.complete(
        labeller.label,
        lambda: {
            **provenance(studies[0], None, device),
            "teacher": pseudo.teacher.named,
            "time": time.strftime("%Y-%m-%dT%H:%M:%S%z"),
        },
        labeller.check_stop,
    )
    root, resolution = runtime.unlabelled_root, point.resolution
    if pseudo.unlabelled.fingerprint is None:
        split = with_rest(point.data, runtime.data_root, pseudo.unlabelled.num_images, resolution)
    else:
        split = elsewhere(images, pseudo, root, resolution)
    return joined(images, point.data, pseudo, labels.read(), split, point.recipe.label_smoothing)


class Labeller:
    """A teacher that labels images; its network and the images are loaded with the first shard."""

    def __init__(
        self,
        point: Point,
        pseudo: PseudoLabels,
        runtime: Runtime,
        device: torch.device,
        studies: Sequence[Path],
        num_kept: int,
        should_stop: Callable[[], bool],
    ) -> None:
        self._point, self._pseudo, self._runtime, self._device = point, pseudo, runtime, device
        self._studies = studies
        self._num_kept = num_kept
        self._should_stop = should_stop

    def check_stop(self) -> None:
        """Raise Stopped if the worker was told to stop."""
        if self._should_stop():
            raise Stopped(0)

    def label(self, chosen: range) -> Labelled:
        """The teacher's predictions for the `chosen` unlabelled images, from their central crops."""
        use_precision(self._point.precision, self._device)
        size = num_at_once(self._point.recipe.images_per_norm, self._pseudo.teacher.resolution**2)
        parts = []
        for start in range(chosen.start, chosen.stop, size):
            self.check_stop()
            parts.append(self._batch(range(start, min(start + size, chosen.stop))))
        classes, probabilities = (np.concatenate(each) for each in zip(*parts, strict=True))
        return Labelled(classes=classes, probabilities=probabilities)

    def _batch(self, chosen: range) -> tuple[NDArray[np.uint16], NDArray[np.float16]]:
        pixels, is_read = self._pixels(chosen)
        bf16 = self._point.precision == "bf16"
        with without_gradients(self._device), autocast(self._device, bf16=bf16):
            logits = logits_of(self._network, self._images, send(pixels, self._device))
        top = logits.float().softmax(1).topk(self._num_kept)
        probabilities = top.values.cpu() * is_read[:, None]
        return top.indices.cpu().numpy().astype(np.uint16), probabilities.numpy().astype(np.float16)

    def _pixels(self, chosen: range) -> tuple[Tensor, Tensor]:
        """Pixels (B, C, S, S) uint8, and (B,) 1 where the image could be read, else 0."""
        if self._folder is None:
            start = self._point.data.num_train
            part = slice(start + chosen.start, start + chosen.stop)
            return self._rest.pixels(part), torch.ones(len(chosen))
        side = self._pseudo.teacher.resolution
        pixels, is_read = np.zeros((len(chosen), side, side, 3), np.uint8), torch.ones(len(chosen))
        for place, index in enumerate(chosen):
            try:
                pixels[place] = decode(BytesIO(self._folder.piece(index).read()), side)
            except (Undecodable, OSError):
                is_read[place] = 0
        return torch.from_numpy(pixels).permute(0, 3, 1, 2), is_read

    @cached_property
    def _folder(self) -> Folder | None:
        images = self._pseudo.unlabelled
        return unlabelled.check(images, self._runtime.unlabelled_root) if images.fingerprint else None

    @cached_property
    def _rest(self) -> Split:
        """The labelled images, followed by the rest of the data set's training images."""
        num_images, root = self._pseudo.unlabelled.num_images, self._runtime.data_root
        return with_rest(self._point.data, root, num_images, self._pseudo.teacher.resolution)

    @cached_property
    def _images(self) -> Images:
        """The mean and standard deviation that the teacher's images were normalised with."""
        images = load(self._point.data, self._runtime.data_root, self._pseudo.teacher.resolution)
        return images.to(self._device, splits=False)

    @cached_property
    def _network(self) -> nn.Module:
        data = self._point.data
        network = build(self._pseudo.teacher.network, in_channels=data.channels, num_classes=data.num_classes)
        source, weights = self._weights()
        check_fit(network, weights, source, data.name)
        network.load_state_dict(weights)
        return network.eval().to(self._device, memory_format=torch.channels_last)  # type: ignore[call-overload,no-any-return]

    def _weights(self) -> tuple[str, Weights]:
        teacher = self._pseudo.teacher
        if teacher.point is not None:
            return f"the teacher {teacher.point}", load_weights(self._studies, teacher.point)
        source = f"pseudo.teacher.weights={self._runtime.teacher_weights}"
        return source, weights_of_file(self._runtime.teacher_weights, teacher.weights, source)


def weights_of_file(path: str | None, declared: str | None, source: str) -> Weights:
    """The state dict in a file of torch.save; DataError if it is missing or not the declared one."""
    if path is None:
        raise DataError("pseudo.teacher.weights is missing: say where the file of the teacher's weights is.")
    try:
        content = Path(path).read_bytes()
        state = read_state(Path(path))
    except (OSError, Damaged) as error:
        why = error.strerror if isinstance(error, OSError) else error
        raise DataError(f"{source} cannot be read ({why}): give the teacher's file.") from error
    found = hashlib.sha256(content).hexdigest()
    if found != declared:
        raise DataError(f"{source} is not the declared file: its SHA-256 is {found}, not {declared}.")
    if not all(isinstance(value, Tensor) for value in state.values()):
        raise DataError(
            f"{source} is not a plain dictionary of tensors: save only the network's state_dict()."
        )
    return state


def check_fit(network: nn.Module, weights: Weights, source: str, data: str) -> None:
    """Raise DataError if the weights belong to another network, number of classes or number of channels."""
    own = network.state_dict()
    for name in [*own, *(name for name in weights if name not in own)]:
        if name not in weights or name not in own:
            raise DataError(
                f"{source} belongs to another network than described: only one of them has {name}."
            )
        theirs, ours = tuple(weights[name].shape), tuple(own[name].shape)
        if theirs == ours:
            continue
        if name.startswith(CLASSIFIERS):
            raise DataError(f"{source} distinguishes {theirs[0]} classes, but {data} has {ours[0]}.")
        if len(ours) == 4 and theirs[0] == ours[0] and theirs[2:] == ours[2:] and name == next(iter(own)):
            raise DataError(
                f"{source} takes images of {counted(theirs[1], 'channel')}, but {data} has {ours[1]}."
            )
        raise DataError(
            f"{source} belongs to another network than described: its {name} is {theirs}, not {ours}."
        )
