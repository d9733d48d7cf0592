"""The ladder of training methods: planted gains and shares are found, and nothing is found in a null."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from analysis.methods.additive import additive_study, climb
from analysis.source.source import read_source
from scaling.errors import Refused
from tests.analysis.planted_methods import GAIN, ladder_rows, table


def test_each_step_is_found_by_its_seeds() -> None:
    ladder = climb(table(ladder_rows()))
    assert ladder.metric == "test_top1"
    assert [rung.num_seeds for rung in ladder.rungs] == [4] * 11
    assert (ladder.rungs[0].step, ladder.rungs[0].so_far) == (None, None)
    steps = [rung.step for rung in ladder.rungs[1:]]
    for step in steps:
        low, high = step.ci95
        assert high - low < 0.5
        assert step.points == pytest.approx(GAIN, abs=0.15)
    assert sum(step.ci95[0] <= GAIN <= step.ci95[1] for step in steps) >= 8
    assert ladder.rungs[-1].so_far.points == pytest.approx(10 * GAIN, abs=0.2)


def test_the_sum_so_far_is_that_of_the_steps() -> None:
    rungs = climb(table(ladder_rows())).rungs
    sums = np.cumsum([rung.step.points for rung in rungs[1:]])
    assert [rung.so_far.points for rung in rungs[1:]] == pytest.approx(sums)


def test_helping_and_hurting_steps_are_told_from_none() -> None:
    gains = {step: 0.0 for step in range(1, 11)} | {4: 3.0, 7: -3.0}
    rungs = climb(table(ladder_rows(gains=gains, noise=0.15))).rungs
    told = {rung.number: rung.step.verdict for rung in rungs[1:] if rung.step.verdict != "undecided"}
    assert told == {4: "helps", 7: "hurts"}


def test_it_is_read_from_a_file_too(tmp_path: Path) -> None:
    ladder_rows().to_csv(tmp_path / "mine.csv", index=False)
    assert climb(read_source(str(tmp_path / "mine.csv"))).rungs == climb(table(ladder_rows())).rungs


@pytest.mark.parametrize(
    ("of_training", "of_architecture", "verdict"),
    [(4.0, 1.0, "training"), (1.0, 4.0, "architecture"), (2.0, 2.0, "undecided")],
)
def test_the_share_of_training_is_found(of_training: float, of_architecture: float, verdict: str) -> None:
    gains = {step: of_training / 8 for step in range(1, 9)} | {9: of_architecture, 10: 0.0}
    share = climb(table(ladder_rows(gains=gains))).share
    low, high = share.ratio.ci95
    assert low < of_training / (of_training + of_architecture) < high
    assert share.verdict == verdict
    assert share.training.points + share.architecture.points == pytest.approx(share.together.points)


@pytest.mark.parametrize("total", [0.0, -3.0])
def test_of_no_gain_there_is_no_share(total: float) -> None:
    """A ladder without gains, and one that loses points."""
    gains = {step: total / 10 for step in range(1, 11)}
    ladder = climb(table(ladder_rows(gains=gains, noise=0.2)))
    assert ladder.share.verdict == "undecided"
    assert total < 0 or {rung.step.verdict for rung in ladder.rungs[1:]} == {"undecided"}
    assert total < 0 or ladder.share.ratio.ci95 is None


def test_one_seed_has_no_interval() -> None:
    ladder = climb(table(ladder_rows(num_seeds=1)))
    assert all(rung.ci95 is None for rung in ladder.rungs)
    assert all(rung.step.ci95 is None and rung.step.verdict == "undecided" for rung in ladder.rungs[1:])
    assert ladder.share.verdict == "undecided"


def test_rungs_that_are_missing_are_bridged() -> None:
    rows = ladder_rows(rungs=range(0, 11, 5))
    assert climb(table(rows)).rungs[1].step.points == pytest.approx(5 * GAIN, abs=0.2)


def failed(rungs: set[int]):
    """A ladder in which these rungs failed in every seed."""
    rows = ladder_rows().assign(status="completed", failure=None)
    numbers = np.repeat(np.arange(11), 4)
    rows.loc[np.isin(numbers, [*rungs]), ["status", "failure"]] = ["failed", "diverged"]
    return rows


def test_a_failed_rung_is_a_gap_that_the_next_step_spans() -> None:
    ladder = additive_study(table(failed({7})))
    assert [rung.number for rung in ladder.rungs] == [0, 1, 2, 3, 4, 5, 6, 8, 9, 10]
    (gap,) = ladder.gaps
    assert (gap.label, gap.num_planned, gap.num_done, gap.reasons) == ("+ dropout", 4, 0, {"diverged": 4})
    assert ladder.rungs[7].step.points == pytest.approx(2 * GAIN, abs=0.2)
    assert ladder.share is not None


@pytest.mark.parametrize(
    ("lacking", "why"),
    [
        ({8}, "+ less weight decay has no result"),
        ({9, 10}, "no step of architecture has a result"),
        (set(range(8)), "no step of training has a result"),
    ],
)
def test_without_its_ends_there_is_no_share(lacking: set[int], why: str) -> None:
    ladder = climb(table(failed(lacking)))
    assert (ladder.share, ladder.no_share) == (None, why)


def test_without_architecture_there_is_no_share() -> None:
    for rungs, kind in ((range(9), "training"), (range(8, 11), "architecture")):
        assert climb(table(ladder_rows(rungs=rungs))).no_share == f"the ladder has {kind} steps only"


def test_a_seed_that_is_missing_is_left_out_of_its_steps_alone() -> None:
    rows = ladder_rows()
    rows = rows[~((np.repeat(np.arange(11), 4) == 3) & (rows["seed"] == 2))]
    rungs = climb(table(rows)).rungs
    assert [rung.step.num_seeds for rung in rungs[1:]] == [4, 4, 3, 3, 4, 4, 4, 4, 4, 4]


def test_a_ladder_of_which_nothing_is_done_is_one_all_the_same() -> None:
    ladder = additive_study(table(failed(set(range(1, 11)))))
    assert len(ladder.rungs) == 1
    assert len(ladder.gaps) == 10


def test_a_ladder_of_which_nothing_was_trained_has_gaps_alone() -> None:
    ladder = additive_study(table(ladder_rows().assign(status="pending")))
    assert (ladder.rungs, len(ladder.gaps), ladder.share) == ([], 11, None)


def test_where_there_is_no_ladder_it_says_how_to_get_one(tmp_path: Path) -> None:
    with pytest.raises(Refused, match="has results of 1 rung of the ladder"):
        climb(table(ladder_rows(rungs=range(1))))
    (tmp_path / "mine.csv").write_text("depth,width,resolution,epochs,top1\n8,1,14,2,70\n")
    with pytest.raises(Refused, match=r"has no column schedule\.kind: the ladder is read from a study"):
        climb(read_source(str(tmp_path / "mine.csv")))
    assert additive_study(read_source(str(tmp_path / "mine.csv"))) is None


def test_the_paper_is_found_as_it_says() -> None:
    """Table 1 of Bello et al. 2021: training brings 3.2 of 4.4 points, or three quarters, the network 1.2."""
    ladder = climb(read_source("published:resnet_rs_2021_methods"))
    assert ladder.is_the_papers
    steps = [round(rung.step.points, 1) for rung in ladder.rungs[1:]]
    assert steps == [0.3, -0.5, 0.3, 1.3, 0.2, 0.4, -0.3, 1.5, 0.7, 0.5]
    assert [rung.paper_step for rung in ladder.rungs[1:]] == steps
    share = ladder.share
    assert (share.training.points, share.together.points) == (pytest.approx(3.2), pytest.approx(4.4))
    assert share.verdict == "training"
    assert share.ratio.ci95 == pytest.approx((0.54, 0.94), abs=0.005)
    assert all(rung.step.verdict == "undecided" for rung in ladder.rungs[1:])  # one run each
