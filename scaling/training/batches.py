"""The batches of a run: which images a step sees and what happens to them, as a function of its number."""

from __future__ import annotations

from typing import Any, NamedTuple

import torch
from torch import Tensor

from scaling.data.ahead import Ahead
from scaling.data.augment import augment, resized_crops
from scaling.data.load import Images, Split
from scaling.study.point import Point
from scaling.training.device import holds_images, send
from scaling.training.randomness import generator


class Batch(NamedTuple):
    """What a step takes; of several processes each has its share."""

    images: Tensor
    """(N, C, S, S), or of clips (N, C, T, S, S), float32, normalised"""
    labels: Tensor
    """(N,) int64"""
    numbers: Tensor | None
    """(N, numbers of an image), even between 0 and 1, that decide what the network drops; None if nothing."""


class Batches:
    """Of a point on `images`, for the device of their mean; `num_numbers` are drawn for each image.

    Everything is drawn for the whole batch, on the CPU, so that what happens to an image depends neither on
    the processes nor on the device.
    """

    def __init__(self, point: Point, images: Images, share: slice, num_numbers: int) -> None:
        self._point = point
        self._images = images
        self._share = share
        self._num_numbers = num_numbers
        self._device = images.mean.device
        self._place = self._device if holds_images(self._device) else torch.device("cpu")
        self._mean_light = images.mean.flatten().tolist()
        self._num_steps = point.epochs * point.steps_per_epoch
        self._ahead = self._fetching()
        self._order, self._order_epoch = torch.empty(0, dtype=torch.int64), -1

    def at(self, step: int) -> Batch:
        """The batch of step `step`, counted from 0."""
        chosen = self._chosen(step)
        pixels = self._pixels(step, chosen)
        return Batch(
            images=self._images.normalised(send(pixels, self._device)),
            labels=send(self._images.train.labels[chosen], self._device),
            numbers=self._numbers(step) if self._num_numbers else None,
        )

    def _fetching(self) -> Ahead | None:
        """What fetches from the disk, if anything is there."""
        split = self._images.train
        assert isinstance(split, Split)
        return Ahead(lambda _, chosen: split.pixels(chosen), self._place) if split.is_mapped else None

    def _pixels(self, step: int, chosen: Tensor) -> Tensor:
        """What the network is given for the `chosen` examples, uint8."""
        return self._augmented(step, *self._stored(step, chosen))

    def _chosen(self, step: int) -> Tensor:
        """Indices of this process's training images, of the next slice of the epoch's permutation."""
        epoch, index = divmod(step, self._point.steps_per_epoch)
        if epoch != self._order_epoch:
            shuffle = generator("order", self._point.seed, epoch)
            order = torch.randperm(len(self._images.train), generator=shuffle)
            self._order, self._order_epoch = order.to(self._images.train.labels.device), epoch
        batch = self._point.recipe.batch_size
        return self._order[index * batch : (index + 1) * batch][self._share]

    def _stored(self, step: int, chosen: Tensor) -> tuple[Tensor, Tensor]:
        """Images where they are augmented, and where the `chosen` ones are among them."""
        if self._ahead is None:
            assert isinstance(self._images.train, Split)
            return self._images.train.images, chosen
        pixels = self._taken(self._ahead, step, chosen)
        return pixels, torch.arange(len(chosen), device=self._place)

    def _taken(self, ahead: Ahead, step: int, chosen: Tensor) -> Tensor:
        """What was fetched of this step, while that of the next one is."""
        ahead.begin(step, chosen)
        pixels = ahead.take(step)
        if step + 1 < self._num_steps:
            ahead.begin(step + 1, self._chosen(step + 1))
        return pixels

    def _augmented(self, step: int, images: Tensor, chosen: Tensor) -> Tensor:
        recipe, side = self._point.recipe, self._point.resolution
        draws = generator("augment", self._point.seed, step)
        mirror = recipe.flip and self._point.data.mirror
        of_batch: dict[str, Any] = {"generator": draws, "batch": recipe.batch_size, "share": self._share}
        if recipe.crop == "resized":
            pixels = resized_crops(images, chosen, mirror=mirror, **of_batch)
        else:
            padding = min(round(recipe.crop_padding * side), side - 1)
            pixels = augment(images, chosen, padding=padding, mirror=mirror, **of_batch)
        if not recipe.rand_augment_layers:
            return pixels
        from scaling.data.rand_augment import rand_augment  # torchvision is slow to import

        return rand_augment(
            pixels,
            layers=recipe.rand_augment_layers,
            magnitude=recipe.rand_augment_magnitude,
            fill=self._mean_light,
            **of_batch,
        )

    def _numbers(self, step: int) -> Tensor:
        draws = generator("drop", self._point.seed, step)
        numbers = torch.rand((self._point.recipe.batch_size, self._num_numbers), generator=draws)
        return send(numbers[self._share], self._device)
