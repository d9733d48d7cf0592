"""Measuring, for real, on tiny networks: what comes out, not how fast they are."""

from __future__ import annotations

import importlib.util
import math
import sys
import time
from collections.abc import Callable
from typing import Any

import pytest
import torch

from scaling import processor
from scaling.errors import Refused
from scaling.models.families import FAMILIES
from scaling.profile.measure import measure, name_of
from scaling.profile.profiles import cpu_name
from scaling.profile.timing import Measured
from scaling.profile.workload import Workload
from scaling.study.memory import memory_of
from scaling.training.device import use_device

MakeSubject = Callable[..., Workload]

HAS_XLA = importlib.util.find_spec("torch_xla") is not None


@pytest.fixture(scope="module")
def cpu() -> torch.device:
    return use_device("cpu", num_threads=1)


def check(measured: Measured, workload: Workload) -> None:
    """What holds of any measurement."""
    timing = measured.timing
    assert 0 < timing.low_ms <= timing.latency_ms <= timing.high_ms < math.inf
    assert 11 <= timing.num_repeats <= 1000
    assert measured.images_per_second == pytest.approx(1e3 * workload.batch_size / timing.latency_ms)


NEEDS_BF16 = pytest.mark.skipif(processor.lacks_bf16(), reason="this processor has no bf16")
CLIP = FAMILIES["resnet3d_rs"]().network(14, 0.25)


@pytest.mark.parametrize(
    "changes",
    [
        {},
        {"batch_size": 1},
        pytest.param({"precision": "bf16"}, marks=NEEDS_BF16),
        {"work": "training"},
        pytest.param({"work": "training", "precision": "bf16"}, marks=NEEDS_BF16),
        {"work": "training", "num_norm_batches": 2, "batch_size": 2, "num_moments": 0, "average": False},
        {"network": CLIP, "resolution": 32, "frames": 4, "batch_size": 2},
        {"network": CLIP, "resolution": 32, "frames": 4, "batch_size": 2, "work": "training"},
    ],
)
def test_whatever_a_point_does_is_measured(
    cpu: torch.device, make_subject: MakeSubject, changes: dict[str, Any]
) -> None:
    workload = make_subject(**changes)
    check(measure(workload, cpu, at_least_s=0), workload)


def test_it_repeats_for_the_time_asked_and_not_forever(cpu: torch.device, make_subject: MakeSubject) -> None:
    workload = make_subject(resolution=4, batch_size=1)
    assert measure(workload, cpu, at_least_s=0).timing.num_repeats == 11
    assert measure(workload, cpu, at_least_s=1e9).timing.num_repeats == 1000
    started = time.perf_counter()
    num_repeats = measure(workload, cpu, at_least_s=0.3).timing.num_repeats
    assert num_repeats == 1000 or time.perf_counter() - started > 0.3


@pytest.mark.skipif(sys.platform != "linux", reason="other systems do not tell")
def test_a_much_larger_network_takes_more_memory(cpu: torch.device, make_subject: MakeSubject) -> None:
    peaks = [
        measure(make_subject(14, width, resolution=resolution, batch_size=32, work=work), cpu, at_least_s=0)
        for work, width, resolution in (
            ("inference", 0.25, 8),
            ("inference", 2, 32),
            ("training", 2, 32),
            ("inference", 0.25, 8),
        )
    ]
    small, large, training, small_again = (peak.peak_memory_gb for peak in peaks)
    assert small is not None
    assert large is not None
    assert training is not None
    assert small_again is not None
    assert max(small, small_again) < large < training
    tensors = memory_of(make_subject(14, 2, resolution=32, batch_size=32).step).total / 1e9
    assert (
        0.5 * tensors < training < 2.5 * tensors
    )  # with what this process, which has run other tests, keeps


def test_the_cpu_has_its_real_name(cpu: torch.device) -> None:
    assert name_of(cpu, threads=1) == cpu_name(1)


@pytest.mark.parametrize(
    ("name", "sentence"),
    [
        ("gpu", "device=gpu is unknown"),
        pytest.param(
            "cuda",
            "device=cuda is not available",
            marks=pytest.mark.skipif(torch.cuda.is_available(), reason="there is a GPU"),
        ),
        pytest.param(
            "tpu",
            "device=tpu is not available: torch_xla cannot be imported",
            marks=pytest.mark.skipif(HAS_XLA, reason="there is torch_xla"),
        ),
    ],
)
def test_a_device_that_is_not_here_is_refused(name: str, sentence: str) -> None:
    with pytest.raises(Refused, match=sentence) as refusal:
        use_device(name, num_threads=1)
    assert "\n" not in str(refusal.value)


@pytest.mark.skipif(not torch.cuda.is_available(), reason="torch finds no CUDA GPU here")
@pytest.mark.parametrize("work", ["inference", "training"])
@pytest.mark.parametrize("precision", ["fp32", "bf16"])
def test_cuda(make_subject: MakeSubject, work: str, precision: str) -> None:
    cuda = use_device("cuda", num_threads=1)
    small, large = (
        make_subject(14, width, resolution=resolution, batch_size=32, work=work, precision=precision)
        for width, resolution in ((0.25, 8), (2, 32))
    )
    peaks = []
    for workload in (small, large):
        measured = measure(workload, cuda, at_least_s=0)
        check(measured, workload)
        peaks.append(measured.peak_memory_gb)
    assert peaks[0] is not None
    assert peaks[1] is not None
    assert peaks[0] < peaks[1]
    assert name_of(cuda, threads=1) == torch.cuda.get_device_name()


@pytest.mark.skipif(not HAS_XLA, reason="torch_xla is not installed")
@pytest.mark.parametrize("work", ["inference", "training"])
@pytest.mark.parametrize("precision", ["fp32", "bf16"])
def test_xla_compiles_nothing_while_it_is_timed(
    make_subject: MakeSubject, monkeypatch: pytest.MonkeyPatch, work: str, precision: str
) -> None:
    monkeypatch.setenv("PJRT_DEVICE", "CPU")
    from torch_xla.debug import metrics

    xla = use_device("tpu", num_threads=1)
    assert name_of(xla, threads=1).startswith("XLA on ")
    workload = make_subject(resolution=4, batch_size=2, work=work, precision=precision)
    measured = measure(workload, xla, at_least_s=0)
    check(measured, workload)
    compiled, executed = metrics.metric_data("CompileTime")[0], metrics.metric_data("ExecuteTime")[0]
    again = measure(workload, xla, at_least_s=0)  # all of it is in XLA's cache
    check(again, workload)
    assert metrics.metric_data("CompileTime")[0] == compiled
    assert metrics.metric_data("ExecuteTime")[0] >= executed + 14
