"""A sync: send W&B the runs of a study that it lacks, whatever tracked the study while it trained."""

from __future__ import annotations

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from scaling.quantity import counted
from scaling.study.store import Study
from scaling.tracking.tracker import Tracker
from scaling.tracking.upload import Uploaded, tracker_of, upload

NAMED_AT_MOST = 10


def sync(study: Study, console: Console, *, project: str | None, entity: str | None) -> int:
    """Send the runs, with a progress bar on a terminal; return 0 when W&B has all, 1 when some failed."""
    tracker = tracker_of(study.path, project=project, entity=entity)
    bar = Progress(
        TextColumn("sending runs"),
        BarColumn(bar_width=30),
        MofNCompleteColumn(),
        TimeRemainingColumn(),
        console=console,
        disable=not console.is_terminal,
        transient=True,
    )
    with bar:
        task = bar.add_task("", total=len(study.point_ids()))
        uploaded = upload(study, tracker, lambda number: bar.update(task, completed=number))
    _tell(study, tracker, uploaded, console)
    return 1 if uploaded.failures or uploaded.lost else 0


def _tell(study: Study, tracker: Tracker, uploaded: Uploaded, console: Console) -> None:
    def say(text: str) -> None:
        console.print(text, soft_wrap=True, markup=False)

    project = f"{tracker.entity}/{tracker.project}" if tracker.entity else tracker.project
    counts = uploaded.counts
    others = {
        "there already": counts["there"],
        "unfinished, sent in part": counts["open"],
        "not begun": counts["waiting"],
        "failed": counts["failed"],
        "left": counts["left"],
    }
    told = ", ".join(f"{count} {what}" for what, count in others.items() if count)
    sent = f"{counted(counts['sent'], 'run')} sent to {project}, group {study.path.resolve().name}"
    say(f"{sent}; {told}." if told else f"{sent}.")
    for point_id, why in list(uploaded.failures.items())[:NAMED_AT_MOST]:
        say(f"  failed {point_id}: {why}")
    if len(uploaded.failures) > NAMED_AT_MOST:
        say(f"  and {len(uploaded.failures) - NAMED_AT_MOST} more failed ones")
    if uploaded.lost:
        say(f"The connection to W&B was lost ({uploaded.lost[0]}): type the line again to go on.")
