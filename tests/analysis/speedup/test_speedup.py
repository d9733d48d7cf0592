"""Speed-ups: a planted one is found, and none is claimed for equal families or shuffled labels."""

from __future__ import annotations

import json
import math

import numpy as np
import pandas as pd
import pytest

from analysis.__main__ import main
from analysis.findings import find_at_equal_accuracy
from analysis.noise import group_seeds
from analysis.noise_estimate import noise_of
from analysis.replicates import draw_errors
from analysis.source.clean import build_table
from analysis.source.source import read_source
from analysis.speedup.sentences import speedup_sentence, unmeasured_text
from analysis.speedup.speedup import MAX_FAMILIES, speedups

POINTS = 3.0
"""Points of top-1 per doubling of the cost."""


def planted(
    times: float,
    *,
    generator: np.random.Generator,
    noise: float = 0.3,
    num_seeds: int = 3,
    points: float = POINTS,
    off: float = 0.0,
) -> pd.DataFrame:
    """Two families of five models: `small` costs `times` less than `base` at the same accuracy."""
    rows = []
    for model, factor in (("base", 1.0), ("small", times)):
        for size in range(5):
            cost = 10 * 2**size
            top1 = 60 + points * (size + math.log2(factor))
            measured = cost * math.exp(off * generator.standard_normal())
            row = {
                "model": model,
                "depth": 8 + 6 * size,
                "width": 1.0,
                "resolution": 28,
                "epochs": 4,
                "latency_ms": measured,
                "latency_low_ms": measured * math.exp(-1.96 * off),
                "latency_high_ms": measured * math.exp(1.96 * off),
                "flops": 1e6 * cost,
                "params": 1e5 * 2**size,
            }
            noisy = top1 + noise * generator.standard_normal(num_seeds)
            rows += [row | {"seed": seed, "top1": value} for seed, value in enumerate(noisy)]
    return pd.DataFrame(rows)


def found_in(rows: pd.DataFrame, replicates: int = 1000):
    table = build_table(rows, name="mine", source="mine.csv")
    groups = group_seeds(table.usable)
    noise = noise_of(table, groups)
    return {
        each.cost.name: each
        for each in speedups(table, groups, noise, draw_errors(groups, noise, replicates))
    }


def test_a_planted_speedup_is_found_at_every_cost() -> None:
    found = found_in(planted(2.0, generator=np.random.default_rng(0)))
    assert list(found) == ["latency", "flops", "params"]
    for each in found.values():
        assert (each.base, each.family, each.num_models) == ("base", "small", (5, 5))
        low, high = each.ci95
        assert low < 2 < high < 1.3 * low
        assert each.verdict == "cheaper"
        assert each.common_top1 == pytest.approx((63, 72), abs=0.6)
    at = found["latency"].at
    assert [model.times is None for model in at] == [True, False, False, False, False]
    assert [model.times for model in at[2:]] == pytest.approx([2, 2, 2], abs=0.25)


def test_a_family_that_is_dearer_is_said_to_be() -> None:
    each = found_in(planted(0.5, generator=np.random.default_rng(1)))["flops"]
    assert each.verdict == "dearer"
    said = speedup_sentence(each)
    assert said.endswith("more FLOPs than base.")
    assert f"{1 / each.times:.2f} times" in said


def test_an_interval_holds_the_planted_speedup_and_equal_families_are_rarely_told_apart() -> None:
    """Over 60 studies, with noise of the seeds and of the measured latency."""
    generator = np.random.default_rng(2)
    held, told = 0, 0
    for _ in range(60):
        each = found_in(planted(1.0, generator=generator, off=0.1), replicates=300)["latency"]
        low, high = each.ci95
        held += low <= 1 <= high
        told += each.verdict != "undecided"
    assert held >= 0.85 * 60
    assert told <= 0.1 * 60


def test_the_interval_holds_how_well_the_latency_was_measured() -> None:
    def width(off: float) -> float:
        found = found_in(planted(2.0, generator=np.random.default_rng(3), noise=0.05, off=off))
        low, high = found["latency"].ci95
        return math.log(high / low)

    assert width(0.2) > 3 * width(0.0)


