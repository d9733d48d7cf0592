"""Study directories as training leaves them, the mirror as a user starts it, and W&B's files read back."""

from __future__ import annotations

import json
import os
import struct
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest


@pytest.fixture(autouse=True, scope="module")
def isolated(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """No W&B settings of whoever runs the tests, and none left in their home."""
    with pytest.MonkeyPatch.context() as patch:
        for name in [name for name in os.environ if name.startswith("WANDB_")]:
            patch.delenv(name)
        patch.setenv("HOME", str(tmp_path_factory.mktemp("home")))
        yield


class PointDir:
    """The directory of one point; each method writes what training would."""

    def __init__(self, path: Path, seed: int, epochs: int) -> None:
        self.path = path
        self.id = path.name
        path.mkdir(parents=True)
        self._write("point.json", point_json(self.id, seed, epochs))
        self.set_status("pending")

    def set_status(
        self, status: str, failure: str | None = None, message: str | None = None, job: str | None = None
    ) -> None:
        attempt = 2 if failure is None else 1
        status_json = {"status": status, "failure": failure, "message": message, "attempt": attempt}
        self._write("status.json", status_json | {"job": job})

    def train(self, num_epochs: int, **values: float) -> None:
        self.set_status("running")
        rows = [
            {"epoch": e, "step": 27 * e, "train_flops": 81 * e, "loss": 2 / e, "top1": 90.0, **values}
            for e in range(1, num_epochs + 1)
        ]
        self._write("metrics.jsonl", "".join(json.dumps(row) + "\n" for row in rows))

    def log(self, attempt: int, *lines: str) -> None:
        """Add what an attempt logs."""
        start = f"2026-01-01 00:00:00,000 INFO scaling.training.attempt: attempt {attempt} of {self.id}"
        with (self.path / "log.txt").open("a") as file:
            file.write("\n".join([f"{start} under token {attempt}", *lines, ""]))

    def complete(self, num_epochs: int = 2, **values: float) -> None:
        self.train(num_epochs, **values)
        self._write(
            "result.json",
            {
                "id": self.id,
                "metrics": {"top1": 97.5, "test_top1": 97.0},
                "measured": {"train_seconds": 12.5},
                "provenance": {"host": "node1"},
            },
        )
        self.set_status("completed")

    def fail(self, failure: str = "code_error", message: str = "ValueError: no") -> None:
        self.set_status("failed", failure, message)

    def run_dirs(self) -> list[str]:
        """All that W&B left for the point."""
        return sorted(str(path.relative_to(self.path)) for path in self.path.glob("wandb*/*run-*"))

    def read_run(self) -> dict[str, Any]:
        """The run as `wandb sync` would find it."""
        (path,) = self.path.glob("wandb/offline-run-*/*.wandb")
        return read_run(path)

    def _write(self, name: str, content: str | dict[str, Any]) -> None:
        aside = self.path / f"{name}.aside"
        aside.write_text(content if isinstance(content, str) else json.dumps(content))
        aside.rename(self.path / name)


class StudyDir:
    def __init__(self, path: Path) -> None:
        self.path = path

    def add(self, seed: int = 0, epochs: int = 2) -> PointDir:
        return PointDir(self.path / "points" / f"{seed:016x}", seed, epochs)

    def log(self) -> str:
        return (self.path / "tracker.log").read_text()

    def mirror(self, *options: str) -> subprocess.CompletedProcess[str]:
        """Write what has ended."""
        command = [sys.executable, "-m", "scaling.tracking", str(self.path), *options]
        return subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)


@pytest.fixture(scope="module")
def shared_study(tmp_path_factory: pytest.TempPathFactory) -> StudyDir:
    """One study for all tests of a module that only read."""
    return StudyDir(tmp_path_factory.mktemp("shared"))


@pytest.fixture
def study(tmp_path: Path) -> StudyDir:
    (tmp_path / "mine").mkdir()
    return StudyDir(tmp_path / "mine")


def point_json(point_id: str, seed: int, epochs: int) -> dict[str, Any]:
    return {
        "id": point_id,
        "setting": "abcd1234",
        "depth": 14,
        "width": 0.5,
        "resolution": 28,
        "epochs": epochs,
        "seed": seed,
        "family": "resnet_small",
        "model": {"base_channels": 16},
        "data": {"name": "mnist_5k", "num_train": 3500},
        "recipe": {"learning_rate": 0.1, "norm_batch": None},
        "schedule": {"warmup_epochs": 1},
        "precision": "bf16",
        "cost": {"params": 1000, "flops": 1_000_000},
    }


def read_run(path: Path) -> dict[str, Any]:
    """What a .wandb file says of its run, later records over earlier ones."""
    run: dict[str, Any] = {"config": {}, "rows": [], "summary": {}, "step_metrics": {}, "log": ""}
    for record in _records(path.read_bytes()):
        match record.WhichOneof("record_type"):
            case "run":
                names = ("run_id", "run_group", "display_name", "job_type", "project", "entity")
                run |= {name: getattr(record.run, name) for name in names}
                run["tags"] = list(record.run.tags)
                run["config"] |= _items(record.run.config.update)
            case "history":
                run["rows"].append({"_step": record.history.step.num} | _items(record.history.item))
            case "summary":
                run["summary"] |= _items(record.summary.update)
            case "output_logger":
                run["log"] += record.output_logger.line
            case "metric":
                run["step_metrics"][record.metric.glob_name or record.metric.name] = record.metric.step_metric
            case "exit":
                run["exit_code"] = record.exit.exit_code
    return run


def _items(items: Any) -> dict[str, Any]:
    return {item.key or "/".join(item.nested_key): json.loads(item.value_json) for item in items}


def _records(data: bytes) -> Iterator[Any]:
    """Blocks of 32 KiB hold chunks: checksum, length, kind (1 whole, 2 first, 3 middle, 4 last)."""
    from wandb.proto.wandb_internal_pb2 import Record

    block, header = 32768, struct.Struct("<IHB")
    at, content = 7, b""  # after the file's own header
    while at < len(data):
        if block - at % block < header.size:
            at += block - at % block
            continue
        _, length, kind = header.unpack_from(data, at)
        chunk = data[at + header.size : at + header.size + length]
        content = chunk if kind in (1, 2) else content + chunk
        at += header.size + length
        if kind in (1, 4):
            yield Record.FromString(content)
