"""Handling of user errors at the command line: one sentence and exit code 2."""

from __future__ import annotations

import os
import re
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import NoReturn

from hydra._internal.utils import get_args_parser
from hydra.errors import HydraException, OverrideParseException
from omegaconf.errors import OmegaConfBaseException
from rich.console import Console
from yaml import MarkedYAMLError
from yaml.reader import ReaderError

from hydra_plugins.scaling_study._options import GROUPS, unknown_option
from launchers.torchrun import meeting, typed_line
from scaling.errors import INTERRUPTED, DataError, Refused
from scaling.study.spelling import nearest
from scaling.training.failure import PeerLost

DEBUG = "SCALING_STUDY_DEBUG"
"""Environment variable that `--debug` sets, to get tracebacks instead of sentences."""

FIRST_SAYS_WITHIN_S = 10.0
"""If all processes are refused, only the first reports it; the others wait this long for that."""

_FORMATS = {"--json": "plan=json", "--csv": "plan=csv"}
"""Flags of ours, and the overrides that they stand for."""


def tidy(words: list[str]) -> list[str]:
    """The words of a command line in the form that Hydra accepts: `-m` first, and our own flags replaced.

    Raises Refused for an unknown flag, and for a config group without a choice.
    """
    if "--debug" in words:
        os.environ[DEBUG] = "1"
    multirun = [word for word in words if word in ("-m", "--multirun")][:1]
    tidied = multirun + [
        _FORMATS.get(word, word) for word in words if word not in ("-m", "--multirun", "--debug")
    ]
    if sum(word.startswith("where=") for word in tidied) > 1:
        raise Refused("where is given twice: join the conditions with and.")
    for word in tidied:
        group, equals, choice = word.partition("=")
        if equals and group in GROUPS and choice in ("", "null"):
            raise Refused(f"{word} leaves {group} without a choice: name a file of conf/{group}.")
    parser = get_args_parser()
    parser.error = _refuse_flag  # type: ignore[method-assign]  # it would print a page of usage
    parser.parse_args(tidied)
    return tidied


def _refuse_flag(message: str) -> NoReturn:
    raise Refused(f"{message} (python sweep.py --hydra-help lists the flags).")


@contextmanager
def in_plain_words() -> Iterator[None]:
    """Exit with a sentence instead of a traceback, unless `--debug` was given."""
    os.environ["HYDRA_FULL_ERROR"] = "1"  # makes Hydra raise instead of printing lines and exiting with 1
    try:
        yield
    except (Refused, DataError) as error:
        _end(str(error), error)
    except (HydraException, OmegaConfBaseException) as error:
        _end(_one_sentence(error), error)
    except MarkedYAMLError as error:
        mark = error.problem_mark
        where = "" if mark is None else f"{mark.name}, line {mark.line + 1}, "
        _end(f"{where}is not valid YAML ({error.problem}): fix it.", error)
    except (UnicodeDecodeError, ReaderError) as error:
        file = error.name if isinstance(error, ReaderError) else "a configuration file"
        _end(f"{file} is not UTF-8 text ({error.reason}): fix it.", error)
    except OSError as error:
        _end(f"{error.filename}: {error.strerror}; choose a place that can be read and written.", error)
    except KeyboardInterrupt:
        _say(f"Stopped; nothing is lost. To go on, type the same line again: {typed_line()}")
        sys.exit(INTERRUPTED)
    except PeerLost as lost:
        _say(f"sweep.py: {lost}; nothing is lost. To go on, type the same line again: {typed_line()}")
        sys.exit(lost.code)


def _end(sentence: str, error: Exception) -> NoReturn:
    if os.environ.get(DEBUG):
        raise error
    if rank := meeting().rank:
        time.sleep(FIRST_SAYS_WITHIN_S)  # torchrun ends this process if the first one is refused too
        sentence = f"process {rank} alone: {sentence}"
    _say(f"sweep.py: {sentence}")
    sys.exit(2)


def _say(sentence: str) -> None:
    Console(stderr=True, soft_wrap=True).print(sentence, highlight=False, markup=False)


def _one_sentence(error: Exception) -> str:
    """The several lines of a Hydra error as one sentence, without advice that does not apply here."""
    if isinstance(error.__cause__, Refused):
        return str(error.__cause__)
    text = str(error)
    if re.search(r"\bwhere=", text):
        return (
            "where needs two pairs of quotes, one for the shell and one for Hydra: \"where='flops < 2e9'\"."
        )
    if unknown := re.match(r"Could not override '([^']+)'", text):
        return unknown_option(unknown[1])
    if absent := re.search(r"Could not find '([^']+)/([^'/]+)'", text):
        known = re.findall(r"^\t(\S+)$", text, re.MULTILINE)
        return f"{absent[1]}={absent[2]} is not in conf/{absent[1]}: {nearest(absent[2], known)}."
    if several := re.match(r"Ambiguous value for argument '([^']+)'", text):
        return f"{several[1]} names several values: add -m to make a grid of them."
    if isinstance(error, OverrideParseException):
        return _unreadable(error.override, text)
    lines = [line.strip().rstrip(".") for line in text.splitlines() if line.strip()]
    return "; ".join(lines[:3]) + "."


def _unreadable(override: str, text: str) -> str:
    """A sentence on an override that Hydra cannot parse, with a suggestion if one is likely."""
    name, _, value = override.partition("=")
    if text.startswith("LexerNoViableAlt"):
        return f"{override} cannot be read: put its value in quotes of its own, as in \"{name}='{value}'\"."
    what = text.splitlines()[0].partition(" expecting ")[0].replace("'<EOF>'", "at its end")
    return f"{override} cannot be read: {what}."
