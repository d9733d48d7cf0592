"""imagenet: ILSVRC2012, 1,281,167 images of 1,000 classes (Russakovsky et al. 2015), declared, not read."""

from __future__ import annotations

from scaling.data.stored import Facts

FACTS = Facts(
    # md5 of the official archives of training and validation images (torchvision.datasets.imagenet)
    fingerprint="md5:1d675b47d978889d74fa0da5fadfb00e,29b22e2961454d5413ddabcf34fc5622",
    num_images=1_281_167 + 50_000,
    num_own_test=50_000,  # its validation images: what is reported, and never chosen by
    num_classes=1_000,
    channels=3,
    side=None,
)
