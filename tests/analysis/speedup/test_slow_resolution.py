"""Slow resolution: the ladder that pays is found, and none is claimed in a null."""

from __future__ import annotations

import json
import math

import numpy as np
import pandas as pd
import pytest

from analysis.__main__ import main
from analysis.noise import group_seeds
from analysis.noise_estimate import noise_of
from analysis.replicates import draw_errors
from analysis.source.clean import build_table
from analysis.speedup.model_family import model_families
from analysis.speedup.slow_resolution import compare_ladders
from analysis.speedup.slow_resolution_sheet import ladder_sentences

LADDERS = {
    "[56, 60, 64, 76, 96, 112, 132, 152]": (56, 64, 76, 96),
    "[56, 58, 60, 64, 72, 80, 88, 92]": (56, 60, 64, 72),
    "[56, 56, 56, 56, 56, 56, 56, 56]": (56, 56, 56, 56),
}
MEMBERS = ((1, 0.25), (1.2, 0.275), (1.4, 0.3), (1.8, 0.35))
SMALL = 0.2


def planted(best: float, *, generator: np.random.Generator, points: float = 4.0) -> pd.DataFrame:
    """Distinct networks on three ladders. Accuracy follows log FLOPs, less a penalty for distance from the
    resolution that grows as the network's size to the power `best`."""
    rows, seen = [], set()
    for ladder, pixels in LADDERS.items():
        for (depth, width), px in zip(MEMBERS, pixels, strict=True):
            if (depth, px) in seen:  # a network on two ladders is one point, on the first
                continue
            seen.add((depth, px))
            size = depth * (width / 0.25) ** 2
            flops = 1e6 * size * (px / 56) ** 2
            off = math.log2(px / 56) - best * math.log2(size)
            top1 = 60 + points * math.log2(flops / 1e6) - 2 * points * off**2
            row = {
                "model": "efficientnet",
                "model.ladder": ladder,
                "depth": depth,
                "width": width,
                "resolution": px,
                "epochs": 8,
                "setting": "one",
                "flops": flops,
            }
            noisy = top1 + SMALL * generator.standard_normal(3)
            rows += [row | {"seed": seed, "top1": value} for seed, value in enumerate(noisy)]
    return pd.DataFrame(rows)


def found_in(rows: pd.DataFrame, replicates: int = 1000):
    table = build_table(rows, name="mine", source="mine.csv")
    groups = group_seeds(table.usable)
    noise = noise_of(table, groups)
    return compare_ladders(table, groups, noise, draw_errors(groups, noise, replicates))


def test_ladders_share_the_networks_that_lie_on_several() -> None:
    table = build_table(planted(0.3, generator=np.random.default_rng(0)), name="x", source="x.csv")
    families = model_families(table, group_seeds(table.usable))
    assert [each.ladder for each in families] == list(LADDERS.values())
    assert families[0].name == "efficientnet 56-64-76-96"
    assert len({families[0].rows[0], families[1].rows[0], families[2].rows[0]}) == 1


def test_ladders_of_two_files_of_conf_keep_their_names() -> None:
    rows = planted(0.3, generator=np.random.default_rng(0))
    _, half, none = LADDERS
    rows = rows[rows["model.ladder"] != none]
    rows.loc[rows["model.ladder"] == half, "model"] = "efficientnet_rs"
    table = build_table(rows, name="x", source="x.csv")
    families = model_families(table, group_seeds(table.usable))
    assert [(each.name, len(each.rows)) for each in families] == [("efficientnet", 4), ("efficientnet_rs", 4)]


def test_resolutions_beside_the_ladder_make_one_family() -> None:
    rows = planted(0.3, generator=np.random.default_rng(0))
    rows["resolution"] += 1
    table = build_table(rows, name="x", source="x.csv")
    assert [each.ladder for each in model_families(table, group_seeds(table.usable))] == [()]
    assert found_in(rows) == ()


@pytest.mark.parametrize(("best", "ladder"), [(0.5, 0), (0.0, 2)])
def test_the_ladder_that_was_planted_is_found(best: float, ladder: int) -> None:
    """The best ladder is as steep as the original one, or flat."""
    (found,) = found_in(planted(best, generator=np.random.default_rng(1)))
    assert found.best == found.ladders[ladder].name
    assert found.on_frontier == [found.best]
    (said,) = ladder_sentences([found])
    pixels = "-".join(map(str, list(LADDERS.values())[ladder]))
    assert f"{pixels} px is on the frontier of error against FLOPs: for equal accuracy" in said


def test_where_the_resolution_pays_as_much_as_the_network_it_is_undecided() -> None:
    """Accuracy depends only on FLOPs, however they are spent."""
    generator, told = np.random.default_rng(2), 0
    for _ in range(40):
        rows = planted(0.3, generator=generator)
        level = 60 + 4 * np.log2(rows["flops"] / 1e6)
        rows["top1"] = level + SMALL * generator.standard_normal(len(rows))
        (found,) = found_in(rows, replicates=300)
        told += found.best is not None or len(found.on_frontier) < 3
    assert told <= 4


def test_labels_dealt_out_anew_leave_it_undecided() -> None:
    generator, told = np.random.default_rng(3), 0
    for _ in range(40):
        rows = planted(0.3, generator=generator)
        rows["top1"] = 10 + SMALL * generator.standard_normal(len(rows))
        (found,) = found_in(rows, replicates=300)
        told += len(found.on_frontier) < 3
    assert told <= 4
    assert "it is undecided which is on the frontier" in next(ladder_sentences([found]))


def test_the_report_has_its_section_picture_and_rules(tmp_path) -> None:
    planted(0.0, generator=np.random.default_rng(1)).to_csv(tmp_path / "mine.csv", index=False)
    assert main(["report", str(tmp_path / "mine.csv"), "--out", str(tmp_path / "report")]) == 0
    assert '<section id="ladders">' in (tmp_path / "report" / "report.html").read_text()
    assert (tmp_path / "report" / "ladders_flops.png").stat().st_size > 10_000
    (found,) = json.loads((tmp_path / "report" / "rules.json").read_text())["ladders"]
    assert found["prefer"] == "efficientnet 56-56-56-56"
    assert [each["pixels"] for each in found["ladders"]] == [list(each) for each in LADDERS.values()]
    assert len(found["pairs"]) == 3
