"""The interpreter of a job: a Python that imports this project from a snapshot, whatever is edited later."""

from __future__ import annotations

import os
import shlex
import sys

from scaling.errors import Refused
from scaling.study.snapshot import Snapshot


def interpreter(snapshot: Snapshot) -> str:
    """Shell words that start this Python on the snapshot, for submitit's `python`.

    PYTHONPATH precedes the installed checkout, and PYTHONSAFEPATH keeps `-m` from putting the current
    directory, which may be the checkout, before both. Raises Refused if the path contains the path separator.
    """
    if os.pathsep in str(snapshot.tree):
        raise Refused(
            f"Jobs cannot import from {snapshot.tree}, as {os.pathsep} separates paths: choose another "
            "study.name or study.root."
        )
    path = os.pathsep.join(filter(None, [str(snapshot.tree), os.environ.get("PYTHONPATH")]))
    return shlex.join(["env", "PYTHONSAFEPATH=1", f"PYTHONPATH={path}", sys.executable])
