"""Plots: the same bytes every time, round ticks, labels that cover nothing, and an SVG fit for any page."""

from __future__ import annotations

import numpy as np
import pytest

from analysis.metric import ERROR, FLOPS, TRAIN_SECONDS
from analysis.plot import INK, PAPER, house_style, label_points, log_axis, new_figure, picture


def drawn(name="mine"):
    with house_style():
        figure, axes = new_figure()
        axes.plot([1e6, 1e9], [10, 20], "o", label="models")
        log_axis(axes, "x", FLOPS, [1e6, 1e9])
        axes.legend()
    return picture(figure, name, "A caption.")


def test_a_figure_is_the_same_bytes_every_time():
    assert drawn() == drawn()


def test_no_date_is_written():
    assert "<dc:date>" not in drawn().svg


def test_the_inlined_svg_stands_alone():
    inline = drawn("one").inline_svg()
    assert inline.startswith("<svg")
    assert "http" not in inline
    assert INK not in inline
    assert "currentColor" in inline
    assert 'viewBox="' in inline


def test_a_halo_takes_the_colour_of_the_page():
    figure, axes = new_figure()
    axes.plot([1, 2], [1, 2], "o")
    label_points(axes, [(1.5, 1.2, "model")], [(1, 1), (2, 2)])
    halo = picture(figure, "one", "A caption.")
    assert PAPER in halo.svg
    assert PAPER not in halo.inline_svg()
    assert "stroke: var(--paper, white)" in halo.inline_svg()


def test_two_inlined_figures_share_no_id():
    ids = [set(p.split('"')[0] for p in drawn(name).inline_svg().split(' id="')[1:]) for name in ("a", "b")]
    assert ids[0]
    assert not ids[0] & ids[1]


def test_every_reference_of_an_inlined_figure_exists():
    inline = drawn("one").inline_svg()
    ids = {part.split('"')[0] for part in inline.split(' id="')[1:]}
    used = {part.split('"')[0] for part in inline.split('xlink:href="#')[1:]}
    used |= {part.split(")")[0] for part in inline.split("url(#")[1:]}
    assert used
    assert used <= ids


@pytest.mark.parametrize(
    ("metric", "values", "texts"),
    [
        (FLOPS, [1e8, 1e10], ["100M", "300M", "1G", "3G", "10G"]),
        (ERROR, [15, 35], ["15", "20", "25", "30", "35"]),
        (ERROR, [1.01, 3.2], ["1", "1.5", "2", "2.5", "3"]),
        (FLOPS, [1.9e6, 2.1e6], ["1.9M", "2M", "2.1M", "2.2M"]),
        (TRAIN_SECONDS, [8, 700], ["10 s", "20 s", "30 s", "1 min", "2 min", "5 min", "10 min"]),
        (TRAIN_SECONDS, [9.4, 11.6], ["9 s", "10 s", "11 s", "12 s"]),
        (TRAIN_SECONDS, [11520, 11520], ["3.1 h", "3.2 h", "3.3 h"]),
    ],
)
def test_ticks_are_round(metric, values, texts):
    _, axes = new_figure()
    log_axis(axes, "x", metric, values)
    shown = [axes.xaxis.get_major_formatter()(tick) for tick in axes.xaxis.get_major_locator()()]
    assert shown == texts


def test_labels_cover_neither_points_nor_each_other():
    figure, axes = new_figure()
    generator = np.random.default_rng(0)
    spots = [(float(x), float(y), f"model {i}") for i, (x, y) in enumerate(generator.random((30, 2)))]
    points = [(x, y) for x, y, _ in spots]
    axes.plot(*zip(*points, strict=True), "o")
    label_points(axes, spots, points)
    boxes = [note.get_window_extent() for note in axes.texts]
    assert len(boxes) > 5
    assert all(not one.overlaps(other) for i, one in enumerate(boxes) for other in boxes[:i])
    pixels = axes.transData.transform(points)
    assert all(box.count_contains(pixels) == 0 for box in boxes)
    assert figure.axes == [axes]
