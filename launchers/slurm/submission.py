"""A submission: the arrays of one class, split to the site's limits, and retried while Slurm is silent."""

from __future__ import annotations

import contextlib
import io
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import replace

from submitit.core.utils import FailedJobError, FailedSubmissionError
from submitit.slurm.slurm import SlurmExecutor

from launchers.slurm.classes import JobClass
from launchers.slurm.client import Denied, Silent, ask, await_controller, refusal, try_again
from launchers.slurm.cluster import Partition, why_denied
from launchers.slurm.job import GO_ON, Share, carry_out, margin_s
from launchers.slurm.options import Options
from launchers.slurm.record import Record
from scaling.study.launch import Launch


class Submitter:
    """Submits the classes of a launch to Slurm through submitit."""

    def __init__(
        self, launch: Launch, options: Options, *, python: str, partition: Partition, largest_array: int
    ) -> None:
        self._launch = launch
        self._options = options
        self._python = python
        self._partition = partition
        self._largest_array = largest_array

    def check(self, job_class: JobClass) -> None:
        """Raise Denied if Slurm would reject the jobs of this class; nothing is submitted."""
        executor = self._executor(job_class, "test", None)
        text = executor._make_submission_file_text("true", "test")  # submitit has no public function for it
        with tempfile.NamedTemporaryFile("w", suffix=".sh") as script:
            script.write(text)
            script.flush()
            try:
                ask("sbatch", "--test-only", script.name)
            except Denied as denied:
                why = why_denied(denied, self._options, self._partition)
                raise Denied(f"Slurm takes no job of {job_class.resources}: {why}") from denied

    def submit(
        self,
        record: Record,
        share_of: Callable[[int], Share],
        parallel: int | None,
        after: Sequence[str] = (),
    ) -> Record:
        """Submit the jobs of a class; return the record with the accepted jobs, which may be fewer.

        The jobs start when the jobs `after` have ended. Each array is noted as soon as it is submitted.
        Raises Silent if Slurm does not answer for too long, and Denied if it accepts no job.
        """
        arrays = cut(record.num_jobs, self._largest_array)
        shares = share_out(parallel, arrays) if parallel is not None else [None] * len(arrays)
        taken = 0
        for number, (size, at_once) in enumerate(zip(arrays, shares, strict=True), start=1):
            indices = list(range(taken, taken + size))
            wanted = [share_of(each) for each in indices]
            taken_now, record = self._submit_some(record, wanted, number, at_once, after)
            taken += taken_now
            if taken_now < size:
                break
        record = replace(record, num_jobs=taken, is_submitted=True)
        record.write()
        return record

    def _submit_some(
        self,
        record: Record,
        shares: Sequence[Share],
        number: int,
        at_once: int | None,
        after: Sequence[str],
    ) -> tuple[int, Record]:
        """Submit as many of `shares` as the site's limits allow, halving the number until it is accepted."""
        taken, trying = 0, len(shares)
        while trying and taken < len(shares):
            chosen = shares[taken : taken + trying]
            comment = f"{record.comment}/{number}.{taken}"
            try:
                job_id = self._submit_array(record, chosen, comment, at_once, after)
            except Denied as denied:
                if "limit" not in str(denied).lower() or (trying == 1 and not (taken or record.job_ids)):
                    raise
                trying //= 2
                continue
            taken += len(chosen)
            record = replace(record, job_ids=(*record.job_ids, job_id))
            record.write()
        return taken, record

    def _submit_array(
        self,
        record: Record,
        shares: Sequence[Share],
        comment: str,
        at_once: int | None,
        after: Sequence[str],
    ) -> str:
        """Submit one array; return its id. Before a retry, cancel what Slurm accepted without answering."""
        executor = self._executor(record.job_class, comment, at_once, after)
        give_up_at = time.monotonic() + self._options.submit_within_s
        while True:
            try:
                return _submitted(executor, shares)
            except Silent as silent:
                try_again(silent, give_up_at)
                await_controller(give_up_at - time.monotonic())
                _undo(record.user, comment)

    def _executor(
        self, job_class: JobClass, comment: str, at_once: int | None, after: Sequence[str] = ()
    ) -> SlurmExecutor:
        options, asked = self._options, job_class.resources
        executor = SlurmExecutor(self._launch.folder, python=self._python)
        executor.update_parameters(
            job_name=options.job_name or self._launch.study.name,
            partition=options.partition,
            account=options.account,
            qos=options.qos,
            constraint=options.constraint,
            comment=comment,
            wckey=None,
            nodes=asked.nodes,
            ntasks_per_node=asked.tasks_per_node,
            cpus_per_task=asked.cpus_per_task,
            gpus_per_node=asked.gpus_per_node or None,
            mem=f"{round(1024 * asked.mem_gb)}MB",
            time=asked.timeout_min,
            signal_delay_s=round(margin_s(asked.timeout_min)),
            stderr_to_stdout=True,
            setup=list(options.setup) or None,
            teardown=teardown(self._launch, options.max_requeues),
            srun_args=["--kill-on-bad-exit=1", "--open-mode=append", *options.srun_args],
            array_parallelism=at_once or 10**6,
            additional_parameters={
                "requeue": True,
                **({"dependency": f"afterany:{':'.join(after)}"} if after else {}),
                **{
                    key.replace("_", "-"): value
                    for key, value in (options.sbatch or {}).items()
                    if value is not False
                },
            },
        )
        return executor


