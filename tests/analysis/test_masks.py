"""A study of masks: mean intersection over union takes the place of the accuracy."""

from __future__ import annotations

import json
from pathlib import Path

import pandas as pd
import pytest

from analysis.__main__ import main
from analysis.frontier.objectives import parse_objectives, read_objectives
from analysis.metric import MIOU
from analysis.report.report import write_report
from analysis.source.source import read_source
from scaling.errors import Refused


@pytest.fixture(scope="module")
def file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    rows = [
        {
            "depth": depth, "width": width, "resolution": 28, "epochs": 4, "seed": seed,
            "flops": depth * width**2 * 1e6,
            "miou": 30 + 2 * depth**0.5 + 3 * width + 0.1 * seed, "test_miou": 29.0 + depth**0.5,
        }
        for depth in (8, 14, 20) for width in (0.5, 1.0) for seed in (0, 1)
    ]  # fmt: skip
    path = tmp_path_factory.mktemp("masks") / "masks.csv"
    pd.DataFrame(rows).to_csv(path, index=False)
    return path


def test_a_report_is_written_of_it(file: Path, tmp_path: Path) -> None:
    table = read_source(file)
    assert table.accuracy is MIOU
    assert "top1" not in table.rows
    assert table.rows["error"].to_numpy() == pytest.approx(100 - table.rows["miou"].to_numpy())
    report = write_report(table, tmp_path)
    assert json.loads(report.rules.read_text())["metric"] == "miou"
    page = report.page.read_text()
    assert "100 % - mean IoU" in page
    assert "op-1 error" not in page
    assert "mean iou" not in page


def test_top1_is_not_asked_of_it(file: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for words in (["methods"], ["family", "--flops", "1e9"]):
        assert main([words[0], str(file), *words[1:]]) == 2
        assert "has mean IoU: " in " ".join(capsys.readouterr().err.split())
    with pytest.raises(Refused, match="has no numbers in top1"):
        read_objectives(file, parse_objectives("top1,flops"))
    found = read_objectives(file, parse_objectives("miou,flops"))
    assert [metric.name for metric in found.metrics] == ["miou", "flops"]
