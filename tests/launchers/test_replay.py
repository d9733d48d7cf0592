"""Replays: a table answers a study's points, and nobody takes them for trained ones."""

from __future__ import annotations

import json
import re
import signal
import statistics
from collections.abc import Callable
from pathlib import Path

import pytest

from launchers.replay.launcher import Replay
from launchers.replay.read_table import FIGURES
from scaling.errors import Refused
from scaling.published.resnet_rs import epoch_study, grid
from scaling.study.store import Study
from tests.launchers.conftest import COLUMNS

Start = Callable[..., "Sweep"]  # noqa: F821  (of conftest.py)
Write = Callable[..., Path]

PLAIN = (COLUMNS, "8,0.5,14,2,70", "14,0.5,14,2,73.5", "8,1,14,2,72")
GRID = "depth=8,14 width=0.5 resolution=14 epochs=2"


@pytest.fixture
def replay(start_sweep: Start, write_table: Write) -> Callable[..., tuple[int, str, Study]]:
    """Replay a grid from these lines; exit code, output, study."""

    def replay(grid: str, *lines: str, name: str = "mine") -> tuple[int, str, Study]:
        table = write_table(*(lines or PLAIN))
        sweep = start_sweep(f"{grid} hydra/launcher=replay hydra.launcher.table={table}", name=name)
        return (*sweep.end(), sweep.study)

    return replay


def _files(study: Study) -> dict[str, bytes]:
    """All that the points' directories hold."""
    found = (file for file in (study.path / "points").rglob("*") if file.is_file())
    return {str(file.relative_to(study.path)): file.read_bytes() for file in found}


def _top1(study: Study) -> dict[str, float]:
    return {row["point"]: row["top1"] for row in study.rows()}


def test_the_published_figures_answer_both_of_their_studies(start_sweep: Start) -> None:
    """ImageNet is absent and so is CUDA; the points of the captions that no figure shows are dropped."""
    read = {(cell.depth, cell.width, cell.resolution, 350): cell.top1.value for cell in grid()}
    read |= {
        key: run.top1.value
        for run in epoch_study()
        if (key := (run.depth, run.width, run.resolution, run.epochs)) not in read
    }
    gaps = []
    for name, num_points, num_dropped in (("resnet_rs_grid", 131, 44), ("resnet_rs_epochs", 70, 2)):
        options = f"study={name} hydra/launcher=replay hydra.launcher.table={FIGURES}"
        sweep = start_sweep(options, name=name)
        code, output = sweep.end()
        assert code == 0, output
        assert f"{num_dropped} dropped" in output
        assert f"{num_points} of {num_points} points done, 0 failed, 0 left." in output
        for row in sweep.study.rows():
            gaps.append(row["top1"] - read[row["depth"], row["width"], row["resolution"], row["epochs"]])
            assert row["replayed"] == f"{FIGURES}, with noise of 0.3 points (seed 0)"
            assert row["train_seconds"] is None
    assert statistics.stdev(gaps) == pytest.approx(0.3, rel=0.2)  # 201 of them: 4 standard errors
    assert abs(statistics.mean(gaps)) < 4 * 0.3 / len(gaps) ** 0.5


def test_a_file_is_replayed_as_a_worker_would_train(replay: Callable[..., tuple[int, str, Study]]) -> None:
    header = "depth,width,resolution,epochs,epoch,error,train_seconds,status,failure,message"
    lines = ["8,0.50,14,4,1,60,,,,", "8,0.5,14,4,3,41,,,,", "8,0.5,14,4,4,40.5,12,,,"]
    failed = "14,0.5,14,4,,,,failed,diverged,the loss was nan"
    code, output, study = replay("depth=8,14 width=0.5 resolution=14 epochs=4", header, *lines, failed)
    assert code == 0, output
    assert "1 of 2 points done, 1 failed, 0 left." in output
    done, lost = sorted(study.rows(), key=lambda row: row["depth"])
    assert (done["status"], done["top1"], done["train_seconds"]) == ("completed", 59.5, 12)
    assert (lost["status"], lost["failure"], lost["top1"]) == ("failed", "diverged", None)
    assert lost["message"].startswith("replayed from ")
    assert lost["message"].endswith("answers.csv: the loss was nan")
    directory = study.directory(done["point"])
    rows = [json.loads(line) for line in (directory / "metrics.jsonl").read_text().splitlines()]
    assert [(row["epoch"], row["top1"], row["seconds"]) for row in rows] == [
        (1, 40, 3),
        (3, 59, 9),
        (4, 59.5, 12),
    ]
    assert rows[-1]["train_flops"] == done["train_flops"]
    provenance = json.loads((directory / "result.json").read_text())["provenance"]
    assert provenance["replayed"] == study.replayed
    assert study.replayed is not None
    assert re.search(r"answers.csv \([0-9a-f]{8}\), without noise$", study.replayed)
    assert study.noted(done["point"]).epoch == 4
    names = {file.name for file in directory.iterdir()}
    assert names >= {
        "point.json",
        "status.json",
        "metrics.jsonl",
        "result.json",
        "log.txt",
        "lease-000001.json",
    }


def test_the_line_typed_again_answers_what_is_new_and_touches_nothing(
    replay: Callable[..., tuple[int, str, Study]],
) -> None:
    assert replay(GRID)[0] == 0
    code, output, study = replay(GRID)
    files = _files(study)
    assert code == 0, output
    assert "2 done or left out, 0 to run" in output
    code, output, _ = replay(f"{GRID} seed=0,1")
    assert code == 0, output
    assert "2 done or left out, 2 to run" in output
    assert files.items() <= _files(study).items()


