"""The notebooks run from the first cell to the last, and their committed outputs are those of a fresh run."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from pathlib import Path

import nbformat
import pytest

from tests.house.notebooks import NOTEBOOKS, executed

NUMBER = re.compile(r"[+−-]?\d+\.\d+(?:e[+-]?\d+)?")


@pytest.mark.parametrize("name", sorted(file.name for file in NOTEBOOKS.glob("*.ipynb")))
def test_its_outputs_are_those_of_a_fresh_run(name: str) -> None:
    committed, fresh = (
        list(_outputs(notebook))
        for notebook in (nbformat.read(NOTEBOOKS / name, as_version=4), executed(name))
    )
    assert [kind for kind, _ in committed] == [kind for kind, _ in fresh]
    assert any(kind == "image/png" for kind, _ in fresh)
    for (_, old), (_, new) in zip(committed, fresh, strict=True):
        assert NUMBER.sub("#", old) == NUMBER.sub("#", new)
        # numpy 2.5 moves an end of an interval by 0.06
        assert _numbers(old) == pytest.approx(_numbers(new), rel=0.02, abs=0.07)


def test_the_one_of_any_study_runs_on_a_study(tiny_study: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SCALING_STUDY_SOURCE", str(tiny_study))
    outputs = list(_outputs(executed("pareto.ipynb")))
    assert "{'completed': 8}" in [text for _, text in outputs]
    assert any(kind == "image/png" for kind, _ in outputs)


def test_the_one_of_any_study_runs_on_masks_without_costs(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    table = tmp_path / "masks.csv"
    table.write_text("depth,width,resolution,epochs,miou\n8,1,28,1,40\n14,1,28,1,30\n")
    monkeypatch.setenv("SCALING_STUDY_SOURCE", str(table))
    texts = [text for _, text in _outputs(executed("pareto.ipynb"))]
    assert "'No cost is known, so there is no frontier.'" in texts
    assert any("miou" in text for text in texts)


def _outputs(notebook: nbformat.NotebookNode) -> Iterator[tuple[str, str]]:
    """Kind and text of every output; of a picture the kind alone, for its bytes are the renderer's."""
    for cell in notebook.cells:
        for output in cell.get("outputs", []):
            if output["output_type"] == "stream":
                yield "stream", output["text"]
            elif "image/png" in output["data"]:
                yield "image/png", ""
            else:
                kind = "text/markdown" if "text/markdown" in output["data"] else "text/plain"
                yield kind, output["data"][kind]


def _numbers(text: str) -> list[float]:
    return [float(number.replace("−", "-")) for number in NUMBER.findall(text)]


@pytest.fixture
def tiny_study(tmp_path: Path, bash: Callable[..., object]) -> Path:
    """Eight points of a second or less, trained through the front door."""
    done = bash(
        "python sweep.py -m depth=8,14 width=0.125,0.25 resolution=8 epochs=1 seed=0,1 tracker=none "
        f"data.num_train=256 data.num_val=64 study.name=tiny study.root={tmp_path}"
    )
    assert done.returncode == 0, done.stderr  # type: ignore[attr-defined]
    return tmp_path / "tiny"
