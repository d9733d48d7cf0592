"""Shared fixtures: tiny points that train in a second, and the real command line run through bash."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from rich.console import Console
from rich.table import Table

from scaling.data.dataset import DataSet
from scaling.models.resnet_small import ResNetSmall
from scaling.study.point import Point
from scaling.training.recipe import Recipe
from scaling.training.schedule import Schedule
from tests.browser import Page, browser

ROOT = Path(__file__).parents[1]

TINY = "width=0.125 resolution=8 data.num_train=256 data.num_val=64"
"""Overrides that make a point of mnist5k train in a fraction of a second."""


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--repetitions", type=int, default=20, help="of tests with random moments; `make prove` sets 100"
    )


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Run a test with `repetition` --repetitions times, one with `long_repetition` a twentieth as often."""
    number = metafunc.config.getoption("repetitions")
    for name, repetitions in (("repetition", number), ("long_repetition", max(1, number // 20))):
        if name in metafunc.fixturenames:
            metafunc.parametrize(name, range(repetitions))


@pytest.fixture
def repetitions(request: pytest.FixtureRequest) -> int:
    """Number of repetitions, for a test that repeats by itself."""
    return int(request.config.getoption("repetitions"))


_PROVED = pytest.StashKey[dict[str, Counter[str]]]()


@pytest.fixture
def proved(request: pytest.FixtureRequest) -> Callable[..., None]:
    """Count a repetition of a case and its outcome, for the table that `make prove` prints."""
    counts = request.config.stash.setdefault(_PROVED, defaultdict(Counter))

    def count(case: str, **outcome: int) -> None:
        counts[case].update(repetitions=1, **outcome)

    return count


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    """Print the outcomes counted by `proved` in this process, as a table."""
    columns = ("repetitions", "refused", "committed_twice", "lost")
    table = Table("case", *(column.replace("_", " ") for column in columns))
    for case, counts in config.stash.get(_PROVED, {}).items():
        table.add_row(case, *(str(counts[column]) for column in columns))
    if table.row_count:
        terminalreporter.write_line("")
        Console(file=terminalreporter._tw._file, width=110).print(table)


@pytest.fixture(autouse=True)
def _one_thread(monkeypatch: pytest.MonkeyPatch) -> None:
    """Run with one thread: two threads on two busy cores are many times slower."""
    monkeypatch.setenv("OMP_NUM_THREADS", "1")


@pytest.fixture
def make_point() -> Callable[..., Point]:
    """Make a point whose images are only declared, not loaded."""

    def make(**changes: object) -> Point:
        data = DataSet(
            name="mnist5k",
            fingerprint="0" * 64,
            num_classes=10,
            channels=1,
            side=28,
            num_train=3500,
            num_val=750,
            num_test=750,
            split_seed=0,
            mirror=False,
        )
        settings: dict[str, object] = {
            "depth": 8,
            "width": 0.5,
            "resolution": 14,
            "epochs": 2,
            "seed": 0,
            "family": "resnet_small",
            "model": ResNetSmall(),
            "data": data,
            "recipe": Recipe(),
            "schedule": Schedule(),
            "precision": "fp32",
        }
        return Point(**(settings | changes))  # type: ignore[arg-type]

    return make


@pytest.fixture(scope="session")
def bash() -> Callable[..., subprocess.CompletedProcess[str]]:
    """Run a line as it is typed in the checkout, with this Python first on the path."""

    def run(line: str, *, timeout_s: float = 120, **variables: str) -> subprocess.CompletedProcess[str]:
        path = f"{Path(sys.executable).parent}:{os.environ['PATH']}"
        environment = {**os.environ, "PATH": path, "COLUMNS": "200", **variables}
        return subprocess.run(
            ["bash", "-c", line],
            cwd=ROOT,
            env=environment,
            capture_output=True,
            text=True,
            timeout=timeout_s,
            check=False,
        )

    return run


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of 16 MB."""
    place = tmp_path / "small_disk"
    place.mkdir()
    command = ["mount", "-t", "tmpfs", "-o", "size=16m", "tmpfs", str(place)]
    if os.geteuid() != 0 or subprocess.run(command, capture_output=True, check=False).returncode != 0:
        unavailable("mounting a small file system needs root")
    yield place
    subprocess.run(["umount", "-l", str(place)], check=True)


@pytest.fixture
def another_user() -> int:
    """Id of another user that this process can act as."""
    if os.geteuid() != 0:
        unavailable("acting as another user needs root")
    return 65534


@pytest.fixture
def in_pid_namespace() -> list[str]:
    """Words before a command that run it in its own pid namespace, as in a container."""
    words = ["unshare", "--pid", "--fork", "--mount-proc"]
    if subprocess.run([*words, "true"], capture_output=True, check=False).returncode != 0:
        unavailable("making a pid namespace needs root")
    return words


@pytest.fixture
def pictures(tmp_path: Path) -> Path:
    """Two classes of small pictures, such as a user might have."""
    generator = np.random.default_rng(0)
    for name in ("cats", "dogs"):
        (tmp_path / "pictures" / name).mkdir(parents=True)
        for index in range(100):
            pixels = generator.integers(0, 255, (16, 16, 3), dtype=np.uint8)
            Image.fromarray(pixels).save(tmp_path / "pictures" / name / f"{index}.png")
    return tmp_path / "pictures"


@pytest.fixture
def videos(tmp_path: Path) -> Path:
    """Two classes of small videos, as frames."""
    for name in ("jump", "walk"):
        (tmp_path / "videos" / name).mkdir(parents=True)
        for index in range(9):
            frames = np.full((4, 8, 8, 3), 20 * index, np.uint8)
            np.save(tmp_path / "videos" / name / f"{index}.npy", frames)
    return tmp_path / "videos"


def unavailable(reason: str) -> None:
    """Skip with the reason; fail on CI, which must have everything that the tests need."""
    if os.environ.get("CI"):
        pytest.fail(f"CI lacks what this test needs: {reason}")
    pytest.skip(reason)


@pytest.fixture(scope="session")
def chromium() -> str:
    """The path of a headless browser."""
    found = shutil.which("chromium")
    if found is None:
        unavailable("chromium is not installed (Debian package chromium)")
    assert found is not None
    return found


@pytest.fixture(scope="module")
def page(chromium: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Page]:
    """A page of a real browser."""
    with browser(chromium, tmp_path_factory.mktemp("profile")) as driven:
        yield driven


@pytest.fixture
def fashion_mnist() -> None:
    """Require the images where Debian's package puts them."""
    if not Path("/usr/share/datasets/fashion-mnist").is_dir():
        unavailable("Fashion-MNIST is not installed (Debian package dataset-fashion-mnist)")
