"""The report's page in a real browser, without a network, as wide as a phone's and as a desktop's."""

from __future__ import annotations

import json
from io import BytesIO

import numpy as np
import pytest
from PIL import Image

from analysis.findings import find
from analysis.report.report import write_report
from analysis.source.source import read_source
from tests.browser import Page

WIDTHS = [390, 1280]
PLACE = """(() => { const all = document.querySelectorAll('#frontier-chart circle.frontier');
  all[%d].scrollIntoView({block: 'center'});
  const box = all[%d].getBoundingClientRect();
  return [box.x + box.width / 2, box.y + box.height / 2]; })()"""
CARD = "document.querySelector('#frontier-card').innerText"


@pytest.fixture(scope="module")
def report(tmp_path_factory: pytest.TempPathFactory) -> str:
    rows = [
        f"{depth},{width},{resolution},{epochs},{seed},{80 + depth / 8 + 3 * width + epochs / 4 + seed / 3},"
        f"{depth * width**2 * resolution**2},{depth * width**2}"
        for depth in (8, 14, 20)
        for width in (0.5, 1.0)
        for resolution in (14, 28)
        for epochs in (4, 16)
        for seed in (0, 1, 2)
    ]
    place = tmp_path_factory.mktemp("report")
    table = place / "measured.csv"
    table.write_text("\n".join(["depth,width,resolution,epochs,seed,top1,flops,params", *rows]))
    source = read_source(str(table), {})
    assert find(source).pairs.regimes
    return write_report(source, place / "report").page.as_uri()


@pytest.mark.parametrize("width", WIDTHS)
@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
def test_the_page_draws_and_fits(page: Page, report: str, width: int, dark: bool) -> None:
    page.open(report, width=width, dark=dark)
    assert page.evaluate("document.documentElement.scrollWidth") == width
    assert page.evaluate("[...document.querySelectorAll('svg')].filter(e => e.clientWidth > 100).length") >= 4
    assert page.evaluate("performance.getEntriesByType('resource').length") == 0
    pixels = np.asarray(Image.open(BytesIO(page.screenshot())).convert("L"))
    assert pixels.shape[1] == width
    assert len(np.unique(pixels)) > 10
    assert (np.median(pixels) < 50) == dark


def test_a_model_under_the_mouse_is_told_and_a_click_holds_it(page: Page, report: str) -> None:
    page.open(report, width=1200)
    page.point_at(*page.evaluate(PLACE % (0, 0)))
    assert page.evaluate(CARD).startswith("depth 8, width 0.5, 14 px, 16 epochs")
    page.point_at(*page.evaluate(PLACE % (1, 1)), click=True)
    held = page.evaluate(CARD)
    assert not held.startswith("depth 8, width 0.5, 14 px, 16 epochs")
    page.point_at(*page.evaluate(PLACE % (0, 0)))
    assert page.evaluate(CARD) == held


def test_a_tap_tells_of_a_model_on_a_phone(page: Page, report: str) -> None:
    page.open(report, width=390)
    page.tap(*page.evaluate(PLACE % (0, 0)))
    told = page.evaluate(CARD)
    assert "depth 8, width 0.5, 14 px, 16 epochs" in told
    assert "86.83 % (" in told
    assert "seeds\n3" in told
    assert "on the frontier (probability" in told


def test_keys_move_along_the_frontier(page: Page, report: str) -> None:
    page.open(report, width=1200)
    last = page.evaluate(CARD)
    page.evaluate("document.getElementById('frontier-chart').focus()")
    page.press("ArrowDown")
    before = page.evaluate(CARD)
    page.press("ArrowUp")
    assert before != last
    assert "on the frontier" in before
    assert page.evaluate(CARD) == last


def test_the_cost_can_be_switched(page: Page, report: str) -> None:
    page.open(report, width=1200)
    chosen = page.evaluate("document.querySelector('#frontier-card h3').innerText")
    page.evaluate("document.querySelectorAll('input[name=frontier-cost]')[1].click()")
    assert page.evaluate("document.querySelector('#frontier-card h3').innerText") == chosen
    assert "parameters" in page.evaluate(CARD)
    assert "parameters" in page.evaluate("document.querySelector('#frontier-chart').textContent")


@pytest.mark.parametrize("width", WIDTHS)
def test_summary_and_chart_come_first_and_folds_open(page: Page, report: str, width: int) -> None:
    page.open(report, width=width)
    folds = "[...document.querySelectorAll('details')]"
    bottom = "document.querySelector('.summary').getBoundingClientRect().bottom"
    assert page.evaluate(bottom) < (1200 if width < 500 else 600)
    top = "document.getElementById('frontier-chart').getBoundingClientRect().top"
    assert page.evaluate(f"{top} - {bottom}") < 150
    assert page.evaluate(f"{folds}.filter(each => each.open).length") == 0
    words = "document.querySelector('#pairs details').innerText"
    before = page.evaluate(words)
    page.evaluate("document.querySelector('#pairs summary').click()")
    assert page.evaluate(words).startswith(before)
    assert "Pairs at equal FLOPs" in page.evaluate(words)
    page.evaluate(f"{folds}.forEach(each => {{ each.open = true; }})")
    assert page.evaluate("document.documentElement.scrollWidth") == width


def test_without_scripts_the_figures_stand_there(page: Page, report: str) -> None:
    page.open(report, width=390, script=False)
    seen = "[...document.querySelectorAll('#frontier-static svg')].filter(e => e.clientWidth > 100).length"
    assert page.evaluate(seen) == 2
    assert page.evaluate("document.querySelector('#frontier-live').clientWidth") == 0
    assert json.loads(page.evaluate("document.getElementById('frontier-data').textContent"))["views"]
