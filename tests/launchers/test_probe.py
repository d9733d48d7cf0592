"""A probe: real steps of a few points, measured once, from which a plan's hours then come."""

from __future__ import annotations

import io
import os
import re
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path

import pytest
import torch
from rich.console import Console

from launchers import probe as module
from launchers.probe import STEPS_AT_MOST, probe, spread
from launchers.site import site_of
from scaling import gpus
from scaling.errors import Refused
from scaling.models.resnet_small import ResNetSmall
from scaling.profile.attempt import attempt
from scaling.profile.operation import Work
from scaling.profile.profiles import Profile, profile_of
from scaling.profile.workload import Workload, workload_of
from scaling.study.about import Task
from scaling.study.point import Point
from scaling.study.store import Study
from scaling.study.training_step import TrainingStep
from scaling.training.recipe import Recipe
from scaling.training.runtime import Runtime

Make = Callable[..., Point]

HERE = torch.device("cpu")
ROOT = Path(__file__).parents[2]


@pytest.fixture(autouse=True)
def profiles(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A place for profiles of the test's own."""
    directory = tmp_path / "profiles"
    monkeypatch.setenv("SCALING_STUDY_PROFILES", str(directory))
    return directory


@pytest.fixture
def points(make_point: Make) -> list[Point]:
    """Seven different steps that take milliseconds, dearest first, and each again with another seed."""
    depths = (44, 38, 32, 26, 20, 14, 8)
    small = {"width": 0.125, "resolution": 8, "recipe": Recipe(batch_size=16)}
    return [make_point(depth=depth, seed=seed, **small) for depth in depths for seed in (0, 1)]


def _probe(points: list[Point], runtime: Runtime) -> str:
    """What it says."""
    said = io.StringIO()
    probe(points, runtime, Console(file=said, width=200))
    return said.getvalue()


def _sources(points: list[Point], study: Study) -> dict[float, str]:
    """Where the hours come from, by depth."""
    site, _ = site_of(Runtime(), 1, study, points)
    return {point.depth: hours.source for point in points if (hours := site.hours(point))}


def test_after_a_probe_the_hours_are_measured_and_a_second_one_measures_nothing(
    points: list[Point], tmp_path: Path, profiles: Path
) -> None:
    study = Study.create(tmp_path / "mine", Task("mnist5k"))
    assert set(_sources(points, study).values()) == {"specifications"}
    assert "Probing 5 of the points' training steps on " in _probe(points, Runtime())
    sources = _sources(points, study)
    assert [sources[depth] for depth in (8, 44)] == ["measured", "measured"]
    assert sorted(sources.values()) == ["calibrated"] * 2 + ["measured"] * 5
    (file,) = profiles.glob("*.json")
    before = file.read_bytes()
    assert "Probing 0 of the points' training steps on " in _probe(points, Runtime())
    assert file.read_bytes() == before


def test_what_launches_does_without_torch_and_its_hold_on_a_gpu() -> None:
    code = (
        "import io, sys\n"
        "from rich.console import Console\n"
        "from launchers.probe import probe\n"
        "from scaling.training.runtime import Runtime\n"
        "probe([], Runtime(), said := Console(file=io.StringIO()))\n"
        "assert 'Probing 0 of' in said.file.getvalue()\n"
        "assert 'torch' not in sys.modules"
    )
    subprocess.run([sys.executable, "-c", code], check=True, cwd=ROOT)


def _endless(workload: Workload, runtime: Runtime) -> None:
    """Measuring a step that takes minutes."""
    del workload, runtime
    time.sleep(60)


def test_ctrl_c_ends_a_measurement_at_once(points: list[Point], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "_attempt", _endless)
    said, interrupted = io.StringIO(), []

    def interrupt() -> None:
        while "Probing" not in said.getvalue():
            time.sleep(0.05)
        time.sleep(0.5)
        interrupted.append(time.monotonic())
        os.kill(os.getpid(), signal.SIGINT)

    threading.Thread(target=interrupt, daemon=True).start()
    with pytest.raises(KeyboardInterrupt):
        probe(points, Runtime(), Console(file=said, width=200))
    assert time.monotonic() - interrupted[0] < 20


def test_a_probe_measures_the_device_at_hand(points: list[Point]) -> None:
    with pytest.raises(Refused, match=r"^probe=true measures the device at hand: leave device.spec=a100 out"):
        _probe(points, Runtime(device="cuda", spec="a100"))
    if not gpus.visible():
        with pytest.raises(Refused, match=r"^device=cuda is not available: "):
            _probe(points, Runtime(device="cuda"))


RUNTIMES = [Runtime(), *(Runtime(device="cuda", spec=spec) for spec in ("a100", "v100", None))]


@pytest.mark.parametrize("precision", ["fp32", "bf16"])
@pytest.mark.parametrize("runtime", RUNTIMES, ids=["cpu", "a100", "v100", "no specification"])
def test_steps_are_spread_from_the_cheapest_to_the_dearest(
    make_point: Make, runtime: Runtime, precision: str
) -> None:
    for count in range(1, 14):
        points = [
            make_point(depth=8 + 6 * index, seed=seed, precision=precision)
            for index in reversed(range(count))
            for seed in (0, 1)
        ]
        steps = [workload_of(point) for point in points[::-2]]
        chosen = spread(points, runtime)
        places = [steps.index(step) for step in chosen]
        assert len(chosen) == min(count, STEPS_AT_MOST)
        assert (places[0], places[-1]) == (0, count - 1)
        gaps = {after - before for before, after in pairwise(places)}
        assert all(0 < gap <= count / 4 + 1 for gap in gaps)


def test_steps_of_two_precisions_are_spread_by_their_flops(make_point: Make) -> None:
    points = [make_point(depth=depth, precision=each) for depth in (20, 14, 8) for each in ("bf16", "fp32")]
    chosen = spread(points, Runtime())
    assert (chosen[0].step.network, chosen[-1].step.network) == (points[-1].network, points[0].network)


def _workload(work: Work, *, resolution: int = 8, batch_size: int = 4) -> Workload:
    step = TrainingStep(
        network=ResNetSmall().network(8, 0.125),
        resolution=resolution,
        in_channels=1,
        num_classes=10,
        batch_size=batch_size,
    )
    return Workload(step=step, work=work)


@pytest.fixture
def profile() -> Profile:
    found = profile_of("cpu", 1)
    assert found is not None
    return found


@pytest.mark.parametrize("work", ["training", "inference"])
def test_an_attempt_that_works_is_kept(profile: Profile, work: Work) -> None:
    workload = _workload(work)
    assert attempt(workload, HERE, profile, at_least_s=0.0, num_repeats=6) is None
    kept = Profile(profile.device, 1).of(workload)
    assert kept is not None
    assert kept.timing.num_repeats == 6


@pytest.mark.parametrize(
    ("work", "reason"), [("training", r"needs about .* GB, .* GB are free"), ("inference", "out of memory")]
)
def test_an_attempt_that_memory_does_not_suffice_for_says_so(
    profile: Profile, work: Work, reason: str
) -> None:
    workload = _workload(work, batch_size=10**9, resolution=1000)
    said = attempt(workload, HERE, profile, at_least_s=0.0, num_repeats=6)
    assert said is not None
    assert re.fullmatch(reason, said)
    assert profile.is_empty


def test_an_attempt_that_fails_otherwise_raises(profile: Profile) -> None:
    with pytest.raises(RuntimeError, match="padded input size"):
        attempt(_workload("training", resolution=0), HERE, profile, at_least_s=0.0, num_repeats=6)
