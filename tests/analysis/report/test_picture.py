"""Pictures: reproducible to the byte, as SVG that any page can embed."""

from __future__ import annotations

from analysis.metric import FLOPS
from analysis.plot import INK, PAPER, house_style, label_points, new_figure
from analysis.report.picture import picture
from analysis.scale import log_axis


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
