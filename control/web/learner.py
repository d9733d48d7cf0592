"""A learner: works out what a study teaches, in a process of its own that gives way to all others."""

from __future__ import annotations

import asyncio
import json
import os
import sys
from asyncio.subprocess import DEVNULL, PIPE
from typing import Any

from scaling.study.store import Study

_ONE_THREAD = {name: "1" for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")}


async def learn(study: Study) -> dict[str, Any]:
    """What `control.web.learned` prints; where it fails, a sentence that says so. Cancelled, it ends it."""
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "control.web.learned", str(study.path)),
        stdin=DEVNULL,
        stdout=PIPE,
        stderr=PIPE,
        env={**os.environ, **_ONE_THREAD},
        start_new_session=True,  # Ctrl-C is for the server
    )
    try:
        output, errors = await process.communicate()
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
    try:
        learned: dict[str, Any] = json.loads(output)
    except ValueError:
        lines = errors.decode(errors="replace").strip().splitlines()
        why = lines[-1] if lines else f"exit code {process.returncode}"
        return nothing(f"The rules could not be worked out: {why}")
    return learned


def nothing(sentence: str) -> dict[str, Any]:
    """What is learned where nothing is, and why."""
    told = {"topic": "missing", "text": sentence, "undecided": True}
    return {"num_completed": 0, "frontier": [], "sentences": [told], "warnings": []}
