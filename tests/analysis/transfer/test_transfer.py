"""Transfer: a planted order and a planted gain are found, and none in a null."""

from __future__ import annotations

import json
from collections.abc import Collection
from itertools import product
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from analysis.__main__ import main
from analysis.report.report import write_report
from analysis.source.clean import build_table
from analysis.source.source import read_source
from analysis.table import Table
from analysis.transfer.rank_correlation import Ranked, num_pairs, replicates_of, tau
from analysis.transfer.sentences import transfer_json, transfer_sentences
from analysis.transfer.transfer import Transfer, transfers
from scaling.errors import Refused

DEPTHS, WIDTHS, EPOCHS, SEEDS = (8, 14, 20), (0.25, 0.5, 1.0), (1, 4), (0, 1, 2)


def study(
    seed: int,
    *,
    slope: float = 0.0,
    gain: float = 0.0,
    noise: float = 0.5,
    networks: Collection[tuple[int, float]] = tuple(product(DEPTHS, WIDTHS)),
) -> pd.DataFrame:
    """A transfer study: starts differ by up to 20 points, of which a share `slope` carries over."""
    generator = np.random.default_rng(seed)
    rows = []
    for depth, width in networks:
        own = generator.normal(0, 2.0)  # effect of the network on the second task only
        scratch = 70 + own
        for epochs in EPOCHS:
            start = 70 + generator.uniform(0, 20)
            for one, tune, rate in product(SEEDS, ("all", "head"), (0.1, 0.4)):
                accuracy = scratch + gain + slope * (start - 80) - (rate > 0.2) * 1.0
                rows.append(
                    {
                        "depth": depth, "width": width, "seed": one, "recipe.learning_rate": rate,
                        "start.point": f"{depth}-{width}-{epochs}-{one}", "start.tune": tune,
                        "start.origin": f"e{epochs}", "start.epochs": epochs,
                        "start.top1": start + generator.normal(0, noise),
                        "top1": accuracy + generator.normal(0, noise),
                        "test_top1": accuracy - 1 + generator.normal(0, noise),
                    }
                )  # fmt: skip
        for one, rate in product(SEEDS, (0.1, 0.4)):
            top1, test = scratch + generator.normal(0, noise), scratch - 1 + generator.normal(0, noise)
            rows.append(
                {"depth": depth, "width": width, "seed": one, "recipe.learning_rate": rate, "top1": top1}
                | {"test_top1": test}
            )
    shared = {"model": "resnet_small", "data": "digits", "resolution": 16, "epochs": 12}
    return pd.DataFrame(rows).assign(**shared, flops=lambda each: each["depth"] * each["width"] ** 2 * 1e6)


def table(rows: pd.DataFrame) -> Table:
    return build_table(rows, name="digits", source="digits")


def found(rows: pd.DataFrame) -> Transfer:
    (one,) = transfers(table(rows))
    return one


def test_a_planted_correlation_and_gain_are_found() -> None:
    each = found(study(0, slope=0.8, gain=5.0))
    by = {(order.tune, order.by): order for order in each.orders}
    for tune in ("all", "head"):
        order = by[tune, "accuracy"]
        assert order.verdict == "better"
        assert order.ci95
        assert 0.3 < order.ci95[0] < order.tau < order.ci95[1] <= 1
        assert (order.num_networks, order.num_models, order.num_pairs) == (9, 18, 153)
    verdicts = {(gain.tune, gain.over, gain.start_epochs): gain.verdict for gain in each.gains}
    assert verdicts["all", "scratch", None] == verdicts["head", "scratch", None] == "better"
    assert verdicts["all", "head", None] == "undecided"
    told = " ".join(transfer_sentences([each]))
    assert "fine-tuned, networks of better pre-training accuracy transfer better: Kendall's tau +" in told
    assert "fine-tuning is better than training from scratch: +" in told
    assert "no choice has used" in told


def test_a_correlation_that_is_turned_around_is_told_as_such() -> None:
    each = found(study(0, slope=-0.8))
    assert {order.verdict for order in each.orders if order.by == "accuracy"} == {"worse"}


def test_where_nothing_carries_over_few_verdicts_are_given() -> None:
    """At most one of 12 null studies has a false verdict, since all verdicts of a study share the 5 %."""
    wrong = sum(
        any(each.verdict != "undecided" for each in (*one.orders, *one.gains))
        for one in (found(study(seed)) for seed in range(12))
    )
    assert wrong <= 1


def test_the_setting_is_chosen_on_validation_images_and_told_by_test_images() -> None:
    rows = study(0, noise=0.0)
    rows.loc[rows["recipe.learning_rate"] == 0.4, "test_top1"] = 99.0  # better there, but must not be chosen
    each = found(rows)
    tuned = [model for model in each.models if model.tune != "scratch"]
    assert each.metric == "test_top1"
    assert {model.num_settings for model in each.models} == {2}
    assert max(model.mean for model in tuned) < 90


