"""Masks: found beside their images, decoded, and moved with them."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from scaling.data import image_files, segmentation
from scaling.data.augment import Chance, augment, resized_crops
from scaling.data.catalog import DataConfig, declare
from scaling.data.load import load, resized
from scaling.data.masks import apart, interpolated
from scaling.data.stored import Facts
from scaling.errors import DataError, Refused

CLASSES = 4


def write(image: Path, mask: Path, seed: int, *, void: int = 255, wide: int = 24) -> None:
    """A photograph of `wide` x 16 pixels, of which each is as light as its class says, and its mask."""
    for file in (image, mask):
        file.parent.mkdir(parents=True, exist_ok=True)
    classes = np.random.default_rng(seed).integers(0, CLASSES, (4, wide // 4)).repeat(4, 0).repeat(4, 1)
    Image.fromarray((60 * classes).astype(np.uint8)).convert("RGB").save(image, quality=95)
    classes[0] = void
    palette = Image.fromarray(classes.astype(np.uint8), mode="P")
    palette.putpalette([value for index in range(256) for value in (index, 0, 255 - index)])
    palette.save(mask)


@pytest.fixture
def scenery(tmp_path: Path) -> Path:
    """A folder of a person's own."""
    for number in range(20):
        write(tmp_path / f"images/{number:02}.jpg", tmp_path / f"masks/{number:02}.png", number)
    return tmp_path


def config(root: Path, **changes: object) -> DataConfig:
    return DataConfig(**({"name": "mask_folder", "root": str(root), "num_val": 4, "mirror": True} | changes))  # type: ignore[arg-type]


def test_a_folder_of_masks_is_declared_and_loaded(scenery: Path) -> None:
    data = declare(config(scenery))
    assert (data.num_classes, data.channels, data.masks, data.metric) == (CLASSES, 3, True, "miou")
    assert (data.num_train, data.num_val, data.num_test) == (13, 4, 3)
    images = load(data, str(scenery), 16)
    assert images.mask_classes == CLASSES
    assert images.mean.shape == (3, 1, 1)
    pixels, classes = apart(images.train.pixels(torch.arange(13)))
    assert pixels.shape == (13, 3, 16, 16)
    assert (classes[:, 0] == 255).all()
    light = 60 * classes[:, 1:]
    assert (pixels[:, 1, 1:].long() - light).abs().float().mean() < 2  # JPEG is not exact


def test_another_mask_is_another_data_set(scenery: Path) -> None:
    before = declare(config(scenery)).fingerprint
    write(scenery / "images/aside.jpg", scenery / "masks/00.png", 99)
    (scenery / "images/aside.jpg").unlink()
    assert declare(config(scenery)).fingerprint != before


@pytest.mark.parametrize(
    ("mischief", "sentence"),
    [
        (lambda top: (top / "masks/03.png").unlink(), "has no PNG for images/03.jpg"),
        (lambda top: [file.unlink() for file in (top / "images").iterdir()], "has no images"),
        (lambda top: (top / "masks").rename(top / "labels"), "masks is not a directory"),
    ],
)
def test_a_folder_that_lacks_something_is_refused(scenery: Path, mischief: object, sentence: str) -> None:
    mischief(scenery)  # type: ignore[operator]
    with pytest.raises(DataError, match=sentence):
        declare(config(scenery))


@pytest.mark.parametrize(
    ("spoil", "reason"),
    [
        (lambda mask: mask.write_bytes(b"none"), "its mask is not an image"),
        (lambda mask: Image.new("RGB", (24, 16)).save(mask), "its mode is RGB"),
        (lambda mask: Image.new("L", (16, 16)).save(mask), "do not match those of its image"),
    ],
)
def test_a_damaged_mask_is_named(scenery: Path, spoil: object, reason: str) -> None:
    data = declare(config(scenery, max_unreadable=0.0))
    spoil(scenery / "masks/05.png")  # type: ignore[operator]
    data = declare(config(scenery, max_unreadable=0.0))
    with pytest.raises(DataError, match=f"(?s)05.jpg.*{reason}"):
        load(data, str(scenery), 16)


def test_rows_of_a_photograph_and_of_its_mask_move_alike() -> None:
    generator = torch.Generator().manual_seed(0)
    classes = torch.randint(0, 5, (12, 1, 8, 8), generator=generator).repeat_interleave(4, 2)
    classes = classes.repeat_interleave(4, 3).byte()
    pixels = torch.cat([40 * classes, classes], 1)
    chosen = torch.arange(12)
    chance = Chance(generator=generator, batch=12)
    moved = augment(pixels, chosen, chance, padding=6, mirror=True)
    assert torch.equal(moved[:, 0], 40 * moved[:, 1])
    assert not torch.equal(moved, pixels)
    windows = resized_crops(pixels, chosen, chance, mirror=True, masks=True)
    images, labels = apart(windows)
    assert set(labels.unique().tolist()) <= set(range(5))
    right = (images[:, 0].long() - 40 * labels).abs() < 20  # all but the rims, where light is mixed
    assert right.float().mean() > 0.8
    smaller = resized(pixels, 16, interpolated)
    assert torch.equal(smaller[:, 1], pixels[:, 1, 1::2, 1::2])


