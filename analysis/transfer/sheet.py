"""The tables of transfer: each network, and each verdict."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from scipy.special import stdtrit

from analysis.frontier.dominance import nondominated
from analysis.noise import Interval
from analysis.sheet import MAX_ROWS, Sheet
from analysis.transfer.gains import Gain
from analysis.transfer.sentences import BY, WAYS
from analysis.transfer.transfer import Transfer
from analysis.transfer.transferred import Transferred
from scaling.quantity import count_text, counted


def transfer_sheets(found: Sequence[Transfer]) -> list[Sheet]:
    """Two sheets for each task: verdicts, and networks."""
    return [sheet for each in found for sheet in (_verdicts(each), _networks(each))]


def _verdicts(found: Transfer) -> Sheet:
    rows = [
        (
            WAYS[order.tune],
            BY[order.by][0],
            f"tau {order.tau:+.2f}",
            _interval_cell(order.ci95),
            f"{counted(order.num_networks, 'network')}, {counted(order.num_pairs, 'pair')}",
            order.verdict,
        )
        for order in found.orders
    ]
    rows += [
        (
            WAYS[gain.tune] + _after(gain),
            f"over {WAYS[gain.over]}",
            f"{gain.points:+.2f} points",
            _interval_cell(gain.ci95),
            counted(gain.num_networks, "network"),
            gain.verdict,
        )
        for gain in found.gains
    ]
    note = (
        f"{_task_text(found)}. Tau is Kendall's, with a bootstrap over networks and seeds; by depth, "
        "width or epochs, only networks alike in the rest are paired. Points are differences of the same "
        f"network and seed, with Student's interval over networks. {found.num_verdicts} verdicts share 5 %; "
        "an order that chance alone gives more often, as with few networks, is undecided."
    )
    head = ("trained", "question", "answer", "95 %", "rests on", "verdict")
    return Sheet("Transfer: verdicts", note, head, rows, topic="transfer")


def _after(gain: Gain) -> str:
    return "" if gain.start_epochs is None else f" after {counted(gain.start_epochs, 'epoch')}"


def _interval_cell(ci95: Interval | None) -> str:
    return "none" if ci95 is None else f"{ci95[0]:+.2f} to {ci95[1]:+.2f}"


def _networks(found: Transfer) -> Sheet:
    models = sorted(found.models, key=lambda each: (each.flops, each.tune, each.start_epochs))
    half = _half_of(models)
    on_frontier = nondominated([[each.flops, each.mean] for each in models], ("minimise", "maximise"))
    rows = [
        (
            *(f"{value:g}" for value in each.network[1:]),
            count_text(each.flops),
            WAYS[each.tune],
            "" if np.isnan(each.start_epochs) else f"{each.start_epochs:g}",
            "" if np.isnan(each.start_mean) else f"{each.start_mean:.2f}",
            _mean_cell(each, half),
            str(len(each.by_seed)),
            "frontier" if on else "",
        )
        for each, on in zip(models, on_frontier, strict=True)
    ]
    note = (
        f"{_task_text(found)}. Each at the setting with the best mean on validation images; `accuracy` is "
        f"{found.metric}, mean over seeds with a 95 % interval from their scatter in all networks. Frontier: "
        "nothing cheaper is as accurate."
    )
    head = ("depth", "width", "FLOPs", "trained", "epochs before", "accuracy before", "accuracy", "seeds", "")
    return Sheet("Transfer: networks", note, head, rows[:MAX_ROWS], len(rows), "transfer")


def _half_of(models: Sequence[Transferred]) -> float:
    """Half of the 95 % interval of a run, from the scatter of seeds in all networks; NaN without any."""
    groups = [np.array(list(each.by_seed.values())) for each in models]
    df = sum(len(group) - 1 for group in groups)
    squares = sum(float(((group - group.mean()) ** 2).sum()) for group in groups)
    return float(stdtrit(df, 0.975) * np.sqrt(squares / df)) if df else float("nan")


def _mean_cell(model: Transferred, half: float) -> str:
    if np.isnan(half):
        return f"{model.mean:.2f}"
    return f"{model.mean:.2f} ± {half / np.sqrt(len(model.by_seed)):.2f}"


def _task_text(found: Transfer) -> str:
    data, resolution, epochs = found.task
    return f"On {data}, {resolution:g} px, {counted(epochs, 'epoch')}"
