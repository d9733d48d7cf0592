"""Images per second and core from JPEG files: our pipeline, torchvision's and timm's, in one run.

    make bench                                       or: python -m benchmarks.jpeg_input --repetitions 7

The folder of photographs is made here, from crops of the three that come with scikit-learn and matplotlib,
500 x 375 pixels each at quality 90. All pipelines give batches of normalised float32 on one core, with
Inception's random resized crops and flips: torchvision's ImageFolder with its transforms through a
DataLoader; timm's create_dataset and create_loader with its default training transform (which also jitters
colours); and ours, whose first epoch reads all files for their fingerprint and decodes them into an empty
cache. The pipelines take turns, and CPU time is measured, so that other load on the machine matters little.
Freed memory is kept for all of them, as in training (`scaling/training/heap.py`): it helps the peers too.

Then: the share of a training step that a small ResNet, training from the cache, waits for its images.
"""

from __future__ import annotations

import argparse
import os
import platform
import tempfile
import time
from collections import defaultdict
from collections.abc import Callable, Iterable
from importlib.resources import files
from pathlib import Path
from statistics import median

import numpy as np
import timm
import torch
import torchvision
from PIL import Image
from rich.console import Console
from rich.table import Table
from timm.data import create_dataset, create_loader
from torch.utils.data import DataLoader
from torchvision import transforms

from scaling.data.catalog import DataConfig, declare
from scaling.data.load import load
from scaling.models.resnet_small import ResNetSmall
from scaling.study.point import Point
from scaling.training.batches import Batches
from scaling.training.device import use_device
from scaling.training.placement import Placement
from scaling.training.recipe import Recipe
from scaling.training.run import Run
from scaling.training.schedule import Schedule

NUM_IMAGES = 480
BATCH = 32
RESOLUTIONS = (128, 224)
NETWORKS = ((8, 0.5, 32), (14, 1.0, 64))
"""Depth, width and resolution of the networks that train."""
NUM_STEPS = 10
"""Training steps per repetition."""
MEAN, DEVIATION = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)
CPU = torch.device("cpu")


