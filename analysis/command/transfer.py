"""python -m analysis transfer: print what pre-trained networks are worth on another task."""

from __future__ import annotations

from argparse import Namespace

from analysis.command.output import read, say, show
from analysis.transfer.sentences import transfer_json, transfer_sentences
from analysis.transfer.sheet import transfer_sheets
from analysis.transfer.transfer import transfers
from scaling.command.output import print_json
from scaling.errors import Refused


def run(asked: Namespace) -> None:
    table = read(asked)
    found = transfers(table)
    if not found:
        raise Refused(
            f"{table.source} has no completed point that starts from another: python sweep.py study=transfer "
            "trains some."
        )
    if asked.json:
        print_json(transfer_json(found))
        return
    for sheet in transfer_sheets(found):
        show(sheet)
    say(*transfer_sentences(found))
