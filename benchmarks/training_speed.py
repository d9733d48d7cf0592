"""Images per second in training: our loop, a plain PyTorch loop and timm's, in one run.

    make bench                                       or: python -m benchmarks.training_speed --repeats 6
    on a GPU                                             python -m benchmarks.training_speed --device cuda

All ways train the same network on the same images with the same batch, precision, augmentation (crops of the
reflected image, flips) and moving average of the weights: `scaling.training.loop.train`; a usual PyTorch loop
(plain_torch.py); and timm's parts put together as in its train.py (plain_timm.py), with the script's defaults
and with its --channels-last. On a CPU, each is one process with one thread, whose loader has no workers
(--workers adds some). Each repetition runs all ways in turn, with a new seed and fresh processes.

Rates are from the first to the last step of an epoch, the median over all epochs but the first: by CPU time
of the process, which other load disturbs less, and by wall time (on a GPU, only this). A ratio is ours over
the peer's in the same repetition: the median, and the range, which with 6 repetitions covers the true median
with 97 % confidence. `waiting` is the time that a step waits for its batch, which for ours is gathering,
augmenting and normalising. Accuracy is that of the averaged weights on the 10,000 test images, and `less
ours` is the difference of the means with its 95 % interval (Welch).
"""

from __future__ import annotations

import argparse
import os
import platform
import tempfile
import time
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from dataclasses import replace
from functools import partial
from multiprocessing import get_context
from pathlib import Path
from statistics import mean, median, stdev

import timm
import torch
from rich.console import Console
from rich.table import Table
from scipy import stats

from benchmarks import plain_timm, plain_torch
from benchmarks.training_case import Case
from benchmarks.training_clock import Clock, Trained
from launchers.site import device_spec
from scaling import processor
from scaling.data.load import load
from scaling.training.batches import Batches
from scaling.training.checkpoint import Checkpoint
from scaling.training.device import synchronize, use_device
from scaling.training.loop import Hooks, train
from scaling.training.placement import Placement
from scaling.training.runtime import Runtime
from scaling.training.saving import Saving

SMALL = Case(
    family="resnet_small",
    depth=8,
    width=0.5,
    resolution=28,
    data="fashion_mnist",
    num_train=2560,
    num_val=500,
    epochs=4,
    batch_size=32,
    learning_rate=1.6,
    precision="fp32",
    tells_accuracy=True,
)
TINY = replace(SMALL, width=0.25)
LARGE = Case(
    family="resnet_rs",
    depth=50,
    width=1,
    resolution=64,
    data="image_folder",
    num_train=128,
    num_val=32,
    epochs=3,
    batch_size=32,
    learning_rate=0.1,
    precision="fp32",
)
ON_GPU = replace(LARGE, resolution=160, num_train=8192, batch_size=256)
NUM_BATCHES = 50
"""Number of batches made to time one."""

Way = Callable[[Case, int, str, int], Trained]


def ours(case: Case, seed: int, device_name: str, num_workers: int) -> Trained:
    """Train with our loop, which has no loader, so that batches are timed separately."""
    del num_workers
    device = use_device(device_name, num_threads=1)
    point = case.point(seed)
    images = load(point.data, str(case.root) if case.data == "image_folder" else None, point.resolution)
    clock = Clock(point.steps_per_epoch, device)
    with tempfile.TemporaryDirectory() as directory:
        checkpoint = Checkpoint(Path(directory) / "checkpoint.pt")
        outcome = train(
            point,
            images,
            Placement(device=device),
            Saving(checkpoint=checkpoint, every_s=Runtime.checkpoint_every_s),
            Hooks(should_stop=clock),
        )
    batches = Batches(point, images.to(device), slice(None), 0)
    batches.at(0)
    synchronize(device)
    started = time.perf_counter()
    for step in range(NUM_BATCHES):
        batches.at(step % point.steps_per_epoch)
    synchronize(device)
    batch_seconds = (time.perf_counter() - started) / NUM_BATCHES
    return clock.trained(case.batch_size, outcome.metrics["test_top1"], batch_seconds)


WAYS: dict[str, Way] = {
    "ours": ours,
    "plain PyTorch": plain_torch.train,
    "timm": partial(plain_timm.train, channels_last=False),
    "timm, channels last": partial(plain_timm.train, channels_last=True),
}


