"""The rooms: imports run one way, and each library is known to the packages that may know it."""

from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]

ALLOWED = {
    "scaling": {"scaling"},
    "launchers": {"launchers", "scaling"},
    "analysis": {"analysis", "scaling"},
    "control": {"control", "launchers", "analysis", "scaling"},
    "hydra_plugins": {"hydra_plugins", "control", "launchers", "scaling"},
}
"""What each room may import of the project."""

ONLY_IN = {
    "hydra": ("hydra_plugins", "sweep.py"),
    "omegaconf": ("hydra_plugins", "sweep.py"),
    "submitit": ("launchers",),
    "pandas": ("analysis",),
    "scipy": ("analysis",),
    "matplotlib": ("analysis",),
    "moocore": ("analysis",),
    "torch": ("scaling",),
    "torch_xla": ("scaling/training/xla.py",),
    "timm": ("scaling/models", "scaling/training"),
    "wandb": ("scaling/tracking", "analysis/source/wandb_runs.py"),
    "wandb_workspaces": ("analysis/dashboard",),
}
"""The only places that may import a library."""

SLOW = {"torch", "timm", "torchvision", "wandb", "pandas", "scipy", "scipy.stats", "matplotlib"}
"""What takes from a third of a second to seconds to import."""

UNIMPORTED = {
    "sweep": SLOW,
    "control.__main__": SLOW,
    "scaling.__main__": SLOW,
    "analysis.__main__": SLOW - {"pandas", "scipy"},
    "analysis.command.rules": SLOW - {"pandas", "scipy"},
}
"""What a command leaves to those of its uses that need it, so that all others begin at once."""

FILES = [ROOT / "sweep.py", *(file for room in ALLOWED for file in (ROOT / room).rglob("*.py"))]


def _imports(file: Path) -> set[str]:
    """Dotted names of all modules imported anywhere in the file."""
    names = set()
    for node in ast.walk(ast.parse(file.read_text())):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            names.add(node.module or "")
    return names


def _module(file: Path) -> str:
    return ".".join(file.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__")


@pytest.mark.parametrize("file", FILES, ids=lambda file: str(file.relative_to(ROOT)))
def test_imports_run_one_way(file: Path) -> None:
    place = str(file.relative_to(ROOT))
    room = place.split("/")[0]
    for name in _imports(file):
        top = name.split(".")[0]
        if top in ALLOWED and room in ALLOWED:
            assert top in ALLOWED[room], f"{place} imports {name}"
        if top in ONLY_IN:
            assert place.startswith(ONLY_IN[top]), f"{place} imports {name}"


def test_no_import_runs_in_a_circle() -> None:
    modules = {_module(file): _imports(file) for file in FILES}
    edges = {name: {other for other in found if other in modules} for name, found in modules.items()}
    order: list[str] = []
    while edges:
        free = [name for name, found in edges.items() if not found - set(order)]
        assert free, f"a circle among {sorted(edges)}"
        order += free
        edges = {name: found for name, found in edges.items() if name not in free}


@pytest.mark.parametrize("file", FILES, ids=lambda file: str(file.relative_to(ROOT)))
def test_files_are_short_and_say_what_they_are(file: Path) -> None:
    text = file.read_text()
    if text:
        assert ast.get_docstring(ast.parse(text)), f"{file} does not say what it is"
    assert len(text.splitlines()) <= 300, f"{file} is perhaps two rooms in one"


@pytest.mark.parametrize("command", UNIMPORTED)
def test_commands_begin_at_once(command: str) -> None:
    words = [sys.executable, "-c", f"import sys, {command}; print(*sys.modules)"]
    done = subprocess.run(words, cwd=ROOT, capture_output=True, text=True, check=True)
    assert UNIMPORTED[command].isdisjoint(done.stdout.split())
