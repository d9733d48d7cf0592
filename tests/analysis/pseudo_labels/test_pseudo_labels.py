"""Pseudo-labels: a planted gain is found, a null is undecided, and verdicts share an error rate of 5 %."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from analysis.pseudo_labels.pseudo_labels import PseudoLabelGains, pseudo_label_gains
from analysis.pseudo_labels.sheet import pseudo_labels_json, pseudo_labels_sentences, pseudo_labels_sheet
from analysis.report.report import write_report
from analysis.source.clean import build_table
from analysis.table import Table

NETWORKS = [(8, 0.25), (8, 0.5), (14, 0.25), (14, 0.5)]
VARIANTS = [(1, "hard"), (3, "hard"), (3, "soft")]


def _table(
    *,
    gain: float = 2.0,
    depth_gain: float = 0.0,
    of_teacher: float = 0.3,
    noise: float = 0.3,
    num_seeds: int = 5,
) -> Table:
    """A teacher moves all its students together, as when one teacher labels for all networks of a seed."""
    draw = np.random.default_rng(0)
    rows: list[dict[str, object]] = []
    for seed in range(num_seeds):
        moved = draw.normal(0, of_teacher)
        for depth, width in NETWORKS:
            base = 60 + 4 * np.log2(width * 4) + 2 * np.log2(depth / 8)
            own = {"depth": depth, "width": width, "resolution": 14, "epochs": 12, "seed": seed}
            point = f"{depth}-{width}-{seed}"
            plain = {**own, "point": point, "setting": "plain", "top1": base + draw.normal(0, noise)}
            rows.append(plain | {"flops": depth * width**2})
            for ratio, kind in VARIANTS:
                won = gain + depth_gain * np.log2(depth / 8) + moved
                rows.append(
                    own
                    | {
                        "point": f"{point}-{ratio}-{kind}",
                        "setting": f"{ratio}{kind}",
                        "top1": base + won + draw.normal(0, noise),
                        "flops": depth * width**2,
                        "pseudo.ratio": ratio,
                        "pseudo.kind": kind,
                        "pseudo.threshold": 0.0,
                        "pseudo.balanced": False,
                        "pseudo.num_images": 10000,
                        "pseudo.teacher": f"teacher-{seed}",
                        "pseudo.rule": "r",
                        "pseudo.baseline": point,
                    }
                )
    return build_table(pd.DataFrame(rows), name="planted", source="planted")


def _found(table: Table) -> PseudoLabelGains:
    found = pseudo_label_gains(table)
    assert found is not None
    return found


@pytest.mark.parametrize(("gain", "verdict"), [(2.0, "helps"), (-2.0, "hurts")])
def test_a_planted_gain_is_found(gain: float, verdict: str) -> None:
    found = _found(_table(gain=gain))
    assert [(each.variant, each.effect.verdict) for each in found.overall] == [
        ("1 hard", verdict),
        ("3 hard", verdict),
        ("3 soft", verdict),
    ]
    for each in found.overall:
        assert (each.effect.num_seeds, each.num_pairs, each.num_teachers) == (5, 20, 5)
        assert each.effect.ci95 is not None
        assert each.effect.ci95[0] < gain < each.effect.ci95[1]
    assert sum(each.effect.verdict == verdict for each in found.by_network) >= 10  # of 12
    assert {each.prefer for each in found.slopes} == {"undecided"}


def test_a_planted_advantage_of_depth_is_found() -> None:
    slopes = _found(_table(depth_gain=2.0)).slopes
    assert {each.prefer for each in slopes} == {"depth"}
    assert slopes[0].depth_points == pytest.approx(2, abs=0.7)
    assert slopes[0].width_points == pytest.approx(0, abs=0.7)


def test_no_gain_is_undecided_nearly_always() -> None:
    """Also where the teacher of a seed moves all its students: any verdict is given in 5 % of studies."""
    table, num_studies = _table(gain=0.0, noise=0.0, of_teacher=0.0), 24
    rows, draw = table.rows, np.random.default_rng(1)
    is_taught, seeds = rows["pseudo.baseline"].notna(), rows["seed"].to_numpy()
    wrong = 0
    for _ in range(num_studies):
        moved = is_taught * draw.normal(0, 0.3, 5)[seeds] + draw.normal(0, 0.3, len(rows))
        found = _found(replace(table, rows=rows.assign(top1=rows["top1"] + moved)))
        wrong += any(each.effect.verdict != "undecided" for each in found.overall)
    assert wrong <= 0.05 * num_studies + 2.6 * np.sqrt(0.05 * 0.95 * num_studies)


def test_few_seeds_decide_nothing() -> None:
    assert {each.effect.verdict for each in _found(_table(num_seeds=3)).overall} == {"undecided"}
    single = _found(_table(num_seeds=1)).overall[0]
    assert (single.effect.ci95, single.effect.verdict) == (None, "undecided")


def test_gains_that_are_copies_of_each_other_decide_nothing() -> None:
    found = _found(_table(of_teacher=0.0, noise=0.0))
    assert {(each.effect.ci95, each.effect.verdict) for each in found.overall} == {(None, "undecided")}


def test_networks_that_share_no_seed_have_no_gain_together() -> None:
    table = _table()
    apart = table.rows[(table.rows["depth"] == 8) == (table.rows["seed"] < 2)]
    found = _found(build_table(apart, name="planted", source="planted"))
    assert (found.overall, found.slopes) == ((), ())
    assert {each.effect.num_seeds for each in found.by_network} == {2, 3}


def test_a_network_that_lacks_a_seed_costs_the_seed_and_not_the_network() -> None:
    table = _table()
    rows = table.rows[~((table.rows["depth"] == 14) & (table.rows["seed"] == 4))]
    found = _found(build_table(rows, name="planted", source="planted"))
    assert {(each.effect.num_seeds, each.num_pairs) for each in found.overall} == {(4, 16)}


def test_students_of_two_recipes_are_not_averaged() -> None:
    table = _table()
    plain = table.rows.assign(setting=table.rows["setting"].replace("plain", "other"))
    other = plain.assign(**{name: "o" + plain[name] for name in ("point", "pseudo.baseline")})
    both = build_table(pd.concat([table.rows, other]), name="planted", source="planted")
    assert [each.variant for each in _found(both).overall[:2]] == [
        "1 hard, setting plain",
        "1 hard, setting other",
    ]
    assert {each.num_pairs for each in _found(both).overall} == {20}


def test_a_student_without_its_baseline_is_left_out() -> None:
    table = _table()
    rows = table.rows[~((table.rows["setting"] == "plain") & (table.rows["depth"] == 14))]
    found = _found(build_table(rows, name="planted", source="planted"))
    assert {each.network["depth"] for each in found.by_network if each.network} == {8}
    plain = build_table(rows[rows["setting"] == "plain"], name="planted", source="planted")
    assert pseudo_label_gains(plain) is None


def test_it_is_told_in_sentences_tables_rules_and_a_picture(tmp_path: Path) -> None:
    report = write_report(_table(), tmp_path)
    found = report.findings.pseudo_labels
    assert found is not None
    told = [*pseudo_labels_sentences(found)]
    assert told[0].startswith("Pseudo-labels (1 hard) help: +2.")
    assert "5 seeds, 20 pairs." in told[0]
    assert "is undecided; a doubling of depth adds" in told[-1]
    assert len(pseudo_labels_sheet(found).rows) == 15
    page = report.page.read_text()
    assert "Pseudo-labels: gain over none" in page
    assert told[0] in page
    assert (tmp_path / "pseudo_labels.png").stat().st_size > 10_000
    assert '"pseudo_labels"' in report.rules.read_text()
    assert pseudo_labels_json(found)["overall"][0]["verdict"] == "helps"  # type: ignore[index]