def compared(case: Case, device: str, num_workers: int, num_repeats: int) -> dict[str, list[Trained]]:
    """Runs of each way, by name; the ways take turns."""
    _ = case.root  # made before any way is timed
    runs: dict[str, list[Trained]] = {name: [] for name in WAYS}
    with ProcessPoolExecutor(1, mp_context=get_context("spawn"), max_tasks_per_child=1) as pool:
        for seed in range(num_repeats):
            for name, way in WAYS.items():
                runs[name].append(pool.submit(way, case, seed, device, num_workers).result())
    return runs


def table(case: Case, device: str, runs: dict[str, list[Trained]]) -> Table:
    """Table with a row for each way."""
    title = f"{case.name}, {case.precision}, n={len(runs['ours'])}"
    work = "GFLOP/s" if device == "cpu" else "model FLOPs utilisation"
    accuracy = ("top-1 %", "less ours") if case.tells_accuracy else ()
    made = Table("way", "images/s", "ratio, CPU", "ratio, wall", "waiting", work, *accuracy, title=title)
    best = runs["ours"]
    for name, those in runs.items():
        rate = median(run.cpu_rate if device == "cpu" else run.wall_rate for run in those)
        made.add_row(
            name,
            f"{rate:,.0f}",
            _ratio([run.cpu_rate for run in best], [run.cpu_rate for run in those])
            if device == "cpu"
            else "",
            _ratio([run.wall_rate for run in best], [run.wall_rate for run in those]),
            f"{median(run.waiting for run in those):.1%}",
            _work(case, device, rate),
            *(_accuracy([run.top1 for run in best], [run.top1 for run in those]) if accuracy else ()),
        )
    return made


def _ratio(ours: list[float], theirs: list[float]) -> str:
    if ours == theirs:
        return "1"
    ratios = [one / other for one, other in zip(ours, theirs, strict=True)]
    return f"{median(ratios):.2f} ({min(ratios):.2f} to {max(ratios):.2f})"


def _work(case: Case, device: str, rate: float) -> str:
    """Training FLOPs per second, in 1e9 on a CPU, as a share of the peak on a GPU."""
    achieved = 3 * case.point(0).cost.flops * rate
    if device == "cpu":
        return f"{achieved / 1e9:.1f}"
    spec = device_spec(Runtime(device=device))
    return f"{achieved / spec.matrix_flops[case.precision]:.1%}" if spec else "no specification"


def _accuracy(ours: list[float], theirs: list[float]) -> tuple[str, str]:
    """Mean and standard deviation, and the difference to ours with its interval."""
    told = f"{mean(theirs):.2f} ± {stdev(theirs):.2f}" if len(theirs) > 1 else f"{theirs[0]:.2f}"
    if ours == theirs or len(theirs) == 1:
        return told, ""
    low, high = stats.ttest_ind(theirs, ours, equal_var=False).confidence_interval()
    return told, f"{mean(theirs) - mean(ours):+.2f} ({low:+.2f} to {high:+.2f})"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--device", choices=("cpu", "cuda"), default="cpu")
    parser.add_argument("--repeats", type=int, default=6)
    parser.add_argument(
        "--workers", type=int, help="workers of the peers' loaders (default: none on a CPU, 8 on a GPU)"
    )
    parser.add_argument("--precision", choices=("fp32", "bf16", "tf32"), help="only this precision")
    parser.add_argument("--case", choices=("tiny", "small", "large"), help="only this case")
    asked = parser.parse_args()
    os.environ["OMP_NUM_THREADS"] = "1"
    workers = asked.workers if asked.workers is not None else 0 if asked.device == "cpu" else 8
    cases = {"tiny": TINY, "small": SMALL, "large": LARGE if asked.device == "cpu" else ON_GPU}
    precisions = ["fp32" if asked.device == "cpu" else "tf32"]
    precisions += [] if asked.device == "cpu" and processor.lacks_bf16() else ["bf16"]
    machine = (
        f"{os.cpu_count()} cores, {platform.machine()}, torch {torch.__version__}, timm {timm.__version__}"
    )
    console = Console(width=150)
    console.print(f"{machine}, {workers} workers of a loader, load {os.getloadavg()[0]:.1f} before")
    for name, case in cases.items():
        for precision in precisions:
            if asked.case in (None, name) and asked.precision in (None, precision):
                one = replace(case, precision=precision)
                runs = compared(one, asked.device, workers, asked.repeats)
                console.print(table(one, asked.device, runs))


if __name__ == "__main__":
    main()
