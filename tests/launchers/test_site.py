"""The site of a launch: which evidence of speed counts there, and what a training step holds."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import psutil
import pytest

from launchers.local import LocalPool
from launchers.memory import PROCESS_GB
from launchers.site import FEWEST_STEPS, RESULTS_A_STEP, device_gb, device_spec, site_of
from launchers.slots import num_slots
from scaling.profile.devices import DEVICES
from scaling.profile.forecast import Hours
from scaling.profile.profiles import gpu_name, profile_of
from scaling.profile.timing import Measured, Timing
from scaling.profile.workload import workload_of
from scaling.study.about import Task
from scaling.study.files import write_json
from scaling.study.memory import MALLOC_FACTOR
from scaling.study.point import Point
from scaling.study.store import Study
from scaling.training.runtime import Runtime

Make = Callable[..., Point]

CPU, A100 = Runtime(), Runtime(device="cuda", spec="a100")
HERE = {"device": "cpu", "threads": 1, "gpu": None}
ON_A100 = {"device": "cuda", "threads": 1, "gpu": "NVIDIA A100-SXM4-80GB"}


@pytest.fixture(autouse=True)
def profiles(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A place for profiles of the test's own."""
    monkeypatch.setenv("SCALING_STUDY_PROFILES", str(tmp_path / "profiles"))


@pytest.fixture
def study(tmp_path: Path) -> Study:
    return Study.create(tmp_path / "mine", Task("mnist5k"))


def _trained(study: Study, point: Point, step_seconds: float, provenance: Any) -> None:
    """A point that is done, from such a place."""
    study.add([point])
    seconds = step_seconds * point.num_steps
    result = {"metrics": {"top1": 90.0}, "measured": {"train_seconds": seconds}, "provenance": provenance}
    write_json(study.directory(point.id) / "result.json", result)


def _hours(study: Study, point: Point, *trained: Point, runtime: Runtime = CPU) -> Hours | None:
    site, _ = site_of(runtime, 1, study, [point, *trained])
    return site.hours(point)


def _source(study: Study, point: Point, *trained: Point, runtime: Runtime = CPU) -> str | None:
    hours = _hours(study, point, *trained, runtime=runtime)
    return None if hours is None else hours.source


def _measure(runtime: Runtime, point: Point) -> None:
    profile = profile_of(runtime.device, runtime.threads)
    assert profile is not None
    timing = Timing(latency_ms=5.0, low_ms=5.0, high_ms=5.0, num_repeats=6)
    profile.put(workload_of(point), Measured(timing=timing, images_per_second=1.0, peak_memory_gb=None))


def test_a_profile_of_this_device_counts_and_results_go_before_it(study: Study, make_point: Make) -> None:
    point = make_point()
    assert _source(study, point) == "specifications"
    _measure(CPU, point)
    assert _source(study, point) == "measured"
    assert _source(study, point, runtime=Runtime(threads=2)) == "specifications"
    done = make_point(seed=1)
    _trained(study, done, 0.25, HERE)
    assert _source(study, point, done) == "results"


def test_a_plan_for_another_device_takes_no_evidence_from_this_one(study: Study, make_point: Make) -> None:
    point, done = make_point(), make_point(seed=1)
    _measure(CPU, point)
    _trained(study, done, 0.25, HERE)
    assert _source(study, point, done, runtime=A100) == "specifications"
    assert _hours(study, point, done, runtime=A100) == _hours(study, point, runtime=A100)


@pytest.mark.parametrize(
    ("provenance", "runtime", "counts"),
    [
        (HERE, CPU, True),
        (HERE | {"threads": 2}, CPU, False),
        (HERE | {"threads": 2}, Runtime(threads=2), True),
        (ON_A100, CPU, False),
        (ON_A100, A100, True),
        (ON_A100 | {"device": "cuda:1"}, A100, True),
        (ON_A100 | {"gpu": "NVIDIA H100 80GB HBM3"}, A100, False),
        (ON_A100 | {"gpu": "NVIDIA A100-SXM4-80GB MIG 3g.40gb"}, A100, True),
        (ON_A100 | {"gpu": "NVIDIA A1000"}, A100, False),
        (ON_A100 | {"gpu": None}, A100, False),
        (HERE, A100, False),
        ({}, CPU, False),
        (None, CPU, False),
        ("cpu", CPU, False),
    ],
)
def test_results_count_from_this_kind_of_device_only(
    study: Study, make_point: Make, provenance: Any, runtime: Runtime, counts: bool
) -> None:
    point, done = make_point(), make_point(seed=1)
    _trained(study, done, 0.25, provenance)
    assert (_source(study, point, done, runtime=runtime) == "results") == counts


