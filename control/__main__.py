"""The command line: python -m control status|watch|logs|retry|cancel|sync|stop-dominated STUDY."""

from __future__ import annotations

import scaling.door  # noqa: F401  before the others, which take a second

# isort: split
import os
import sys
import time
from argparse import Namespace
from collections.abc import Sequence
from dataclasses import asdict

from rich.console import Console

from control.cancel import cancel
from control.logs import has_log, job_log, print_log
from control.options import parse
from control.pick import pick
from control.retry import retry
from control.screen import View
from control.status import Watcher
from control.sync import sync
from control.table import as_json, tabulate
from control.terminal import print_status
from control.watch import Wish, watch, watch_once
from control.web.address import LOOPBACK, Address
from control.words import listed
from scaling.command.ended import ended
from scaling.command.output import print_json
from scaling.study.store import Study


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; return its exit code, as `ended` says."""
    words = sys.argv[1:] if arguments is None else list(arguments)

    def run() -> int:
        asked = parse(words)
        return _COMMANDS[asked.command](Study.open(asked.study), asked)

    return ended("control", words, run)


def _console() -> Console:
    """A console as wide as the terminal, or 140 columns where the output has no known width."""
    is_known = sys.stdout.isatty() or "COLUMNS" in os.environ
    return Console(highlight=False, width=None if is_known else 140)


def _status(study: Study, asked: Namespace) -> int:
    glance = Watcher(study).look()
    table = tabulate(glance, asked.filter, asked.by)
    if asked.json:
        print_json(asdict(glance.status) | {"rows": as_json(table)[: asked.limit]})
    else:
        print_status(_console(), glance, table, limit=asked.limit)
    return 0


def _watch(study: Study, asked: Namespace) -> int:
    if asked.web:
        from control.web.serve import serve  # only this command needs a server

        address = Address(host=asked.host or LOOPBACK, port=asked.port, asks_token=asked.token)
        serve(study, address, asked.every, _console())
        return 0
    view = View(filter=asked.filter, by=asked.by)
    if asked.once:
        watch_once(study, view, _console())
    else:
        watch(study, Wish(view=view, every_s=asked.every, stay=asked.stay), _console())
    return 0


def _logs(study: Study, asked: Namespace) -> int:
    point_id = pick(study, asked.words)
    aside = Console(stderr=True, soft_wrap=True, highlight=False)
    if job := job_log(study, point_id):
        aside.print(f"{point_id}; the output of its job is in {job}", markup=False, style="bright_black")
    elif not has_log(study, point_id):
        aside.print(f"{point_id} has not started yet.", markup=False)
    print_log(study, point_id, tail=asked.tail, follow=asked.follow)
    return 0


def _retry(study: Study, asked: Namespace) -> int:
    failures = listed(asked.failure)
    retry(study, asked.words, failures, _console(), mark=asked.mark, yes=asked.yes)
    return 0


def _cancel(study: Study, asked: Namespace) -> int:
    return cancel(study, _console(), yes=asked.yes)


def _sync(study: Study, asked: Namespace) -> int:
    return sync(study, _console(), project=asked.project, entity=asked.entity)


def _stop_dominated(study: Study, asked: Namespace) -> int:
    from control.stopper import keep_stopping  # pandas and scipy take more than half a second to import

    console = Console(soft_wrap=True, highlight=False)
    for wait_s in keep_stopping(study, asked.stopping, lambda told: console.print(told, markup=False)):
        time.sleep(wait_s)
    return 0


_COMMANDS = {
    "status": _status,
    "watch": _watch,
    "logs": _logs,
    "retry": _retry,
    "cancel": _cancel,
    "sync": _sync,
    "stop-dominated": _stop_dominated,
}


if __name__ == "__main__":
    sys.exit(main())
