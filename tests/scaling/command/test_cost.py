"""`python -m scaling cost|compare|devices`, as a shell sees them."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from scaling.__main__ import main
from scaling.command.asked import asked_for
from scaling.errors import Refused
from scaling.models.families import FAMILIES

ROOT = Path(__file__).parents[3]


def printed(capsys: pytest.CaptureFixture[str], line: str) -> str:
    assert main(line.split()) == 0
    return capsys.readouterr().out


def refusal(capsys: pytest.CaptureFixture[str], line: str) -> str:
    assert main(line.split()) == 2
    captured = capsys.readouterr()
    assert captured.out == ""
    assert captured.err.count("\n") == 1
    return captured.err


def test_one_network_as_json(capsys: pytest.CaptureFixture[str]) -> None:
    value = json.loads(printed(capsys, "cost model=resnet_rs depth=350 resolution=256 device=tpu_v3 --json"))
    (network,) = value["networks"]
    assert network["params"] == 163_956_168
    assert network["flops"] == pytest.approx(68.75e9, rel=1e-3)
    assert network["train_flops"] == 3 * network["flops"] * 350 * 1_281_167
    assert network["memory_bytes"]["total"] == pytest.approx(network["memory_gb"] * 1e9)
    assert network["predicted_ms"]["training"] > 2 * network["predicted_ms"]["inference"]


def test_layers_add_up_to_the_network(capsys: pytest.CaptureFixture[str]) -> None:
    line = "cost model=efficientnet depth=1.1 width=1 resolution=ladder --layers --json"
    (network,) = json.loads(printed(capsys, line))["networks"]
    assert network["resolution"] == 240
    for what in ("params", "flops", "activations"):
        assert sum(layer[what] for layer in network["layers"]) == network[what]


def test_words_may_stand_behind_flags_and_commas_make_a_grid(capsys: pytest.CaptureFixture[str]) -> None:
    text = printed(capsys, "cost model=resnet_rs,resnet --layers depth=50 --json resolution=64,96")
    networks = json.loads(text)["networks"]
    assert [(each["model"], each["resolution"]) for each in networks] == [
        ("resnet_rs", 64),
        ("resnet_rs", 96),
        ("resnet", 64),
        ("resnet", 96),
    ]


@pytest.mark.parametrize(
    ("word", "network"),
    [
        ("resnet_rs_350@256", "model=resnet_rs depth=350 resolution=256"),
        ("efficientnet_b4", "model=efficientnet depth=1.8 width=1.4 resolution=380"),
        ("efficientnet_b0@64", "model=efficientnet depth=1 width=1 resolution=64"),
    ],
)
def test_networks_of_the_paper_have_names(word: str, network: str) -> None:
    assert asked_for([word])[0] == asked_for(network.split())[0]


def test_tables_for_people_name_everything(capsys: pytest.CaptureFixture[str]) -> None:
    text = printed(capsys, "cost resnet_rs_50 resnet_rs_101@160 device=a100")
    for what in ("3-4-23-3", "63.6M", "8.36G", "GB", "NVIDIA A100", "350 epochs of 1,281,167 images"):
        assert what in text
    text = printed(capsys, "cost resnet_rs_50 --layers device=a100")
    for what in ("stem.conv1", "stage3.rest.se.gate", "head.classifier", "bound by", "memory", "arithmetic"):
        assert what in text


GOOD = "model=resnet_rs depth=50 resolution=224"


@pytest.mark.parametrize(
    ("line", "sentence"),
    [
        ("cost model=resnet_rs depth=60 resolution=224", "the nearest are 59 and 62."),
        ("cost model=resnet_small depth=21 resolution=28", "the nearest is 20 or 26."),
        ("cost model=resnet_rs depth=5 resolution=224", "the nearest is 14."),
        ("cost model=resnet_rs depth=50.5 resolution=224", "depth=50.5 should be a whole number"),
        ("cost model=resnet_rs depth=1e9 resolution=224", "is too deep: use at most 9998."),
        ("cost model=resnet_rs depth=nan resolution=224", "depth=nan should be a number."),
        ("cost model=efficientnet depth=50 resolution=224", "multiplies the blocks of B0"),
        (f"cost {GOOD} width=0.001", "use a width of at least 0.03125."),
        (f"cost {GOOD} width=1e3", "is too wide: use at most 100."),
        (f"cost {GOOD} width=1e30", "width should be at most 1e+18."),
        (f"cost {GOOD} depth=101", "depth is given twice: say depth=50,101"),
        (f"cost {GOOD} model.family=[1]", "model.family=[1] is unknown"),
        ("cost model=efficientnet depth=1 resolution=64 model.ladder=5", "should be a list in brackets"),
        ("cost model=../model/resnet_rs depth=50 resolution=64", "is not in conf/model"),
        ("cost model=efficientnet depth=1 resolution=64 width=0.1", "use a width of at least 0.25."),
        ("cost model=resnet_rs depth=50 resolution=16", "use at least 32."),
        ("cost model=resnet_rs depth=50 resolution=ladder", "has no ladder of resolutions"),
        ("cost model=efficientnet depth=4 resolution=ladder", "give the pixels."),
        (f"cost {GOOD} frames=3", "which takes images: leave it out."),
        ("cost model=resnet3d_rs depth=50 resolution=224", "such as frames=32."),
        ("cost model=resnet3d_rs depth=50 resolution=224 frames=1", "use at least 2."),
        (f"cost {GOOD} device=a1000", "did you mean a100."),
        (f"cost {GOOD} device=v100", "precision=bf16 is not supported by NVIDIA V100"),
        (f"cost {GOOD} precision=fp8", "should be fp32 or tf32 or bf16."),
        (f"cost {GOOD} batch_size=0", "batch_size=0 should be at least 1."),
        (f"cost {GOOD} epoch=3", "did you mean epochs."),
        (f"cost {GOOD} model.se_ratio=-1", "should be from 0 (none) to 1."),
        (f"cost {GOOD} model.stem=thick", "should be plain or deep."),
        (f"cost {GOOD} model.colour=red", "model.colour is not an option"),
        ("cost model=resnt depth=50 resolution=224", "did you mean resnet."),
        ("cost model=resnet_rs resolution=224", "depth is missing"),
        ("cost model=resnet_rs depth= resolution=224", "depth=None should be a number."),
        ("cost model=resnet_rs depth=[ resolution=224", "[ is not a value"),
        ("cost resnet_rs_152", "say resnet_rs_152@192 or resnet_rs_152@224"),
        ("cost resnet_rs_60", "did you mean resnet_rs_50."),
        ("cost", "KEY=VALUE"),
        (f"cost {GOOD} --frob", "--frob is not an option"),
        ("compare frob", "frob is not an option"),
        ("frob", "invalid choice"),
    ],
)
def test_bad_input_is_one_sentence(capsys: pytest.CaptureFixture[str], line: str, sentence: str) -> None:
    assert sentence in refusal(capsys, line)


def test_debug_shows_where_a_refusal_came_from() -> None:
    with pytest.raises(Refused):
        main(["cost", "resnet_rs_60", "--debug"])


@pytest.mark.parametrize("command", ["compare", "devices"])
def test_the_tables_stand_in_the_documents_as_printed(
    capsys: pytest.CaptureFixture[str], command: str
) -> None:
    assert printed(capsys, command).strip() in (ROOT / "docs" / "networks.md").read_text()


def test_compare_and_devices_as_json(capsys: pytest.CaptureFixture[str]) -> None:
    compared = json.loads(printed(capsys, "compare --json"))
    assert len(compared["params_m"]) == len(compared["flops_b"]) == 19
    assert [speed["device"] for speed in compared["speed"]] == ["v100", "v100", "tpu_v3", "tpu_v3"]
    assert json.loads(printed(capsys, "devices --json"))["v100"]["bandwidth"] == 900e9


@pytest.mark.parametrize("name", FAMILIES)
def test_a_family_is_built_as_its_file_in_conf_says(name: str) -> None:
    """Defaults of the code and of conf/model/ are one thing."""
    size = "depth=26 resolution=64" if "efficientnet" not in name else "depth=1.1 resolution=64"
    size += " frames=8" if name == "resnet3d_rs" else ""
    (asked,), _ = asked_for([f"model={name}", *size.split()])
    assert asked.network == FAMILIES[name]().network(asked.depth, 1.0)


@pytest.mark.parametrize(
    ("line", "code", "words"),
    [
        ("compare > /dev/full", 2, "scaling: output: No space left on device."),
        ("compare | head -2", 0, ""),
    ],
)
def test_an_output_that_takes_nothing_is_no_traceback(line: str, code: int, words: str) -> None:
    command = f"set -o pipefail; {sys.executable} -m scaling {line}"
    done = subprocess.run(["bash", "-c", command], cwd=ROOT, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr.strip()) == (code, words)


def test_switches_are_axes_and_are_named() -> None:
    asked, _ = asked_for(["model=resnet_rs", "depth=50,50", "resolution=1e2", "model.se_ratio=0,0.25"])
    assert [each.title for each in asked] == [
        f"resnet_rs depth=50 width=1 resolution=100 se_ratio={ratio}" for ratio in ("0", "0.25")
    ]
    assert asked[0].network != asked[1].network


def test_a_device_that_is_too_small_is_named(capsys: pytest.CaptureFixture[str]) -> None:
    assert "more than its 17.2 GB" in printed(capsys, "cost resnet_rs_420 device=tpu_v3")
    assert "more than" not in printed(capsys, "cost resnet_rs_420 device=tpu_v3 batch_size=16")
