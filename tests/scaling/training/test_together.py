"""Several processes that train one point, each a real one, against one process and against disturbances."""

from __future__ import annotations

import json
import random
import signal
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from torch import Tensor

from scaling.data import mnist5k
from scaling.data.catalog import DataConfig, declare
from scaling.study.point import Point
from scaling.training.evaluation_epochs import is_evaluated
from scaling.training.failure import PEER_LOST
from scaling.training.meeting import Meeting
from scaling.training.together import work_together
from scaling.training.worklist import WorkList
from tests.scaling.training.pool import FORKED, SPAWNED, Pool, Row, free_port

MakePoint = Callable[..., Point]

LONG: dict[str, Any] = {"num_train": 480, "norm_batch": 8, "epochs": 6, "resolution": 10, "seed": 5}
"""Long enough to be disturbed: 90 steps."""

LARGE: dict[str, Any] = {
    **{"depth": 50, "width": 0.75, "resolution": 20, "epochs": 1},
    **{"num_train": 512, "batch_size": 512, "norm_batch": 256, "dropout": 0.2, "stochastic_depth": 0.2},
}
"""Each of two processes needs over 700 MB for a step, and under 500 where activations are computed anew."""


def _saved_at(directory: Path) -> int:
    checkpoint = directory / "checkpoint.pt"
    return checkpoint.stat().st_mtime_ns if checkpoint.exists() else 0


def _is_in_third_epoch(directory: Path) -> bool:
    metrics = directory / "metrics.jsonl"
    return metrics.exists() and len(metrics.read_text().splitlines()) == 2


def _trained(path: Path, *points: Point, size: int) -> Pool:
    pool = Pool(path, *points, size=size)
    pool.start()
    assert pool.ended() == [0] * size
    return pool


@pytest.fixture(scope="module")
def undisturbed(
    make_point: MakePoint, tmp_path_factory: pytest.TempPathFactory
) -> Callable[[int], tuple[list[Row], dict[str, float]]]:
    """What so many processes make of the long point when nothing disturbs them."""
    outcomes: dict[int, tuple[list[Row], dict[str, float]]] = {}

    def outcome(size: int) -> tuple[list[Row], dict[str, float]]:
        if size not in outcomes:
            path = tmp_path_factory.mktemp("undisturbed") / "study"
            outcomes[size] = _trained(path, make_point(**LONG), size=size).outcome()
        return outcomes[size]

    return outcome


@pytest.mark.parametrize("size", [2, 4])
@pytest.mark.parametrize("ema_decay", [0.9, 0])
def test_they_train_what_one_process_trains(
    make_point: MakePoint, tmp_path: Path, size: int, ema_decay: float
) -> None:
    """Without the average, what is evaluated depends on the running statistics alone."""
    point = make_point(norm_batch=8, epochs=3, learning_rate=0.4, ema_decay=ema_decay, evaluate_at=(6, 14))
    rows, metrics = _trained(tmp_path / "alone", point, size=1).outcome()
    pool = _trained(tmp_path / "together", point, size=size)
    their_rows, their_metrics = pool.outcome()
    assert their_metrics == pytest.approx(metrics, rel=1e-5)
    assert len(rows) == len(their_rows) == 3
    for row, theirs in zip(rows, their_rows, strict=True):
        assert theirs == pytest.approx(row, rel=1e-5)
    result = json.loads((pool.directory() / "result.json").read_text())
    assert result["provenance"]["processes"] == size


@pytest.mark.parametrize(
    ("size", "killed"),
    [(2, (0, 1)), (2, (0,)), (2, (1,)), (4, (2,))],
    ids=["both", "first", "second", "third"],
)
def test_killed_ones_end_bit_for_bit_the_same(
    make_point: MakePoint,
    tmp_path: Path,
    undisturbed: Callable[[int], Any],
    size: int,
    killed: tuple[int, ...],
) -> None:
    pool = Pool(tmp_path / "study", make_point(**LONG), size=size)
    moments = random.Random(size + sum(killed))
    for _ in range(2):
        pool.start()
        saved_at = _saved_at(pool.directory())
        pool.wait_for(lambda directory, before=saved_at: _saved_at(directory) > before)
        time.sleep(moments.uniform(0, 0.1))
        for rank in killed:
            pool.kill(rank)
        since = time.monotonic()
        codes = pool.ended()
        assert time.monotonic() - since < 40
        assert [code for rank, code in enumerate(codes) if rank not in killed] == [PEER_LOST] * (
            size - len(killed)
        )
        if 0 not in killed:
            noted = pool.study.noted(pool.todo.point_ids[0])
            assert (noted.status, noted.failure) == ("pending", "killed")
            assert noted.message == f"another of the {size} processes that trained it is gone"
    pool.start()
    assert pool.ended() == [0] * size
    assert pool.outcome() == undisturbed(size)


@pytest.mark.parametrize("rank", [0, 1])
def test_a_signal_to_one_stops_all_with_a_checkpoint(
    make_point: MakePoint, tmp_path: Path, undisturbed: Callable[[int], Any], rank: int
) -> None:
    pool = Pool(tmp_path / "study", make_point(**LONG), size=2, checkpoint_every_s=1e9)
    pool.start()
    pool.wait_for(_is_in_third_epoch)
    pool.kill(rank, signal.SIGTERM)
    assert pool.ended() == [0, 0]
    noted = pool.study.noted(pool.todo.point_ids[0])
    assert (noted.status, noted.failure) == ("pending", "preempted")
    assert (pool.directory() / "checkpoint.pt").exists()
    pool.start()
    assert pool.ended() == [0, 0]
    assert pool.outcome() == undisturbed(2)


