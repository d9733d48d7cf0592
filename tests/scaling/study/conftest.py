"""A small checkout to take snapshots of, a study, and a grid of points."""

from __future__ import annotations

import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from scaling.study.about import Task
from scaling.study.point import Point
from scaling.study.store import Study

Make = Callable[..., Point]


@pytest.fixture
def study(tmp_path: Path) -> Study:
    return Study.create(tmp_path / "mine", Task("mnist5k"))


@pytest.fixture
def grid(make_point: Make) -> list[Point]:
    """Depth x width x resolution x epochs x seed: 3 x 3 x 2 x 2 x 2."""
    return [
        make_point(depth=depth, width=width, resolution=resolution, epochs=epochs, seed=seed)
        for depth in (8, 14, 20)
        for width in (0.25, 0.5, 1.0)
        for resolution in (14, 28)
        for epochs in (1, 10)
        for seed in (0, 1)
    ]


@pytest.fixture
def git(monkeypatch: pytest.MonkeyPatch) -> Callable[..., str]:
    """Run git in a directory, without a person's own settings."""
    for variable in ("GIT_CONFIG_GLOBAL", "GIT_CONFIG_SYSTEM"):
        monkeypatch.setenv(variable, "/dev/null")
    for role in ("AUTHOR", "COMMITTER"):
        monkeypatch.setenv(f"GIT_{role}_NAME", "A")
        monkeypatch.setenv(f"GIT_{role}_EMAIL", "a@example.com")

    def run(directory: Path, *words: str) -> str:
        done = subprocess.run(["git", "-C", str(directory), *words], capture_output=True, text=True)
        assert done.returncode == 0, done.stderr
        return done.stdout

    return run


@pytest.fixture
def checkout(tmp_path: Path, git: Callable[..., str]) -> Path:
    """Four tracked files, one of them executable, one new and some ignored."""
    root = tmp_path / "checkout"
    files = {
        ".gitignore": "results/\nscratch.py\n",
        "scaling/a.py": "a = 1\n",
        "scaling/b.py": "b = 1\n",
        "conf/run.sh": "#!/bin/sh\n",
    }
    for name, text in files.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(text)
    (root / "conf/run.sh").chmod(0o755)
    git(root, "init", "-q")
    git(root, "add", ".")
    git(root, "commit", "-qm", "Begin")
    (root / "conf/new.yaml").write_text("x: 1\n")
    (root / "scaling/scratch.py").write_text("ignored = True\n")
    (root / "results").mkdir()
    (root / "results/big").write_text("ignored\n")
    return root
