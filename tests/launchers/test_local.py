"""The local pool with real workers: killed, interrupted, failing, and started again."""

from __future__ import annotations

import re
import signal
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import psutil

from scaling.study.result import State

FEW_IMAGES = "data.num_val=64 tracker=none"
SLOW = (
    "depth=8,14 width=0.25 resolution=14 epochs=20 seed=0,1 device.checkpoint_every_s=0.3 "
    f"data.num_train=384 {FEW_IMAGES}"
)
"""Four points of a few seconds each, with many checkpoints."""
TINY = f"width=0.125 resolution=8 data.num_train=256 {FEW_IMAGES}"
"""Points that train in a fraction of a second."""

Start = Callable[..., "Sweep"]  # noqa: F821  (of conftest.py)
States = dict[str, State]


def _two_under_way(states: States) -> bool:
    return sum(state.status == "running" and state.epoch >= 1 for state in states.values()) >= 2


def test_killed_workers_and_a_killed_sweep_lose_nothing(start_sweep: Start) -> None:
    """And what is resumed ends bit-identical to what was not disturbed."""
    disturbed = start_sweep(SLOW)
    disturbed.wait_for(_two_under_way)
    disturbed.workers()[0].kill()  # the pool starts another one
    disturbed.wait_for(lambda states: any(state.attempt == 2 for state in states.values()))
    disturbed.process.kill()
    disturbed.process.communicate()
    deadline = time.monotonic() + 20
    while disturbed.leftovers() and time.monotonic() < deadline:
        time.sleep(0.1)
    assert disturbed.leftovers() == []
    interrupted = {point_id for point_id, state in disturbed.states().items() if state.status != "completed"}
    assert interrupted

    again = start_sweep(SLOW)
    code, output = again.end()
    assert code == 0, output
    assert f"{len(interrupted)} to run" in output
    assert "4 of 4 points done, 0 failed, 0 left." in output

    undisturbed = start_sweep(SLOW, name="undisturbed")
    assert undisturbed.end()[0] == 0
    assert again.rows() == undisturbed.rows()
    resumed = [state for state in again.states().values() if state.attempt > 1]
    assert resumed


def test_ctrl_c_stops_cleanly_and_says_how_to_go_on(start_sweep: Start) -> None:
    sweep = start_sweep(SLOW)
    sweep.wait_for(_two_under_way)
    code, output = sweep.end(signal.SIGINT)
    assert code == 130
    assert "To go on, type the same line again: python sweep.py -m" in output
    assert "Traceback" not in output
    assert sweep.leftovers() == []
    states = sweep.states().values()
    assert {state.status for state in states} <= {"pending", "completed"}
    assert any("checkpoint" in (state.message or "") for state in states)


def test_ctrl_c_while_a_worker_is_being_started_is_heeded(start_sweep: Start) -> None:
    """Which takes a while on a busy machine; the worker itself must not get it."""
    sweep = start_sweep(SLOW)
    deadline = time.monotonic() + 90
    while not [*sweep.study.path.glob("jobs/*/*.pkl")] and time.monotonic() < deadline:
        time.sleep(0.001)
    code, output = sweep.end(signal.SIGINT)
    assert code == 130, output
    assert "To go on, type the same line again" in output
    assert "Traceback" not in output
    assert sweep.leftovers() == []


def test_under_nohup_it_outlives_its_terminal(start_sweep: Start) -> None:
    before = signal.signal(signal.SIGHUP, signal.SIG_IGN)  # as nohup does, for what is started next
    try:
        sweep = start_sweep(SLOW)
    finally:
        signal.signal(signal.SIGHUP, before)
    sweep.wait_for(_two_under_way)
    for process in (sweep.process, *sweep.workers()):
        process.send_signal(signal.SIGHUP)
    code, output = sweep.end()
    assert code == 0, output
    assert "4 of 4 points done, 0 failed, 0 left." in output
    assert all(state.attempt == 1 for state in sweep.states().values())


def test_the_same_line_runs_nothing_and_a_wider_one_only_what_is_new(start_sweep: Start) -> None:
    assert "4 to run" in start_sweep(f"depth=8 seed=0,1 epochs=1,2 {TINY}").end()[1]
    output = start_sweep(f"depth=8 seed=0,1 epochs=1,2 {TINY}").end()[1]
    assert "4 done or left out, 0 to run" in output
    output = start_sweep(f"depth=8,14 seed=0,1 epochs=1,2 {TINY}").end()[1]
    assert "8 points, 4 done or left out, 4 to run" in output
    assert "8 of 8 points done" in output


def test_failures_are_rows_with_their_class_and_harm_no_other(start_sweep: Start, tmp_path: Path) -> None:
    """One point diverges, one needs more memory than there is, one has a damaged file, one is fine."""
    line = f"depth=8 seed=0,1 {TINY} recipe.learning_rate=0.1,1e30"
    assert start_sweep(f"{line} plan=true").end()[0] == 0
    sweep = start_sweep(f"{line} resolution=8,300000")
    code, output = sweep.end()
    assert code == 0, output
    by_failure: dict[str | None, int] = {}
    for point_id, state in sweep.states().items():
        by_failure[state.failure] = by_failure.get(state.failure, 0) + 1
        if state.failure:
            assert "Traceback" in (tmp_path / "mine/points" / point_id / "log.txt").read_text()
    assert by_failure == {None: 2, "diverged": 2, "out_of_memory": 4}
    assert "2 of 8 points done, 6 failed, 0 left." in output
    assert re.search(r"failed depth=8 .*: diverged: .*log\.txt", output)

    output = start_sweep(line).end()[1]
    assert "4 done or left out, 0 to run" in output
    assert output.count("skip") == 2  # the diverged ones, named
    assert "diverged" in output