def test_interpreters_end_with_the_code_that_says_what_happened(
    make_point: MakePoint, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    """Forked processes skip what an interpreter does at its end; libraries with threads can fail there."""
    pool = Pool(tmp_path / "study", make_point(**LONG), size=2)
    pool.start(SPAWNED)
    pool.wait_for(_saved_at)
    pool.kill(1)
    assert pool.ended() == [PEER_LOST, -signal.SIGKILL]
    pool.start(SPAWNED)
    assert pool.ended() == [0, 0]
    assert capfd.readouterr().err == ""


def test_divergence_is_noted_once_and_harms_no_other_point(make_point: MakePoint, tmp_path: Path) -> None:
    diverging = make_point(norm_batch=16, learning_rate=1e30, epochs=30)
    pool = _trained(tmp_path / "study", diverging, make_point(norm_batch=16), size=2)
    noted = pool.study.noted(diverging.id)
    assert (noted.status, noted.failure) == ("failed", "diverged")
    assert pool.log().count("training has diverged") == 1
    assert pool.outcome(1)


def test_a_number_of_processes_that_does_not_come_out_even_is_refused(
    make_point: MakePoint, tmp_path: Path
) -> None:
    point = make_point(norm_batch=8)
    noted = _trained(tmp_path / "study", point, size=3).study.noted(point.id)
    assert noted.status == "failed"
    assert noted.message is not None
    assert noted.message.startswith("Refused: 3 processes cannot share the 4 norm batches of a step evenly")


def test_what_one_process_raises_is_noted_with_its_class_and_traceback(
    make_point: MakePoint, tmp_path: Path, pictures: Path
) -> None:
    """The images are where one of them looks only; the next point, which needs no such place, is trained.

    The first one learns of it at once, also of an interpreter that imports the network after they have
    met: torch.distributed.nn, which comes along, holds on to a group that is there before it.
    """
    config = DataConfig(name="image_folder", root=str(pictures), mirror=False, num_val=20)
    point = replace(make_point(norm_batch=16), data=declare(config))
    pool = Pool(tmp_path / "study", point, make_point(norm_batch=16), size=2)
    pool.start(SPAWNED, data_roots=(pictures, tmp_path / "nowhere"))
    since = time.monotonic()
    assert pool.ended() == [0, 0]
    assert time.monotonic() - since < 60
    noted = pool.study.noted(point.id)
    assert (noted.status, noted.failure) == ("failed", "data_error")
    assert "Process 1 failed:\nTraceback" in pool.log()
    assert "DataError" in pool.log()
    assert pool.outcome(1)


@pytest.mark.parametrize(("megabytes", "failed"), [(300, False), (100, True)])
def test_where_one_process_lacks_memory_all_go_on_with_less(
    make_point: MakePoint, tmp_path: Path, megabytes: int, failed: bool
) -> None:
    """The second one may map too little for what a step keeps, or too little even so."""
    large, small = make_point(**LARGE), make_point(norm_batch=16)
    mnist5k.read()  # to parse the digits, which are in the cache from here on, takes more than that
    pool = Pool(tmp_path / "study", large, small, size=2)
    pool.start(megabytes=(None, megabytes))
    assert pool.ended() == [0, 0]
    assert "memory ran out: going on from step 0, activations are computed anew" in pool.log()
    noted = pool.study.noted(large.id)
    if failed:
        assert (noted.status, noted.failure) == ("failed", "out_of_memory"), pool.log()
        assert "Process 1 failed:\nTraceback" in pool.log()
    else:
        assert pool.outcome() == _trained(tmp_path / "plenty", large, size=2).outcome()
        assert json.loads((pool.directory() / "result.json").read_text())["provenance"]["frugal"]
    assert pool.study.state(small.id).status == "completed"


def _work_and_count(todo: WorkList, meeting: Meeting, counted: Path) -> None:
    """In a process that writes down how many sums it exchanged."""
    import torch.distributed as dist

    exchange, sums = dist.all_reduce, []

    def all_reduce(tensor: Tensor, **how: Any) -> None:
        sums.append(tensor.numel())
        exchange(tensor, **how)

    dist.all_reduce = all_reduce
    work_together(todo, meeting)
    counted.write_text(json.dumps(sums))


def test_a_step_exchanges_one_message(make_point: MakePoint, tmp_path: Path) -> None:
    """It has the gradients and who was told to stop, who is asked by a message of its own only at first."""
    point = make_point(norm_batch=16, epochs=3)
    pool, port = Pool(tmp_path / "study", point, size=2), free_port()
    for rank in range(2):
        meeting = Meeting(rank=rank, size=2, port=port, timeout_s=60)
        pool.processes.append(
            FORKED.Process(target=_work_and_count, args=(pool.todo, meeting, tmp_path / f"{rank}"))
        )
        pool.processes[-1].start()
    assert pool.ended() == [0, 0]
    num_evaluations = sum(is_evaluated(epoch, 3) for epoch in (1, 2, 3)) + 1  # of the test images
    for rank in range(2):
        sums = json.loads((tmp_path / f"{rank}").read_text())
        assert len(sums) == 1 + 3 * point.steps_per_epoch + num_evaluations
