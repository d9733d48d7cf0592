"""Leases between real processes: one holder at a time, the dead replaced, the late refused."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path

import pytest

from scaling.study import lease

_HOLD = """
import sys, time
from dataclasses import replace
from pathlib import Path
from scaling.study import lease
held = lease.acquire(Path(sys.argv[1]))
print("held" if held else "refused", flush=True)
time.sleep(60)
"""


def _hold(directory: Path) -> subprocess.Popen[str]:
    """A process that acquires the lease and keeps it."""
    process = subprocess.Popen(
        [sys.executable, "-c", _HOLD, str(directory)], stdout=subprocess.PIPE, text=True
    )
    assert process.stdout is not None
    assert process.stdout.readline() == "held\n"
    return process


def test_a_held_lease_is_refused_and_a_released_one_is_free(tmp_path: Path) -> None:
    first = lease.acquire(tmp_path)
    assert first is not None
    assert lease.acquire(tmp_path) is None
    assert lease.live_holder(tmp_path) == lease.Process.current()
    first.release()
    assert lease.live_holder(tmp_path) is None
    second = lease.acquire(tmp_path)
    assert second is not None
    assert second.token == first.token + 1
    assert not first.held()
    second.release()


def test_a_killed_holder_is_replaced_at_once(tmp_path: Path) -> None:
    holder = _hold(tmp_path)
    assert lease.acquire(tmp_path) is None
    holder.kill()
    holder.wait()
    with _acquired(tmp_path) as mine:
        assert mine.held()
    assert holder.stdout is not None
    holder.stdout.close()


def test_a_silent_holder_of_another_machine_is_replaced(tmp_path: Path) -> None:
    """Of another machine nothing is known but its heartbeat."""
    with _acquired(tmp_path):
        pass
    file = tmp_path / "lease-000001.json"
    file.write_text('{"host": "elsewhere", "pid": 1, "started": 0.0, "released": false}')
    assert lease.acquire(tmp_path) is None
    silent_since = time.time() - lease.STALE_AFTER_S - 5
    os.utime(file, (silent_since, silent_since))
    with _acquired(tmp_path) as mine:
        assert mine.token == 2


def test_a_holder_that_was_paused_and_wakes_is_refused(tmp_path: Path) -> None:
    with _acquired(tmp_path) as paused:
        file = tmp_path / "lease-000001.json"
        silent_since = time.time() - lease.STALE_AFTER_S - 5
        os.utime(file, (silent_since, silent_since))
        with _acquired(tmp_path) as taker:
            assert taker.held()
            assert not paused.held()


def test_a_stopped_process_keeps_its_lease_until_it_is_stale(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    holder = _hold(tmp_path)
    holder.send_signal(signal.SIGSTOP)
    assert lease.acquire(tmp_path) is None
    monkeypatch.setattr(lease, "STALE_AFTER_S", 1.0)
    time.sleep(1.1)
    with _acquired(tmp_path) as mine:
        assert mine.token == 2
    holder.kill()
    holder.wait()
    assert holder.stdout is not None
    holder.stdout.close()


def test_the_heartbeat_keeps_a_lease_alive(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lease, "HEARTBEAT_S", 0.05)
    monkeypatch.setattr(lease, "STALE_AFTER_S", 0.4)
    held = lease.Lease(tmp_path / "lease-000001.json", lease.Process.current())
    lease.write_json(
        tmp_path / "lease-000001.json", {"host": "x", "pid": 1, "started": 0.0, "released": False}
    )
    time.sleep(0.5)
    assert lease.acquire(tmp_path) is None
    held.release()


def _acquired(directory: Path) -> lease.Lease:
    held = lease.acquire(directory)
    assert held is not None
    return held


_RACE = """
import sys, time
from dataclasses import replace
from pathlib import Path
from scaling.study import lease
start = float(sys.argv[2])
won = []
for repetition in range(20):
    time.sleep(max(0.0, start + 0.1 * repetition - time.time()))
    if lease.acquire(Path(sys.argv[1]) / str(repetition)):
        won.append(repetition)
print(*won)
"""


def test_of_many_takers_exactly_one_wins(tmp_path: Path) -> None:
    for repetition in range(20):
        (tmp_path / str(repetition)).mkdir()
    command = [sys.executable, "-c", _RACE, str(tmp_path), str(time.time() + 2)]
    takers = [subprocess.Popen(command, stdout=subprocess.PIPE, text=True) for _ in range(4)]
    won = [int(number) for taker in takers for number in taker.communicate(timeout=60)[0].split()]
    assert sorted(won) == list(range(20))


def test_a_change_of_the_clock_ends_no_process() -> None:
    """What is remembered of a process is its start in ticks, which /proc gives, and not a date."""
    me = lease.Process.current()
    assert not me.is_gone()
    assert me.started < 1e10 / 100
    assert replace(me, started=me.started + 1).is_gone()
    assert replace(me, host="elsewhere", started=me.started + 1).is_gone() is False
