"""Shards: the images of a folder, packed in any order, are the same data set. The photographs are real."""

from __future__ import annotations

import io
import os
import random
import subprocess
import tarfile
from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path

import pytest
import torch
from PIL import Image
from sklearn.datasets import load_sample_images

from scaling.data import image_files, imagenet
from scaling.data.catalog import DataConfig, declare
from scaling.data.dataset import DataSet
from scaling.data.images import Images
from scaling.data.load import held_out, images_of, load
from scaling.data.shards import scan
from scaling.errors import DataError
from tests.scaling.data.test_imagenet import CLASSES, DIGEST, FACTS

pytestmark = pytest.mark.usefixtures("empty_cache")

Members = Sequence[tuple[str, bytes]]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """40 training and 10 validation images of two classes, with the names that those of ImageNet have."""
    load.cache_clear()
    draw = random.Random(0)
    photographs = [Image.fromarray(pixels) for pixels in load_sample_images().images]
    number = 0
    for label, name in enumerate(CLASSES):
        for part, count in (("train", 20), ("val", 5)):
            (tmp_path / "folder" / part / name).mkdir(parents=True)
            for index in draw.sample(range(2000), count):
                number += 1
                file = f"{name}_{index}" if part == "train" else f"ILSVRC2012_val_{number:08d}"
                x, y = draw.randrange(200), draw.randrange(150)
                crop = photographs[label].crop((x, y, x + draw.randrange(60, 200), y + 100))
                crop.save(tmp_path / "folder" / part / name / f"{file}.JPEG", quality=90)
    return tmp_path / "folder"


def packed(folder: Path, target: Path, num_shards: int) -> Path:
    """The images of a folder in so many shards for each part, shuffled, as WebDataset writes them."""
    draw = random.Random(num_shards)
    classes = sorted({path.parent.name for path in folder.rglob("*.JPEG")})
    for part in ("train", "val"):
        files = sorted((folder / part).rglob("*.JPEG"))
        draw.shuffle(files)
        for shard in range(num_shards):
            members = []
            for file in files[shard::num_shards]:
                label = str(classes.index(file.parent.name)).encode()
                sample = [
                    (file.name, file.read_bytes()),
                    (f"{file.stem}.cls", label),
                    (f"{file.stem}.json", b"{}"),
                ]
                members += draw.sample(sample, 3)
            write(target / f"{part}-{shard:04d}.tar", members)
    return target


def write(shard: Path, members: Members) -> Path:
    shard.parent.mkdir(exist_ok=True)
    with tarfile.open(shard, "w") as tar:
        for name, content in members:
            member = tarfile.TarInfo(name)
            member.size = len(content)
            tar.addfile(member, io.BytesIO(content))
    return shard


def jpeg(side: int = 20) -> bytes:
    file = io.BytesIO()
    Image.fromarray(load_sample_images().images[0][:side, :side]).save(file, "JPEG")
    return file.getvalue()


def declared(root: Path) -> DataSet:
    return declare(DataConfig(name="image_folder", root=str(root), num_val=8, mirror=True))


def assert_same(one: Images, other: Images) -> None:
    for split, same in ((one.train, other.train), (one.val, other.val), (one.test, other.test)):
        assert len(split) > 0
        assert torch.equal(split.labels, same.labels)
        assert torch.equal(split.pixels(slice(None)), same.pixels(slice(None)))
    assert torch.equal(one.mean, other.mean)
    assert torch.equal(one.deviation, other.deviation)


@pytest.mark.parametrize("num_shards", [1, 3])
def test_a_folder_and_its_shards_are_one_data_set(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, num_shards: int
) -> None:
    shards = packed(folder, tmp_path / "shards", num_shards)
    data = declared(folder)
    assert declared(shards) == data
    assert (data.num_train, data.num_val, data.num_test) == (32, 8, 10)
    of_folder = load(data, str(folder), 24)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "another_cache"))
    load.cache_clear()
    of_shards = load(data, str(shards), 24)
    assert of_shards.train.images.data_ptr() != of_folder.train.images.data_ptr()
    assert_same(of_shards, of_folder)


@pytest.mark.parametrize("num_shards", [1, 3])
def test_imagenet_is_the_same_in_shards(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, num_shards: int
) -> None:
    find = partial(imagenet.find, facts=FACTS, classes_sha256=DIGEST)
    data = declare(DataConfig(name="imagenet", num_val=25_022))
    data = replace(data, num_classes=2, num_train=32, num_val=8, num_test=10)
    of_folder = images_of(data, image_files.read(data, str(folder), 24, find))
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "another_cache"))
    shards = packed(folder, tmp_path / "shards", num_shards)
    assert_same(images_of(data, image_files.read(data, str(shards), 24, find)), of_folder)


def test_imagenet_in_shards_with_other_classes_or_names_is_refused(folder: Path, tmp_path: Path) -> None:
    find = partial(imagenet.find, facts=FACTS, classes_sha256=DIGEST)
    numbered = [
        (f"{index:04d}.{ending}", text)
        for index in range(2)
        for ending, text in (("jpg", jpeg()), ("cls", b"%d" % index))
    ]
    with pytest.raises(DataError, match=r"train-0.tar: 0000.jpg has no name of imagenet: "):
        find(str(write(tmp_path / "numbered" / "train-0.tar", numbered).parent))
    (folder / "train" / CLASSES[0]).rename(folder / "train" / "z")  # now the second class
    (folder / "val" / CLASSES[0]).rename(folder / "val" / "z")
    with pytest.raises(DataError, match="are not those of imagenet"):
        find(str(packed(folder, tmp_path / "swapped", 1)))


