"""The site of a launch: time and memory of points there, and how many train at a time. No torch."""

from __future__ import annotations

import os
from collections import defaultdict
from collections.abc import Collection, Iterator, Sequence
from contextlib import suppress
from dataclasses import replace
from functools import partial

import psutil

from launchers.memory import planned_gb
from launchers.slots import check_device, check_precisions, number_as_driver
from scaling import gpus
from scaling.errors import Refused
from scaling.profile.device import Device
from scaling.profile.devices import DEVICES, gpu_of
from scaling.profile.forecast import Forecast
from scaling.profile.profiles import gpu_name, profile_of
from scaling.profile.workload import Workload, workload_of
from scaling.study.files import Corrupt
from scaling.study.plan import Site
from scaling.study.point import Point
from scaling.study.precision import Precision
from scaling.study.result import read_result
from scaling.study.store import Study
from scaling.training.runtime import Runtime

RESULTS_A_STEP = 2
"""Largest number of results that are read for each different training step."""
RESULTS_AT_MOST = 400
"""Largest number of results that are read in all."""
FEWEST_STEPS = 50
"""Steps below which a run is ignored: the first ones, which select kernels and map memory, weigh too much."""


def site_of(runtime: Runtime, slots: int, study: Study, points: Sequence[Point]) -> tuple[Site, Forecast]:
    """The site where `points` would run, as a plan needs it, and the forecast behind its hours."""
    profile = None if runtime.spec else profile_of(runtime.device, runtime.threads)
    forecast = Forecast(
        device_spec(runtime), points, profile=profile, trained=_trained(study, points, runtime)
    )
    site = Site(
        hours=forecast.of,
        memory_gb=partial(planned_gb, runtime),
        slots=slots,
        labelling_hours=forecast.of_labelling,
    )
    return site, forecast


def device_spec(runtime: Runtime) -> Device | None:
    """The specification of `device.spec`, or of the device at hand; None if that is not in the table."""
    if runtime.spec:
        return DEVICES[runtime.spec]
    if runtime.device == "cpu":
        return DEVICES["cpu"]
    return gpu_of(gpu_name() or "") if runtime.device == "cuda" else None


def device_gb(runtime: Runtime, slots: int) -> float | None:
    """Memory of one device in 1e9 bytes: of the smallest GPU at hand, or on a CPU the share of each slot.

    None if unknown.
    """
    if runtime.device == "cpu" and not runtime.spec:
        return psutil.virtual_memory().total / 1e9 / slots
    if runtime.device == "cuda" and not runtime.spec:
        sizes_gb = [gpu.memory_gb for gpu in gpus.visible() if gpu.memory_gb is not None]
        if sizes_gb:
            return min(sizes_gb)
    spec = device_spec(runtime)
    return spec.memory_bytes / 1e9 if spec else None


def check_here(runtime: Runtime, precisions: Collection[Precision]) -> None:
    """Raise Refused if this machine lacks the device or a precision, or if the plan is for another device.

    From here on, GPUs are numbered as the driver numbers them.
    """
    if runtime.spec and device_spec(replace(runtime, spec=None)) is not DEVICES[runtime.spec]:
        raise Refused(
            f"device.spec={runtime.spec} is for planning, as there is none here: add plan=true, or leave it "
            "out."
        )
    number_as_driver()
    check_device(runtime.device)
    check_precisions(runtime.device, precisions)


def _trained(study: Study, points: Sequence[Point], runtime: Runtime) -> Iterator[tuple[Point, float]]:
    """Some points of the study that a device of this kind has trained, with the seconds in training steps."""
    with suppress(OSError):
        known = set(os.listdir(study.path / "points"))
        chosen: defaultdict[Workload, list[Point]] = defaultdict(list)
        for point in points if known else ():
            is_long = point.num_steps >= FEWEST_STEPS
            if is_long and point.id in known and len(same := chosen[workload_of(point)]) < RESULTS_A_STEP:
                same.append(point)
        for point in [point for same in chosen.values() for point in same][:RESULTS_AT_MOST]:
            seconds = _train_seconds(study, point, runtime)
            if seconds:
                yield point, seconds


def _train_seconds(study: Study, point: Point, runtime: Runtime) -> float | None:
    """Seconds that the point spent in training steps; None without a result from this kind of device."""
    with suppress(Corrupt, TypeError, AttributeError, KeyError, ValueError):
        result = read_result(study.directory(point.id) / "result.json") or {}
        provenance = result.get("provenance", {})
        kind = str(provenance.get("device")).partition(":")[0], provenance.get("threads")
        if kind == (runtime.device, runtime.threads) and _is_alike(runtime, provenance.get("gpu")):
            return float(result["measured"]["train_seconds"])
    return None


def _is_alike(runtime: Runtime, gpu: str | None) -> bool:
    """Whether a result is from the kind of device that the plan is for.

    `gpu` is the full name of the result's GPU, None for a CPU. On a machine without a GPU, such as a login
    node, any GPU counts unless the plan names one. A part of a GPU (MIG) counts as its card, by which the
    driver names the GPUs at hand.
    """
    planned = device_spec(runtime)
    if planned is None:
        return gpu_name() in (None, gpu)
    return planned is (DEVICES["cpu"] if gpu is None else gpu_of(gpu.partition(" MIG ")[0]))
