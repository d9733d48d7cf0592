"""Bad input, from the shell: one sentence and exit code 2, or a report without a confident rule."""

from __future__ import annotations

import json
from itertools import product

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from analysis.__main__ import main
from analysis.pairs.pairs import MIN_DF, MIN_PAIRS

HEADER = "depth,width,resolution,epochs,top1"
LINE = "26,0.5,128,10,70"


def grid(top1, *, column="top1"):
    """A grid of two seeds; with valid accuracies, it decides the rules."""
    rows = [
        f"{depth},{width},{resolution},10,{seed},"
        f"{depth * width**2 * resolution**2},{top1(depth, width, seed)}"
        for depth, width, resolution, seed in product((26, 50, 101), (0.5, 1, 2), (128, 160), (0, 1))
    ]
    return "\n".join([f"depth,width,resolution,epochs,seed,flops,{column}", *rows])


def good(depth, width, seed):
    return 60 + depth / 10 + 3 * width + 0.1 * seed * (1 + depth % 3)


def write(directory, content):
    path = directory / "bad.csv"
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return path


def verdicts(rules):
    regimes = [*rules["regimes"], *rules["by_resolution"]]
    found = {each["prefer"] for each in regimes} | {each["verdict"] for each in rules["returns"]}
    return found | {rules["resolution"]["prefer"]}


def rules_of(path, capsys):
    assert main(["rules", str(path), "--json"]) == 0
    return json.loads(capsys.readouterr().out, parse_constant=pytest.fail)


def test_the_good_grid_decides(tmp_path, capsys):
    assert "depth" in verdicts(rules_of(write(tmp_path, grid(good)), capsys))


@pytest.mark.parametrize("command", ["report", "rules", "frontier", "methods"])
@pytest.mark.parametrize(
    ("content", "words"),
    [
        pytest.param("", "is empty", id="empty"),
        pytest.param("\n\n", "is empty", id="blank lines"),
        pytest.param(HEADER, "has a header but no rows", id="header only"),
        pytest.param(
            "depth,width\n26,1\n", "no column resolution, epochs, top1 (or error)", id="few columns"
        ),
        pytest.param(f"Depth{HEADER[5:]}\n{LINE}", "(--map depth=Depth?)", id="a name near by"),
        pytest.param(
            f"Depth,w,size,epoch,acc1\n{LINE}",
            "(--map depth=Depth --map epochs=epoch?)",
            id="one name for each",
        ),
        pytest.param(f"{HEADER},top1\n{LINE},71", "more than one column top1", id="twice a column"),
        pytest.param(f"{HEADER}\n{LINE}".replace(",", ";"), "has semicolons", id="semicolons"),
        pytest.param(f"{HEADER}\n{LINE}".replace(",", "\t"), "has tabs", id="tabs"),
        pytest.param(
            HEADER.replace(",", ";") + "\n26;0,5;128;10;70,5", "has semicolons", id="decimal commas"
        ),
        pytest.param(f'{HEADER}\n26,"0,5",128,10,70', "row 1 has width = '0,5'", id="quoted decimal comma"),
        pytest.param(f"{HEADER}\n26,0,5,128,10,70,5", "not a readable CSV", id="bare decimal commas"),
        pytest.param(f"{HEADER},message\n{LINE},schön".encode("latin-1"), "UTF-8", id="latin-1"),
        pytest.param(f"{HEADER}\n{LINE}".encode("utf-16"), "UTF-8", id="utf-16"),
        pytest.param(bytes(range(256)) * 4, "not a readable CSV", id="binary"),
        pytest.param(f'{HEADER}\n26,0.5,128,10,"70', "not a readable CSV", id="open quote"),
        pytest.param(f"{HEADER}\n{LINE}\n,1,128,10,71", "row 2 has depth = nan", id="no axis"),
        pytest.param(f"{HEADER}\ninf,1,128,10,71", "row 1 has depth = inf", id="infinite axis"),
        pytest.param(f"{HEADER}\n26,1,128,0,71", "row 1 has epochs = 0", id="no epochs"),
        pytest.param(f"{HEADER}\n{'9' * 400},1,128,10,71", "row 1 has depth = inf", id="huge depth"),
        pytest.param(
            f"{HEADER}\n26,1,{'9' * 30},10,71", "row 1 has resolution = 1e+30", id="huge resolution"
        ),
        pytest.param(f"{HEADER},seed\n{LINE},{'9' * 30}", "row 1 has seed = 1e+30", id="huge seed"),
        pytest.param(f"{HEADER}\n26,1,128,10,70%", "row 1 has top1 = '70%'", id="percent sign"),
        pytest.param(f"{HEADER},flops\n{LINE},1.2G", "row 1 has flops = '1.2G'", id="unit in a number"),
        pytest.param(f"{HEADER}\n26,1,128,10,-1", "row 1 has top1 = -1", id="below 0"),
        pytest.param(f"{HEADER}\n26,1,128,10,101", "row 1 has top1 = 101", id="above 100"),
        pytest.param(f"{HEADER},status\n{LINE},done", "row 1 has status = 'done'", id="unknown status"),
        pytest.param(
            f"{HEADER},top1_uncertainty\n{LINE},-1", "top1_uncertainty = -1", id="uncertainty below 0"
        ),
        pytest.param(grid(lambda *at: good(*at) / 100), "looks like a fraction", id="fractions"),
        pytest.param(
            grid(lambda *at: 1 - good(*at) / 100, column="error"),
            "give top1 = 100 - error",
            id="fractions of errors",
        ),
        pytest.param(
            grid(lambda *at: good(*at) / (100 if at[0] == 26 else 1)), "looks like two units", id="both units"
        ),
    ],
)
def test_it_is_refused_in_one_sentence(tmp_path, monkeypatch, capsys, command, content, words):
    monkeypatch.chdir(tmp_path)
    assert main([command, str(write(tmp_path, content))]) == 2
    captured = capsys.readouterr()
    assert words in captured.err
    assert (captured.out, captured.err.count("\n")) == ("", 1)
    assert [path.name for path in tmp_path.iterdir()] == ["bad.csv"]


