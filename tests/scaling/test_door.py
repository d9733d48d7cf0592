"""Ctrl-C while a command still imports: a word and exit code 130, never a traceback."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
COMMANDS = (
    ["sweep.py", "-m"],
    ["-m", "control", "status"],
    ["-m", "analysis", "report"],
    ["-m", "scaling", "cost"],
)


@pytest.mark.parametrize("command", COMMANDS, ids=" ".join)
def test_ctrl_c_during_imports_is_no_traceback(command: list[str], tmp_path: Path) -> None:
    (tmp_path / "rich.py").write_text("import signal\nsignal.raise_signal(signal.SIGINT)\n")
    environment = os.environ | {"PYTHONPATH": f"{tmp_path}{os.pathsep}{ROOT}"}
    done = subprocess.run(
        [sys.executable, *command], cwd=ROOT, env=environment, capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stdout, done.stderr) == (130, "", "Stopped.\n")


def test_other_exceptions_keep_their_traceback() -> None:
    code = "import scaling.door; 1 / 0"
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert done.stderr.endswith("ZeroDivisionError: division by zero\n")


def test_what_the_encoding_of_the_output_lacks_ends_nothing() -> None:
    """As in a terminal of Latin-1, which has no minus sign."""
    code = "import scaling.door; print('\u22120.3 points')"
    environment = os.environ | {"PYTHONIOENCODING": "latin-1"}
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, env=environment, capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stdout, done.stderr) == (0, "?0.3 points\n", "")
