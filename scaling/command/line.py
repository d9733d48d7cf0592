"""The parser of command lines, which answers a mistake with one sentence rather than a page of usage."""

from __future__ import annotations

import argparse
from typing import Any, NoReturn

from scaling.errors import Refused


class Parser(argparse.ArgumentParser):
    """An argparse parser that raises Refused, with one sentence that names the command's help."""

    def __init__(self, **options: Any) -> None:
        super().__init__(allow_abbrev=False, **options)

    def error(self, message: str) -> NoReturn:
        command = " ".join(self.prog.split()[:3])  # without the subcommand
        raise Refused(f"{message} (see {command} --help)")