def teardown(launch: Launch, crashes_at_most: int) -> list[str]:
    """The end of a batch script, which requeues the job if its exit code asks for that or if it was killed.

    It is not requeued if it would crash for ever: if no job of the launch has ever started Python (unless
    this one was killed), if its input is missing, or if its crash cannot be noted. The element of an array
    must be named, since its bare id may stand for the whole array. `scontrol` is retried while the controller
    is down; `tee -a` is needed because tee would otherwise truncate the log that it writes to.
    """
    crashes, share = f"{launch.folder}/crashes-$me", f"{launch.folder}/${{me}}_submitted.pkl"
    return [
        "code=$?",
        'me="${SLURM_ARRAY_JOB_ID:+${SLURM_ARRAY_JOB_ID}_$SLURM_ARRAY_TASK_ID}"; me="${me:-$SLURM_JOB_ID}"',
        f'if [ $code -ne 0 ] && [ $code -ne {GO_ON} ]; then echo $code >> "{crashes}" || exit $code; fi',
        f'if [ $code -lt 128 ] && [ ! -e "{launch.begun_file}" ]; then exit $code; fi',
        f'if [ ! -e "{share}" ]; then exit $code; fi',
        f'num_crashes=$(cat "{crashes}" 2>/dev/null | wc -l)',
        f"if [ $code -ne 0 ] && [ $num_crashes -le {crashes_at_most} ]; then",
        f'    while [ ! -e "{launch.stop_file}" ] && scontrol requeue "$me" 2>&1 | tee -a /dev/stderr |',
        '        grep -qiE "unable to contact|timed out|connection refused|zero bytes|unable to establish"',
        "    do sleep 5; done",
        "fi",
        "exit $code",
    ]


def cut(num_jobs: int, largest: int) -> list[int]:
    """Sizes of arrays with at most `largest` jobs: MaxArraySize bounds the index in an array, from 0."""
    return [min(largest, num_jobs - first) for first in range(0, num_jobs, largest)]


def share_out(total: int, sizes: Sequence[int]) -> list[int]:
    """Concurrent jobs of each array out of `total`: in proportion to its size, and at least one."""
    more_wanted, more = sum(sizes) - len(sizes), max(0, total - len(sizes))
    return [1 + min(size - 1, more * (size - 1) // max(1, more_wanted)) for size in sizes]


def _submitted(executor: SlurmExecutor, shares: Sequence[Share]) -> str:
    try:
        with contextlib.redirect_stderr(io.StringIO()):  # submitit also prints there what it raises
            jobs = executor.map_array(carry_out, shares)
    except (FailedJobError, FailedSubmissionError) as error:
        raise refusal(["sbatch"], str(error)) from error
    return str(jobs[0].job_id).partition("_")[0]


def _undo(user: str, comment: str) -> None:
    with contextlib.suppress(Silent):
        for line in ask("squeue", "-h", "-u", user, "-o", "%F|%k").splitlines():
            job, _, said = line.partition("|")
            if said == comment:
                ask("scancel", job)