@pytest.mark.parametrize("command", ["report", "rules", "frontier"])
@pytest.mark.parametrize(
    ("content", "words"),
    [
        pytest.param(
            f"{HEADER},status\n26,1,128,10,,failed", "no completed point (1 failed", id="all failed"
        ),
        pytest.param(f"{HEADER}\n26,1,128,10,inf", "no completed point (1 no accuracy", id="all infinite"),
        pytest.param(f"{HEADER}\n26,1,128,10,", "no completed point (1 no accuracy", id="no accuracy"),
    ],
)
def test_rows_without_a_result_are_no_report(tmp_path, capsys, command, content, words):
    assert (
        main([command, str(write(tmp_path, content)), *(["--cost", "flops"] * (command == "frontier"))]) == 2
    )
    assert words in capsys.readouterr().err


@pytest.mark.parametrize(
    ("content", "warning"),
    [
        pytest.param(f"{HEADER},flops\n{LINE},1e9", "no_pairs", id="one point"),
        pytest.param(
            f"{HEADER},flops\n" + "\n".join(f"{LINE}.{seed},1e9" for seed in range(5)),
            "no_pairs",
            id="one model",
        ),
        pytest.param(grid(lambda *_: 70), "identical_repeats", id="constant"),
        pytest.param(grid(lambda *_: 0), "identical_repeats", id="always wrong"),
        pytest.param(grid(lambda *_: 100), "identical_repeats", id="always right"),
        pytest.param(
            f"{HEADER},flops\n{LINE},-5\n50,1,128,10,72,inf", "flops_missing", id="impossible costs"
        ),
        pytest.param(
            grid(lambda *at: good(*at) if at[:2] == (26, 0.5) else "inf"), "no_accuracy", id="infinities"
        ),
    ],
)
def test_it_is_reported_without_a_confident_rule(tmp_path, capsys, content, warning):
    path = write(tmp_path, content)
    rules = rules_of(path, capsys)
    assert verdicts(rules) == {"undecided"}
    assert warning in [each["code"] for each in rules["warnings"]]
    assert main(["report", str(path), "--out", str(tmp_path / "out")]) == 0
    assert (tmp_path / "out" / "report.html").is_file()


def test_a_run_at_chance_is_no_other_unit(tmp_path, capsys):
    rules_of(write(tmp_path, grid(lambda *at: good(*at) if at != (26, 0.5, 0) else 0.1)), capsys)


def test_three_thousand_columns_are_no_trouble(tmp_path, capsys):
    names = ",".join(f"c{number}" for number in range(3000))
    rules_of(write(tmp_path, f"{HEADER},{names}\n{LINE}{',1' * 3000}"), capsys)


@pytest.mark.parametrize(
    ("source", "words"),
    [
        ("x" * 5000 + ".csv", "does not exist"),
        ("a\0b", "does not exist"),
        ("", "study.json"),
        (".", "study.json"),
    ],
)
def test_what_is_no_place_is_refused(tmp_path, monkeypatch, capsys, source, words):
    monkeypatch.chdir(tmp_path)
    assert main(["rules", source]) == 2
    assert words in capsys.readouterr().err


number = st.sampled_from(["", "nan", "inf", "-1", "0", "1e-9", "0.5", "1", "10", "70.5", "99.99", "100", "x"])
row = st.tuples(
    st.sampled_from([26, 50, 101]),
    st.sampled_from([0.5, 1.0, 2.0]),
    st.sampled_from([128, 160]),
    st.sampled_from([10, 100]),
    st.one_of(st.floats(60, 80).map(lambda value: f"{value:.2f}"), number),
    st.sampled_from(["0", "1", "2"]),
    st.one_of(st.floats(1, 1e3).map(lambda value: f"{value:.3g}"), number),
    st.sampled_from(["completed"] * 5 + ["failed", "running", ""]),
)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(rows=st.lists(row, min_size=1, max_size=24))
def test_small_tables_are_rules_or_a_sentence(tmp_path, capsys, rows):
    lines = [f"{HEADER},seed,flops,status", *(",".join(map(str, row)) for row in rows)]
    path = write(tmp_path, "\n".join(lines))
    code = main(["rules", str(path), "--json"])
    captured = capsys.readouterr()
    if code == 2:
        assert (captured.out, captured.err.count("\n")) == ("", 1)
        return
    rules = json.loads(captured.out, parse_constant=pytest.fail)
    few_repeats = rules["provenance"]["noise"]["degrees_of_freedom"] < MIN_DF
    for regime in [*rules["regimes"], *rules["by_resolution"]]:
        if regime["num_pairs"] < MIN_PAIRS or few_repeats or regime["ci95"] is None:
            assert regime["prefer"] == "undecided"
        else:
            low, high = regime["ci95"]
            assert low <= high
            assert np.isfinite([low, high, regime["advantage_points"]]).all()
    if few_repeats:
        assert verdicts(rules) <= {"undecided"}
