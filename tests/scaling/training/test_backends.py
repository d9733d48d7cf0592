"""What several processes sum with on GPUs, in real processes whom torch tells that they have some."""

from __future__ import annotations

import multiprocessing
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import torch
import torch.distributed as dist

from scaling.study.action import decide
from scaling.training import backends
from scaling.training.joined import Joined
from scaling.training.meeting import Meeting
from scaling.training.processes import Disconnected
from scaling.training.runtime import Runtime
from scaling.training.together import work_together
from scaling.training.worklist import Terms, WorkList
from tests.scaling.training.pool import Pool, free_port
from tests.scaling.training.test_together import MakePoint

FRESH = multiprocessing.get_context("spawn")


def _work_on_gpus(todo: WorkList, meeting: Meeting, uuids: list[str]) -> None:
    """In a process that sees GPUs of these names."""
    answers: dict[str, Any] = {
        "device_count": lambda: len(uuids),
        "set_device": lambda _: None,
        "get_device_properties": lambda gpu: SimpleNamespace(uuid=uuids[gpu.index]),
    }
    for name, answer in answers.items():
        setattr(torch.cuda, name, answer)
    work_together(todo, meeting)


@pytest.mark.parametrize(
    ("uuids", "number"),
    [([["one"], ["one"]], 1), ([["one", "two"], []], 1), ([[], []], 0)],
    ids=["the same", "one has none", "none"],
)
def test_processes_without_a_gpu_each_are_refused_by_name(
    make_point: MakePoint, tmp_path: Path, uuids: list[list[str]], number: int
) -> None:
    point = make_point(norm_batch=16)
    pool = Pool(tmp_path / "study", point, size=2)
    terms = Terms(launch="launch", runtime=Runtime(device="cuda"))
    todo = WorkList(study=pool.study.path, point_ids=(point.id,), terms=terms)
    port = free_port()
    for rank, seen in enumerate(uuids):
        meeting = Meeting(rank=rank, size=2, local_rank=rank, port=port, timeout_s=60)
        pool.processes.append(FRESH.Process(target=_work_on_gpus, args=(todo, meeting, seen)))
        pool.processes[-1].start()
    assert pool.ended() == [0, 0]
    noted = pool.study.noted(point.id)
    assert noted.status == "failed"
    assert noted.message == (
        "Refused: 2 processes that train a point together need a GPU each, but have "
        f"{number}: start as many as there are GPUs."
    )
    assert decide(pool.study, point.id, noted)[0] == "retry", "what the sentence asks for has the same code"


def test_a_machine_with_as_many_gpus_serves_each_process_its_own() -> None:
    store = dist.HashStore()  # type: ignore[attr-defined]
    for rank, name in enumerate(["one", "two"]):
        store.set(f"gpu/{rank}", name)
    backends.check_gpus(store, 0, 1, torch.device("cpu"))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(torch.cuda, "get_device_properties", lambda _: SimpleNamespace(uuid="one"))
        backends.check_gpus(store, 0, 2, torch.device("cuda", 0))


def _sum_with_one_who_fails(rank: int, port: int) -> None:
    """torch's `fake` backend returns at once, as NCCL does, whether anyone has come or not."""
    backends.BACKENDS["cpu"] = "cpu:gloo,meta:fake"
    from torch.testing._internal.distributed import fake_pg

    assert fake_pg
    processes = Joined(Meeting(rank=rank, size=2, port=port, timeout_s=60), torch.device("cpu"))

    def train() -> None:
        phantom = torch.zeros(3, device="meta")
        processes.sum([phantom])
        if rank == 1:
            raise MemoryError
        with pytest.raises(Disconnected):
            processes.sum([phantom])

    if rank == 0:
        with processes.training("a point"):
            train()
        processes.dismiss()
        return
    for _ in processes.follow():
        processes.train_along(train)


def test_who_sums_on_a_gpu_learns_at_once_that_another_has_failed() -> None:
    """And not in the next step, out of reach of what has all go on with less memory, or while it waits."""
    port = free_port()
    both = [FRESH.Process(target=_sum_with_one_who_fails, args=(rank, port)) for rank in range(2)]
    for process in both:
        process.start()
    for process in both:
        process.join(100)
    assert [process.exitcode for process in both] == [0, 0]
