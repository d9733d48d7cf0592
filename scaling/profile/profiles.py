"""Profiles: measurements, stored in one file per device in the user's cache directory. No torch import."""

from __future__ import annotations

import logging
import math
import os
import platform
import re
import time
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import asdict
from functools import cache
from importlib.metadata import version
from pathlib import Path
from typing import Any

from scaling import gpus, processor
from scaling.data.cache import cache_dir
from scaling.profile.timing import Measured, Timing
from scaling.profile.workload import Workload
from scaling.study.files import Corrupt, locked, read_json, write_json

SCHEMA = 1
DIRECTORY = "SCALING_STUDY_PROFILES"
"""Environment variable with another directory for the files."""

log = logging.getLogger(__name__)


class Profile:
    """The stored measurements of one device. Files are replaced atomically under a lock, so that processes
    that measure at the same time do not lose each other's results."""

    def __init__(self, device: str, threads: int) -> None:
        """Read the profile of the device with this name, used by `threads` threads of this process."""
        self.device = device
        self._threads = threads
        self.path = profiles_dir() / f"{slug(device)}.json"
        self._known = {key: found for key, entry in self._read().items() if (found := _measured(entry))}

    def of(self, workload: Workload) -> Measured | None:
        """The measurement of a workload with the installed version of torch; None if there is none."""
        return self._known.get(self._key(workload))

    @property
    def is_empty(self) -> bool:
        """Whether there are no measurements."""
        return not self._known

    def put(self, workload: Workload, measured: Measured) -> None:
        """Store a measurement in place of an earlier one; only in memory if the file cannot be written."""
        key = self._key(workload)
        self._known[key] = measured
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            with locked(self.path.with_suffix(".lock")):
                entries = {**self._read(), key: _entry(workload, measured)}
                write_json(self.path, {"schema": SCHEMA, "device": self.device, "measured": entries})
        except OSError as error:
            log.warning("%s cannot be written (%s): what is measured is not kept", self.path, error.strerror)

    def _key(self, workload: Workload) -> str:
        return workload.key(threads=self._threads, torch=torch_version())

    def _read(self) -> dict[str, Any]:
        """The entries of the file by key; none if it is damaged or not a profile of this device."""
        try:
            value = read_json(self.path)
        except Corrupt as error:
            log.warning("%s: it counts as empty and is replaced", error)
            return {}
        if value is None:
            return {}
        entries = value.get("measured")
        ours = (value.get("schema"), value.get("device")) == (SCHEMA, self.device)
        if not ours or not isinstance(entries, dict):
            what = f"is no profile of {self.device}"
            log.warning("%s %s: it counts as empty and is replaced", self.path, what)
            return {}
        return entries


def profiles_dir() -> Path:
    """The directory of the files: `$SCALING_STUDY_PROFILES`, by default `profiles` in the cache directory."""
    chosen = os.environ.get(DIRECTORY)
    return Path(os.path.expanduser(chosen)) if chosen else cache_dir() / "profiles"


def profile_of(device: str, threads: int) -> Profile | None:
    """The profile of `cpu` or `cuda` on this machine; None if its name is unknown, as for XLA."""
    name = cpu_name(threads) if device == "cpu" else gpu_name() if device == "cuda" else None
    return None if name is None else Profile(name, threads)


def gpu_name(root: Path = Path("/proc/driver/nvidia/gpus")) -> str | None:
    """The name of the first NVIDIA GPU that may be used, as reported by its driver; None without one.

    If all GPUs are alike, the driver's files tell it without a command. On WSL and in some containers there
    are none.
    """
    names: set[str] = set()
    for file in root.glob("*/information"):
        with suppress(OSError):
            names |= set(re.findall(r"^Model:\s*(.+?)\s*$", file.read_text(), re.MULTILINE))
    if len(names) == 1:
        return names.pop()
    return next((gpu.name for gpu in gpus.visible()), None)


def cpu_name(threads: int) -> str:
    """The model of the processor and the number of threads, such as `AMD EPYC 7763, 1 thread`."""
    return f"{cpu_model()}, {threads} thread{'' if threads == 1 else 's'}"


def cpu_model() -> str:
    """The system's name of the processor, with its generation, since generations must not be mixed."""
    name = processor.name() or platform.machine() or "CPU"
    return f"{name} {processor.generation()}".rstrip()


@cache
def torch_version() -> str:
    """The installed version of torch, read without importing it."""
    return version("torch")


def slug(name: str) -> str:
    """The name in lower-case letters, digits and single dashes."""
    return re.sub(r"[^a-z0-9]+", "-", name.lower()).strip("-") or "device"


def _entry(workload: Workload, measured: Measured) -> dict[str, Any]:
    """A measurement as plain values, with a description of the workload for people."""
    return {
        "work": workload.work,
        "resolution": workload.step.resolution,
        "frames": workload.frames,
        "batch_size": workload.batch_size,
        "precision": workload.step.precision,
        "torch": torch_version(),
        "when": time.strftime("%Y-%m-%dT%H:%M:%S%z"),
        **asdict(measured),
    }


def _measured(entry: Any) -> Measured | None:
    """The measurement in an entry; None if it is invalid."""
    try:
        timing: Mapping[str, Any] = entry["timing"]
        memory = entry["peak_memory_gb"]
        found = Measured(
            timing=Timing(
                **{name: float(timing[name]) for name in ("latency_ms", "low_ms", "high_ms")},
                num_repeats=int(timing["num_repeats"]),
            ),
            images_per_second=float(entry["images_per_second"]),
            peak_memory_gb=None if memory is None else float(memory),
        )
    except (KeyError, TypeError, ValueError):
        return None
    numbers = (found.timing.low_ms, found.timing.latency_ms, found.timing.high_ms, found.images_per_second)
    return found if all(math.isfinite(each) and each > 0 for each in numbers) else None