def test_a_replay_that_is_stopped_or_shared_ends_as_one_that_is_not(
    start_sweep: Start, write_table: Write
) -> None:
    """One is killed at some moment, then two are at work at once."""
    table = write_table("depth,width,resolution,epochs,top1,noise_sd", "8,0.5,14,2,70,1", "14,0.5,14,2,72,1")
    line = f"{GRID} seed=range(100) hydra/launcher=replay hydra.launcher.table={table}"
    killed = start_sweep(line)
    killed.wait_for(lambda states: sum(state.status == "completed" for state in states.values()) > 5)
    killed.process.kill()
    killed.process.communicate()
    assert any(state.status != "completed" for state in killed.states().values())
    both = start_sweep(line), start_sweep(line)
    for sweep in both:
        code, output = sweep.end()
        assert code == 0, output
        assert "200 of 200 points done, 0 failed, 0 left." in output
    undisturbed = start_sweep(line, name="undisturbed")
    assert undisturbed.end()[0] == 0
    assert _top1(both[0].study) == _top1(undisturbed.study)
    assert all(state.attempt <= 2 for state in both[0].states().values())


def test_ctrl_c_says_how_to_go_on(start_sweep: Start, write_table: Write) -> None:
    sweep = start_sweep(
        f"{GRID} seed=range(400) hydra/launcher=replay hydra.launcher.table={write_table(*PLAIN)}"
    )
    sweep.wait_for(lambda states: any(state.status == "completed" for state in states.values()))
    code, output = sweep.end(signal.SIGINT)
    assert code == 130
    assert "To go on, type the same line again: python sweep.py -m" in output
    assert {state.status for state in sweep.states().values()} == {"pending", "completed"}


def test_replayed_and_trained_points_are_never_in_one_study(
    replay: Callable[..., tuple[int, str, Study]], start_sweep: Start, write_table: Write
) -> None:
    few = "depth=8 width=0.5 resolution=14 epochs=2 data.num_train=256 data.num_val=64 tracker=none"
    assert replay(few)[0] == 0
    for options, name, why in (
        (few, "mine", "was replayed from .*, so nothing can be trained in it"),
        (f"{few} reuse={write_table().parent}/mine", "another", "none of its points was trained"),
    ):
        code, output = start_sweep(options, name=name).end()
        assert code == 2
        assert _said(output, why)
    assert start_sweep(few, name="trained").end()[0] == 0
    files = _files(Study(write_table().parent / "trained"))
    code, output, study = replay(f"{few} seed=0,1", name="trained")
    assert code == 2
    assert _said(output, "has trained points, which a replay must not mix with")
    assert _files(study) == files
    code, output, _ = replay(f"{few} reuse={study.path}", name="another")
    assert (code, _said(output, "a replay takes results from hydra.launcher.table alone")) == (2, True)
    code, output, _ = replay(f"{few} seed=1", COLUMNS, "8,0.5,14,2,71")
    assert (code, _said(output, r"replayed from .*, not from .*answers.csv \(.*\)")) == (2, True)
    code, output, _ = replay(f"{few} seed=1 hydra.launcher.noise_sd=1")
    assert (code, _said(output, "replayed from .*, without noise, not from .*, with noise of 1 points")) == (
        2,
        True,
    )


def _said(output: str, pattern: str) -> bool:
    """Whether the output ends in one sentence that has this, and no traceback."""
    return bool(re.search(pattern, output.splitlines()[-1])) and "Traceback" not in output


REFUSED = {
    "needs a table: add": (GRID, "null"),
    "answers.csv cannot be read .No such file or directory.": (GRID, "{}"),
    "cannot be replayed: give published:resnet_rs_2021": (GRID, "published:resnet_rs_2021_table7"),
    "lacks 2 of the 3 points to run, such as depth=20 width=0.5 resolution=14 epochs=2: the nearest that it "
    "has are depth=14 width=0.5 resolution=14 epochs=2 and": (
        "depth=8,20,26 width=0.5 resolution=14 epochs=2",
        "{}",
    ),
    "2 points are depth=8 .* and differ in settings that no replay table has": (
        "depth=8 width=0.5 resolution=14 epochs=2 recipe.learning_rate=0.1,0.2",
        "{}",
    ),
    "hydra.launcher.noise_sd=-1 should be 0 to 100 points": (f"{GRID} hydra.launcher.noise_sd=-1", "{}"),
}


@pytest.mark.parametrize("sentence", REFUSED)
def test_what_cannot_be_replayed_is_refused_before_anything_is_written(
    sentence: str, start_sweep: Start, write_table: Write
) -> None:
    options, table = REFUSED[sentence]
    path = write_table(*PLAIN)
    if "No such file" in sentence:
        path.unlink()
    sweep = start_sweep(f"{options} hydra/launcher=replay hydra.launcher.table={table.format(path)}")
    code, output = sweep.end()
    assert (code, _said(output, sentence)) == (2, True), output
    assert not sweep.study.path.exists()


def test_a_replay_is_for_grids(bash: Callable[..., object], tmp_path: Path, write_table: Write) -> None:
    table = write_table(*PLAIN)
    done = bash(f"python sweep.py hydra/launcher=replay hydra.launcher.table={table} study.root={tmp_path}")
    assert (done.returncode, done.stderr) == (  # type: ignore[attr-defined]
        2,
        "sweep.py: hydra/launcher=replay answers the points of a grid: add -m.\n",
    )


def test_options_are_checked() -> None:
    with pytest.raises(Refused, match=r"hydra\.launcher\.slots=0 should be auto"):
        Replay(table="x.csv", slots=0)