def test_only_held_out_images_are_decoded_to_evaluate(
    folder: Path, tmp_path: Path, empty_cache: Path
) -> None:
    data, root = declared(folder), str(packed(folder, tmp_path / "shards", 2))
    alone = held_out(data, root, 16)
    (place,) = (empty_cache / "image_folder").glob("*/16-*")
    assert (place / "pixels").stat().st_size == (8 + 10) * 16 * 16 * 3
    images = load(data, root, 16)
    for split, same in zip((images.val, images.test), alone, strict=True):
        assert torch.equal(split.labels, same.labels)
        assert torch.equal(split.pixels(slice(None)), same.pixels(slice(None)))
    from_whole, _ = held_out(data, root, 16)
    assert from_whole.images.shape[0] == 50


def test_a_damaged_image_is_named_with_its_shard(folder: Path, tmp_path: Path) -> None:
    victim = next((folder / "train" / CLASSES[1]).iterdir())
    victim.write_bytes(victim.read_bytes()[:100])
    shards = packed(folder, tmp_path / "shards", 1)
    images = load(declared(shards), str(shards), 16)
    (why,) = images.unreadable.values()
    assert why.startswith(f"{shards}/train-0000.tar: {victim.name}: ")


def test_a_shard_is_indexed_again_only_when_it_has_changed(tmp_path: Path) -> None:
    samples = [("a.jpg", jpeg()), ("a.cls", b"0"), ("b.jpg", jpeg()), ("b.cls", b"1")]
    shard = write(tmp_path / "shards" / "0.tar", samples)
    before, status = scan([shard]), shard.stat()
    assert before.piece(1).read() == jpeg()
    write(shard, [*samples[:2], ("c.jpg", jpeg()), ("c.cls", b"1")])
    os.utime(shard, ns=(status.st_atime_ns, status.st_mtime_ns))
    assert scan([shard]).names == before.names
    os.utime(shard, ns=(status.st_atime_ns, status.st_mtime_ns + 1))
    assert scan([shard]).names == ["0.tar/a.jpg", "0.tar/c.jpg"]


A, B = [("a.jpg", b"0"), ("a.cls", b"0")], [("b.jpg", b"1"), ("b.cls", b"1\n")]


@pytest.mark.parametrize(
    ("shards", "sentence"),
    [
        ({"0": [*A, ("b.jpg", b"")]}, "0.tar has no class for b: a sample is an image, such as b.jpg, "),
        ({"0": [*A, ("b.cls", b"1")]}, "0.tar has no image for b: "),
        ({"0": [*A, *B, ("a.png", b"")]}, "0.tar has a.jpg and a.png: a sample has one of each."),
        ({"0": [*A, ("b.jpg", b""), ("b.cls", b"cat")]}, "b.cls of {top}/0.tar says 'cat': "),
        ({"0": [*A, ("b.jpg", b""), ("b.cls", b"2")]}, "its other shards go from 0 to 2 without 1: "),
        ({"0": A}, "0.tar and its other shards have one class: at least two are needed."),
        ({"0": [("a.txt", b"")]}, "0.tar holds no samples: each is an image (jpg, jpeg, png) and "),
        ({"train-0": A + B, "extra": A}, "extra.tar does not say whether it is for training or test: "),
        ({"val-0": A + B}, "has no shards for training: name them such as train-0000.tar and val-0000.tar."),
        ({"train-0": A + B, "val-0": A + B, "test-0": A + B}, "holds shards of both val and test: "),
        (
            {"train-0": [*A, *B, ("c.jpg", b""), ("c.cls", b"2")], "test-0": A + B},
            "with their other shards, must hold the same classes: they have 3 and 2.",
        ),
    ],
)  # fmt: skip
def test_a_wrong_layout_is_told_in_a_sentence(
    tmp_path: Path, shards: dict[str, Members], sentence: str
) -> None:
    for name, members in shards.items():
        write(tmp_path / "shards" / f"{name}.tar", members)
    with pytest.raises(DataError) as error:
        declared(tmp_path / "shards")
    assert sentence.format(top=tmp_path / "shards") in str(error.value)
    assert "\n" not in str(error.value)


@pytest.mark.parametrize("damage", ["cut", "compressed", "other"])
def test_a_file_that_is_no_shard_is_named(tmp_path: Path, damage: str) -> None:
    shard = write(tmp_path / "shards" / "0.tar", [*A, ("b.jpg", jpeg(200)), ("b.cls", b"1")])
    whole = shard.read_bytes()
    if damage == "compressed":
        with tarfile.open(shard, "w:gz") as tar:
            tar.addfile(tarfile.TarInfo("a.jpg"))
    else:
        shard.write_bytes(whole[:4000] if damage == "cut" else b"no tar" * 1000)
    with pytest.raises(DataError, match=r"0.tar is not a tar file, or is damaged or compressed: "):
        declared(tmp_path / "shards")


def test_a_point_trains_on_shards(
    bash: Callable[..., subprocess.CompletedProcess[str]], folder: Path, tmp_path: Path
) -> None:
    shards = packed(folder, tmp_path / "shards", 2)
    line = (
        f"python sweep.py data=image_folder data.root={shards} data.num_val=8 recipe.batch_size=8 "
        f"width=0.125 resolution=8 'evaluate_at=[12]' tracker=none study.root={tmp_path}"
    )
    done = bash(line)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "1 of 1 points done" in done.stdout
    again = bash(line.replace(str(shards), str(folder)))
    assert "1 done or left out, 0 to run" in again.stdout
    write(shards / "more.tar", A)
    refused = bash(line)
    assert refused.returncode == 2
    assert len(refused.stderr.splitlines()) == 1
    assert "more.tar does not say whether it is for training or test: " in refused.stderr