def pascal(top: Path) -> Facts:
    """VOC's directory with a few images, and its facts."""
    below = top / "VOCdevkit/VOC2012"
    for part, names in (("train", ["a", "b", "c", "d"]), ("val", ["x", "y"])):
        for number, name in enumerate(names):
            write(below / f"JPEGImages/{name}.jpg", below / f"SegmentationClass/{name}.png", number)
        lists = below / "ImageSets/Segmentation"
        lists.mkdir(parents=True, exist_ok=True)
        (lists / f"{part}.txt").write_text("\n".join(names) + "\n")
    write(below / "JPEGImages/unlisted.jpg", below / "SegmentationClass/unlisted.png", 9)
    return Facts(fingerprint="", num_images=6, num_own_test=2, num_classes=CLASSES, channels=3, side=None)


def ade(top: Path) -> Facts:
    for part, number in (("training", 4), ("validation", 2)):
        for index in range(number):
            name = f"ADE_{part}_{index}"
            place = top / "ADEChallengeData2016"
            write(
                place / f"images/{part}/{name}.jpg", place / f"annotations/{part}/{name}.png", index, void=0
            )
    return Facts(fingerprint="", num_images=6, num_own_test=2, num_classes=CLASSES, channels=3, side=None)


@pytest.mark.parametrize(
    ("make", "find", "void"),
    [(pascal, segmentation.find_pascal_voc, 255), (ade, segmentation.find_ade20k, 0)],
    ids=["pascal_voc", "ade20k"],
)
@pytest.mark.usefixtures("empty_cache")
def test_archives_are_found_as_they_unpack(tmp_path: Path, make: object, find: object, void: int) -> None:
    facts = make(tmp_path)  # type: ignore[operator]
    folder = find(str(tmp_path), facts)  # type: ignore[operator]
    assert (len(folder.names), folder.num_own_test, folder.void) == (6, 2, void)
    name = "pascal_voc" if void else "ade20k"
    data = declare(DataConfig(name=name, num_val=1, num_train=1))
    decoded = image_files.read(data, str(tmp_path), 16, lambda root: find(root, facts))  # type: ignore[operator]
    assert decoded.pixels.shape == (6, 16, 16, 4)
    assert (decoded.pixels[:, 0, :, 3] == 255).all()
    with pytest.raises(DataError, match="4 training and 2 validation images, but"):
        find(str(tmp_path))  # type: ignore[operator]
    with pytest.raises(DataError, match=f"{name} is in none of"):
        find(str(tmp_path / "elsewhere"))  # type: ignore[operator]


def test_scenes_show_each_digit_once_with_its_class() -> None:
    data = declare(DataConfig(name="scenes_of_mnist5k", num_val=250, num_train=500))
    assert (data.num_test, data.num_classes, data.metric) == (250, 11, "miou")
    images = load(data, None, 56)  # verifies the fingerprint
    pixels, classes = apart(images.train.images)
    assert pixels.shape == (500, 1, 56, 56)
    assert (pixels[:, 0][classes == 0] == 0).all()
    assert (pixels[:, 0][(classes > 0) & (classes < 255)] > 48).all()
    shown = [len(set(each.unique().tolist()) - {0, 255}) for each in classes]
    assert max(shown) == 3
    flat = images.train.images.flatten(1)
    assert len(flat.unique(dim=0)) == 500


def test_masks_can_be_dealt_out_anew_in_memory_and_not_in_files(scenery: Path) -> None:
    plain = load(declare(DataConfig(name="scenes_of_mnist5k", num_val=9, num_train=64)), None, 28)
    dealt = load(
        declare(DataConfig(name="scenes_of_mnist5k", num_val=9, num_train=64, shuffled_labels=True)), None, 28
    )
    assert torch.equal(plain.train.images[:, 0], dealt.train.images[:, 0])
    masks = [sorted(mask.flatten().tolist() for mask in each.train.images[:, 1]) for each in (plain, dealt)]
    assert masks[0] == masks[1]
    assert not torch.equal(plain.train.images[:, 1], dealt.train.images[:, 1])
    with pytest.raises(Refused, match="a mask lies with its image"):
        declare(config(scenery, shuffled_labels=True))
