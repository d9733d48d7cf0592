"""The manners of the door: what a person did wrong is told in one sentence, with exit code 2."""

from __future__ import annotations

import os
import re
import shlex
import sys
from collections.abc import Iterator
from contextlib import contextmanager

from hydra.errors import HydraException
from omegaconf.errors import OmegaConfBaseException
from rich.console import Console

from hydra_plugins.scaling_study._request import unknown_option
from scaling.errors import DataError, Refused
from scaling.study.settings import suggest

_DEBUG = "--debug"
INTERRUPTED = 130
"""Exit code of a command ended by Ctrl-C, as shells have it."""


@contextmanager
def in_plain_words() -> Iterator[None]:
    """End with a sentence instead of a traceback; `--debug` on the command line shows the traceback."""
    os.environ["HYDRA_FULL_ERROR"] = "1"  # Hydra then raises, where it would print lines and exit with 1
    debug = _DEBUG in sys.argv
    if debug:
        sys.argv.remove(_DEBUG)
    try:
        yield
    except (Refused, DataError) as error:
        _end(str(error), error, debug=debug)
    except (HydraException, OmegaConfBaseException) as error:
        _end(_one_sentence(error), error, debug=debug)
    except KeyboardInterrupt:
        line = shlex.join(["python", *sys.argv])
        Console(stderr=True, soft_wrap=True).print(
            f"Stopped; nothing is lost. To go on, type the same line again: {line}",
            highlight=False,
            markup=False,
        )
        sys.exit(INTERRUPTED)


def _end(sentence: str, error: Exception, *, debug: bool) -> None:
    if debug:
        raise error
    Console(stderr=True, soft_wrap=True).print(f"sweep.py: {sentence}", highlight=False, markup=False)
    sys.exit(2)


def _one_sentence(error: Exception) -> str:
    """Hydra's several lines as one, without the advice that does not apply here."""
    if isinstance(error.__cause__, Refused):
        return str(error.__cause__)
    text = str(error)
    if unknown := re.match(r"Could not override '([^']+)'", text):
        return unknown_option(unknown[1])
    if absent := re.search(r"Could not find '([^']+)/([^'/]+)'", text):
        known = re.findall(r"^\t(\S+)$", text, re.MULTILINE)
        return f"{absent[1]}={absent[2]} is not in conf/{absent[1]}: {suggest(absent[2], known)}."
    if several := re.match(r"Ambiguous value for argument '([^']+)'", text):
        return f"{several[1]} names several values: add -m to make a grid of them."
    lines = [line.strip().rstrip(".") for line in text.splitlines() if line.strip()]
    return "; ".join(lines[:3]) + "."
