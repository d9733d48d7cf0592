"""Packages that only benchmarks need, kept in the cache directory and on the path of their processes."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from scaling.data.cache import cache_dir

SUBMITIT_LAUNCHER = "hydra-submitit-launcher==1.2.0"
JOBLIB_LAUNCHER = "hydra-joblib-launcher==1.2.0"
OPTUNA, COLORLOG = "optuna==5.0.0", "colorlog==6.12.0"
"""The latter is what Optuna logs with. What else it asks for is here already, or is for data bases alone."""


def installed(package: str) -> Path:
    """Where the package is, installed there if need be and nowhere else."""
    path = cache_dir() / package
    if not path.exists():
        words = ["install", "--quiet", "--disable-pip-version-check", "--no-deps", "--target", str(path)]
        subprocess.run([sys.executable, "-m", "pip", *words, package], check=True)
    return path
