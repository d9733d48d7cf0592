"""W&B's client in this process: its settings, its account, and the helper process that it starts."""

from __future__ import annotations

import os
import threading
from contextlib import suppress
from functools import cache
from typing import Any

import psutil

from scaling.errors import Refused

SERVER_TIMEOUT_S = 10.0
"""Time after which a server that does not open or complete a run is lost; W&B's variables override it."""

AT_ONCE = 4
"""Online runs that are opened or completed at a time: W&B limits the request rate of an account."""

_asking = threading.Lock()


def set_up_wandb() -> None:
    """Set W&B's environment variables; to be called before the first run of this process."""
    os.environ.setdefault("WANDB_SILENT", "true")
    os.environ.setdefault("WANDB_ERROR_REPORTING", "false")
    os.environ.pop("WANDB_SERVICE", None)  # the helper of another process, if the launcher has runs too


def check_account() -> None:
    """Check the W&B account. Raises Refused if none is configured here, if W&B does not answer, or if one of
    its environment variables has a bad value."""
    import wandb

    try:
        wandb.setup(wandb.Settings(silent=True))  # also prevents a prompt for a key
    except ValueError as error:  # of pydantic, whose text ends with a link
        reason = " ".join(str(error).split()).partition(" [type=")[0]
        raise Refused(
            f"W&B cannot use a variable of this shell ({reason}): mend or unset WANDB_…."
        ) from error
    try:
        _api()
    except wandb.errors.UsageError as error:
        raise Refused(
            "No W&B account is configured here: run `wandb login`, or set WANDB_API_KEY."
        ) from error
    except Exception as error:  # the client's exceptions have no common class
        reason = " ".join(str(error).split()).rstrip(".")
        raise Refused(
            f"W&B accepts no runs now ({reason}): try again later, or run `wandb login`."
        ) from error


def has_arrived(run: Any, num_rows: int) -> bool:
    """Whether W&B's server has all rows of a finished run and knows that it has ended.

    The client also reports a run as sent if the server accepted the run but refused its rows.
    """
    with _asking:  # the client's cache of runs is not thread-safe
        _api().flush()
        there = _api().run(f"{run.entity}/{run.project}/{run.id}")
    with suppress(OSError):
        os.rmdir(there.dir)  # the client made it for downloads
    return int(there.historyLineCount) >= num_rows and there.state not in ("running", "pending")


@cache
def _api() -> Any:
    import wandb

    return wandb.Api(timeout=int(SERVER_TIMEOUT_S))


def end_helper() -> None:
    """End W&B's helper process with its data: it would keep trying, and keep this process from ending."""
    for child in psutil.Process().children():
        if child.name().startswith("wandb-core"):
            for each in (*child.children(recursive=True), child):
                each.kill()


def drop_client() -> None:
    """End W&B's helper and the client in this process, which would otherwise fail to disconnect at exit."""
    import wandb

    end_helper()
    with suppress(Exception, SystemExit):  # it exits with the code of the killed helper
        wandb.teardown()


def timeout_s(variable: str, default: float = SERVER_TIMEOUT_S) -> float:
    """Time limit in seconds from an environment variable of W&B, or the default."""
    return float(os.environ.get(variable, default))


def settings(*, init_timeout: float, finish_timeout: float, **others: Any) -> Any:
    """Settings of a run that prints nothing and sends nothing about this machine and checkout.

    Time limits are in seconds.
    """
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
        "x_save_requirements": False,  # it costs 0.1 CPU-seconds per run
    }
    return wandb.Settings(init_timeout=init_timeout, finish_timeout=finish_timeout, **quiet | others)
