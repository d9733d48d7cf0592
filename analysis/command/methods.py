"""python -m analysis methods: print what training methods are worth."""

from __future__ import annotations

from argparse import Namespace

from analysis.command.output import of_top1, read, say, show
from analysis.methods.additive import climb
from analysis.methods.additive_sheet import methods_json, methods_sentences, methods_sheet
from analysis.methods.weight_decay import interplay
from analysis.methods.weight_decay_sheet import interplay_json, interplay_sentences, interplay_sheet
from scaling.command.output import print_json


def run(asked: Namespace) -> None:
    table = of_top1(read(asked), "the ladder is")
    crossed = interplay(table)
    if crossed is not None:
        sheet, told, answer = interplay_sheet(crossed), interplay_sentences(crossed), interplay_json(crossed)
    else:
        ladder = climb(table)
        sheet, told, answer = methods_sheet(ladder), methods_sentences(ladder), methods_json(ladder)
    if asked.json:
        print_json(answer)
        return
    show(sheet)
    say(*told)
