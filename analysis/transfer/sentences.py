"""Transfer in sentences, and as plain values for rules.json."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import asdict
from typing import Any

from analysis.model import points_text
from analysis.noise import Interval
from analysis.rounding import rounded
from analysis.transfer.gains import Gain
from analysis.transfer.orders import Order
from analysis.transfer.transfer import Transfer
from scaling.quantity import counted

WAYS = {"all": "fine-tuning", "head": "a linear probe", "scratch": "training from scratch"}
"""Names of what is tuned."""
BY = {
    "accuracy": ("networks of better pre-training accuracy", "transfer better", "transfer worse"),
    "depth": ("deeper networks", "transfer better", "transfer worse"),
    "width": ("wider networks", "transfer better", "transfer worse"),
    "epochs": ("longer pre-training", "transfers better", "transfers worse"),
}


def transfer_sentences(found: Sequence[Transfer]) -> Iterator[str]:
    """Each verdict with its numbers, and what it rests on."""
    for each in found:
        data, resolution, epochs = each.task
        at = f"On {data} at {resolution:g} px, {counted(epochs, 'epoch')}"
        for order in each.orders:
            yield f"{at}: {_order_text(order)}."
        for gain in each.gains:
            yield f"{at}: {_gain_text(gain)}."
        yield f"{at}: {_rest_text(each)}"


def _order_text(order: Order) -> str:
    what, better, worse = BY[order.by]
    way = {"all": "fine-tuned", "head": "probed linearly"}[order.tune]
    said = {
        "better": f"{what} {better}",
        "worse": f"{what} {worse}",
        "undecided": f"whether {what} {better} is undecided",
    }[order.verdict]
    numbers = f"Kendall's tau {_tau_text(order.tau, order.ci95)}"
    basis = f"{counted(order.num_pairs, 'pair')} of {counted(order.num_networks, 'network')}"
    return f"{way}, {said}: {numbers}, {basis}"


def _tau_text(tau: float, ci95: Interval | None) -> str:
    return f"{tau:+.2f} ({'no interval' if ci95 is None else f'{ci95[0]:.2f}, {ci95[1]:.2f}'})".replace(
        "-", "−"
    )


def _gain_text(gain: Gain) -> str:
    epochs = gain.start_epochs
    after = "" if epochs is None else f" after {counted(epochs, 'epoch')} of pre-training"
    said = {"better": "is better than", "worse": "is worse than", "undecided": "cannot be distinguished from"}
    numbers = f"{points_text(gain.points, gain.ci95)}, {counted(gain.num_networks, 'network')}"
    return f"{WAYS[gain.tune]}{after} {said[gain.verdict]} {WAYS[gain.over]}: {numbers}"


def _rest_text(found: Transfer) -> str:
    seeds = {len(model.by_seed) for model in found.models}
    settings = max(model.num_settings for model in found.models)
    many = f"{min(seeds)} to {max(seeds)} seeds" if len(seeds) > 1 else counted(min(seeds), "seed")
    chosen = (
        f"each network is taken at the best of {settings} settings by its mean on validation images, and "
        if settings > 1
        else ""
    )
    tested = found.metric.startswith("test_")
    told = (
        "from test images, which no choice has used"
        if tested
        else "from the validation images that made the choice, which flatters the best of several"
    )
    return (
        f"{chosen}all numbers are {told}; {many} each, and {counted(found.num_verdicts, 'verdict')} share "
        "5 %."
    )


def transfer_json(found: Sequence[Transfer]) -> list[dict[str, Any]]:
    """Plain values, one entry per task."""
    return [
        {
            "data": each.task[0],
            "resolution": each.task[1],
            "epochs": each.task[2],
            "metric": each.metric,
            "num_verdicts": each.num_verdicts,
            "orders": [_plain(order) for order in each.orders],
            "gains": [_plain(gain) for gain in each.gains],
        }
        for each in found
    ]


def _plain(record: Order | Gain) -> dict[str, Any]:
    return {name: _value(value) for name, value in asdict(record).items()}


def _value(value: Any) -> Any:
    if isinstance(value, float):
        return rounded(value)
    return [_value(each) for each in value] if isinstance(value, tuple) else value
