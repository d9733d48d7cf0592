"""A command line of ours: a mistake ends in one sentence, never in a page of usage."""

from __future__ import annotations

import argparse
from typing import Any, NoReturn

from scaling.errors import Refused


class Parser(argparse.ArgumentParser):
    """Refuses in one sentence that names the command's help."""

    def __init__(self, **options: Any) -> None:
        super().__init__(allow_abbrev=False, **options)

    def error(self, message: str) -> NoReturn:
        command = " ".join(self.prog.split()[:3])  # without the subcommand
        raise Refused(f"{message} (see {command} --help)")
