"""Subjects small enough to measure in no time, and a cache directory of the test's own."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeAlias

import pytest

from scaling.models.resnet_small import ResNetSmall
from scaling.profile.operation import Work
from scaling.profile.timing import Measured, Timing
from scaling.profile.workload import Workload
from scaling.study.training_step import TrainingStep

MakeSubject: TypeAlias = Callable[..., Workload]


@pytest.fixture(autouse=True)
def profiles(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where profiles are kept."""
    directory = tmp_path / "profiles"
    monkeypatch.setenv("SCALING_STUDY_PROFILES", str(directory))
    return directory


@pytest.fixture
def make_subject() -> MakeSubject:
    """Inference of a tiny network; keywords change depth, width, or fields of the workload or its step."""

    def make(
        depth: int = 8,
        width: float = 0.25,
        *,
        work: Work = "inference",
        num_norm_batches: int = 1,
        **changes: Any,
    ) -> Workload:
        fields: dict[str, Any] = {
            "network": ResNetSmall().network(depth, width),
            "resolution": 8,
            "in_channels": 1,
            "num_classes": 10,
            "batch_size": 4,
        }
        step = TrainingStep(**(fields | changes))
        return Workload(step=step, num_norm_batches=num_norm_batches, work=work)

    return make


@pytest.fixture
def measured() -> Measured:
    """Numbers as if something was measured."""
    timing = Timing(latency_ms=12.5, low_ms=12.0, high_ms=13.0, num_repeats=11)
    return Measured(timing=timing, images_per_second=320.0, peak_memory_gb=0.25)
