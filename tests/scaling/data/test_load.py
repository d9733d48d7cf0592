"""Splits, fingerprints and resolutions."""

from __future__ import annotations

import hashlib
from dataclasses import replace

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch.nn import functional

from scaling.data import load as module
from scaling.data import mnist5k
from scaling.data.catalog import DataConfig, declare
from scaling.data.images import Split
from scaling.data.load import at_resolution, load, statistics
from scaling.data.splits import split_indices
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


@pytest.mark.parametrize(
    ("name", "num_val", "digest"),
    [
        ("mnist5k", 750, "32cfd8bd131bf1dd"),
        ("fashion_mnist", 5000, "6408ecfe919ced3d"),
        ("cifar10", 5000, "3a24096884627f1c"),
        ("cifar100", 5000, "3a24096884627f1c"),
        ("imagenet", 25022, "fa03ee917cd4a530"),
    ],
)
def test_every_named_set_holds_out_the_same_images_for_ever(name: str, num_val: int, digest: str) -> None:
    data = declare(DataConfig(name=name, num_val=num_val))
    own_test = 0 if name == "mnist5k" else data.num_test
    train, val, test = split_indices(
        data.num_train + data.num_val + data.num_test,
        num_own_test=own_test,
        num_test=data.num_test,
        num_val=data.num_val,
        split_seed=data.split_seed,
    )
    assert (len(train), len(val), len(test)) == (data.num_train, data.num_val, data.num_test)
    assert hashlib.sha256(repr((val, test)).encode()).hexdigest()[:16] == digest


def test_fewer_training_images_leave_validation_and_test_as_they_are() -> None:
    whole, part = load(DATA, None, 28), load(replace(DATA, num_train=100), None, 28)
    assert torch.equal(part.train.images, whole.train.images[:100])
    assert torch.equal(part.val.images, whole.val.images)
    assert torch.equal(part.test.labels, whole.test.labels)


def test_another_seed_holds_out_other_images() -> None:
    other = load(replace(DATA, split_seed=1), None, 28)
    assert not torch.equal(other.val.images, load(DATA, None, 28).val.images)


def test_another_fingerprint_is_refused_with_both() -> None:
    with pytest.raises(DataError) as error:
        load(replace(DATA, fingerprint="0" * 64), None, 28)
    assert "0" * 64 in str(error.value)
    assert mnist5k.FACTS.fingerprint in str(error.value)


def test_the_last_images_stay_in_memory() -> None:
    images = load(DATA, None, 28)
    assert load(declare(DataConfig(name="mnist5k", num_val=750)), None, 28) is images
    assert load(DATA, None, 14) is load(DATA, None, 14)


def test_large_images_are_resized_a_few_at_a_time_to_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    """50,000 images of 224 pixels would take 30 GB as float32 at once."""
    images = load(DATA, None, 28).val.images
    whole = at_resolution(Split(images=images, labels=torch.zeros(len(images))), 56).images
    sizes, resize = [], functional.interpolate

    def interpolate(chunk: torch.Tensor, **how: object) -> torch.Tensor:
        sizes.append(len(chunk))
        return resize(chunk, **how)  # type: ignore[arg-type]

    monkeypatch.setattr(functional, "interpolate", interpolate)
    monkeypatch.setattr(module, "_PIXELS", 100 * 56**2)
    parts = at_resolution(Split(images=images, labels=torch.zeros(len(images))), 56).images
    assert max(sizes) == 100
    assert torch.equal(parts, whole)


@pytest.mark.parametrize("resolution", [9, 14, 28, 32])
def test_images_have_the_resolution_and_are_normalised(resolution: int) -> None:
    images = load(DATA, None, resolution)
    assert images.train.images.shape == (3500, 1, resolution, resolution)
    assert images.val.images.dtype == torch.uint8
    train, test = images.normalised(images.train.images), images.normalised(images.test.images)
    assert train.mean().item() == pytest.approx(0, abs=1e-4)
    assert train.std().item() == pytest.approx(1, abs=1e-4)
    assert test.std().item() == pytest.approx(1, abs=0.1)


def test_statistics_are_those_of_each_channel() -> None:
    generator = torch.Generator().manual_seed(0)
    pixels = torch.randint(256, (50, 3, 5, 5), generator=generator, dtype=torch.uint8)
    pixels[:, 2] = 7
    mean, deviation = statistics(pixels)
    values = pixels.double().transpose(0, 1).flatten(1)
    torch.testing.assert_close(mean.flatten(), values.mean(1).float())
    torch.testing.assert_close(deviation[:2].flatten(), values[:2].std(1, correction=0).float())
    assert 0 < deviation[2] < 0.01


def test_halving_averages_neighbours() -> None:
    """Antialiased: every stored pixel counts, where plain bilinear would skip most."""
    pixels = torch.zeros(2, 1, 28, 28, dtype=torch.uint8)
    pixels[1, 0, 14, 14] = 255
    split = at_resolution(Split(images=pixels, labels=torch.zeros(2, dtype=torch.int64)), 7)
    assert split.images.dtype == torch.uint8
    assert (split.images[1] > 0).sum() >= 3
    assert split.images[0].sum() == 0


def test_shuffled_labels_are_those_of_the_same_split_in_another_order() -> None:
    plain, dealt = (load(replace(DATA, shuffled_labels=each), None, 8) for each in (False, True))
    for before, after in zip(
        (plain.train, plain.val, plain.test), (dealt.train, dealt.val, dealt.test), strict=True
    ):
        assert torch.equal(before.images, after.images)
        assert torch.equal(before.labels.sort().values, after.labels.sort().values)
        agreeing = (before.labels == after.labels).double().mean()
        assert 0.05 < agreeing < 0.15  # of ten classes, as chance has it
    again = load(replace(DATA, shuffled_labels=True, num_train=3000), None, 8)
    assert torch.equal(again.val.labels, dealt.val.labels)
