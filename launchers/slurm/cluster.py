"""The cluster as Slurm describes it: its partitions, and how many jobs it accepts."""

from __future__ import annotations

import getpass
import re
from dataclasses import dataclass

from launchers.slurm.client import Denied, ask, seconds
from launchers.slurm.options import Options
from scaling.errors import Refused
from scaling.study.spelling import nearest


@dataclass(frozen=True, kw_only=True)
class Partition:
    """A group of nodes that jobs are submitted to."""

    name: str
    is_default: bool
    longest_min: int | None
    """Longest time limit of a job; None for no limit."""
    num_nodes: int
    cpus: int
    """Cores of the largest node."""
    memory_gb: float
    """Memory of the largest node, in 1024^3 bytes as Slurm counts it."""
    gpus: int
    """Most GPUs on one node."""


def partitions() -> list[Partition]:
    """All partitions that this user can see; raises Silent if Slurm does not answer."""
    found: dict[str, Partition] = {}
    for line in ask("sinfo", "-h", "-e", "-o", "%P|%l|%D|%c|%m|%G").splitlines():
        each = _partition(line)
        found[each.name] = _joined(found[each.name], each) if each.name in found else each
    return list(found.values())


def partition_of(name: str | None) -> Partition:
    """The partition of this name, or the default one for None. Raises Refused if there is none."""
    known = partitions()
    if not known:
        raise Refused("Slurm has no partition that you may use: ask those who run the cluster.")
    chosen = [each for each in known if each.name == name or (name is None and each.is_default)]
    if not chosen:
        names = [each.name for each in known]
        if name is None:
            raise Refused(f"Slurm has no default partition: set hydra.launcher.partition={'|'.join(names)}.")
        raise Refused(f"hydra.launcher.partition={name} is not on this cluster: {nearest(name, names)}.")
    return chosen[0]


def largest_array() -> int:
    """Largest number of jobs in an array."""
    found = re.search(r"^MaxArraySize\s*=\s*(\d+)", ask("scontrol", "show", "config"), re.MULTILINE)
    return max(1, int(found[1])) if found else 1001


def room_for_jobs(qos: str | None) -> int | None:
    """Number of further jobs that this user may submit; None if it is unlimited or unknown."""
    user = getpass.getuser()
    limits = _limits("show", "assoc", f"user={user}", "format=MaxSubmitJobs")
    if qos is not None:
        limits += _limits("show", "qos", f"where name={qos}", "format=MaxSubmitJobsPerUser")
    if not limits:
        return None
    queued = ask("squeue", "-h", "-r", "-u", user, "-o", "%i").split()
    return max(0, min(limits) - len(queued))


def _limits(*words: str) -> list[int]:
    try:
        answer = ask("sacctmgr", "-n", "-P", *(part for word in words for part in word.split()))
    except Refused:  # without accounting there are no such limits
        return []
    return [int(line) for line in answer.split() if line.isdigit()]


def _partition(line: str) -> Partition:
    name, longest, num_nodes, cpus, memory_mb, gres = line.split("|")
    longest_s = seconds(longest)
    return Partition(
        name=name.rstrip("*"),
        is_default=name.endswith("*"),
        longest_min=None if longest_s is None else int(longest_s // 60),
        num_nodes=int(num_nodes),
        cpus=_number(cpus),
        memory_gb=_number(memory_mb) / 1024,
        gpus=sum(int(count) for count in re.findall(r"gpu(?::[^:,(]+)?:(\d+)", gres)),
    )


def _joined(one: Partition, other: Partition) -> Partition:
    """One partition from two lines, as sinfo has a line for each kind of node."""
    return Partition(
        name=one.name,
        is_default=one.is_default or other.is_default,
        longest_min=one.longest_min,
        num_nodes=one.num_nodes + other.num_nodes,
        cpus=max(one.cpus, other.cpus),
        memory_gb=max(one.memory_gb, other.memory_gb),
        gpus=max(one.gpus, other.gpus),
    )


def _number(text: str) -> int:
    return int(text.rstrip("+"))


def why_denied(denied: Denied, options: Options, partition: Partition) -> str:
    """Why sbatch rejected a job, with the option that caused it, or with what the nodes have."""
    said = re.sub(r"^sbatch: (sbatch: |allocation failure: )?", "", str(denied))
    for word, name in (("qos", "qos"), ("account", "account"), ("feature", "constraint")):
        value = getattr(options, name)
        if value is not None and re.search(rf"invalid {word}", said, re.IGNORECASE):
            return f"hydra.launcher.{name}={value} is not valid on this cluster: {said}"
    if "node configuration" in said:
        return (
            f"{said} A node of the partition {partition.name} has at most {partition.cpus} cores, "
            f"{partition.memory_gb:.3g} GB and {partition.gpus} GPUs, and it has {partition.num_nodes} nodes."
        )
    return said
