"""The runs of both figures: each once, and what the captions have besides is known to be unread."""

from __future__ import annotations

from scaling.published.figures import runs, unread
from scaling.published.resnet_rs import epoch_study, grid


def test_a_run_of_both_figures_is_one_with_what_each_knows() -> None:
    shown = {(run.depth, run.width, run.resolution, run.epochs): run for run in runs()}
    assert (len(runs()), len(shown)) == (177, 177)
    for cell in grid():
        assert shown[cell.depth, cell.width, cell.resolution, 350].top1.value == cell.top1.value
    for studied in epoch_study():
        run = shown[studied.depth, studied.width, studied.resolution, studied.epochs]
        assert run.step_seconds == studied.step_seconds
        assert run.top1.uncertainty <= studied.top1.uncertainty


def test_what_the_figures_do_not_show_is_44_networks_of_the_grid_and_one_of_the_short_studies() -> None:
    missing = unread()
    assert len([setting for setting in missing if setting[3] == 350]) == 175 - 131
    assert sorted(setting for setting in missing if setting[3] != 350) == [
        (400, 1, 320, 10),
        (400, 1, 320, 100),
    ]
