"""A check that nodes can see the study's directory, made on a node if one is free at once."""

from __future__ import annotations

import shlex
from pathlib import Path

from launchers.slurm.client import Denied, Silent, ask
from launchers.slurm.options import Options
from scaling.errors import Refused

IMMEDIATE_S = 5
"""Time to wait for a free node."""
ANSWER_WITHIN_S = 60.0
"""Time limit of the check."""
ROOM_BYTES = 1 << 20
"""Bytes that the node writes to check for disk space."""

_WHERE = ("exclude", "nodelist", "reservation")
"""Options of sbatch that select nodes."""


def check_shared(study: Path, options: Options) -> bool:
    """Raise Refused if a free node cannot see the study, or cannot write to it or to its own disk.

    Returns False if no node was free, so that nothing was checked.
    """
    chosen = {
        "partition": options.partition,
        "account": options.account,
        "qos": options.qos,
        "constraint": options.constraint,
    }
    chosen |= {name: str(value) for name, value in (options.sbatch or {}).items() if name in _WHERE}
    where = [f"--{name}={value}" for name, value in chosen.items() if value is not None]
    try:
        said = ask(
            "srun", "--quiet", f"--immediate={IMMEDIATE_S}", "--time=1", "--ntasks=1", "--mem=100M",
            "--chdir=/", *where, "--job-name=scaling-study-probe", "bash", "-c", _script(study),
            within_s=ANSWER_WITHIN_S,
        )  # fmt: skip
    except (Denied, Silent):  # no node is free, or it went away
        return False
    node, _, problem = said.strip().partition(" ")
    if problem:
        raise Refused(f"The node {node} {problem}.")
    return True


def _script(study: Path) -> str:
    """Shell script that prints the name of the node, and the problem that it finds, if any."""
    marker = shlex.quote(str(study / "study.json"))
    probe = shlex.quote(str(study / ".probe-"))
    room = f"head -c {ROOM_BYTES} /dev/zero"
    unseen = shlex.quote(f" does not see {study}: put study.root on a disk that all nodes share")
    unwritable = shlex.quote(f" cannot write to {study}: is the disk full, or read-only there?")
    return (
        f'node="${{SLURMD_NODENAME:-$(hostname)}}"; printf %s "$node"\n'
        f'own="${{TMPDIR:-/tmp}}"; [ -d "$own" ] || own=/tmp\n'
        f"if ! [ -e {marker} ]; then\n"
        f"    printf %s {unseen}\n"
        f'elif ! {room} 2>/dev/null > {probe}"$node"; then\n'
        f"    printf %s {unwritable}\n"
        f'elif ! {room} 2>/dev/null > "$own/.scaling-study-$node"; then\n'
        f'    printf %s " has no room in $own: free some, or leave it out with '
        'hydra.launcher.sbatch={exclude: $node}"\n'
        "fi\n"
        f'rm -f {probe}"$node" "$own/.scaling-study-$node"\n'
    )
