"""A probe: a few real training steps of a few points, so that the hours of a plan are measured here."""

from __future__ import annotations

import os
import signal
from collections.abc import Sequence
from concurrent.futures import Executor, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from multiprocessing import get_context

from rich.console import Console

from launchers.site import device_spec
from launchers.slots import check_device, number_as_driver
from scaling.data.workers import die_with_parent
from scaling.errors import Refused
from scaling.profile.forecast import modelled_seconds
from scaling.profile.profiles import Profile
from scaling.profile.workload import Workload, workload_of
from scaling.study.point import Point
from scaling.training.runtime import Runtime

STEPS_AT_MOST = 5
"""Largest number of different training steps that are measured."""
REPEATS, AT_LEAST_S = 6, 0.5
"""Timed passes of each step, and their least time; an interval needs `timing.FEWEST` passes."""


def probe(points: Sequence[Point], runtime: Runtime, console: Console) -> None:
    """Measure the training steps of a few points, spread evenly from the cheapest to the most expensive.

    Steps in the profile of this device are not measured again. Raises Refused if the device is absent. A
    separate process measures: with CUDA in this process, the launch would hold some of the GPU's memory, and
    would lock its workers out of a GPU in exclusive mode.
    """
    if runtime.spec:
        raise Refused(f"probe=true measures the device at hand: leave device.spec={runtime.spec} out.")
    number_as_driver()
    check_device(runtime.device)
    os.environ["OMP_NUM_THREADS"] = str(runtime.threads)  # read when torch is first imported
    try:
        with ProcessPoolExecutor(1, mp_context=get_context("spawn"), initializer=_stand_apart) as apart:
            pid = apart.submit(os.getpid).result()
            try:
                _measure(points, runtime, console, apart)
            except KeyboardInterrupt:
                os.kill(pid, signal.SIGKILL)  # otherwise the pool would wait until the step is measured
                raise
    except BrokenProcessPool as error:
        raise Refused(
            "probe=true: the measuring process was killed, perhaps for lack of memory: leave it out."
        ) from error


def _measure(points: Sequence[Point], runtime: Runtime, console: Console, apart: Executor) -> None:
    known = Profile(apart.submit(_device_name, runtime).result(), runtime.threads)
    chosen = [workload for workload in spread(points, runtime) if known.of(workload) is None]
    told = f"Probing {len(chosen)} of the points' training steps on {known.device}."
    console.print(told, markup=False)
    for workload in chosen:
        reason = apart.submit(_attempt, workload, runtime).result()
        if reason is not None:
            what = f"One at resolution={workload.step.resolution}"
            console.print(f"  {what} was not measured: {reason}.", markup=False)


def _stand_apart() -> None:
    """Set up the measuring process: it leaves Ctrl-C to its parent, and ends when its parent ends."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    die_with_parent()


def _device_name(runtime: Runtime) -> str:
    from scaling.profile.measure import name_of  # torch takes seconds to import
    from scaling.training.device import use_device

    return name_of(use_device(runtime.device, num_threads=runtime.threads), threads=runtime.threads)


def _attempt(workload: Workload, runtime: Runtime) -> str | None:
    """Measure a step and add it to the device's profile; return the reason if that is not possible."""
    from scaling.profile.attempt import attempt
    from scaling.training.device import use_device

    device = use_device(runtime.device, num_threads=runtime.threads)
    known = Profile(_device_name(runtime), runtime.threads)
    return attempt(workload, device, known, at_least_s=AT_LEAST_S, num_repeats=REPEATS)


def spread(points: Sequence[Point], runtime: Runtime) -> list[Workload]:
    """Different training steps, spread evenly from the fastest to the slowest.

    Ordered by the speed model of the device, or by FLOPs if there is none for the device or its precisions.
    """
    device = device_spec(runtime)
    first = {workload_of(point): point for point in reversed(points)}
    if device is not None and all(each.step.precision in device.matrix_flops for each in first):
        steps = sorted(first, key=lambda each: modelled_seconds(each, device))
    else:
        steps = sorted(first, key=lambda each: first[each].cost.flops * each.batch_size)
    if len(steps) <= STEPS_AT_MOST:
        return steps
    return [steps[round(index * (len(steps) - 1) / (STEPS_AT_MOST - 1))] for index in range(STEPS_AT_MOST)]
