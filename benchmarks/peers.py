"""Packages that only benchmarks need, kept in the cache directory and outside of the environment."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from scaling.data.cache import cache_dir

SUBMITIT_LAUNCHER = "hydra-submitit-launcher==1.2.0"
JOBLIB_LAUNCHER = "hydra-joblib-launcher==1.2.0"
OPTUNA, COLORLOG = "optuna==5.0.0", "colorlog==6.12.0"
"""Optuna logs with colorlog. Its other dependencies are installed already, or needed only for databases."""


def installed(package: str) -> Path:
    """The directory of the package alone, where it is installed first if needed."""
    path = cache_dir() / package
    if not path.exists():
        words = ["install", "--quiet", "--disable-pip-version-check", "--no-deps", "--target", str(path)]
        subprocess.run([sys.executable, "-m", "pip", *words, package], check=True)
    return path
