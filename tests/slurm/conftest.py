"""A real Slurm cluster of four nodes on this host, which all tests of a run share."""

from __future__ import annotations

import fcntl
import os
import shutil
import subprocess
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path

import pytest
from rich.console import Console
from rich.table import Table

from scaling.study.store import Study
from tests.conftest import unavailable
from tests.slurm.sweeps import Outcomes, Sweep, Verdict, outcome

SCRIPT = Path(__file__).with_name("cluster.sh")
CLUSTER = Path(os.environ.get("CLUSTER_DIR", "/tmp/scaling-study-slurm"))
NewSweep = Callable[[str], Sweep]
Undisturbed = Callable[[str], Outcomes]
STARTED = CLUSTER / "started_by_tests"
"""Is there if tests are to stop the cluster when the last of them has ended."""


@pytest.fixture(scope="session")
def slurm() -> Iterator[Callable[..., str]]:
    """Takes the words of a command of `cluster.sh`; Slurm's own commands find the cluster by SLURM_CONF.

    Each process that tests holds a shared lock while it needs the cluster; one at a time may start or stop
    it, and the last one stops it.
    """
    if os.geteuid() != 0:
        unavailable("a Slurm cluster is started by root")
    if not (shutil.which("slurmctld") or shutil.which("apt-get")):
        unavailable("Slurm is not installed (Debian packages slurm-wlm slurmdbd munge mariadb-server)")
    with (
        open(f"{CLUSTER}.lock", "w") as lock,
        open(f"{CLUSTER}.users", "w") as users,
        pytest.MonkeyPatch.context() as environment,
    ):
        fcntl.flock(lock, fcntl.LOCK_EX)
        start()
        fcntl.flock(users, fcntl.LOCK_SH)
        fcntl.flock(lock, fcntl.LOCK_UN)
        environment.setenv("SLURM_CONF", str(CLUSTER / "slurm.conf"))
        yield cluster
        fcntl.flock(lock, fcntl.LOCK_EX)
        if STARTED.exists() and alone(users.fileno()):
            STARTED.unlink()
            cluster("stop")


def start() -> None:
    """Unless it runs."""
    if subprocess.run([SCRIPT, "status"], capture_output=True, check=False).returncode != 0:
        cluster("start")
        STARTED.touch()


def alone(lock: int) -> bool:
    """Whether no other process needs the cluster; gives up the lock on it if one does."""
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def cluster(*words: str) -> str:
    """What `cluster.sh` prints."""
    run = subprocess.run([SCRIPT, *words], capture_output=True, text=True, timeout=240, check=False)
    assert run.returncode == 0, run.stderr
    return run.stdout


@pytest.fixture
def proving(repetitions: int) -> bool:
    """Whether faults are injected as often as `make prove` does, instead of once."""
    return repetitions > 20


@pytest.fixture
def new_sweep(slurm: object, tmp_path: Path) -> Iterator[NewSweep]:
    """Takes a line; each sweep has a study of its own, and leaves no job behind."""
    del slurm
    made: list[Sweep] = []

    def make(line: str) -> Sweep:
        name = f"{tmp_path.parent.name}-{tmp_path.name}-{len(made)}"
        made.append(Sweep(line, Study(tmp_path / name)))
        return made[-1]

    yield make
    for sweep in made:
        sweep.end()


@pytest.fixture(scope="session")
def undisturbed(tmp_path_factory: pytest.TempPathFactory) -> Undisturbed:
    """Takes a line; what its points come to in a local pool that nobody disturbs."""

    @cache
    def outcomes(line: str) -> Outcomes:
        sweep = Sweep(line, Study(tmp_path_factory.mktemp("undisturbed") / "study"))
        sweep.type(launcher="local")
        return {point_id: outcome(sweep.study, point_id) for point_id in sweep.study.point_ids()}

    return outcomes


@dataclass
class Tally:
    """The table of faults, as it comes together."""

    rows: defaultdict[str, Counter[str]] = field(default_factory=lambda: defaultdict(Counter))

    def add(self, name: str, injected: int, seen: Verdict, retyped: int = 0) -> None:
        """Count a fault, how often it was injected into a study, and what became of the study's points.

        `retyped` is how often the line had to be typed again for points that had failed.
        """
        self.rows[name].update(
            injected=injected,
            points=seen.points,
            survived=len(seen.survived),
            lost=seen.lost,
            resumed=seen.resumed,
            retyped=retyped,
        )
        assert seen.lost == 0

    def table(self) -> Table:
        columns = ("injected", "points", "survived", "lost", "resumed", "retyped")
        table = Table("fault", *columns)
        for name, counts in self.rows.items():
            table.add_row(name, *(str(counts[column]) for column in columns))
        return table


_TALLY = pytest.StashKey[Tally]()


@pytest.fixture
def tally(request: pytest.FixtureRequest) -> Tally:
    return request.config.stash.setdefault(_TALLY, Tally())


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    """The faults of this process, as a table."""
    tally = config.stash.get(_TALLY, None)
    if tally is not None:
        terminalreporter.write_line("")
        Console(file=terminalreporter._tw._file, width=110).print(tally.table())
