"""Plots: labels do not overlap anything."""

from __future__ import annotations

import numpy as np

from analysis.plot import label_points, new_figure


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
