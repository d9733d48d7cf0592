"""Splits, fingerprints and resolutions."""

from __future__ import annotations

from dataclasses import replace

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from scaling.data import mnist5k
from scaling.data.catalog import DataConfig, declare
from scaling.data.load import Images, at_resolution, load, split_indices
from scaling.errors import DataError

DATA = declare(DataConfig(name="mnist5k", num_val=750))


@given(
    num_pool=st.integers(10, 200),
    num_own_test=st.integers(0, 20),
    share=st.floats(0, 0.5),
    seed=st.integers(),
)
def test_splits_share_no_image_and_lose_none(
    num_pool: int, num_own_test: int, share: float, seed: int
) -> None:
    num_val, num_test = int(share * num_pool), num_own_test or 3
    train, val, test = split_indices(
        num_pool + num_own_test,
        num_own_test=num_own_test,
        num_test=num_test,
        num_val=num_val,
        split_seed=seed,
    )
    assert sorted(train + val + test) == list(range(num_pool + num_own_test))
    assert (len(val), len(test)) == (num_val, num_test)


def test_the_split_never_changes() -> None:
    train, val, test = split_indices(12, num_own_test=0, num_test=2, num_val=3, split_seed=0)
    assert (test, val, train) == ([10, 4], [0, 6, 11], [9, 7, 2, 1, 5, 8, 3])


def test_fewer_training_images_leave_validation_and_test_as_they_are() -> None:
    whole, part = load(DATA, None), load(replace(DATA, num_train=100), None)
    assert torch.equal(part.train.images, whole.train.images[:100])
    assert torch.equal(part.val.images, whole.val.images)
    assert torch.equal(part.test.labels, whole.test.labels)


def test_another_seed_holds_out_other_images() -> None:
    other = load(replace(DATA, split_seed=1), None)
    assert not torch.equal(other.val.images, load(DATA, None).val.images)


def test_another_fingerprint_is_refused_with_both() -> None:
    with pytest.raises(DataError) as error:
        load(replace(DATA, fingerprint="0" * 64), None)
    assert "0" * 64 in str(error.value)
    assert mnist5k.FACTS.fingerprint in str(error.value)


def test_the_last_images_stay_in_memory() -> None:
    images = load(DATA, None)
    assert load(declare(DataConfig(name="mnist5k", num_val=750)), None) is images
    assert at_resolution(images, 14) is at_resolution(images, 14)


@pytest.mark.parametrize("resolution", [9, 14, 28, 32])
def test_resolutions_are_normalised(resolution: int) -> None:
    images = at_resolution(load(DATA, None), resolution)
    assert images.train.images.shape == (3500, 1, resolution, resolution)
    assert images.val.images.dtype == torch.float32
    assert images.train.images.mean().item() == pytest.approx(0, abs=1e-3)
    assert images.train.images.std().item() == pytest.approx(1, abs=1e-3)
    assert images.test.images.std().item() == pytest.approx(1, abs=0.1)


def test_halving_averages_neighbours() -> None:
    """Antialiased: every stored pixel counts, where plain bilinear would skip most."""
    images = load(DATA, None)
    blank = replace(images.train, images=torch.zeros(2, 1, 28, 28, dtype=torch.uint8))
    blank.images[1, 0, 14, 14] = 255
    small = at_resolution(Images(train=blank, val=blank, test=blank), 7).train.images
    light = small[1] - small[0, 0, 0, 0]
    assert (light > 0).sum() >= 4
