"""The batches of a run: a step's images and their augmentation, both a function of the step's number."""

from __future__ import annotations

from typing import NamedTuple

import torch
from torch import Tensor

from scaling.data.ahead import Ahead
from scaling.data.augment import Chance, augment, resized_crops
from scaling.data.images import Images, Split
from scaling.data.masks import apart
from scaling.data.mix import Mix
from scaling.study.point import Point
from scaling.training.device import holds_images, send
from scaling.training.randomness import generator


class Batch(NamedTuple):
    """The input of a training step; with several processes, the share of one of them."""

    images: Tensor
    """(N, C, S, S), for clips (N, C, T, S, S), float32, normalised."""
    labels: Tensor
    """(N,) int64; for masks (N, S, S) int64; for soft labels (N, classes) float32 probabilities."""
    numbers: Tensor | None
    """(N, numbers per image), uniform in [0, 1), which decide what the network drops; None if nothing is."""


class Batches:
    """The batches of a point on `images`, on the device of their mean, with `num_numbers` drawn per image.

    Random numbers are drawn for the whole batch and on the CPU, so that the augmentation of an image depends
    neither on the number of processes nor on the device.
    """

    def __init__(self, point: Point, images: Images, share: slice, num_numbers: int) -> None:
        self._point = point
        self._images = images
        self._share = share
        self._num_numbers = num_numbers
        self._device = images.mean.device
        self._place = self._device if holds_images(self._device) else torch.device("cpu")
        self._mean_light = images.mean.to(self._place)
        self._ahead = self._fetching()
        self._order, self._order_epoch = torch.empty(0, dtype=torch.int64), -1
        self._mix, self._passes = images.mix, dict[int, Tensor]()

    def at(self, step: int) -> Batch:
        """The batch of step `step`, counted from 0."""
        chosen = self._chosen(step)
        pixels = self._pixels(step, chosen)
        labels = self._targets(chosen)
        if self._images.mask_classes:
            pixels, labels = apart(pixels)
        return Batch(
            images=self._images.normalised(send(pixels, self._device)),
            labels=send(labels, self._device),
            numbers=self._numbers(step) if self._num_numbers else None,
        )

    def _fetching(self) -> Ahead | None:
        """The prefetcher of images stored on disk; None where they are in memory."""
        split = self._images.train
        assert isinstance(split, Split)
        return Ahead(lambda _, chosen: split.pixels(chosen), self._place) if split.is_mapped else None

    def _pixels(self, step: int, chosen: Tensor) -> Tensor:
        """Augmented pixels of the `chosen` examples, uint8."""
        return self._augmented(step, *self._stored(step, chosen))

    def _targets(self, chosen: Tensor) -> Tensor:
        labels = self._images.train.labels
        return self._mix.targets(labels, chosen) if self._mix else labels[chosen]

    def _chosen(self, step: int) -> Tensor:
        """Indices of this process's training images: its share of the step's slice of the permutation."""
        epoch, index = divmod(step, self._point.steps_per_epoch)
        if epoch != self._order_epoch:
            shuffle = generator("order", self._point.seed, epoch)
            num_labelled = self._mix.num_labelled if self._mix else len(self._images.train)
            order = torch.randperm(num_labelled, generator=shuffle)
            self._order, self._order_epoch = send(order, self._images.train.labels.device), epoch
        batch = self._point.recipe.batch_size
        labelled = self._order[index * batch : (index + 1) * batch]
        return (self._mixed(labelled, self._mix, step) if self._mix else labelled)[self._share]

    def _mixed(self, labelled: Tensor, mix: Mix, step: int) -> Tensor:
        """Indices of each labelled image, followed by `ratio` pseudo-labelled ones, so that every norm batch
        has both kinds. Each pass over the pseudo-labelled images has its own order."""
        start, stop = (each * mix.ratio * len(labelled) for each in (step, step + 1))
        passes = range(start // len(mix.chosen), (stop - 1) // len(mix.chosen) + 1)
        taken = torch.cat([mix.chosen[self._pass(number, mix)] for number in passes])
        others = taken[start - passes[0] * len(mix.chosen) :][: stop - start]
        return torch.cat([labelled[:, None], others.view(len(labelled), mix.ratio)], 1).flatten()

    def _pass(self, number: int, mix: Mix) -> Tensor:
        """The order of a pass over the pseudo-labelled images; those of the last two passes are cached."""
        if number not in self._passes:
            shuffle = generator("pseudo", self._point.seed, number)
            order = send(torch.randperm(len(mix.chosen), generator=shuffle), mix.chosen.device)
            last = [*self._passes.items()][-1:]
            self._passes = dict([*last, (number, order)])
        return self._passes[number]

    def _stored(self, step: int, chosen: Tensor) -> tuple[Tensor, Tensor]:
        """Images on the device that augments them, and the indices of the `chosen` ones among them."""
        if self._ahead is None:
            assert isinstance(self._images.train, Split)
            return self._images.train.images, chosen
        pixels = self._taken(self._ahead, step, chosen)
        return pixels, torch.arange(len(chosen), device=self._place)

    def _taken(self, ahead: Ahead, step: int, chosen: Tensor) -> Tensor:
        """The prefetched images of this step; starts prefetching those of the next one."""
        ahead.begin(step, chosen)
        pixels = ahead.take(step)
        if step + 1 < self._point.num_steps:
            ahead.begin(step + 1, self._chosen(step + 1))
        return pixels

    def _augmented(self, step: int, images: Tensor, chosen: Tensor) -> Tensor:
        recipe, side = self._point.recipe, self._point.resolution
        mirror = recipe.flip and self._point.data.mirror
        chance = self._chance("augment", step)
        if recipe.crop == "resized":
            masks = self._images.mask_classes > 0
            pixels = resized_crops(images, chosen, chance, mirror=mirror, masks=masks)
        else:
            padding = min(round(recipe.crop_padding * side), side - 1)
            pixels = augment(images, chosen, chance, padding=padding, mirror=mirror)
        if not recipe.rand_augment_layers:
            return pixels
        from scaling.data.rand_augment import rand_augment  # torchvision is slow to import

        return rand_augment(
            pixels,
            chance,
            layers=recipe.rand_augment_layers,
            magnitude=recipe.rand_augment_magnitude,
            fill=self._mean_light,
        )

    def _chance(self, purpose: str, step: int) -> Chance:
        draws = generator(purpose, self._point.seed, step)
        return Chance(generator=draws, batch=self._point.images_per_step, share=self._share)

    def _numbers(self, step: int) -> Tensor:
        draws = generator("drop", self._point.seed, step)
        numbers = torch.rand((self._point.images_per_step, self._num_numbers), generator=draws)
        return send(numbers[self._share], self._device)
