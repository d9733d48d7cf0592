"""The mirror as a launcher starts, finishes and loses it."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import psutil
import pytest

from scaling.tracking import Tracker, start

OFFLINE = Tracker(mode="offline")

LAUNCHER = """
import sys, time
from pathlib import Path
from scaling.tracking import Tracker, start
mirror = start(Path(sys.argv[1]), Tracker(mode="offline"))
print(mirror.pid, flush=True)
time.sleep(60)
"""


def test_finish_writes_what_is_left(study: Any, capfd: pytest.CaptureFixture[str]) -> None:
    early, late = study.add(0), study.add(1)
    early.complete()
    process = start(study.path, OFFLINE)
    assert process is not None
    late.complete()
    assert process.finish(timeout_s=60)
    assert [len(point.run_dirs()) for point in (early, late)] == [1, 1]
    assert study.log().count("run written") == 2
    assert capfd.readouterr() == ("", "")


def test_a_point_is_written_when_it_ends(study: Any, tmp_path: Path) -> None:
    point, listed = study.add(), tmp_path / "taken.txt"
    process = start(study.path, OFFLINE, listed=listed)
    assert process is not None
    listed.write_text(f"{point.id}\n")
    point.complete()
    assert until(lambda: bool(point.run_dirs() and (point.path / "wandb").exists()))
    assert process.finish(timeout_s=60)


def test_a_tracker_of_none_starts_nothing(study: Any) -> None:
    assert start(study.path, Tracker(mode="none")) is None
    assert list(study.path.iterdir()) == []


def test_the_mirror_runs_apart_and_humbly(study: Any) -> None:
    process = start(study.path, OFFLINE)
    assert process is not None
    assert os.getsid(process.pid) == process.pid
    assert until(lambda: psutil.Process(process.pid).nice() == 10)
    process.kill()
    assert not psutil.pid_exists(process.pid)


def test_it_writes_the_rest_and_ends_when_its_launcher_is_killed(study: Any) -> None:
    point = study.add()
    launcher = subprocess.Popen(
        [sys.executable, "-c", LAUNCHER, str(study.path)], stdout=subprocess.PIPE, text=True
    )
    with launcher:
        assert launcher.stdout is not None
        mirror = psutil.Process(int(launcher.stdout.readline()))
        point.complete()
        launcher.send_signal(signal.SIGKILL)
    psutil.wait_procs([mirror], timeout=30)
    assert not mirror.is_running()
    assert len(point.run_dirs()) == 1


def test_a_stuck_mirror_is_killed(study: Any) -> None:
    process = start(study.path, OFFLINE)
    assert process is not None
    os.kill(process.pid, signal.SIGSTOP)
    assert not process.finish(timeout_s=0.2)
    assert not psutil.pid_exists(process.pid)


def test_a_broken_wandb_stays_in_the_log(study: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "shadow").mkdir()
    (tmp_path / "shadow" / "wandb.py").write_text("raise ImportError('no such luck')")
    monkeypatch.setenv("PYTHONPATH", str(tmp_path / "shadow"))
    for seed in range(3):
        study.add(seed).complete()
    process = start(study.path, OFFLINE)
    assert process is not None
    assert not process.finish(timeout_s=60)
    assert "no such luck" in study.log()


def test_homeless_and_full_places_do_not_stop_it(study: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("HOME", "WANDB_CACHE_DIR", "WANDB_CONFIG_DIR", "WANDB_DATA_DIR", "WANDB_DIR"):
        monkeypatch.setenv(name, "/dev/null/none")
    monkeypatch.setenv("WANDB_MODE", "disabled")
    point = study.add()
    point.complete()
    process = start(study.path, OFFLINE)
    assert process is not None
    assert process.finish(timeout_s=60)
    assert len(point.run_dirs()) == 1


def test_a_study_that_cannot_be_written_has_no_mirror(tmp_path: Path) -> None:
    assert start(tmp_path / "absent", OFFLINE) is None


def test_importing_the_package_costs_nothing() -> None:
    code = "import sys, scaling.tracking as t; assert not {'wandb', 'torch'} & set(sys.modules), t"
    subprocess.run([sys.executable, "-c", code], check=True)


def until(holds: Callable[[], bool], timeout_s: float = 30) -> bool:
    end = time.monotonic() + timeout_s
    while not holds() and time.monotonic() < end:
        time.sleep(0.05)
    return holds()
