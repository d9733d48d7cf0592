"""A learner: computes what a study teaches in a separate process of low priority."""

from __future__ import annotations

import asyncio
import json
import os
import sys
from asyncio.subprocess import DEVNULL, PIPE
from collections.abc import AsyncIterator
from contextlib import suppress
from pathlib import Path
from typing import Any

from scaling.study.store import Study

_ONE_THREAD = {name: "1" for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")}
GIVES_WAY = 10
"""Unix niceness: leaves about a tenth of a core when all are busy; the highest, 19, leaves a hundredth."""
_PART_AT_MOST = 2**28
"""Longest line, in bytes; 10,000 models take 3 MB."""


async def learn(study: Study) -> AsyncIterator[dict[str, Any]]:
    """Yield what `control.web.learned` prints, part by part; where it fails, a part that says so.

    The process ends when the generator is closed or cancelled.
    """
    try:
        async for part in _parts(study):
            yield part
    except (OSError, ValueError) as error:
        yield no_rule(f"The rules could not be worked out: {error}")


async def _parts(study: Study) -> AsyncIterator[dict[str, Any]]:
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "control.web.learned", str(study.path)),
        stdin=DEVNULL,
        stdout=PIPE,
        stderr=PIPE,
        limit=_PART_AT_MOST,
        env={**os.environ, **_ONE_THREAD},
        start_new_session=True,  # Ctrl-C is for the server only, and the niceness for this process only
    )
    _give_way(process.pid)
    assert process.stdout is not None
    assert process.stderr is not None
    try:
        async for line in process.stdout:
            yield json.loads(line)
        errors = await process.stderr.read()
        if await process.wait():
            lines = errors.decode(errors="replace").strip().splitlines()
            raise ValueError(lines[-1] if lines else f"exit code {process.returncode}")
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()


def _give_way(pid: int) -> None:
    """Lower the priority; where Linux schedules by autogroup, the niceness of the session is what counts."""
    os.setpriority(os.PRIO_PROCESS, pid, GIVES_WAY)
    with suppress(OSError):
        Path(f"/proc/{pid}/autogroup").write_text(str(GIVES_WAY))


def no_rule(sentence: str) -> dict[str, Any]:
    """The part that says why there are no rules."""
    return {"missing": sentence, "topics": [], "warnings": []}