def make_folder(top: Path) -> None:
    """Make three classes of crops of a photograph, 500 x 375 pixels each, with one test image per class."""
    generator = np.random.default_rng(0)
    photographs = (
        files("sklearn.datasets") / "images" / "china.jpg",
        files("sklearn.datasets") / "images" / "flower.jpg",
        files("matplotlib") / "mpl-data" / "sample_data" / "grace_hopper.jpg",
    )
    for photograph in photographs:
        place = top / "train" / Path(str(photograph)).stem
        place.mkdir(parents=True)
        with photograph.open("rb") as file:
            whole = Image.open(file).convert("RGB")
        for index in range(NUM_IMAGES // len(photographs)):
            width = generator.uniform(0.6, 0.95) * min(whole.width, whole.height * 4 / 3)
            x, y = (
                generator.uniform(0, whole.width - width),
                generator.uniform(0, whole.height - 0.75 * width),
            )
            window = whole.resize((500, 375), box=(x, y, x + width, y + 0.75 * width))
            window.save(place / f"{index}.jpg", quality=90)
        (top / "test" / place.name).mkdir(parents=True)
        window.save(top / "test" / place.name / "0.jpg")


def point_of(root: Path, resolution: int, depth: int = 8, width: float = 0.25) -> Point:
    """A point whose data set is the folder."""
    data = declare(DataConfig(name="image_folder", root=str(root), num_val=1, mirror=True))
    return Point(
        depth=depth,
        width=width,
        resolution=resolution,
        epochs=10,
        seed=0,
        family="resnet_small",
        model=ResNetSmall(),
        data=data,
        recipe=Recipe(batch_size=BATCH, crop="resized"),
        schedule=Schedule(),
        precision="fp32",
    )


def torchvision_epoch(root: Path, resolution: int) -> Iterable[object]:
    """torchvision's pipeline for ImageNet, as in its reference scripts."""
    transform = transforms.Compose(
        [
            transforms.RandomResizedCrop(resolution),
            transforms.RandomHorizontalFlip(),
            transforms.ToTensor(),
            transforms.Normalize(MEAN, DEVIATION),
        ]
    )
    folder = torchvision.datasets.ImageFolder(str(root / "train"), transform)
    return DataLoader(folder, batch_size=BATCH, shuffle=True, num_workers=0)


def timm_epoch(root: Path, resolution: int) -> Iterable[object]:
    """timm's pipeline, as its training script makes it by default."""
    folder = create_dataset("", root=str(root / "train"), is_training=True)
    return create_loader(  # type: ignore[no-any-return]
        folder,
        input_size=(3, resolution, resolution),
        batch_size=BATCH,
        is_training=True,
        num_workers=0,
        persistent_workers=False,
        device=CPU,
    )


def our_epoch(root: Path, resolution: int) -> Iterable[object]:
    """Our pipeline, which reads from the cache and fills it where it is empty."""
    point = point_of(root, resolution)
    batches = Batches(point, load(point.data, str(root), resolution), slice(0, BATCH), 0)
    return (batches.at(step) for step in range(point.steps_per_epoch))


def images_a_second(epoch: Callable[[Path, int], Iterable[object]], root: Path, resolution: int) -> float:
    """Images per CPU second over a whole epoch, including everything before its first batch."""
    load.cache_clear()
    started = time.process_time()
    num_batches = sum(1 for _ in epoch(root, resolution))
    return BATCH * num_batches / (time.process_time() - started)


def input_table(root: Path, caches: Path, repetitions: int, machine: str) -> Table:
    """Table of all pipelines, which take turns in each repetition."""
    speeds: dict[tuple[int, str], list[float]] = defaultdict(list)
    for repetition in range(repetitions):
        for resolution in RESOLUTIONS:
            os.environ["XDG_CACHE_HOME"] = str(caches / f"{repetition}-{resolution}")
            for name, epoch in (
                ("torchvision ImageFolder", torchvision_epoch),
                ("timm create_loader", timm_epoch),
                ("ours, first epoch", our_epoch),
                ("ours, later epochs", our_epoch),
            ):
                speeds[resolution, name].append(images_a_second(epoch, root, resolution))
    table = Table("resolution", "way", "images a second", "to torchvision", "to timm", title=machine)
    for resolution in RESOLUTIONS:
        both = zip(
            speeds[resolution, "ours, first epoch"], speeds[resolution, "ours, later epochs"], strict=True
        )
        speeds[resolution, "ours, ten epochs"] = [10 / (1 / first + 9 / later) for first, later in both]
    for (resolution, name), of_way in sorted(speeds.items(), key=lambda item: item[0][0]):
        peers = [speeds[resolution, peer] for peer in ("torchvision ImageFolder", "timm create_loader")]
        ratios = [[one / other for one, other in zip(of_way, peer, strict=True)] for peer in peers]
        table.add_row(str(resolution), name, spread(of_way, 0), *(spread(each, 2) for each in ratios))
    return table


def spread(values: list[float], digits: int) -> str:
    return f"{median(values):.{digits}f} ({min(values):.{digits}f}, {max(values):.{digits}f})"


def waiting_table(root: Path, repetitions: int, machine: str) -> Table:
    """Share of a step spent waiting for images (`take`), and including cropping and normalising (`at`)."""
    table = Table("network", "resolution", "step ms", "waits for the disk", "and crops", title=machine)
    for depth, width, resolution in NETWORKS:
        point = point_of(root, resolution, depth, width)
        run = Run(point, load(point.data, str(root), resolution), Placement(device=CPU))
        spent = timed_parts(run)
        run.advance()
        shares: dict[str, list[float]] = defaultdict(list)
        for _ in range(repetitions):
            spent.clear()
            started = time.perf_counter()
            for _ in range(NUM_STEPS):
                run.advance()
            whole = time.perf_counter() - started
            shares["step ms"].append(1e3 * whole / NUM_STEPS)
            for part, seconds in spent.items():
                shares[part].append(100 * seconds / whole)
        name = f"resnet_small depth={depth} width={width:g}"
        columns = (spread(shares["step ms"], 1), *(f"{spread(shares[part], 2)} %" for part in ("take", "at")))
        table.add_row(name, str(resolution), *columns)
    return table


def timed_parts(run: Run) -> dict[str, float]:
    """Seconds that the run spends getting images (`take`), and getting and transforming them (`at`)."""
    spent: dict[str, float] = defaultdict(float)
    batches = run._batches

    def timed(part: str, call: Callable[..., object]) -> Callable[..., object]:
        def measured(*arguments: object) -> object:
            started = time.perf_counter()
            found = call(*arguments)
            spent[part] += time.perf_counter() - started
            return found

        return measured

    assert batches._ahead is not None
    batches._ahead.take = timed("take", batches._ahead.take)  # type: ignore[method-assign,assignment]
    batches.at = timed("at", batches.at)  # type: ignore[method-assign,assignment]
    return spent


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--repetitions", type=int, default=7)
    repetitions = parser.parse_args().repetitions
    os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})
    use_device("cpu", num_threads=1)
    machine = f"one core of {os.cpu_count()}, {platform.machine()}, torchvision {torchvision.__version__}, "
    machine += f"timm {timm.__version__}, n={repetitions}, load {os.getloadavg()[0]:.1f} before"
    console = Console(width=120)
    with tempfile.TemporaryDirectory() as directory:
        root = Path(directory) / "photographs"
        make_folder(root)
        console.print(input_table(root, Path(directory) / "caches", repetitions, machine))
        console.print(waiting_table(root, repetitions, machine))


if __name__ == "__main__":
    main()
