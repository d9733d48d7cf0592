"""Measurements as a table for people, as JSON, and as the rows of a study's profile.csv."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

from scaling.command.output import print_table
from scaling.command.wanted import Line, Wanted
from scaling.profile.profiles import Profile, torch_version
from scaling.profile.timing import Measured, Timing
from scaling.profile.workload import Workload
from scaling.study.memory import MALLOC_FACTOR, memory_of

Failures = Mapping[Workload, str]


def print_profile(want: Wanted, known: Profile, failures: Failures) -> None:
    """Print a table with a row for each network and input size."""
    is_study = want.study is not None
    head = ["network", "px", *(["frames"] if _has_clips(want) else []), "batch", "precision"]
    if "inference" in want.works:
        head += ["one image (ms)"] if is_study else []
        head += [*([] if is_study else ["inference (ms)"]), "images/s"]
    if "training" in want.works:
        head += ["training step (ms)", "images/s", "peak (GB)", "estimate (GB)"]
    else:
        head += ["peak (GB)"]
    rows = [_cells(line, want, known, failures) for line in want.lines]
    print_table(f"Measured on {known.device}", head, rows, _note(want))


def _cells(line: Line, want: Wanted, known: Profile, failures: Failures) -> list[str]:
    step = line.training.step
    cells = [line.title, str(step.resolution)]
    cells += [str(line.training.frames)] if _has_clips(want) else []
    cells += [str(line.training.batch_size), step.precision]
    inference, training = known.of(line.inference), known.of(line.training)
    if "inference" in want.works:
        shown = line.one_image if want.study else line.inference
        cells += [_time(shown, known, failures), _rate(inference)]
    if "training" in want.works:
        cells += [
            _time(line.training, known, failures),
            _rate(training),
            _memory(training),
            f"{estimate_gb(line, want):.3g}",
        ]
    else:
        cells += [_memory(inference)]
    return cells


def _has_clips(want: Wanted) -> bool:
    return any(line.training.frames is not None for line in want.lines)


def _note(want: Wanted) -> str:
    note = "Times are medians of at least 11 passes [with the median's 95 % interval]"
    if "inference" in want.works:
        note += ", inference of one image, its images/s in whole batches" if want.study else " over a batch"
    memory = "peak memory is beyond what was in use before the network was built, in 1e9 bytes"
    if "training" in want.works:
        allocator = f" x {MALLOC_FACTOR:g} for the allocator" if want.device == "cpu" else ""
        memory += f", of a training step; its estimate is from the layers{allocator}"
    return f"{note}; {memory}."


def _time(workload: Workload, known: Profile, failures: Failures) -> str:
    if workload in failures:
        return failures[workload]
    measured = known.of(workload)
    return "" if measured is None else timing_text(measured.timing)


def timing_text(timing: Timing) -> str:
    """Median and interval in milliseconds, such as `12.3 [12.1, 12.9]`."""
    low, median, high = (_digits(each) for each in (timing.low_ms, timing.latency_ms, timing.high_ms))
    return f"{median} [{low}, {high}]"


def _digits(value: float) -> str:
    """Three significant digits, or all digits before the point of a large number."""
    return f"{value:,.0f}" if value >= 1000 else f"{value:.3g}"


def _rate(measured: Measured | None) -> str:
    return "" if measured is None else _digits(measured.images_per_second)


def _memory(measured: Measured | None) -> str:
    return "" if measured is None or measured.peak_memory_gb is None else f"{measured.peak_memory_gb:.3g}"


def estimate_gb(line: Line, want: Wanted) -> float:
    """Peak memory of a training step in 1e9 bytes, estimated from the layers; on a CPU with the allocator's
    overhead."""
    return (MALLOC_FACTOR if want.device == "cpu" else 1) * memory_of(line.training.step).total / 1e9


def as_json_value(want: Wanted, known: Profile, failures: Failures) -> dict[str, Any]:
    """All measurements as plain values for JSON."""
    return {
        "device": known.device,
        "threads": want.threads,
        "torch": torch_version(),
        "networks": [_json(line, want, known, failures) for line in want.lines],
    }


def _json(line: Line, want: Wanted, known: Profile, failures: Failures) -> dict[str, Any]:
    training, step = line.training, line.training.step
    value: dict[str, Any] = {
        "network": line.title,
        "resolution": step.resolution,
        "frames": training.frames,
        "batch_size": training.batch_size,
        "precision": step.precision,
        "in_channels": step.in_channels,
        "num_classes": step.num_classes,
    }
    workloads = {"one_image": line.one_image, "inference": line.inference, "training": training}
    for name, workload in workloads.items():
        if workload in line.workloads(want.works):
            measured = known.of(workload)
            value[name] = {"failure": failures[workload]} if workload in failures else _flat(measured)
    return value | {"estimated_memory_gb": estimate_gb(line, want), "points": list(line.point_ids)}


def _flat(measured: Measured | None) -> dict[str, Any] | None:
    if measured is None:
        return None
    rest = {"images_per_second": measured.images_per_second, "peak_memory_gb": measured.peak_memory_gb}
    return asdict(measured.timing) | rest


def study_rows(want: Wanted, known: Profile) -> list[dict[str, str]]:
    """The rows of profile.csv, one for each point with any measurement."""
    rows: dict[str, dict[str, str]] = {}
    for line in want.lines:
        one, many, step = (known.of(each) for each in (line.one_image, line.inference, line.training))
        if one is None and many is None and step is None:
            continue
        row = {
            "device": known.device,
            "batch_size": str(line.training.batch_size),
            "precision": line.training.step.precision,
            "latency_ms": _number(one.timing.latency_ms if one else None),
            "latency_low_ms": _number(one.timing.low_ms if one else None),
            "latency_high_ms": _number(one.timing.high_ms if one else None),
            "images_per_second": _number(many.images_per_second if many else None),
            "train_step_ms": _number(step.timing.latency_ms if step else None),
            "train_step_low_ms": _number(step.timing.low_ms if step else None),
            "train_step_high_ms": _number(step.timing.high_ms if step else None),
            "peak_memory_gb": _number(step.peak_memory_gb if step else None),
        }
        rows |= {point_id: {"point": point_id, **row} for point_id in line.point_ids}
    return [rows[point_id] for point_id in sorted(rows)]


def _number(value: float | None) -> str:
    return "" if value is None else f"{value:.6g}"
