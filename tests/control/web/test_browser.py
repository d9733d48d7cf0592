"""The page in a real browser, served by the real command: what it shows and how it reacts."""

from __future__ import annotations

from collections.abc import Callable
from io import BytesIO
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from scaling.study.store import Study
from tests.browser import Page
from tests.control.web.conftest import Page as Served

DRAWN = (
    "performance.getEntriesByName('charts-drawn').length > 0 && document.querySelector('#rules li') != null"
)
COUNT = "document.getElementById('filter-count').textContent"
MODELS = """document.getElementById('frontier-chart').data
  .filter(each => each.mode == 'markers').flatMap(each => each.x)"""
CELLS = "[...document.querySelectorAll('#heat tbody tr')].map(row => [...row.cells].map(e => e.innerText))"
ROWS = "document.querySelectorAll('#points tbody tr').length"
FOCUS = "document.activeElement.%s"


@pytest.fixture(scope="module")
def url(served: Served) -> str:
    """The page of ten points of depth 8 and 14: eight completed, two diverged."""
    return served.url


def _opened(page: Page, url: str, *, width: int = 1400, dark: bool = False) -> None:
    page.open("about:blank", width=width)  # otherwise only the hash of the address would change
    page.open(url, width=width, dark=dark)
    page.wait_for(DRAWN)


@pytest.mark.parametrize("width", [390, 1400])
@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
def test_it_draws_and_fits(page: Page, url: str, width: int, dark: bool) -> None:
    _opened(page, url, width=width, dark=dark)
    assert page.evaluate("document.documentElement.scrollWidth") == width
    assert len(page.evaluate(MODELS)) == 4
    assert page.evaluate("document.querySelectorAll('#frontier-chart .point').length") >= 4
    pixels = np.asarray(Image.open(BytesIO(page.screenshot())).convert("L"))
    assert (np.median(pixels) < 50) == dark


def test_each_set_of_files_has_a_line_of_its_own(
    page: Page, serve: Callable[..., Served], two_sets: Study
) -> None:
    _opened(page, serve(two_sets.path).url)
    lines = "document.getElementById('frontier-chart').data.filter(each => each.mode == 'lines')"
    assert sorted(page.evaluate(f"{lines}.map(each => each.y)")) == [[10, 8], [60, 55]]
    names = page.evaluate("document.getElementById('frontier-table').textContent")
    assert names.count("mnist5k aaaaaaaa") == names.count("mnist5k bbbbbbbb") == 2


def test_it_says_how_far_the_study_is(page: Page, url: str, finished: Path) -> None:
    _opened(page, url)
    counts = page.evaluate("document.getElementById('counts').innerText").split()
    assert counts == ["8", "completed", "0", "running", "2", "failed", "0", "pending"]
    bar = "[...document.querySelectorAll('#counts-bar rect')].map(each => each.width.baseVal.value)"
    assert page.evaluate(bar) == [8, 0, 2, 0]
    assert str(finished) in page.evaluate("document.getElementById('path').innerText")
    page.wait_for("document.getElementById('connection').innerText == 'ended'")
    assert "from 8 completed points" in page.evaluate("document.getElementById('rules-note').innerText")


def test_the_grid_is_a_table_of_its_cells(page: Page, url: str) -> None:
    _opened(page, url)
    assert page.evaluate("document.getElementById('heat-colour').value") == "accuracy"  # the study has ended
    _choose(page, "heat-colour", "progress")
    assert page.evaluate(CELLS) == [[depth, "100 %", "100 %", "0 %\n✕1"] for depth in ("8", "14")]
    _choose(page, "heat-colour", "failures")
    assert page.evaluate(CELLS) == [[depth, "0", "0", "1"] for depth in ("8", "14")]
    _choose(page, "heat-columns", "seed")
    assert page.evaluate(CELLS) == [[depth, "1", "0"] for depth in ("8", "14")]
    said = page.evaluate("document.querySelector('#heat button').ariaLabel")
    assert said.startswith("depth 8, seed 0: 3 points, 2 completed, 1 failed, 66 % of the epochs, best acc")


def _choose(page: Page, select: str, value: str) -> None:
    place = f"document.getElementById('{select}')"
    page.evaluate(f"{place}.value = '{value}'; {place}.dispatchEvent(new Event('change'))")


def test_filters_reach_every_part_and_stay_in_the_address(page: Page, url: str) -> None:
    _opened(page, url)
    assert page.evaluate(COUNT) == "10 points"
    _choose(page, "heat-columns", "")
    page.evaluate("document.querySelector('#heat tbody button').click()")
    page.wait_for(f"{COUNT} == '5 of 10 points'")
    assert page.evaluate("location.hash") == "#depth=8"
    assert page.evaluate(ROWS) == 5
    assert len(page.evaluate(MODELS)) == 2
    assert page.evaluate("document.querySelector('#failures .number').innerText") == "1"
    page.evaluate("document.querySelector('#filters input[type=checkbox]').closest('details').open = true")
    page.evaluate(
        "[...document.querySelectorAll('#filters label')].find(e => e.innerText == 'failed').click()"
    )
    page.wait_for(f"{COUNT} == '1 of 10 points'")
    assert "No completed model" in page.evaluate("document.getElementById('frontier-empty').innerText")
    _opened(page, url + "#depth=14&state=completed")
    assert page.evaluate(COUNT) == "4 of 10 points"
    page.evaluate("document.getElementById('filter-text').focus()")
    page.call("Input.insertText", text="has diverged")
    page.wait_for(f"{COUNT} == '0 of 10 points'")
    page.evaluate("document.getElementById('filter-clear').click()")
    page.wait_for(f"{COUNT} == '10 points'")
    assert page.evaluate("location.hash") == ""


