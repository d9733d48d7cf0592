"""W&B as a source: the real client reads a group's runs from a server on loopback, or says why not."""

from __future__ import annotations

import json
import socket

import pytest
import wandb

from analysis.__main__ import main
from analysis.source import wandb_runs
from analysis.source.source import read_source, source_name
from scaling.errors import Refused
from tests.scaling.tracking.conftest import isolated as isolated
from tests.wandb_server import server as server

GROUP = "wandb:tester/scaling-study/mine"


pytestmark = pytest.mark.usefixtures("server")


@pytest.fixture(autouse=True)
def _client(monkeypatch):
    """End the client's process with the test."""
    monkeypatch.setenv("WANDB_HTTP_TIMEOUT", "3")
    monkeypatch.setattr(wandb_runs, "RETRIES", 1)
    yield
    wandb.teardown()


def add(server, name, config, summary, *, exit_code=0, group="mine"):
    """Add a run as left by any training script."""
    config = json.dumps({key: {"value": value} for key, value in config.items()})
    server.runs[name] = {"config": config, "groupName": group, "tags": ["baseline"]}
    server.summaries[name] = summary
    if exit_code is not None:
        server.exit_codes[name] = exit_code


def axes(**changes):
    return {"depth": 26, "width": 0.5, "resolution": 128, "epochs": 10, "seed": 0} | changes


def test_runs_of_others_are_read_by_a_mapping(server, capsys):
    for depth, width, acc in ((26, 1.0, 70), (50, 1.0, 75), (26, 1.5, 73)):
        config = {"arch": {"layers": depth, "drop": [0.1]}, "width": width, "resolution": 128, "epochs": 10}
        add(server, f"r{depth}{width}", config, {"val": {"acc1": acc}, "epochs": 9, "gflops": depth * width})
    mapping = ["--map", "depth=arch.layers", "--map", "top1=val/acc1", "--map", "flops=gflops"]
    assert main(["frontier", GROUP, "--json", *mapping]) == 0
    rows = json.loads(capsys.readouterr().out)
    assert [(row["depth"], row["error"], row["epochs"]) for row in rows] == [
        (26, 30, 10),
        (26, 27, 10),
        (50, 25, 10),
    ]


def test_every_run_of_the_group_is_read_and_no_other(server, monkeypatch):
    monkeypatch.setattr(wandb_runs, "RUNS_A_PAGE", 2)
    for seed in range(5):
        add(server, f"r{seed}", axes(seed=seed), {"top1": 70 + seed})
    add(server, "other", axes(seed=9), {"top1": 1}, group="theirs")
    assert read_source(GROUP).rows["top1"].tolist() == [70, 71, 72, 73, 74]


@pytest.mark.parametrize(
    ("exit_code", "status", "reason"),
    [(0, "completed", None), (None, "running", None), (1, "failed", "failed")],
)
def test_the_state_of_a_run_is_the_status_of_its_row(server, exit_code, status, reason):
    add(server, "r", axes(), {"top1": 70, "status": "good"}, exit_code=exit_code)
    row = read_source(GROUP).rows.iloc[0]
    assert (row["status"], row["failure"], row["tags"]) == (status, reason, "baseline")


def test_an_accuracy_that_is_no_number_leaves_its_run_out(server):
    add(server, "r0", axes(), {"top1": "NaN"})
    add(server, "r1", axes(seed=1), {"top1": 70})
    assert read_source(GROUP).left_out() == {"no_accuracy": 1}


@pytest.mark.parametrize(
    ("source", "words"),
    [
        ("wandb:tester/scaling-study", "write wandb:ENTITY/PROJECT/GROUP"),
        ("wandb:", "write wandb:ENTITY/PROJECT/GROUP"),
        ("wandb:tester/scaling-study/absent", "has no runs"),
        ("wandb:tester/absent/mine", "Could not find project absent"),
    ],
)
def test_what_is_not_there_is_refused(source, words, capsys):
    assert main(["rules", source]) == 2
    err = capsys.readouterr().err
    assert words in err
    assert err.count("\n") == 1


def test_a_group_without_the_columns_is_told_which_it_has(server):
    add(server, "r", {"lr": 0.1}, {"acc": 70})
    with pytest.raises(Refused, match=r"has no column depth, width, .* it has lr, acc"):
        read_source(GROUP)


def test_without_an_account_it_is_refused(monkeypatch, capsys):
    monkeypatch.delenv("WANDB_API_KEY")
    assert main(["rules", GROUP]) == 2
    assert "wandb login" in capsys.readouterr().err


def test_a_key_that_the_server_refuses_is_told(server, capsys):
    server.refuses = True
    assert main(["rules", GROUP]) == 2
    assert "permission denied" in capsys.readouterr().err


def test_without_a_network_it_is_refused(monkeypatch, capsys):
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        monkeypatch.setenv("WANDB_BASE_URL", f"http://127.0.0.1:{closed.getsockname()[1]}")
        assert main(["rules", GROUP]) == 2
    assert "that takes a network" in capsys.readouterr().err


@pytest.mark.parametrize(("group", "name"), [("mine", "mine"), ("a/b c", "a_b_c"), ("../x", "_x")])
def test_a_group_names_its_report(group, name):
    assert source_name(f"wandb:tester/scaling-study/{group}") == name
