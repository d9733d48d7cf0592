"""The documents: every command in them runs, every link leads somewhere."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from collections.abc import Callable
from itertools import product
from pathlib import Path

import pytest

from analysis.methods.methods import METHODS
from scaling.errors import INTERRUPTED
from tests.conftest import TINY
from tests.wandb_app import serving, settings
from tests.wandb_server import server as server

ROOT = Path(__file__).parents[2]
DOCUMENTS = [
    ROOT / "README.md",
    ROOT / "CONTRIBUTING.md",
    ROOT / "CHANGELOG.md",
    ROOT / "docs" / "adaptive.md",
    ROOT / "docs" / "benchmarks.md",
    ROOT / "docs" / "data.md",
    ROOT / "docs" / "decisions.md",
    ROOT / "docs" / "devices.md",
    ROOT / "docs" / "held_out.md",
    ROOT / "docs" / "learning_curves.md",
    ROOT / "docs" / "laws.md",
    ROOT / "docs" / "networks.md",
    ROOT / "docs" / "planning.md",
    ROOT / "docs" / "proofs.md",
    ROOT / "docs" / "replay.md",
    ROOT / "docs" / "rules.md",
    ROOT / "docs" / "semi_supervised.md",
    ROOT / "docs" / "slow_resolution.md",
    ROOT / "docs" / "slurm.md",
    ROOT / "docs" / "speed_accuracy.md",
    ROOT / "docs" / "training.md",
    ROOT / "docs" / "training_methods.md",
    ROOT / "docs" / "stopping.md",
    ROOT / "docs" / "transfer.md",
    ROOT / "docs" / "trunks.md",
    ROOT / "docs" / "video.md",
    ROOT / "docs" / "wandb.md",
    ROOT / "docs" / "watching.md",
    ROOT / "docs" / "workspace.md",
]

Bash = Callable[..., subprocess.CompletedProcess[str]]


def _commands(start: str) -> list[str]:
    """Lines of indented or fenced code that begin with `start`, without their comments."""
    lines = [line.strip() for document in DOCUMENTS for line in document.read_text().splitlines()]
    found = {re.split(r"\s+#\s", line)[0] for line in lines if line.startswith(start)}
    return sorted(line for line in found if "hydra/launcher=slurm" not in line)  # tests/slurm has these


def _of_any_study(start: str) -> list[str]:
    """Lines that differ in more than the study that they read."""
    return sorted({re.sub(r"results/\w+", "results/quickstart", line) for line in _commands(start)})


def test_there_are_commands_to_test() -> None:
    assert len(_commands("python sweep.py")) >= 4
    assert len(_commands("python -m analysis")) >= 3


@pytest.mark.parametrize("line", [*_commands("python sweep.py"), *_commands("torchrun --")])
def test_documented_sweeps_make_a_plan(
    bash: Bash, tmp_path: Path, pictures: Path, videos: Path, line: str
) -> None:
    line = line.replace("~/pictures", str(pictures)).replace("~/videos", str(videos))
    if "~/answers.csv" in line:
        line = line.replace("~/answers.csv", str(_answers(tmp_path)))
    if "--json" not in line and "--csv" not in line:
        line += " plan=true"
    done = bash(f"{line} study.root={tmp_path}")
    assert done.returncode == 0, done.stderr
    assert " to run" in done.stdout + done.stderr


def _answers(tmp_path: Path) -> Path:
    """A replay table of small networks."""
    settings = product((8, 14), (0.5, 1), (28,), (2, 4))
    rows = [",".join(map(str, (*setting, 70 + setting[0] + setting[3]))) for setting in settings]
    (tmp_path / "answers.csv").write_text("\n".join(["depth,width,resolution,epochs,top1", *rows]))
    return tmp_path / "answers.csv"


@pytest.fixture(scope="module")
def trained(bash: Bash, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A study of one point, to be copied."""
    root = tmp_path_factory.mktemp("trained")
    done = bash(f"python sweep.py {TINY} depth=8 tracker=none study.root={root} study.name=tiny")
    assert done.returncode == 0, done.stderr
    return root / "tiny"


@pytest.fixture
def tiny(trained: Path, tmp_path: Path) -> Path:
    """A study of the test's own."""
    return shutil.copytree(trained, tmp_path / "tiny", symlinks=True)


CURVES = _of_any_study("python -m analysis curves")
"""Of a study directory, and of no table."""


ONLINE = [line for line in _commands("python -m analysis") if "wandb" in line]


