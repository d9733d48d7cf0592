"""What a cluster will not take: one sentence that names it, and nothing is submitted."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.slurm.conftest import NewSweep
from tests.slurm.sweeps import TINY, Sweep

pytestmark = [pytest.mark.xdist_group("slurm"), pytest.mark.usefixtures("slurm")]

NODE = "A node of the partition main has at most 4 cores, 5.86 GB and 2 GPUs, and it has 4 nodes."

REFUSED = {
    "partition=nowhere": "hydra.launcher.partition=nowhere is not on this cluster: ",
    "gpus_per_node=3": f"Requested node configuration is not available. {NODE}",
    "cpus_per_task=5": f"Requested node configuration is not available. {NODE}",
    "mem_gb=7": f"Requested node configuration is not available. {NODE}",
    "nodes=5 hydra.launcher.processes=5": "5 processes cannot share the 1 norm batch of a step evenly",
    "account=nobody": "Invalid account or account/partition combination specified",
    "qos=best": "Invalid qos specification",
    "constraint=infiniband": "Invalid feature specification",
    "timeout_min=2000": "timeout_min=2000 is more than the 1440 minutes of the partition main",
    "partition=tiny hydra.launcher.timeout_min=3": "timeout_min=3 is more than the 2 minutes",
    "sbatch={gres: tpu:1}": "Invalid generic resource (gres) specification",
    "sbatch={array: 0-3}": "hydra.launcher.sbatch.array is set by the launcher itself: leave it out.",
}


@pytest.mark.parametrize("option", REFUSED)
def test_what_the_cluster_does_not_have(option: str, new_sweep: NewSweep) -> None:
    assert REFUSED[option] in refusal(
        new_sweep(TINY), f"'hydra.launcher.{option}'".replace(" hydra", "' 'hydra")
    )


def test_a_machine_without_sbatch(new_sweep: NewSweep, tmp_path: Path) -> None:
    (tmp_path / "bin").mkdir()
    assert "hydra/launcher=slurm needs sbatch, which is not on the path: launch from a login node" in refusal(
        new_sweep(TINY), PATH=str(tmp_path / "bin")
    )


@pytest.fixture
def elsewhere(slurm: Callable[..., str], tmp_path: Path) -> Iterator[str]:
    """A node that has a disk of its own where the study is."""
    slurm("start-node-elsewhere", "n4", str(tmp_path))
    yield "n4"
    slurm("stop-node", "n4")
    slurm("start-node", "n4")


def test_a_node_that_does_not_share_the_study(elsewhere: str, new_sweep: NewSweep) -> None:
    sweep = new_sweep(TINY)
    assert (
        f"The node {elsewhere} does not see {sweep.study.path}: put study.root on a disk that"
    ) in refusal(sweep, "'hydra.launcher.sbatch={nodelist: n4}'")


def test_a_node_whose_disk_is_full(small_disk: Path, new_sweep: NewSweep) -> None:
    (small_disk / "filler").write_bytes(bytes(16_300_000))
    said = refusal(new_sweep(TINY), TMPDIR=str(small_disk))
    assert f" has no room in {small_disk}: free some, or leave it out with" in said


def refusal(sweep: Sweep, more: str = "", **variables: str) -> str:
    """The sentence in which the line ends; Slurm has heard of no job."""
    process = sweep.begin(more, **variables)
    said, _ = process.communicate(timeout=120)
    assert process.returncode == 2, said
    assert sweep.jobs() == {}
    assert sweep.records == []
    *_, sentence = said.splitlines()
    assert sentence.startswith("sweep.py: ")
    assert "Traceback" not in said
    return sentence
