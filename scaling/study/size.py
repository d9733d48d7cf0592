"""Checks that the size of an image or a clip suits a network. No torch."""

from __future__ import annotations

from scaling.errors import Refused
from scaling.models.network import Network

LARGEST_SIDE = 1_000_000
"""Pixels or frames above which a size must be a typing error."""


def check_size(family: str, network: Network, resolution: int, frames: int | None) -> None:
    """Raise Refused if images or clips are too small or too large, or `frames` does not fit the network."""
    if resolution > LARGEST_SIDE or (frames or 0) > LARGEST_SIDE:
        raise Refused(
            f"A side or a length of {max(resolution, frames or 0)} is too large: use at most {LARGEST_SIDE}."
        )
    if resolution < network.stride:
        raise Refused(
            f"resolution={resolution} is too small for {family}, which shrinks an image "
            f"{network.stride} times: use at least {network.stride}."
        )
    if network.takes_clips and frames is None:
        raise Refused(f"frames is missing: {family} takes clips, so say how many, such as frames=32.")
    if not network.takes_clips and frames is not None:
        raise Refused(f"frames={frames} is of no use to {family}, which takes images: leave it out.")
    if frames is not None and frames < network.temporal_stride:
        raise Refused(
            f"frames={frames} is too few for {family}, which shrinks a clip {network.temporal_stride} times "
            f"in time: use at least {network.temporal_stride}."
        )