@pytest.mark.skipif(gpu_name() is not None, reason="what counts is then this GPU alone")
def test_where_no_gpu_is_results_of_any_count(study: Study, make_point: Make) -> None:
    point, done = make_point(), make_point(seed=1)
    runtime = Runtime(device="cuda")
    assert device_spec(runtime) is None
    assert _hours(study, point, runtime=runtime) is None
    _trained(study, done, 0.25, ON_A100 | {"gpu": "NVIDIA RTX 3090"})
    assert _source(study, point, done, runtime=runtime) == "results"


@pytest.mark.parametrize(
    "result",
    [
        {"provenance": HERE},
        {"provenance": HERE, "measured": None},
        {"provenance": HERE, "measured": {}},
        {"provenance": HERE, "measured": {"train_seconds": None}},
        {"provenance": HERE, "measured": {"train_seconds": "long"}},
        {"provenance": HERE, "measured": {"train_seconds": 0.0}},
        {},
    ],
)
def test_a_result_without_seconds_tells_nothing(
    study: Study, make_point: Make, result: dict[str, Any]
) -> None:
    done = make_point(seed=1)
    study.add([done])
    write_json(study.directory(done.id) / "result.json", {"metrics": {"top1": 90.0}, **result})
    assert _source(study, make_point(), done) == "specifications"


def test_a_corrupt_result_tells_nothing(study: Study, make_point: Make) -> None:
    done = make_point(seed=1)
    _trained(study, done, 0.25, HERE)
    (study.directory(done.id) / "result.json").write_text('{"meas')
    assert _source(study, make_point(), done) == "specifications"


def test_some_results_of_each_step_are_read(study: Study, make_point: Make) -> None:
    """The first two, in the order of the grid: a large study is not read as a whole."""
    assert RESULTS_A_STEP == 2
    done = [make_point(seed=seed) for seed in range(5)]
    for point, seconds in zip(done, (1.0, 2.0, 100.0, 100.0, 100.0), strict=True):
        _trained(study, point, seconds, HERE)
    (hours,) = {_hours(study, make_point(seed=9), *done)}
    assert hours is not None
    steps = make_point().num_steps
    assert 1.5 * steps / 3600 < hours.hours < 1.7 * steps / 3600, "and the time of the evaluations"


def test_memory_is_that_of_a_step_and_of_the_images(study: Study, make_point: Make) -> None:
    """On a GPU at the resolution of the point, on a CPU also at their stored size, and in a process."""
    point = make_point()
    tensors, stored, resized = point.cost.memory_gb, 5000 * 28**2 / 1e9, 5000 * 14**2 / 1e9
    on_cpu = PROCESS_GB + MALLOC_FACTOR * tensors + stored + resized
    for runtime, held in ((CPU, on_cpu), (A100, tensors + resized), (Runtime(device="tpu"), tensors)):
        site, _ = site_of(runtime, 1, study, [point])
        assert site.memory_gb(point) == pytest.approx(held)


def test_points_on_a_cpu_do_not_outnumber_its_cores() -> None:
    cores = num_slots("auto", device="cpu", threads=1)
    for runtime, slots in ((CPU, cores), (A100, 1000), (Runtime(threads=2), max(1, cores // 2))):
        assert LocalPool(slots=1000).num_slots(runtime) == slots


def test_a_short_run_tells_nothing(study: Study, make_point: Make) -> None:
    """Of 27 steps the first ones are too large a part."""
    done = make_point(epochs=1)
    assert done.steps_per_epoch < FEWEST_STEPS <= 2 * done.steps_per_epoch
    _trained(study, done, 0.25, HERE)
    assert _source(study, make_point(seed=9), done) == "specifications"


def test_the_memory_of_a_device_is_its_own_or_the_machines_share() -> None:
    assert device_gb(CPU, 4) == psutil.virtual_memory().total / 1e9 / 4
    assert device_gb(A100, 4) == 80
    assert device_gb(Runtime(spec="cpu"), 4) == DEVICES["cpu"].memory_bytes / 1e9
