"""A basis: which rows a number rests on, how many they are, and where its uncertainty comes from."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from analysis.findings import Findings
from analysis.noise import Noise
from analysis.speedup.speedup import Speedup
from scaling.quantity import counted

NOISE = {
    "seeds": "pooled from repeated seeds",
    "declared": "declared by the source",
    "interaction": "at most the interaction of architecture and resolution",
}
"""Origin of the noise of a run, by kind."""
NOISY = ("frontier", "pairs", "resolution", "frames", "returns", "speedup", "ladders", "noise")
"""Topics whose intervals come from the bootstrap of models' means."""


def bases(findings: Findings) -> dict[str, str]:
    """One self-contained sentence per topic, in the order of the report.

    Topics are those of the sentences, and noise, law, hours and missing; topics without findings are left
    out.
    """
    origin, noise = source_text(findings), noise_text(findings.noise, findings.replicates)
    return {
        topic: f"{what[0].upper()}{what[1:]}, from {origin}{f'; {noise}' if topic in NOISY else ''}."
        for topic, what in _rows(findings)
    }


def source_text(findings: Findings) -> str:
    """The source as text: `108 of 108 rows of results/quickstart, digest 0123456789abcdef`."""
    table = findings.table
    return f"{len(table.usable)} of {len(table.rows)} rows of {table.source}, digest {table.digest()}"


def noise_text(noise: Noise, replicates: int) -> str:
    """The noise as text: `noise of a run pooled from repeated seeds, 54 degrees of freedom; 4,000 bootstrap
    replicates`."""
    if not noise.known:
        return "noise unknown, so there are no intervals"
    told = f"noise of a run {NOISE[noise.kind]}, {counted(noise.df, 'degree')} of freedom"
    return f"{told}; {replicates:,} bootstrap replicates"


def _rows(findings: Findings) -> Iterator[tuple[str, str]]:
    """The topics, and the rows that each rests on."""
    yield from _of_axes(findings)
    yield from _of_families(findings)
    if findings.noise.known:
        models = findings.compared
        yield "noise", f"{counted(len(models), 'model')}, {models['num_seeds'].sum()} runs"
    if findings.law is not None:
        rows, replicates = findings.law.diagnostics.num_rows, len(findings.law.theta_draws)
        yield (
            "law",
            f"{counted(rows, 'model')} of one setting ({replicates:,} replicates of noise and lack of fit)",
        )
    if findings.prediction:
        yield "hours", f"{len(findings.prediction.points)} completed points whose hours were predicted"
    if findings.foreseen:
        yield "foreseen", f"{counted(len(findings.groups), 'model')}, and draws of what is left to run"
    yield "missing", "all rows, used or not"


def _of_axes(findings: Findings) -> Iterator[tuple[str, str]]:
    """The topics about the frontier, the methods and the axes."""
    if findings.frontiers:
        names = [
            f"{len(frontier.members)} with known {frontier.cost.label}"
            for frontier in findings.frontiers.values()
        ]
        yield "frontier", f"{counted(len(findings.groups), 'model')} ({', '.join(names)})"
    if findings.methods is not None:
        yield "methods", f"{counted(len(findings.methods.rungs), 'rung')} of one ladder, paired over seeds"
    if findings.weight_decay is not None:
        number = len(findings.weight_decay.levels)
        yield "weight_decay", f"{counted(number, 'level')} of regularisation, paired over seeds"
    pairs = findings.pairs
    if pairs.regimes:
        names = [f"{each.num_pairs} at {counted(each.epochs, 'epoch')}" for each in pairs.regimes]
        yield "pairs", f"pairs at equal {pairs.cost.full_label} ({', '.join(names)})"
    if findings.resolution.steps:
        names = [
            f"{each.num_architectures} at {counted(each.epochs, 'epoch')} from {each.from_px} px"
            for each in findings.resolution.steps
        ]
        yield "resolution", f"models measured at two neighbouring resolutions ({', '.join(names)})"
    if findings.frames:
        number = sum(step.num_models for step in findings.frames.steps)
        yield "frames", f"{counted(number, 'pair')} of models that differ in the frames of their clips alone"
    if findings.returns:
        yield "returns", f"{counted(len(findings.returns), 'pair')} of models that are neighbours on one axis"


def _of_families(findings: Findings) -> Iterator[tuple[str, str]]:
    """The topics about families of networks, and about how they were trained before."""
    for topic, compared in (
        ("speedup", findings.at_equal_accuracy.speedups),
        ("ladders", tuple(pair for each in findings.at_equal_accuracy.ladders for pair in each.pairs)),
    ):
        if compared:
            yield topic, "models with known cost (" + ", ".join(_compared(compared)) + ")"
    if findings.pseudo_labels:
        num_pairs = sum(each.num_pairs for each in findings.pseudo_labels.overall)
        yield "pseudo", f"{counted(num_pairs, 'student')}, each paired with itself without pseudo-labels"
    if findings.transfers:
        networks = sum(len(each.models) for each in findings.transfers)
        told = counted(networks, "network")
        yield "transfer", f"{told} after a second training, at the setting chosen for each"


def _compared(found: Sequence[Speedup]) -> list[str]:
    """Text for each pair of families: `4 of efficientnet and 5 of resnet_rs`."""
    return list(
        dict.fromkeys(
            f"{each.num_models[0]} of {each.base} and {each.num_models[1]} of {each.family}" for each in found
        )
    )
