"""Measuring: passes of a network on the device at hand, timed one by one after a warm-up."""

from __future__ import annotations

import time
from collections.abc import Callable
from functools import cache
from typing import TypeAlias

import torch
from torch import Tensor, nn

from scaling.models.build import build
from scaling.models.resnet_small import ResNetSmall
from scaling.profile.peak import Peak
from scaling.profile.profiles import cpu_model, cpu_name
from scaling.profile.timing import Measured, timing_of
from scaling.profile.workload import Workload
from scaling.study.training_step import TrainingStep
from scaling.training.batches import Batch
from scaling.training.device import autocast, hardware, synchronize, use_precision, without_gradients
from scaling.training.ema import Ema
from scaling.training.recipe import Recipe
from scaling.training.step import build_stepper
from scaling.training.weights import freeze

MOST_REPEATS = 1000
FEWEST_WARM_UPS, MOST_WARM_UPS = 3, 20
STEADY = 0.1
"""The warm-up ends when two consecutive passes differ by less than this share."""

Pass: TypeAlias = Callable[[], object]
"""Runs a pass. Keep its result until the device is done, since XLA does not compute discarded values."""


def name_of(device: torch.device, *, threads: int) -> str:
    """The name of the hardware: the processor with its threads, the GPU, or the hardware of XLA."""
    name = hardware(device)
    if name is None:
        return cpu_name(threads)
    if device.type == "xla":
        return f"XLA on {cpu_model() if name.lower() == 'cpu' else name}"
    return name


def measure(
    workload: Workload, device: torch.device, *, at_least_s: float = 1.0, num_repeats: int = 11
) -> Measured:
    """Measure the median time of a pass, with its 95 % interval, and peak memory, on random images.

    Inference is a forward pass in eval mode. Training is a point's training step without sampling and
    augmentation of images: forward, backward, update, moving average. The device is idle when a pass starts,
    and a pass ends when the device is done.

    The warm-up has at least 3 passes, in which kernels are chosen or XLA compiles, and at most 20; it ends
    when two consecutive passes agree within 10 %. Then passes are timed until there are `num_repeats` and
    they took `at_least_s`, or until there are 1,000.
    """
    if device.type == "cpu":
        _load_libraries(workload.step.precision == "bf16")
    use_precision(workload.step.precision, device)
    peak = Peak(device)
    one_pass = _training(workload, device) if workload.work == "training" else _inference(workload, device)
    timed = _STOPWATCHES[device.type]
    _warm_up(one_pass, timed)
    peak.restart()
    seconds: list[float] = []
    started = time.perf_counter()
    while len(seconds) < MOST_REPEATS and (
        len(seconds) < num_repeats or time.perf_counter() - started < at_least_s
    ):
        seconds.append(timed(one_pass))
    timing = timing_of(seconds)
    return Measured(
        timing=timing,
        images_per_second=1e3 * workload.batch_size / timing.latency_ms,
        peak_memory_gb=peak.gigabytes(),
    )


def _warm_up(one_pass: Pass, timed: Callable[[Pass], float]) -> None:
    before = timed(one_pass)
    for count in range(2, MOST_WARM_UPS + 1):
        now = timed(one_pass)
        if count >= FEWEST_WARM_UPS and abs(now - before) < STEADY * max(now, before):
            return
        before = now


def _inference(workload: Workload, device: torch.device) -> Pass:
    model = _model(workload, device).eval()
    images = _images(workload, device)
    bf16 = workload.step.precision == "bf16"

    def one_pass() -> Tensor:
        with without_gradients(device), autocast(device, bf16=bf16):
            logits: Tensor = model(images)
            return logits

    return one_pass


def _training(workload: Workload, device: torch.device) -> Pass:
    """A training step with learning rate 0, so that weights do not change and nothing overflows."""
    model, step = _model(workload, device), workload.step
    recipe = Recipe(
        batch_size=workload.batch_size,
        norm_batch=step.batch_size,
        optimizer="adamw" if step.num_moments > 1 else "sgd",
        momentum=Recipe.momentum if step.num_moments else 0.0,
    )
    dense = step.network.dense
    if step.frozen:
        freeze(model)
    stepper = build_stepper(model, recipe, bf16=step.precision == "bf16", dense=dense)
    average = Ema(model, recipe.ema_decay) if step.average else None
    if average is not None:
        average.n_averaged.fill_(10**9)  # late in training: XLA would compile anew if the decay changed
    images = _images(workload, device)
    labels = torch.arange(workload.batch_size, device=device) % step.num_classes
    if dense:
        labels = labels[:, None, None].repeat(1, step.resolution, step.resolution)

    def one_pass() -> tuple[Tensor, Tensor]:
        outcome = stepper.step(Batch(images, labels, None), 0.0)
        if average is not None:
            average.update_parameters(model)
        return outcome

    return one_pass


def _model(workload: Workload, device: torch.device) -> nn.Module:
    torch.manual_seed(0)
    step = workload.step
    model = build(step.network, in_channels=step.in_channels, num_classes=step.num_classes).to(device)
    if _channels_last(workload, device):
        model = model.to(memory_format=torch.channels_last)
    return model


def _images(workload: Workload, device: torch.device) -> Tensor:
    clip = () if workload.frames is None else (workload.frames,)
    step = workload.step
    shape = (workload.batch_size, step.in_channels, *clip, step.resolution, step.resolution)
    images = torch.randn(shape, generator=torch.Generator().manual_seed(0)).to(device)
    if _channels_last(workload, device):
        images = images.contiguous(memory_format=torch.channels_last)
    return images


def _channels_last(workload: Workload, device: torch.device) -> bool:
    """Whether to use channels last, as in training on images; XLA chooses layouts by itself."""
    return workload.frames is None and device.type != "xla"


def _cpu_seconds(one_pass: Pass) -> float:
    started = time.perf_counter()
    one_pass()
    return time.perf_counter() - started


def _cuda_seconds(one_pass: Pass) -> float:
    started = torch.cuda.Event(enable_timing=True)  # type: ignore[no-untyped-call]
    ended = torch.cuda.Event(enable_timing=True)  # type: ignore[no-untyped-call]
    started.record()
    one_pass()
    ended.record()
    ended.synchronize()
    return float(started.elapsed_time(ended)) / 1e3


def _xla_seconds(one_pass: Pass) -> float:
    started = time.perf_counter()
    kept = one_pass()
    synchronize(torch.device("xla"))
    del kept
    return time.perf_counter() - started


_STOPWATCHES = {"cpu": _cpu_seconds, "cuda": _cuda_seconds, "xla": _xla_seconds}


@cache
def _load_libraries(bf16: bool) -> None:
    """Train a tiny network, so that libraries loaded in the first pass do not count as a network's memory."""
    tiny = TrainingStep(
        network=ResNetSmall().network(8, 0.25),
        resolution=8,
        in_channels=1,
        num_classes=2,
        batch_size=2,
        precision="bf16" if bf16 else "fp32",
    )
    one_pass = _training(Workload(step=tiny, work="training"), torch.device("cpu"))
    for _ in range(2):
        one_pass()