def test_a_family_of_very_many_models_is_not_told_from_one_of_few() -> None:
    """Selection among its many models makes it look a fifth cheaper."""
    generator = np.random.default_rng(1)
    rows = [
        {
            "model": model,
            "depth": 8 + place,
            "width": 1.0,
            "resolution": 28,
            "epochs": 4,
            "flops": 1e7 * 2**size,
        }
        | {"seed": seed, "top1": 60 + POINTS * size + generator.standard_normal()}
        for model, number in (("base", 5), ("small", 300))
        for place, size in enumerate(np.linspace(0, 4, number))
        for seed in range(3)
    ]
    found = found_in(pd.DataFrame(rows))["flops"]
    assert found.ci95[0] > 1
    assert found.verdict == "undecided"


def test_labels_dealt_out_anew_leave_it_undecided() -> None:
    """All models are at chance level, and one family costs a quarter: it is not faster to any accuracy."""
    generator = np.random.default_rng(4)
    told = 0
    for _ in range(40):
        rows = planted(1.0, generator=generator, points=0.0)
        is_small = rows["model"] == "small"
        rows.loc[is_small, ["latency_ms", "latency_low_ms", "latency_high_ms", "flops", "params"]] /= 4
        told += any(each.verdict != "undecided" for each in found_in(rows, replicates=300).values())
    assert told <= 4


def test_ranges_that_do_not_overlap_are_not_extrapolated() -> None:
    rows = planted(1.0, generator=np.random.default_rng(5))
    rows.loc[rows["model"] == "small", "top1"] += 20
    each = found_in(rows)["latency"]
    assert (each.times, each.ci95, each.common_top1, each.verdict) == (None, None, None, "undecided")
    assert "have no accuracy in common" in speedup_sentence(each)


def test_one_seed_gives_no_interval_and_no_verdict() -> None:
    each = found_in(planted(4.0, generator=np.random.default_rng(6), num_seeds=1))["flops"]
    assert each.times == pytest.approx(4, rel=0.3)
    assert (each.ci95, each.verdict) == (None, "undecided")


def test_of_many_families_the_base_is_always_one() -> None:
    pair = planted(2.0, generator=np.random.default_rng(0))
    base, small = (pair[pair["model"] == name] for name in ("base", "small"))
    rows = [base.iloc[:6], *(small.assign(model=f"family {number:02}") for number in range(MAX_FAMILIES))]
    table = build_table(pd.concat(rows, ignore_index=True), name="many", source="many.csv")
    found = find_at_equal_accuracy(table, "base").speedups
    assert {each.base for each in found} == {"base"}
    assert len({each.family for each in found}) == MAX_FAMILIES - 1


def test_only_what_was_trained_alike_is_compared() -> None:
    rows = planted(2.0, generator=np.random.default_rng(7))
    rows.loc[rows["model"] == "small", "epochs"] = 8
    assert found_in(rows) == {}


def test_a_gap_of_more_than_five_times_the_cost_is_not_bridged() -> None:
    rows = planted(2.0, generator=np.random.default_rng(8))
    small = rows["model"] == "small"
    each = found_in(rows[~(small & rows["depth"].isin([14, 20, 26]))])["flops"]
    assert [model.times for model in each.at] == [None] * 5


