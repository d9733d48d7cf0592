"""The interpreter of a job: a Python that imports this project from a snapshot, whatever is edited since."""

from __future__ import annotations

import os
import shlex
import sys

from scaling.errors import Refused
from scaling.study.snapshot import Snapshot


def interpreter(snapshot: Snapshot) -> str:
    """This Python as shell words, for submitit's `python`; Refused for a path that cannot be written so.

    PYTHONPATH comes before the installed checkout, and PYTHONSAFEPATH keeps `-m` from putting the current
    directory, which may be the checkout, before both.
    """
    if os.pathsep in str(snapshot.tree):
        raise Refused(
            f"Jobs cannot import from {snapshot.tree}, as {os.pathsep} ends a path: choose another "
            "study.name or study.root."
        )
    path = os.pathsep.join(filter(None, [str(snapshot.tree), os.environ.get("PYTHONPATH")]))
    return shlex.join(["env", "PYTHONSAFEPATH=1", f"PYTHONPATH={path}", sys.executable])
