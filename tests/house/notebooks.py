"""The notebooks, executed: `python -m tests.house.notebooks` writes their outputs anew."""

from __future__ import annotations

from pathlib import Path

import nbformat
from nbclient import NotebookClient

NOTEBOOKS = Path(__file__).parents[2] / "notebooks"


def executed(name: str) -> nbformat.NotebookNode:
    """The notebook of that name with the outputs of a fresh run."""
    notebook = nbformat.read(NOTEBOOKS / name, as_version=4)
    resources = {"metadata": {"path": str(NOTEBOOKS)}}
    NotebookClient(notebook, timeout=600, resources=resources, record_timing=False).execute()
    return notebook


def main() -> None:
    for path in sorted(NOTEBOOKS.glob("*.ipynb")):
        nbformat.write(executed(path.name), path)


if __name__ == "__main__":
    main()