@pytest.fixture
def csv(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    planted(2.0, generator=np.random.default_rng(0)).to_csv("mine.csv", index=False)


@pytest.mark.usefixtures("csv")
def test_the_command_says_it(capsys) -> None:
    assert main(["speedup", "mine.csv", "--cost", "latency"]) == 0
    said = capsys.readouterr().out
    assert "At 4 epochs and at equal accuracy" in said
    assert "less latency than base." in said
    assert "FLOPs" not in said
    assert main(["speedup", "mine.csv", "--base", "small", "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert [each["verdict"] for each in found["speedups"]] == ["dearer"] * 3
    assert all(len(each["ci95"]) == 2 for each in found["speedups"])


@pytest.mark.usefixtures("csv")
@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (["--base", "large"], "--base large: mine.csv has no such family: choose from base and small."),
        (["--cost", "memory"], "mine.csv has no memory: add the column peak_memory_gb."),
    ],
)
def test_what_is_not_there_is_refused(capsys, words, sentence) -> None:
    assert main(["speedup", "mine.csv", *words]) == 2
    assert capsys.readouterr().err == f"analysis: {sentence}\n"


def test_one_family_is_refused(tmp_path, capsys) -> None:
    rows = planted(2.0, generator=np.random.default_rng(0))
    rows[rows["model"] == "base"].to_csv(tmp_path / "one.csv", index=False)
    assert main(["speedup", str(tmp_path / "one.csv")]) == 2
    assert "has no two families trained on the same data" in capsys.readouterr().err


@pytest.mark.usefixtures("csv")
def test_the_report_has_its_section_picture_and_rules(tmp_path) -> None:
    assert main(["report", "mine.csv", "--out", "report"]) == 0
    report = tmp_path / "report"
    page = (report / "report.html").read_text()
    assert '<section id="speedup">' in page
    assert "Speed at equal accuracy" in page
    assert (report / "speedup_latency.png").stat().st_size > 10_000
    assert "Speed-up at equal accuracy" in (report / "tables.md").read_text()
    rules = json.loads((report / "rules.json").read_text())
    assert {each["verdict"] for each in rules["speedups"]} == {"cheaper"}


def test_what_was_not_measured_names_the_command_that_measures_it() -> None:
    rows = planted(2.0, generator=np.random.default_rng(0)).assign(point="0123456789abcdef")
    table = build_table(rows, name="mine", source="results/mine")
    assert unmeasured_text(table) == (
        "Training step and peak memory were not measured: python -m scaling profile results/mine measures "
        "what is missing."
    )
    assert unmeasured_text(build_table(rows.drop(columns="point"), name="x", source="x.csv")) == ""


@pytest.fixture(scope="module")
def table7():
    """Table 7 of Bello et al. 2021, with the memory of Table 3."""
    return find_at_equal_accuracy(read_source("published:resnet_rs_2021_table7"))


def test_the_pairs_are_as_printed(table7) -> None:
    spans = {}
    for pair in table7.printed:
        assert pair.times == pytest.approx(pair.printed, abs=0.051), pair
        spans.setdefault(pair.cost.detail, []).append(pair.printed)
    assert {detail: (min(each), max(each), len(each)) for detail, each in spans.items()} == {
        "of 1,024 images on a V100": (2.1, 3.3, 5),
        "of 1,024 images on TPU v3": (1.7, 2.7, 5),
        "of a training step on 32 images": (1.8, 2.3, 2),
    }


def test_interpolated_they_lie_between_what_is_printed(table7) -> None:
    v100, tpu = (each for each in table7.speedups if each.cost.name == "latency")
    assert (v100.cost.detail, tpu.cost.detail) == ("of 1,024 images on a V100", "of 1,024 images on TPU v3")
    assert (v100.base, v100.family, v100.num_models) == ("efficientnet", "resnet_rs", (8, 11))
    assert 2.1 < v100.times < 3.3
    assert 1.7 < tpu.times < 2.7
    assert v100.common_top1 == tpu.common_top1 == pytest.approx((78.8, 84.4))
    assert (v100.verdict, tpu.verdict) == ("cheaper", "cheaper")
    assert [each.title for each in v100.at if each.times is None] == ["B0@224", "B7@600"]


def test_they_cost_more_flops_and_parameters(table7) -> None:
    verdicts = {each.cost.name: each.verdict for each in table7.speedups}
    assert (verdicts["flops"], verdicts["params"], verdicts["memory"]) == ("dearer", "dearer", "undecided")


def test_semi_supervised_is_one_pair_and_no_common_accuracy() -> None:
    """Table 4 of Bello et al. 2021."""
    found = find_at_equal_accuracy(read_source("published:resnet_rs_2021_table4"))
    assert [(each.printed, round(each.times, 1), each.at_slow) for each in found.printed] == [
        (5.5, 5.5, None),
        (4.7, 4.7, None),
    ]
    assert {each.times for each in found.speedups} == {None}
