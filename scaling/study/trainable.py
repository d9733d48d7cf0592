"""Checks, before anything runs, that a network can be trained on a data set."""

from __future__ import annotations

from scaling.data.dataset import DataSet
from scaling.data.views import Views
from scaling.errors import Refused
from scaling.models.network import Network
from scaling.study.size import LARGEST_SIDE
from scaling.training.recipe import Recipe


def check_kind(family: str, network: Network, data: DataSet) -> None:
    """Raise Refused if a network for clips is given images, or the reverse."""
    if network.takes_clips != data.clips:
        takes, has = ("clips", "images") if network.takes_clips else ("images", "clips")
        raise Refused(
            f"model.family={family} takes {takes}, and {data.name} has {has}: "
            f"choose a family or a data set of the other kind."
        )


def check_side(option: str, side: int, family: str, network: Network) -> None:
    """Raise Refused if the network cannot be evaluated at `side` pixels."""
    if not network.stride <= side <= LARGEST_SIDE:
        raise Refused(
            f"{option}={side} is not a valid size for {family}, which shrinks an image {network.stride} "
            f"times: use {network.stride} to {LARGEST_SIDE} pixels."
        )


def check_recipe(recipe: Recipe, data: DataSet) -> None:
    """Raise Refused if the recipe does not suit the images or clips of the data set."""
    if data.masks and recipe.rand_augment_layers:
        raise Refused(
            f"recipe.rand_augment_layers={recipe.rand_augment_layers} would move the images of "
            f"{data.name} but not their masks: use 0."
        )
    if data.clips and recipe.rand_augment_layers:
        raise Refused(
            f"RandAugment is for images, and {data.name} has clips: add regularization=given "
            f"recipe.rand_augment_layers=0; recipe.scale_jitter is for clips."
        )
    if recipe.scale_jitter > 0 and not data.clips:
        raise Refused(f"recipe.scale_jitter is for clips, and {data.name} has images: leave it out.")
    if recipe.batch_size > data.num_train:
        raise Refused(
            f"recipe.batch_size={recipe.batch_size} is more than the {data.num_train} training images of "
            f"{data.name}."
        )


def check_views(views: Views, data: DataSet) -> None:
    """Raise Refused if the data set has no such views."""
    if views != Views() and not data.clips:
        raise Refused(f"views is for clips, and {data.name} has images: leave it out.")
    if data.clips and data.side is not None and views.spatial > 1:
        raise Refused(
            f"views.spatial={views.spatial} looks at one square so many times, as the frames of "
            f"{data.name} are square: use 1."
        )


def check_frames(frames: int | None, data: DataSet) -> None:
    """Raise Refused if the videos of the data set have fewer than `frames` frames."""
    longest = data.num_frames
    if data.clips and longest is not None and frames is not None and frames > longest:
        raise Refused(
            f"frames={frames} is too many: at data.temporal_stride={data.temporal_stride} the "
            f"videos of {data.name} have {longest}."
        )
