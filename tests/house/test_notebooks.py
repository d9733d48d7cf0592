"""The notebooks run from the first cell to the last, on a tiny study trained for them."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import nbformat
import pytest
from nbclient import NotebookClient

NOTEBOOKS = Path(__file__).parents[2] / "notebooks"


@pytest.mark.parametrize("name", sorted(file.name for file in NOTEBOOKS.glob("*.ipynb")))
def test_it_runs(name: str, tiny_study: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SCALING_STUDY_SOURCE", str(tiny_study))
    notebook = nbformat.read(NOTEBOOKS / name, as_version=4)
    client = NotebookClient(notebook, timeout=120, resources={"metadata": {"path": str(NOTEBOOKS)}})
    client.execute()
    drawn = [output for cell in notebook.cells for output in cell.get("outputs", []) if "data" in output]
    assert any("image/svg+xml" in output["data"] for output in drawn)


@pytest.fixture
def tiny_study(tmp_path: Path, bash: Callable[..., object]) -> Path:
    """Eight points of a second or less, trained through the front door."""
    done = bash(
        "python sweep.py -m depth=8,14 width=0.125,0.25 resolution=8 epochs=1 seed=0,1 tracker=none "
        f"data.num_train=256 data.num_val=64 study.name=tiny study.root={tmp_path}"
    )
    assert done.returncode == 0, done.stderr  # type: ignore[attr-defined]
    return tmp_path / "tiny"
