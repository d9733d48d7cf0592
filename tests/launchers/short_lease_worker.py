"""A worker process with a short lease, fed with lists of points over a pipe; run by test_overlap.py."""

from __future__ import annotations

import json
import sys
from pathlib import Path

from scaling.study import lease
from scaling.training.runtime import Runtime
from scaling.training.worker import work
from scaling.training.worklist import Terms, WorkList


def main(launch: str, heartbeat_s: float, stale_after_s: float) -> None:
    """Train each list that comes in as a line, and answer with a line once it is worked off."""
    lease.HEARTBEAT_S, lease.STALE_AFTER_S = heartbeat_s, stale_after_s
    for line in sys.stdin:
        study, *point_ids = json.loads(line)
        todo = WorkList(
            study=Path(study),
            point_ids=tuple(point_ids),
            terms=Terms(launch=launch, runtime=Runtime(checkpoint_every_s=0.02)),
        )
        work(todo)
        sys.stdout.write("worked off\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main(sys.argv[1], float(sys.argv[2]), float(sys.argv[3]))
