"""A learner: works out what a study teaches, in a process of its own that gives way to all others."""

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
"""Unix niceness: gets about a tenth of a core where all are busy. The highest, 19, would get a hundredth."""
_PART_AT_MOST = 2**28
"""Longest line in bytes; 10,000 models are 3 MB."""


async def learn(study: Study) -> AsyncIterator[dict[str, Any]]:
    """What `control.web.learned` prints, part by part; where it fails, a sentence that says so.

    Closed or cancelled, it ends the process.
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
        start_new_session=True,  # Ctrl-C is for the server, and niceness for this one alone
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
    """Let a process give way to all others, and where Linux shares cores by autogroup, its session too."""
    os.setpriority(os.PRIO_PROCESS, pid, GIVES_WAY)
    with suppress(OSError):
        Path(f"/proc/{pid}/autogroup").write_text(str(GIVES_WAY))


def no_rule(sentence: str) -> dict[str, Any]:
    """The part that says why there are no rules."""
    return {"missing": sentence, "topics": [], "warnings": []}
