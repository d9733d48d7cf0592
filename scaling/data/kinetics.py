"""kinetics400: 10-second videos of 400 human actions (Kay et al. 2017, arXiv 1705.06950). No torch import."""

from __future__ import annotations

from scaling.data import clip_folder
from scaling.data.folder import Folder
from scaling.data.stored import Facts
from scaling.errors import DataError

FACTS = Facts(
    # the copy that 3D-ResNet-RS was trained on: TensorFlow model garden, k400_resnet3drs_50_tpu.yaml
    fingerprint="counts:215570,17706",
    num_images=215_570 + 17_706,
    num_own_test=17_706,  # its validation videos, which are reported and never used for choices
    num_classes=400,
    channels=3,
    side=None,
    clips=True,
)

NUM_FRAMES, OBLONG = 250, 4 / 3
"""Usual number of frames (10 seconds) and aspect ratio of a video, for estimates of the disk space."""


def find(root: str | None, facts: Facts = FACTS) -> Folder:
    """The videos in `train/<class>/*` and `val/<class>/*` below `root`; DataError unless their numbers are
    those declared.

    Only numbers are verified, since videos of Kinetics are taken offline over time and copies differ.
    """
    if root is None:
        raise DataError(
            "kinetics400 has no default directory: give as data.root the directory that holds "
            "train/<class>/* and val/<class>/*."
        )
    folder = clip_folder.find(root)
    counted = len(folder.names) - folder.num_own_test, folder.num_own_test, len(folder.classes)
    declared = facts.num_images - facts.num_own_test, facts.num_own_test, facts.num_classes
    if counted != declared:
        raise DataError(
            f"{folder.top} has {counted[0]} training and {counted[1]} validation videos of {counted[2]} "
            f"classes, but kinetics400 {declared[0]}, {declared[1]} and {declared[2]}: for another copy use "
            f"data=clip_folder."
        )
    return folder