def test_a_point_whose_workers_are_always_killed_fails_alone(start_sweep: Start) -> None:
    line = f"{SLOW} hydra.launcher.max_requeues=0 hydra.launcher.slots=1"
    sweep = start_sweep(line)
    sweep.wait_for(lambda states: any(state.epoch >= 1 for state in states.values()))
    sweep.workers()[0].kill()
    code, output = sweep.end()
    assert code == 0, output
    failed = [state for state in sweep.states().values() if state.status == "failed"]
    assert [state.failure for state in failed] == ["killed"]
    assert failed[0].message is not None
    assert failed[0].message.startswith("it was stopped or killed 1 times, the last time after epoch ")
    assert "3 of 4 points done, 1 failed, 0 left." in output
    assert "1 to run" in start_sweep(line).end()[1]


def test_a_launch_stops_when_all_points_fail_alike(start_sweep: Start, tmp_path: Path) -> None:
    """A broken installation: timm cannot be imported in the workers."""
    broken = tmp_path / "broken"
    broken.mkdir()
    (broken / "timm.py").write_text("raise RuntimeError('this timm is broken')\n")
    sweep = start_sweep(f"depth=8 seed=range(400) {TINY}", PYTHONPATH=str(broken))
    code, output = sweep.end()
    assert code == 2
    assert re.search(
        r"first \d+ points to end all failed alike \(RuntimeError: this timm is broken\)", output
    )
    assert sum(state.status == "pending" for state in sweep.states().values()) >= 200
    assert sweep.leftovers() == []


def test_workers_that_never_start_are_not_started_for_ever(start_sweep: Start, tmp_path: Path) -> None:
    broken = tmp_path / "broken"
    broken.mkdir()
    (broken / "cloudpickle.py").write_text("raise RuntimeError('this cloudpickle is broken')\n")
    (broken / "sitecustomize.py").write_text(
        "import os, sys\n"
        "if 'SUBMITIT_LOCAL_JOB_ID' not in os.environ: sys.path.remove(os.path.dirname(__file__))\n"
    )
    code, output = start_sweep(f"depth=8,14 {TINY}", PYTHONPATH=str(broken)).end()
    assert code == 2
    assert "this cloudpickle is broken" in output


def test_two_launches_of_one_study_share_its_points(start_sweep: Start) -> None:
    line = f"depth=8 seed=range(12) epochs=4 {TINY} hydra.launcher.slots=1"
    first, second = start_sweep(line), start_sweep(line)
    for sweep in (first, second):
        code, output = sweep.end()
        assert code == 0, output
    states = first.states()
    assert {state.status for state in states.values()} == {"completed"}
    assert {state.attempt for state in states.values()} == {1}
    assert len({state.launch for state in states.values()}) == 2


def test_a_full_disk_ends_in_a_sentence_and_loses_nothing(small_disk: Path, start_sweep: Start) -> None:
    """Full before the launch, and full in the middle of it."""
    with _filled(small_disk):
        code, output = start_sweep(SLOW, root=small_disk).end()
        assert code == 2
        assert "the disk is full; free some space, then type the same line again." in output
    sweep = start_sweep(SLOW, root=small_disk)
    sweep.wait_for(_two_under_way)
    with _filled(small_disk):
        code, output = sweep.end()
        assert code == 2
        assert "the disk is full; free some space, then type the same line again." in output
        assert "Traceback" not in output
        assert sweep.leftovers() == []
    assert not [state for state in sweep.states().values() if state.failure not in (None, "killed")]
    code, output = start_sweep(SLOW, root=small_disk).end()
    assert code == 0, output
    assert "4 of 4 points done, 0 failed, 0 left." in output


@contextmanager
def _filled(disk: Path) -> Iterator[None]:
    """No room at all on the disk."""
    filler = disk / "filler"
    with suppress(OSError), filler.open("wb", buffering=0) as file:
        for size in (65536, 4096, 1):
            with suppress(OSError):
                while True:
                    file.write(bytes(size))
    yield
    filler.unlink()


def test_a_killed_tracker_costs_no_run_and_no_point(start_sweep: Start) -> None:
    line = SLOW.replace("tracker=none", "tracker=wandb_offline")
    sweep = start_sweep(line)
    sweep.wait_for(_two_under_way)
    mirrors = [
        child
        for child in psutil.Process(sweep.process.pid).children()
        if "scaling.tracking" in child.cmdline()[2]
    ]
    mirrors[0].kill()
    code, output = sweep.end()
    assert code == 0, output
    for point_id in sweep.study.point_ids():
        assert len(list((sweep.study.directory(point_id) / "wandb").glob("offline-run-*"))) == 1
