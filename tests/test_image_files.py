"""Folders of images named on the command line: mistakes in them are refused in one sentence."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest
from PIL import Image

Bash = Callable[..., subprocess.CompletedProcess[str]]

SMALL = "width=0.125 resolution=8 epochs=1 data.num_val=40 tracker=none"


@pytest.fixture
def folder(bash: Bash, tmp_path: Path) -> Callable[..., subprocess.CompletedProcess[str]]:
    """Run a line on a directory, with the test's own study and cache."""

    def run(root: Path, words: str = "") -> subprocess.CompletedProcess[str]:
        where = f"data.root={root} study.root={tmp_path}/studies"
        line = f"python sweep.py data=image_folder {where} {SMALL} {words}"
        return bash(line, XDG_CACHE_HOME=str(tmp_path / "cache"))

    return run


def test_damaged_files_are_named_left_out_and_counted(
    folder: Callable[..., subprocess.CompletedProcess[str]], pictures: Path, tmp_path: Path
) -> None:
    Path(os.fsdecode(os.fsencode(pictures) + b"/cats/\xe9mpty.jpg")).touch()
    Image.new("CMYK", (20, 30), (0, 90, 90, 0)).save(pictures / "dogs" / "print.jpg")
    Image.new("I;16", (20, 30), 40_000).save(pictures / "dogs" / "deep.png")
    done = folder(pictures)
    assert done.returncode == 0, done.stdout + done.stderr
    (directory,) = tmp_path.glob("studies/*/points/*")
    result = json.loads((directory / "result.json").read_text())
    assert result["provenance"]["unreadable_images"] == 1
    told = [line for line in (directory / "log.txt").read_text().splitlines() if "left out" in line]
    assert len(told) == 1
    assert f"{pictures}/cats/\\udce9mpty.jpg: it is not an image" in told[0], "a name that is no UTF-8"


def test_a_folder_that_has_changed_is_told(
    bash: Bash, folder: Callable[..., subprocess.CompletedProcess[str]], pictures: Path, tmp_path: Path
) -> None:
    """In the plan, once; and results before and after do not compete."""
    assert "of other files" not in folder(pictures).stdout
    more = pictures / "cats" / "more.png"
    shutil.copy(next((pictures / "cats").iterdir()), more)
    changed = folder(pictures)
    assert "has 1 point of other files than image_folder has now, which stay as they are" in changed.stdout
    more.unlink()
    again = folder(pictures, "plan=true probe=true")  # which plans twice
    assert again.stdout.count("has 1 point of other files") == 1
    (study,) = tmp_path.glob("studies/*")
    said = " ".join(bash(f"python -m analysis rules {study}").stdout.split())
    assert said.count("1 of 1 model is on the frontier") == 2
    assert "the 2 data sets, image_folder " in said


def _one_class(pictures: Path) -> None:
    shutil.rmtree(pictures / "dogs")


def _flat(pictures: Path) -> None:
    for folder in ("cats", "dogs"):
        for file in (pictures / folder).iterdir():
            file.rename(pictures / f"{folder}{file.name}")
        (pictures / folder).rmdir()


def _mismatched(pictures: Path) -> None:
    (pictures / "train").mkdir()
    for name in ("cats", "dogs"):
        (pictures / name).rename(pictures / "train" / name)
    shutil.copytree(pictures / "train", pictures / "val")
    (pictures / "val" / "dogs").rename(pictures / "val" / "wolves")


def _few(pictures: Path) -> None:
    for file in (pictures / "cats").glob("[1-9]*.png"):
        file.unlink()


@pytest.mark.parametrize(
    ("change", "words", "sentence"),
    [
        (_one_class, "", "holds one class, cats: at least two are needed."),
        (_flat, "", "holds no classes: it needs one directory of images for each."),
        (_mismatched, "", "must hold the same classes: only one has dogs, wolves."),
        (_few, "recipe.batch_size=64", "recipe.batch_size=64 is more than the 46 training images"),
    ],
)
def test_a_wrong_folder_is_refused_at_the_door(
    folder: Callable[..., subprocess.CompletedProcess[str]],
    pictures: Path,
    change: Callable[[Path], None],
    words: str,
    sentence: str,
) -> None:
    change(pictures)
    done = folder(pictures, words)
    assert done.returncode == 2, done.stdout + done.stderr
    assert sentence in done.stderr
    assert len(done.stderr.splitlines()) == 1


def test_absent_imagenet_names_where_it_was_looked_for(bash: Bash, tmp_path: Path) -> None:
    line = f"python sweep.py data=imagenet data.root={tmp_path}/nowhere {SMALL} study.root={tmp_path}/studies"
    done = bash(line, XDG_CACHE_HOME=str(tmp_path / "cache"))
    assert done.returncode == 1
    for words in (f"{tmp_path}/nowhere, ", f"{tmp_path}/nowhere/ILSVRC/Data/CLS-LOC", "image-net.org"):
        assert words in done.stdout
