"""Trainable: what keeps a point from being trained, told before anything runs."""

from __future__ import annotations

from typing import TYPE_CHECKING

from scaling.data.views import Views
from scaling.errors import Refused
from scaling.study.size import LARGEST_SIDE, check_size

if TYPE_CHECKING:
    from scaling.study.point import Point


def check_trainable(point: Point) -> None:
    """Refused for settings that contradict one another, or that no data set or network can bear."""
    if point.epochs < 1:
        raise Refused(f"epochs={point.epochs} trains nothing: use at least 1.")
    if point.seed < 0:
        raise Refused(f"seed={point.seed} must not be negative.")
    if point.network.takes_clips != point.data.clips:
        takes, has = ("clips", "images") if point.network.takes_clips else ("images", "clips")
        raise Refused(
            f"model.family={point.family} takes {takes}, and {point.data.name} has {has}: "
            f"choose a family or a data set of the other kind."
        )
    check_size(point.family, point.network, point.resolution, point.frames)
    _check_clips(point)
    for side in point.evaluate_at:
        if not point.network.stride <= side <= LARGEST_SIDE:
            raise Refused(
                f"evaluate_at={side} is no size for {point.family}, which shrinks an image "
                f"{point.network.stride} times: use {point.network.stride} to {LARGEST_SIDE} pixels."
            )
    if point.pseudo:
        point.pseudo.check(point.data)
    if point.start:
        point.start.check_channels(point.data.name, point.data.channels)
    if point.data.masks and point.recipe.rand_augment_layers:
        raise Refused(
            f"recipe.rand_augment_layers={point.recipe.rand_augment_layers} would move the images of "
            f"{point.data.name} and leave their masks: use 0."
        )
    if point.recipe.batch_size > point.data.num_train:
        raise Refused(
            f"recipe.batch_size={point.recipe.batch_size} is more than the {point.data.num_train} "
            f"training images of {point.data.name}."
        )


def _check_clips(point: Point) -> None:
    """Refused where something is asked of clips that is for images, or the other way round."""
    if not point.data.clips:
        for option, is_set in (
            ("recipe.scale_jitter", point.recipe.scale_jitter > 0),
            ("views", point.views != Views()),
        ):
            if is_set:
                raise Refused(f"{option} is for clips, and {point.data.name} has images: leave it out.")
        return
    if point.recipe.rand_augment_layers:
        raise Refused(
            f"RandAugment is for images, and {point.data.name} has clips: add regularization=given "
            f"recipe.rand_augment_layers=0; recipe.scale_jitter is for clips."
        )
    if point.evaluate_at:
        raise Refused("evaluate_at is for images: clips are evaluated at views.resolution.")
    longest = point.data.num_frames
    if longest is not None and point.frames is not None and point.frames > longest:
        raise Refused(
            f"frames={point.frames} is too many: at data.temporal_stride={point.data.temporal_stride} the "
            f"videos of {point.data.name} have {longest}."
        )
    if point.data.side is not None and point.views.spatial > 1:
        raise Refused(
            f"views.spatial={point.views.spatial} looks at one square so many times, as the frames of "
            f"{point.data.name} are square: use 1."
        )
    side = point.views.side(point.resolution)
    if not point.network.stride <= side <= LARGEST_SIDE:
        raise Refused(
            f"views.resolution={side} is no size for {point.family}, which shrinks an image "
            f"{point.network.stride} times: use {point.network.stride} to {LARGEST_SIDE} pixels."
        )
