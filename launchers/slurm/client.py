"""Slurm's commands: run with a time limit and retries, with errors as one sentence."""

from __future__ import annotations

import logging
import os
import re
import shutil
import subprocess
import time
from collections.abc import Sequence

from scaling.errors import Refused

ANSWER_WITHIN_S = 60.0
"""Time limit of a command."""
TRY_AGAIN_S = 5.0
"""Pause before a command is tried again."""

log = logging.getLogger(__name__)

_SILENT = re.compile(
    r"unable to contact slurm controller|connection refused|connection timed out|socket timed out"
    r"|slurm backup controller|zero bytes were transmitted|unable to establish controller",
    re.IGNORECASE,
)
_PREFIX = re.compile(r"^(\w+: )?(error|fatal|info): ")


class Silent(Refused):
    """Slurm's controller does not answer, so its state is unknown."""


class Denied(Refused):
    """Slurm has rejected the command."""


def check_installed() -> None:
    """Raise Refused if this machine cannot submit jobs."""
    for command in ("sbatch", "srun", "squeue"):
        if shutil.which(command) is None:
            raise Refused(
                f"hydra/launcher=slurm needs {command}, which is not on the path: launch from a login node "
                "of the cluster, or use hydra/launcher=local."
            )


def await_controller(within_s: float) -> None:
    """Wait until Slurm's controller answers; raises Silent if it does not within `within_s` seconds."""
    give_up_at = time.monotonic() + within_s
    while True:
        try:
            _check_nodes_known()
            return
        except Silent as silent:
            try_again(silent, give_up_at)


def try_again(silent: Silent, give_up_at: float) -> None:
    """Wait before the next attempt; raises Silent if the monotonic clock is past `give_up_at`."""
    if time.monotonic() >= give_up_at:
        raise Silent(f"{silent} Nothing is lost: type the same line again when it does.") from silent
    log.warning("%s Trying again.", silent)
    time.sleep(TRY_AGAIN_S)


def _check_nodes_known() -> None:
    """Raise Silent if the controller has just started: it knows no node yet and would reject every job."""
    if set(ask("sinfo", "-h", "-N", "-o", "%T").split()) == {"unknown"}:
        raise Silent("Slurm's controller has just started, and does not say yet which nodes it has.")


def ask(*words: str, within_s: float = ANSWER_WITHIN_S) -> str:
    """The standard output of a command; raises Silent if Slurm does not answer, and Denied if it refuses."""
    environment = os.environ | {"SLURM_BITSTR_LEN": "0"}  # makes squeue list all elements of an array
    try:
        done = subprocess.run(
            words, capture_output=True, text=True, timeout=within_s, check=False, env=environment
        )
    except subprocess.TimeoutExpired:
        raise Silent(f"{words[0]} got no answer from Slurm within {within_s:.0f} s.") from None
    except FileNotFoundError:
        raise Silent(f"{words[0]} is not on the path, so Slurm cannot be asked.") from None
    if done.returncode == 0:
        return done.stdout
    raise refusal(words, done.stderr)


def refusal(words: Sequence[str], complaint: str) -> Silent | Denied:
    """The exception for a failed command, from its standard error."""
    said = [_PREFIX.sub("", line.strip()) for line in complaint.splitlines() if line.strip()]
    sentence = "; ".join(dict.fromkeys(said)) or "it said nothing"
    if _SILENT.search(complaint):
        return Silent(f"Slurm's controller does not answer ({words[0]}: {sentence}).")
    return Denied(f"{words[0]}: {sentence}.")


def seconds(text: str) -> float | None:
    """Seconds of a time in Slurm's notation: 1-02:03:04, 2:03:04 or 3:04; None for others, as infinite."""
    found = re.fullmatch(r"(?:(\d+)-)?(?:(\d+):)?(\d+):(\d+)", text.strip())
    if found is None:
        return None
    days, hours, minutes, rest = (int(part or 0) for part in found.groups())
    return 60.0 * (60 * (24 * days + hours) + minutes) + rest
