"""What needs torch_xla, in an environment of its own (`make test-xla`); elsewhere nothing is collected."""

from __future__ import annotations

import os
from importlib.util import find_spec

os.environ.setdefault("PJRT_DEVICE", "CPU")

collect_ignore_glob = [] if find_spec("torch_xla") else ["test_*.py"]
