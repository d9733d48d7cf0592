"""Tests of benchmarks.decision_quality, its tables and its picture."""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from benchmarks.decision_quality import FEW, SHARES, main, quality, repetition
from benchmarks.decision_reading import Decision
from benchmarks.decision_sources import simulated
from benchmarks.decision_tables import FORESIGHT, OURS, PAIRS, THIRD, least_share, print_tables, text

SOURCE = simulated("depth pays")


@pytest.fixture(scope="module")
def rows() -> pd.DataFrame:
    names = ["small scale first", "random", OURS]
    return pd.DataFrame([row for number in range(2) for row in repetition(SOURCE, names, number)])


def test_each_strategy_is_read_at_each_share_and_ours_where_it_stops(rows: pd.DataFrame) -> None:
    counts = rows.groupby(["strategy", "reading"]).size() / 2
    assert counts["random", PAIRS] == len(SHARES)
    assert counts["random", FORESIGHT] == len(FEW)
    assert counts[OURS, FORESIGHT] == len(SHARES) + 1
    stops = rows[np.isinf(rows["share"])]
    assert set(stops["strategy"]) == {OURS}
    assert (stops["spent"] < 1).all()
    at = rows[np.isfinite(rows["share"])]
    assert (at["spent"] <= at["share"] + 1e-9).all()


def test_a_repetition_is_the_same_again(rows: pd.DataFrame) -> None:
    again = pd.DataFrame(repetition(SOURCE, ["random"], 1))
    before = rows[(rows["strategy"] == "random") & (rows["repetition"] == 1)]
    kept = ["share", "reading", "spent", "regret", "all"]
    assert again[kept].equals(before[kept].reset_index(drop=True))


def test_quality_tells_undecided_from_wrong() -> None:
    truth = SOURCE.draw(np.random.default_rng(0)).truth
    full = _decision("depth", "undecided", "inside_range", 40.0)
    grid = SOURCE.grid
    same = quality(full, full, grid, truth)
    assert (same["all"], same["decided"], same["wrong"]) == (True, True, False)
    assert same["crossover"] == 1
    late = quality(_decision("undecided", "undecided", "inside_range", 80.0), full, grid, truth)
    assert (late["all"], late["decided"], late["wrong"]) == (False, False, False)
    assert late["crossover"] == pytest.approx(2)
    wrong = quality(_decision("width", "undecided", "inside_range", 40.0), full, grid, truth)
    assert wrong["wrong"]
    bold = quality(_decision("depth", "depth", "inside_range", 40.0), full, grid, truth)
    assert (bold["all"], bold["decided"], bold["wrong"]) == (False, True, False)
    nothing = quality(full, _decision("undecided", "undecided", "undetermined", None), grid, truth)
    assert nothing["decided"] is None
    assert np.isnan(nothing["crossover"])


@pytest.mark.parametrize(
    ("counts", "expected"),
    [((10, 10, 10), "5"), ((9, 10, 10), "10"), ((10, 9, 10), "33"), ((10, 10, 9), "> 33")],
)
def test_the_least_share_is_that_from_which_on_it_is_often_enough(
    counts: tuple[int, ...], expected: str
) -> None:
    rows = [
        {"share": share, "decided": number < count}
        for share, count in zip((0.05, 0.1, THIRD), counts, strict=True)
        for number in range(10)
    ]
    assert least_share(pd.DataFrame(rows)) == expected


def test_a_rate_is_told_with_its_interval() -> None:
    assert text(pd.Series([True] * 19 + [False])) == "95 (75, 100)"
    assert text(pd.Series([None, None], dtype=object)) == "-"


def test_tables_and_picture_are_made_of_kept_rows(
    rows: pd.DataFrame, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    rows.to_csv(tmp_path / "kept.csv", index=False)
    words = ["--kept", f"{tmp_path / 'kept.csv'}", "--figure", f"{tmp_path / 'figure.png'}"]
    monkeypatch.setattr(sys, "argv", ["decision_quality.py", *words])
    main()
    printed = capsys.readouterr().out
    print_tables(rows)
    assert printed.startswith(capsys.readouterr().out)
    for word in ("At a third", "read by foresight", "stops by itself", "depth_or_width@100", "2 repetitions"):
        assert word in printed
    assert (tmp_path / "figure.png").read_bytes().startswith(b"\x89PNG")


@pytest.mark.parametrize("line", ["--reference nowhere", "--repetitions 0", "--kept nowhere.csv"])
def test_bad_input_is_one_sentence(
    line: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(sys, "argv", [str(Path("decision_quality.py")), *line.split()])
    with pytest.raises(SystemExit, match="2"):
        main()
    assert capsys.readouterr().err.strip().endswith(".")


def _decision(first: str, second: str, crossover: str, epochs: float | None) -> Decision:
    verdicts = {"depth_or_width@10": first, "depth_or_width@100": second, "crossover": crossover}
    return Decision(verdicts=verdicts, crossover=epochs, cap=None, family=SOURCE.grid.finals[:3])
