"""A lease: the right to work on a point. It needs nothing but files, so it works on a shared file system.

Each holder creates the file of the next token, which only one process can do. The highest token owns the
point; a holder that was paused and wakes finds a higher token and is refused. Token files are never deleted.

A holder writes a file aside, checks that it still holds the lease, and moves the file into place. A successor
first creates the next token and then removes the aside files of former holders. Even a holder that is paused
between the check and the move therefore cannot move anything after its successor has begun. The only window
left is a file system that shows the creation or removal of a file to other machines late.
"""

from __future__ import annotations

import os
import socket
import threading
import time
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from types import TracebackType

import psutil

from scaling.study.files import Corrupt, read_json, shut_out, write_json, write_json_once
from scaling.study.job import job_id, num_restarts

HEARTBEAT_S = 10.0
"""Time between two heartbeats of a holder."""
STALE_AFTER_S = 60.0
"""Silence after which a holder counts as dead: six heartbeats. On its own machine its death shows at once."""


class Superseded(RuntimeError):
    """Another worker holds the point now, so this one must write nothing more for it."""


@dataclass(frozen=True, kw_only=True)
class Process:
    """A uniquely identified process: pids are reused, so its start time is part of it."""

    host: str
    pid: int
    started: float
    job: str | None = None
    """The Slurm job of the process, such as 123_4; None outside Slurm."""
    restarts: int = 0
    """How often Slurm had restarted that job."""

    @classmethod
    def current(cls) -> Process:
        return cls.of(os.getpid())

    @classmethod
    def of(cls, pid: int) -> Process:
        """The process that has this pid on this machine now; raises psutil.NoSuchProcess if there is none."""
        return cls(host=_host(), pid=pid, started=_start_time(pid), job=job_id(), restarts=num_restarts())

    def is_gone(self) -> bool:
        """Whether the process is known to have ended; False if this cannot be known from here.

        Slurm restarts a job only after its earlier run has ended, or its node has left the cluster.
        """
        if self.job is not None and self.job == job_id() and self.restarts < num_restarts():
            return True
        if self.host != _host():
            return False
        try:
            zombie = psutil.Process(self.pid).status() == psutil.STATUS_ZOMBIE
            return zombie or _start_time(self.pid) != self.started
        except psutil.NoSuchProcess:
            return True


class Lease:
    """A lease held from `acquire` to `release`, with a thread for the heartbeat. Also a context manager."""

    def __init__(self, path: Path, holder: Process) -> None:
        self._path = path
        self._next = _file(path.parent, _token(path) + 1)
        self._holder = holder
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._beat, daemon=True)
        self._thread.start()

    @property
    def token(self) -> int:
        """Number of this holder; it grows with every holder of the point."""
        return _token(self._path)

    def held(self) -> bool:
        """Whether no later holder has taken over."""
        return self._path.exists() and not self._next.exists()

    def check(self) -> None:
        """Raise Superseded if a later holder has taken over, so that the lease is a fence for writes."""
        if not self.held():
            raise Superseded(
                f"another worker has taken over {self._path.parent.name}; this one writes nothing more"
            )

    def release(self) -> None:
        """Let the next holder in at once. Harmless if the lease was lost: only the last token counts."""
        self._ended.set()
        self._thread.join()
        write_json(self._path, _content(self._holder, released=True))

    def _beat(self) -> None:
        while not self._ended.wait(HEARTBEAT_S):
            with suppress(OSError):
                os.utime(self._path)

    def __enter__(self) -> Lease:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        with suppress(OSError):  # if the disk is full, the lease expires by itself
            self.release()


def acquire(directory: Path) -> Lease | None:
    """A lease on a point's directory; None if another worker holds it or was quicker."""
    highest = _highest(directory)
    if highest is not None and _is_live(highest):
        return None
    token = 1 if highest is None else _token(highest) + 1
    path = _file(directory, token)
    holder = Process.current()
    if not write_json_once(path, _content(holder, released=False)):
        return None
    shut_out(directory, before=token)
    return Lease(path, holder)


def live_holder(directory: Path) -> Process | None:
    """The process that works on this point now; None if there is none."""
    highest = _highest(directory)
    if highest is None or not _is_live(highest):
        return None
    return _read_holder(highest)


@dataclass(frozen=True, kw_only=True)
class Sign:
    """The last sign of life of whoever worked on a point last."""

    holder: Process | None
    """The last holder; None if it has released the lease."""
    heard: float
    """Time of its last heartbeat, in seconds since 1970, by the clock that stamps the files."""


def last_sign(directory: Path) -> Sign | None:
    """Last sign of life of the latest holder of this point, alive or not; None if there never was one."""
    highest = _highest(directory)
    if highest is None:
        return None
    holder = _read_holder(highest)  # read before the time: opening a file on NFS refreshes its attributes
    return Sign(holder=holder, heard=highest.stat().st_mtime)


def _start_time(pid: int) -> float:
    """Start time of a process in clock ticks since boot, which no change of the system clock affects."""
    try:
        after_name = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2]
    except FileNotFoundError:
        return psutil.Process(pid).create_time()  # no /proc, or no process
    return float(after_name.split()[19])  # field 22, starttime, of proc(5)


def _content(holder: Process, *, released: bool) -> dict[str, object]:
    return {**asdict(holder), "released": released}


def _file(directory: Path, token: int) -> Path:
    return directory / f"lease-{token:06d}.json"


def _highest(directory: Path) -> Path | None:
    return max(directory.glob("lease-[0-9]*.json"), key=_token, default=None)


def _token(path: Path) -> int:
    return int(path.stem.removeprefix("lease-"))


def _read_holder(path: Path) -> Process | None:
    try:
        content = read_json(path)
        if content is None or content["released"]:
            return None
        return Process(**{name: value for name, value in content.items() if name != "released"})
    except (Corrupt, KeyError, TypeError):
        return None


def _is_live(path: Path) -> bool:
    holder = _read_holder(path)
    if holder is None or holder.is_gone():
        return False
    return server_time(path.parent) - path.stat().st_mtime < STALE_AFTER_S


def server_time(directory: Path) -> float:
    """Current time by the clock that stamps the files, which may differ from this machine's clock."""
    probe = directory / f".clock-{os.getpid()}-{threading.get_ident()}"
    try:
        probe.touch()
        return probe.stat().st_mtime
    except OSError:
        return time.time()
    finally:
        with suppress(OSError):
            probe.unlink()


def _host() -> str:
    """Name of this machine, of its current boot, and of this container on it."""
    parts = [socket.gethostname()]
    with suppress(OSError):
        parts.append(Path("/proc/sys/kernel/random/boot_id").read_text().strip())
    with suppress(OSError):
        parts.append(os.readlink("/proc/self/ns/pid"))
    return "/".join(parts)
