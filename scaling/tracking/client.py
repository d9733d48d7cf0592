"""W&B's client in this process: its settings, its account, and the helper that it starts."""

from __future__ import annotations

import os
import threading
from contextlib import suppress
from functools import cache
from typing import Any

import psutil

from scaling.errors import Refused

SERVER_TIMEOUT_S = 10.0
"""Until a server that does not open or complete a run counts as lost; W&B's own variables go before it."""

AT_ONCE = 4
"""Runs that are opened or completed at a time, where a server answers: W&B limits the rate of an account."""

_asking = threading.Lock()


def set_up_wandb() -> None:
    """Before the first run of this process."""
    os.environ.setdefault("WANDB_SILENT", "true")
    os.environ.setdefault("WANDB_ERROR_REPORTING", "false")
    os.environ.pop("WANDB_SERVICE", None)  # another process's helper, where the launcher has runs of its own


def check_account() -> None:
    """Ask W&B for the account; Refused where none is known here, or W&B does not answer."""
    import wandb

    wandb.setup(wandb.Settings(silent=True))  # which also keeps it from asking for a key
    try:
        _api()
    except wandb.errors.UsageError as error:
        raise Refused("W&B knows no account here: run `wandb login`, or set WANDB_API_KEY.") from error
    except Exception as error:  # those of the client have no class in common
        reason = " ".join(str(error).split()).rstrip(".")
        raise Refused(f"W&B takes no runs now ({reason}): try again later, or run `wandb login`.") from error


def has_arrived(run: Any, num_rows: int) -> bool:
    """Whether W&B's server has the rows of a finished run, and that it has ended.

    The client takes a run for sent too where the server has refused its rows but taken the run itself.
    """
    with _asking:  # the client's cache of runs is not made for threads
        _api().flush()
        there = _api().run(f"{run.entity}/{run.project}/{run.id}")
    with suppress(OSError):
        os.rmdir(there.dir)  # made for files to download
    return int(there.historyLineCount) >= num_rows and there.state not in ("running", "pending")


@cache
def _api() -> Any:
    import wandb

    return wandb.Api(timeout=int(SERVER_TIMEOUT_S))


def end_helper() -> None:
    """End W&B's own process with all that it holds: it would try on, and keep this one from its end."""
    for child in psutil.Process().children():
        if child.name().startswith("wandb-core"):
            for each in (*child.children(recursive=True), child):
                each.kill()


def drop_client() -> None:
    """End W&B's helper, and the client in this process, which would else fail to part from it at exit."""
    import wandb

    end_helper()
    with suppress(Exception, SystemExit):  # with the code of what was killed
        wandb.teardown()


def timeout_s(variable: str, default: float = SERVER_TIMEOUT_S) -> float:
    """What W&B's variable says, or else the default."""
    return float(os.environ.get(variable, default))


def settings(*, init_timeout: float, finish_timeout: float, **others: Any) -> Any:
    """Of a run that prints nothing and sends nothing of this machine and checkout; time limits in seconds."""
    import wandb

    quiet: dict[str, Any] = {
        "silent": True,
        "console": "off",
        "save_code": False,
        "disable_code": True,
        "disable_git": True,
        "symlink": False,
        "use_dot_wandb": False,
        "finish_timeout_raises": True,
        "x_disable_meta": True,
        "x_disable_stats": True,
        "x_disable_machine_info": True,
        "x_save_requirements": False,  # 0.1 CPU-seconds a run
    }
    return wandb.Settings(init_timeout=init_timeout, finish_timeout=finish_timeout, **quiet | others)
