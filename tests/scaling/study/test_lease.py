"""Leases between real processes: one holder at a time, the dead replaced, the late refused."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

import psutil
import pytest

from scaling.study import files, lease
from scaling.training.checkpoint import Checkpoint

_HOLD = """
import sys, time
from dataclasses import replace
from pathlib import Path
from scaling.study import lease
held = lease.acquire(Path(sys.argv[1]))
print("held" if held else "refused", flush=True)
time.sleep(60)
"""


def _hold(directory: Path, within: Sequence[str] = ()) -> subprocess.Popen[str]:
    """A process that acquires the lease and keeps it."""
    process = subprocess.Popen(
        [*within, sys.executable, "-c", _HOLD, str(directory)], stdout=subprocess.PIPE, text=True
    )
    assert process.stdout is not None
    assert process.stdout.readline() == "held\n"
    return process


def _end(holder: subprocess.Popen[str]) -> None:
    for process in (*psutil.Process(holder.pid).children(), holder):
        process.kill()
    holder.wait()
    assert holder.stdout is not None
    holder.stdout.close()


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
    _end(holder)
    with _acquired(tmp_path) as mine:
        assert mine.held()


def test_a_silent_holder_of_another_machine_is_replaced(tmp_path: Path) -> None:
    """Of another machine nothing is known but its heartbeat."""
    with _acquired(tmp_path):
        pass
    file = tmp_path / "lease-000001.json"
    file.write_text('{"host": "elsewhere", "pid": 1, "started": 0.0, "released": false}')
    assert lease.acquire(tmp_path) is None
    _fall_silent(file)
    with _acquired(tmp_path) as mine:
        assert mine.token == 2


def test_a_holder_that_was_paused_and_wakes_is_refused(tmp_path: Path) -> None:
    with _acquired(tmp_path) as paused:
        _fall_silent(tmp_path / "lease-000001.json")
        with _acquired(tmp_path) as taker:
            assert taker.held()
            assert not paused.held()


def test_a_stopped_process_keeps_its_lease_until_it_is_stale(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    holder = _hold(tmp_path)
    holder.send_signal(signal.SIGSTOP)
    assert lease.acquire(tmp_path) is None
    time.sleep(1.1)
    monkeypatch.setattr(lease, "STALE_AFTER_S", 1.0)
    with _acquired(tmp_path) as mine:
        assert mine.token == 2
    _end(holder)


def test_the_heartbeat_keeps_a_lease_alive(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lease, "HEARTBEAT_S", 0.05)
    monkeypatch.setattr(lease, "STALE_AFTER_S", 0.4)
    with _acquired(tmp_path) as mine:
        lease.write_json(
            tmp_path / "lease-000001.json", {"host": "x", "pid": 1, "started": 0.0, "released": False}
        )
        time.sleep(0.5)
        assert lease.acquire(tmp_path) is None
        assert mine.held()


def test_a_holder_in_another_pid_namespace_is_not_taken_for_dead(
    tmp_path: Path, in_pid_namespace: list[str]
) -> None:
    """Its pid is another process here, and its end cannot be seen from here."""
    holder = _hold(tmp_path, in_pid_namespace)
    theirs = lease.live_holder(tmp_path)
    assert theirs is not None
    assert theirs.pid < 10
    assert lease.acquire(tmp_path) is None
    _end(holder)
    assert lease.acquire(tmp_path) is None
    _fall_silent(tmp_path / "lease-000001.json")
    with _acquired(tmp_path) as mine:
        assert mine.token == 2


Write = Callable[[Path, files.Fence], object]


@pytest.mark.parametrize(
    "write",
    [
        lambda path, fence: files.write_json(path, {"by": "the former holder"}, fence),
        lambda path, fence: files.write_json_once(path, {"by": "the former holder"}, fence),
        lambda path, fence: Checkpoint(path, fence).save({"by": "the former holder"}),
    ],
    ids=["replaced", "created once", "checkpoint"],
)
@pytest.mark.parametrize("when", ["before the check", "after the check"])
def test_a_holder_paused_within_a_write_moves_nothing(tmp_path: Path, write: Write, when: str) -> None:
    """Even where it had checked already, and only the move was left to do."""
    held = _acquired(tmp_path)
    path = tmp_path / "file"
    with ExitStack() as until_later, pytest.raises(lease.Superseded, match="has taken over"):
        write(path, _PausedInTheCheck(held, when, lambda: until_later.enter_context(_taken_over(path))))
    assert sorted(file.name for file in tmp_path.iterdir() if "lease" not in file.name) == ["file"]
    assert files.read_json(path) == {"by": "the next holder"}
    held.release()


@dataclass
class _PausedInTheCheck:
    """A lease whose holder is paused, and replaced, when it first checks."""

    lease: lease.Lease
    when: str
    meanwhile: Callable[[], object]
    paused: bool = False

    @property
    def token(self) -> int:
        return self.lease.token

    def check(self) -> None:
        if self.when == "after the check":
            self.lease.check()
        if not self.paused:
            self.paused = True
            self.meanwhile()
        if self.when == "before the check":
            self.lease.check()


@contextmanager
def _taken_over(path: Path) -> Iterator[None]:
    """The last holder has fallen silent; the next one writes the file."""
    _fall_silent(path.parent / "lease-000001.json")
    with _acquired(path.parent) as mine:
        files.write_json(path, {"by": "the next holder"}, mine)
        yield


def test_a_late_taker_does_not_disturb_its_successor(tmp_path: Path) -> None:
    """It was paused after it made its token, and only then removes what former holders have written aside."""
    with _acquired(tmp_path) as late:
        _fall_silent(tmp_path / "lease-000001.json")
        with _acquired(tmp_path) as mine:
            mine_aside = tmp_path / f".status.json.x.fenced-{mine.token}"
            older_aside = tmp_path / ".status.json.x.fenced-0"
            for aside in (mine_aside, older_aside):
                aside.touch()
            files.shut_out(tmp_path, before=late.token)
            assert mine_aside.exists()
            assert not older_aside.exists()


def _acquired(directory: Path) -> lease.Lease:
    held = lease.acquire(directory)
    assert held is not None
    return held


def _fall_silent(file: Path) -> None:
    silent_since = time.time() - lease.STALE_AFTER_S - 5
    os.utime(file, (silent_since, silent_since))


_RACE = """
import sys, time
from pathlib import Path
from scaling.study import lease
start, repetitions = float(sys.argv[2]), int(sys.argv[3])
won = []
for repetition in range(repetitions):
    time.sleep(max(0.0, start + 0.1 * repetition - time.time()))
    if lease.acquire(Path(sys.argv[1]) / str(repetition)):
        won.append(repetition)
print(*won)
"""


@pytest.mark.prove
def test_of_many_takers_exactly_one_wins(
    tmp_path: Path, repetitions: int, proved: Callable[..., None]
) -> None:
    for repetition in range(repetitions):
        (tmp_path / str(repetition)).mkdir()
    command = [sys.executable, "-c", _RACE, str(tmp_path), str(time.time() + 2), str(repetitions)]
    takers = [subprocess.Popen(command, stdout=subprocess.PIPE, text=True) for _ in range(4)]
    won = [int(number) for taker in takers for number in taker.communicate(timeout=60)[0].split()]
    num_wins = [won.count(repetition) for repetition in range(repetitions)]
    for wins in num_wins:
        proved("four takers at once", refused=4 - wins, committed_twice=wins > 1, lost=wins == 0)
    assert num_wins == [1] * repetitions


def test_a_change_of_the_clock_ends_no_process() -> None:
    """What is remembered of a process is its start in ticks, which /proc gives, and not a date."""
    me = lease.Process.current()
    assert not me.is_gone()
    assert me.started < 1e10 / 100
    assert replace(me, started=me.started + 1).is_gone()
    assert replace(me, host="elsewhere", started=me.started + 1).is_gone() is False
