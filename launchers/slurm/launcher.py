"""The Slurm launcher: submits the points of a plan to Slurm, and returns once all jobs are submitted."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import ClassVar

from launchers.interpreter import interpreter
from launchers.outcome import tell_outcome
from launchers.request import Launching
from launchers.slurm.classes import JobClass, classes_of, tasks_per_node
from launchers.slurm.client import await_controller, check_installed
from launchers.slurm.cluster import largest_array, partition_of, room_for_jobs
from launchers.slurm.job import Share, margin_s
from launchers.slurm.options import Options
from launchers.slurm.queue import queue_of
from launchers.slurm.record import Record, new_record, records
from launchers.slurm.shared import check_shared
from launchers.slurm.submission import Submitter, share_out
from launchers.slurm.wait import wait
from scaling.errors import Refused
from scaling.profile.devices import DEVICES
from scaling.quantity import counted
from scaling.study import lease
from scaling.study.files import writing_below
from scaling.study.launch import Launch, launch_name
from scaling.study.plan import Planned
from scaling.study.precision import Precision
from scaling.study.stages import predecessors
from scaling.study.store import Study
from scaling.training.runtime import Runtime


@dataclass(frozen=True)
class Slurm:
    """Trains the points of a plan in jobs of a cluster."""

    is_slurm: ClassVar[bool] = True
    answers: ClassVar[None] = None

    options: Options

    def num_slots(self, runtime: Runtime) -> int:
        """Number of points that the whole partition could train at a time if it were free."""
        options = self.options
        check_installed()
        partition = partition_of(options.partition)
        of_a_node = partition.gpus if runtime.device == "cuda" else partition.cpus // runtime.threads
        of_a_job = options.processes
        if runtime.device == "cuda" and not isinstance(options.gpus_per_node, str):
            nodes = options.processes // tasks_per_node(options, runtime, partition)
            of_a_job = max(of_a_job, nodes * options.gpus_per_node)
        jobs = max(1, partition.num_nodes * of_a_node // of_a_job)
        if options.array_parallelism is not None:
            jobs = min(jobs, options.array_parallelism)
        return jobs * (options.slots if runtime.device == "cuda" else 1)

    def device_gb(self, runtime: Runtime) -> float | None:
        """Memory in 1e9 bytes of the GPU that device.spec names (None without it), or of a node for CPUs."""
        if runtime.device == "cuda":
            return DEVICES[runtime.spec].memory_bytes / 1e9 if runtime.spec else None
        return partition_of(self.options.partition).memory_gb * 1.024**3

    def check(self, runtime: Runtime, precisions: Collection[Precision]) -> None:
        """Raise Refused if this machine cannot submit, or if the partition is unknown or lacks GPUs.

        Whether the GPUs support a precision is checked by each point in its job.
        """
        del precisions
        if runtime.device == "tpu" and self.options.processes > 1:
            raise Refused(
                f"hydra.launcher.processes={self.options.processes} is of no use with device=tpu, where one "
                "process has all devices: use 1."
            )
        check_installed()
        await_controller(self.options.submit_within_s)
        partition = partition_of(self.options.partition)
        if runtime.device == "cuda" and partition.gpus == 0:
            raise Refused(f"device=cuda: the nodes of the partition {partition.name} have no GPU.")

    def launch(self, launching: Launching) -> Counter[str]:
        """Submit the points of the plan; with the option `wait`, stay until they have ended."""
        study, plan, console = launching.study, launching.plan, launching.console
        to_train = [entry for entry in plan.entries if entry.is_to_train]
        if not to_train:
            return tell_outcome(console, study, plan.wanted_now)
        launch = Launch(study.path.absolute(), launch_name())
        submitted = self._submit(launching, launch, to_train)
        num_jobs = sum(record.num_jobs for record in submitted)
        console.print(
            f"Submitted {counted(len(to_train), 'point')} in {counted(num_jobs, 'job')}; nothing has to stay "
            f"open for them. To watch: python -m control watch {study.typed}"
        )
        if not self.options.wait:
            return Counter()
        wait(launching, launch)
        return tell_outcome(console, study, plan.wanted_now)

    def _submit(self, launching: Launching, launch: Launch, to_train: Sequence[Planned]) -> list[Record]:
        options, study = self.options, launching.study
        partition = partition_of(options.partition)
        classes = classes_of(to_train, options, launching.runtime, partition, _ran_out(study, to_train))
        submitter = Submitter(
            launch,
            options,
            python=interpreter(launching.snapshot),
            partition=partition,
            largest_array=largest_array(),
        )
        for each in classes:
            submitter.check(each)
        if options.probe and not check_shared(study.path.absolute(), options):
            launching.console.print("No node is free, so whether the nodes see the study was not checked.")
        with writing_below(study.path):
            launch.folder.mkdir(parents=True, exist_ok=True)
            return self._submit_classes(launching, launch, submitter, classes)

    def _submit_classes(
        self, launching: Launching, launch: Launch, submitter: Submitter, classes: Sequence[JobClass]
    ) -> list[Record]:
        terms = launching.terms(launch.name, self.options.policy)
        wanted = {each: -(-len(each.point_ids) // self.options.points_per_job) for each in classes}
        num_jobs_of = within(wanted, room_for_jobs(self.options.qos))
        at_once = self.options.array_parallelism
        shares = share_out(at_once, [*num_jobs_of.values()]) if at_once else [None] * len(num_jobs_of)
        _take_on(launching.study, launch, [point_id for each in classes for point_id in each.point_ids])
        awaited = _Awaited(launching)
        submitted: list[Record] = []
        for (job_class, num_jobs), parallel in zip(num_jobs_of.items(), shares, strict=True):
            record = new_record(launch.folder, job_class, num_jobs)
            record.write()

            def share(index: int, record: Record = record) -> Share:
                return Share(
                    record=record.file,
                    index=index,
                    slots=self.options.slots,
                    terms=terms,
                    tracker=launching.tracker,
                    margin_s=margin_s(record.job_class.resources.timeout_min),
                )

            try:
                after = awaited.jobs(job_class, submitted)
                submitted.append(submitter.submit(record, share, parallel, after))
            except Refused as refused:
                raise _after(submitted, refused) from refused
        return submitted


class _Awaited:
    """Slurm jobs that train points which other points of a launch wait for."""

    def __init__(self, launching: Launching) -> None:
        self._before = predecessors(launching.plan.to_run)
        needs = {need for point in launching.plan.to_run for need in point.needs}
        studies = [Study(path) for path in launching.runtime.studies(launching.study.path)]
        queues = [queue_of(study, needs) for study in studies] if needs else []
        self._queued = [(record, jobs) for queue in queues for record, jobs in queue]

    def jobs(self, job_class: JobClass, submitted: Sequence[Record]) -> list[str]:
        """Ids of arrays that have to end before the jobs of the class start."""
        before = {other for point_id in job_class.point_ids for other in self._before[point_id]}
        ours = [job for record in submitted if _has(record, before) for job in record.job_ids]
        others = [job.array for record, jobs in self._queued if _has(record, before) for job in jobs]
        return sorted({*ours, *others})


def _has(record: Record, point_ids: Collection[str]) -> bool:
    return not set(point_ids).isdisjoint(record.job_class.point_ids)


def _take_on(study: Study, launch: Launch, point_ids: Sequence[str]) -> None:
    """Assign points that were marked to run again to this launch."""
    for point_id in point_ids:
        if study.noted(point_id).is_marked and (held := lease.acquire(study.directory(point_id))):
            with held:
                taken_on = replace(study.noted(point_id), message=None, launch=launch.name)
                study.note(point_id, taken_on, held)


def _after(submitted: Sequence[Record], refused: Refused) -> Refused:
    """The refusal of a class, with the number of jobs that were submitted before it."""
    num_jobs = sum(record.num_jobs for record in submitted)
    if not num_jobs:
        return refused
    go_on = "continues" if num_jobs == 1 else "continue"
    return Refused(
        f"{refused} {counted(num_jobs, 'job')} submitted before {go_on}; the same line adds the rest."
    )


def within(wanted: Mapping[JobClass, int], room: int | None) -> dict[JobClass, int]:
    """Number of jobs of each class, reduced in proportion to fit `room`, but at least one.

    Fewer jobs train the same points: a job takes the next point of its class while it has time left.
    """
    total = sum(wanted.values())
    if room is None or total <= room:
        return dict(wanted)
    return {job_class: max(1, number * room // total) for job_class, number in wanted.items()}


def _ran_out(study: Study, to_train: Sequence[Planned]) -> dict[str, float]:
    """Memory in GB that was not enough for a point in the launch before, by its id."""
    ids = [entry.point.id for entry in to_train]
    failed = {point_id for point_id in ids if study.noted(point_id).failure == "out_of_memory"}
    if not failed:
        return {}
    return {
        point_id: record.job_class.resources.mem_gb
        for record in records(study.path)  # the newest last
        for point_id in failed.intersection(record.job_class.point_ids)
    }