def test_a_failure_shows_its_traceback_and_what_to_type(page: Page, url: str, finished: Path) -> None:
    _opened(page, url)
    failed = "document.querySelector('#failures details details')"
    assert page.evaluate("document.querySelector('#failures summary').innerText").split()[:2] == [
        "2",
        "diverged",
    ]
    page.evaluate(f"{failed}.querySelector('summary').click()")
    log = page.wait_for(f"{failed}.querySelector('pre').textContent")
    assert "Traceback (most recent call last)" in log
    assert "Diverged: The loss was" in log
    point_id = page.evaluate(f"{failed}.dataset.id")
    lines = page.evaluate(
        "[...document.querySelectorAll('#failures details[open] code')].map(e => e.innerText)"
    )
    assert f"python -m control retry {finished} --failure diverged" in lines
    assert f"python -m control logs {finished} {point_id}" in lines


def test_a_point_opens_with_its_curve_and_its_log(page: Page, url: str) -> None:
    _opened(page, url + "#state=completed")
    page.evaluate("document.querySelector('#points tbody tr').click()")
    page.wait_for("document.getElementById('detail-accuracy').data?.[0].x.length == 2")
    assert page.evaluate("document.getElementById('detail-of').innerText") == "1 of 8"
    assert "2 of 2 (100 %)" in page.evaluate("document.getElementById('detail-values').innerText")
    assert page.wait_for("document.getElementById('detail-log').textContent")
    first = page.evaluate("document.getElementById('detail-title').innerText")
    page.evaluate("document.getElementById('detail-on').click()")
    assert page.evaluate("document.getElementById('detail-title').innerText") != first


def test_ticked_points_are_drawn(page: Page, url: str) -> None:
    _opened(page, url + "#state=completed")
    page.evaluate("document.querySelectorAll('#points tbody input')[1].click()")
    page.evaluate("document.querySelectorAll('#points tbody input')[3].click()")
    page.wait_for("document.getElementById('curves-loss').data?.length == 2")
    assert page.evaluate("document.querySelectorAll('#curves-legend li').length") == 2
    page.evaluate("document.querySelectorAll('#points tbody input')[1].click()")
    page.evaluate("document.querySelectorAll('#points tbody input')[3].click()")
    assert not page.evaluate("document.getElementById('curves').checkVisibility()")


def test_the_last_result_grows_old_whatever_else_is_drawn(page: Page, url: str) -> None:
    _opened(page, url)
    ago = "document.querySelector('#facts div:last-child b').innerText"
    page.wait_for(f"{ago}.endsWith(' ago')")
    page.evaluate("window.now = Date.now; Date.now = () => now() + 100 * 86400e3")
    page.wait_for(f"{ago} == '100 d ago'")
    page.evaluate("document.querySelector('#heat tbody button').click()")
    page.wait_for(f"{COUNT} != '10 points'")
    assert page.evaluate(ago) == "100 d ago"


def test_a_column_sorts_both_ways(page: Page, url: str) -> None:
    _opened(page, url)
    top1 = "[...document.querySelectorAll('#points tbody tr')].map(row => parseFloat(row.cells[6].innerText))"
    head = "[...document.querySelectorAll('#points th')].find(each => each.innerText.startsWith('top-1'))"
    page.evaluate(f"{head}.firstChild.click()")
    up = [each for each in page.evaluate(top1) if each is not None]
    page.evaluate(f"{head}.firstChild.click()")
    down = [each for each in page.evaluate(top1) if each is not None]
    assert len(up) == 8
    assert up == sorted(down)
    assert down == sorted(up, reverse=True)
    assert page.evaluate(f"{head}.ariaSort") == "descending"


def test_everything_is_reached_by_the_keyboard_alone(page: Page, url: str) -> None:
    _opened(page, url)
    _tab_to(page, "closest('#heat') != null")
    page.press("ArrowDown")
    page.press("Enter")
    page.wait_for(f"{COUNT} == '2 of 10 points'")
    assert page.evaluate("location.hash") == "#depth=14&recipe.learning_rate=0.05"
    _tab_to(page, "closest('#points tbody') != null")
    page.press("ArrowDown")
    page.press(" ")
    assert page.evaluate("[...document.querySelectorAll('#points tbody input')].map(e => e.checked)")[1]
    row = page.evaluate(FOCUS % "closest('tr').dataset.id")
    page.press("Enter")
    assert page.evaluate("document.getElementById('detail').open")
    assert row in page.evaluate("document.getElementById('detail-values').innerText")
    page.press("Escape")
    assert not page.evaluate("document.getElementById('detail').open")
    assert page.evaluate(FOCUS % "closest('tr').dataset.id") == row


def _tab_to(page: Page, test: str) -> None:
    for _ in range(60):
        page.press("Tab")
        if page.evaluate(FOCUS % test):
            assert page.evaluate("getComputedStyle(document.activeElement).outlineStyle") == "solid"
            return
    pytest.fail(f"no Tab leads to {test}")


def test_a_finger_hits_what_it_aims_at(page: Page, url: str) -> None:
    _opened(page, url, width=390)
    low = """[...document.querySelectorAll('button, select, summary, input[type=search]')]
      .filter(each => each.checkVisibility() && each.getBoundingClientRect().height < 40)
      .map(each => each.outerHTML)"""
    assert page.evaluate(low) == []


def test_without_scripts_it_says_so(page: Page, url: str) -> None:
    page.open(url, width=390, script=False)
    assert "needs JavaScript" in page.evaluate("document.querySelector('noscript').innerText")
    assert page.evaluate("document.getElementById('counts').innerText").split()[:2] == ["8", "completed"]