@pytest.mark.parametrize("line", ONLINE)
def test_documented_analyses_of_wandb_run(bash: Bash, tmp_path: Path, line: str) -> None:
    config = {"depth": 8, "width": 1, "resolution": 28, "epochs": 4}
    line = line.replace("my-team", "tester").replace("results/quickstart", str(tmp_path / "mine.csv"))
    (tmp_path / "mine.csv").write_text(f"{','.join(config)},top1\n8,1,28,4,70\n")
    with serving() as app:
        app.runs["r"] = {"config": json.dumps(config), "groupName": "quickstart"}
        app.summaries["r"], app.exit_codes["r"] = {"top1": 70}, 0
        done = bash(f"cd {tmp_path} && {line}", HOME=str(tmp_path), **settings(app))
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("line", sorted({*_of_any_study("python -m analysis")} - {*CURVES, *ONLINE}))
def test_documented_analyses_run(bash: Bash, tmp_path: Path, line: str) -> None:
    table = tmp_path / "results.csv"
    rows = [
        f"{depth},{width},{resolution},{epochs},{seed},"
        f"{90 - 40 / depth - 4 / width - 99 / resolution - 20 / epochs + seed / 9},"
        f"{1000 * depth * width**2 * resolution**2},{depth * width**2},{depth / 8},resnet_small"
        for depth in (8, 14, 20)
        for width in (0.5, 1.0)
        for resolution in (14, 28)
        for epochs in (4, 8)
        for seed in (0, 1, 2)
    ]
    columns = [
        "depth",
        "width",
        "resolution",
        "epochs",
        "seed",
        "top1",
        "flops",
        "params",
        "latency_ms",
        "model",
    ]
    if " methods " in line:  # two rungs of the ladder
        kind, *others = [name for each in METHODS for name in each.columns if name not in columns]
        columns += [kind, *others]
        rows = [f"{row},{value}{',0' * len(others)}" for row in rows for value in ("step", "cosine")]
    if " speedup " in line:  # two families
        rows += [row.replace("resnet_small", "resnet_rs") for row in rows]
    if " transfer " in line:  # of each row a start, all of one training
        columns += ["start.point", "start.tune", "start.origin"]
        rows = [f"{row},{number},all,first" for number, row in enumerate(rows)]
    if " suggest " in line:  # half of the runs are left
        columns.append("train_flops")
        rows = [f"{row},1e9" for row in rows[::2]]
    table.write_text("\n".join([",".join(columns), *rows]))
    line = re.sub(r"results/\w+|\S+\.csv", str(table), re.sub(r"--map \S+", "", line))
    done = bash(f"cd {tmp_path} && {line}")
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("line", _of_any_study("python -m scaling"))
def test_documented_costs_are_printed(bash: Bash, tmp_path: Path, tiny: Path, line: str) -> None:
    line = re.sub(r"results/\w+", str(tiny), line)
    done = bash(line, SCALING_STUDY_PROFILES=str(tmp_path / "profiles"))
    assert done.returncode == 0, done.stderr


SYNCS = _commands("python -m control sync")
"""Which need W&B, or what stands for it."""


@pytest.mark.parametrize("line", SYNCS)
@pytest.mark.usefixtures("server")
def test_documented_syncs_run(bash: Bash, tiny: Path, line: str) -> None:
    done = bash(re.sub(r"STUDY|results/\w+", str(tiny), line))
    assert (done.returncode, done.stdout[:11]) == (0, "1 run sent "), done.stderr


@pytest.mark.parametrize("line", [*sorted({*_commands("python -m control")} - {*SYNCS}), *CURVES])
def test_documented_controls_run(bash: Bash, tiny: Path, line: str) -> None:
    line = re.sub(r"results/\w+", str(tiny), line)
    is_endless = "--web" in line
    done = bash(f"timeout --preserve-status --signal INT 15 {line}" if is_endless else line)
    assert done.returncode == (INTERRUPTED if is_endless else 0), done.stderr
    assert done.stdout.startswith("http://127.0.0.1:") == is_endless


@pytest.mark.parametrize("line", _commands("make "))
def test_documented_targets_exist(bash: Bash, line: str) -> None:
    assert bash(f"{line} --dry-run VENV=/nowhere").returncode == 0


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda document: document.name)
def test_links_lead_somewhere(document: Path) -> None:
    for target in re.findall(r"\]\(([^)#]+)\)", document.read_text()):
        if "://" not in target:
            assert (document.parent / target).exists(), target