def test_depth_is_compared_among_networks_alike_in_the_rest() -> None:
    rows = study(0, networks=list(product(DEPTHS, (*WIDTHS, 2.0))))
    rows["top1"] = rows["test_top1"] = 60 + rows["depth"] + 1e-3 * rows["seed"]
    by = {(order.tune, order.by): order for order in found(rows).orders}
    assert by["all", "depth"].tau == 1
    assert by["all", "depth"].num_pairs == 3 * 4 * 2  # pairs of depths, widths, first trainings
    assert by["all", "depth"].verdict == "better"
    assert np.isnan(by["all", "width"].tau) or by["all", "width"].verdict == "undecided"


def test_an_order_that_few_networks_have_by_chance_is_undecided() -> None:
    """In 4 networks, 2 pairs differ only in depth: by chance, both are in one order in half of all tables."""
    rows = study(0, networks=list(product((8, 14), (0.5, 1.0))))
    rows["top1"] = rows["test_top1"] = 60 + rows["depth"] + 1e-3 * rows["seed"]
    each = found(rows)
    by = {(order.tune, order.by): order for order in each.orders}
    order = by["all", "depth"]
    assert (order.tau, order.ci95, order.verdict) == (1, (1, 1), "undecided")
    assert order.least_p_value == 0.5
    assert by["all", "accuracy"].least_p_value == pytest.approx(2 / 24)
    assert by["all", "epochs"].least_p_value == 2 / 2**4


def test_lengths_of_pretraining_are_compared_among_those_alike_in_the_rest() -> None:
    rows = study(0)
    by = {(order.tune, order.by): order for order in found(rows).orders}
    assert by["all", "epochs"].num_pairs == 9
    rows["start.setting"] = rows["start.epochs"].map({1: "plain", 4: "pseudo-labels"})
    assert ("all", "epochs") not in {(order.tune, order.by) for order in found(rows).orders}


def test_a_table_that_does_not_say_what_was_tuned_is_refused() -> None:
    with pytest.raises(Refused, match=r"digits has start\.point and no start\.tune: add the column"):
        found(study(0).drop(columns="start.tune"))


def test_too_few_networks_decide_nothing() -> None:
    rows = study(0, slope=0.8, gain=5.0)
    each = found(rows[(rows["depth"] == 8)])
    assert {one.verdict for one in (*each.orders, *each.gains)} == {"undecided"}


def test_tau_is_kendalls() -> None:
    from scipy.stats import kendalltau

    generator = np.random.default_rng(0)
    first, second = generator.normal(size=(2, 12)).round(1)
    every = Ranked(
        first=first,
        second=second,
        network=np.arange(12),
        may_pair=~np.eye(12, dtype=bool),
        scatter=np.zeros((0, 2)),
        num_seeds=np.ones(12, dtype=int),
    )
    assert tau(every) == pytest.approx(kendalltau(first, second).statistic)
    assert num_pairs(every) == 66
    drawn = replicates_of(every)
    assert np.nanmean(drawn) == pytest.approx(tau(every), abs=0.1)


def test_a_report_has_its_section_picture_and_rules(tmp_path: Path) -> None:
    report = write_report(table(study(0, slope=0.8, gain=5.0)), tmp_path)
    page = report.page.read_text()
    assert "<h2" in page
    assert "Transfer: verdicts" in page
    assert "networks of better pre-training accuracy" in page
    assert (tmp_path / "transfer.png").stat().st_size > 10_000
    (rules,) = json.loads(report.rules.read_text())["transfers"]
    assert rules["orders"][0]["verdict"] == "better"
    assert rules == json.loads(json.dumps(transfer_json([found(study(0, slope=0.8, gain=5.0))])[0]))


def test_the_command_prints_it_and_refuses_what_has_none(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "digits.csv"
    study(0, slope=0.8, gain=5.0).to_csv(file, index=False)
    assert main(["transfer", str(file)]) == 0
    assert "Transfer: networks" in capsys.readouterr().out
    assert main(["transfer", str(file), "--json"]) == 0
    assert json.loads(capsys.readouterr().out)[0]["num_verdicts"] > 4
    plain = study(0)
    plain[plain["start.point"].isna()].drop(columns=[name for name in plain if "start" in name]).to_csv(
        file, index=False
    )
    assert main(["transfer", str(file)]) == 2
    assert "no completed point that starts from another" in " ".join(capsys.readouterr().err.split())
    assert read_source(file).rows["setting"].nunique() == 2
